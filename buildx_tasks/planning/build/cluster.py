"""Is the kube-context a local cluster, and does an image reach it by a push, a load, or by being there already."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any
from urllib.parse import urlsplit

DESKTOPS = ("docker-desktop", "docker-for-desktop")
MINIKUBE = "minikube"


@dataclass(frozen=True, kw_only=True, slots=True)
class ClusterFacts:
    """What the kubeconfig says: the kube-context, its API server's URL and its CA file; "" for what is not there."""

    context: str = ""
    server: str = ""
    ca_file: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Cluster:
    """`reason` is a clause that fits behind "because"; `registry` is the one that a local cluster advertises, or ""."""

    local: bool
    push: bool
    load: bool
    reason: str
    registry: str = ""


def cluster_kind(
    context: str,
    *,
    local_cluster: bool | None = None,
    minikube: bool = False,
    kind_disable_load: bool | None = None,
    k3d_disable_load: bool | None = None,
    registry: str = "",
) -> Cluster:
    """What Skaffold makes of a kube-context ("" for none).

    `minikube` is the outcome of the minikube heuristic, False when it is switched off; `registry` is what a
    local cluster advertises, "" when a default repository is given. Without a kube-context images are pushed.
    """
    local, reason = _locality(context, local_cluster, minikube)
    if not local:
        return Cluster(local=False, push=True, load=False, reason=reason)
    if registry:
        return Cluster(
            local=True,
            push=True,
            load=False,
            reason=f"{reason} that advertises the registry {registry}",
            registry=registry,
        )
    for is_kind, disabled, setting in (
        (is_kind_cluster(context), kind_disable_load, "kind-disable-load"),
        (is_k3d_cluster(context), k3d_disable_load, "k3d-disable-load"),
    ):
        if is_kind:
            reason = f"{reason} and {setting} is set" if disabled else reason
            return Cluster(local=True, push=bool(disabled), load=not disabled, reason=reason)
    return Cluster(local=True, push=False, load=False, reason=reason)


def docker_deployer(file: str) -> Cluster:
    """What Skaffold puts in place of any cluster once a config, the one in `file`, deploys to docker.

    Images are for the local daemon and pushed only on request; neither the kube-context nor its registry has a say.
    """
    return Cluster(local=True, push=False, load=False, reason=f"{file} deploys to docker (deploy.docker)")


def is_kind_cluster(context: str) -> bool:
    """Whether a kube-context is named as kind names its clusters, now or before version 0.6."""
    return context.startswith("kind-") or context.endswith("@kind")


def is_k3d_cluster(context: str) -> bool:
    """Whether a kube-context is named as k3d names its clusters."""
    return context.startswith("k3d-")


def minikube_folder(minikube_home: str, home: str) -> PurePath:
    """Where minikube keeps its files: $MINIKUBE_HOME names the folder itself or the one above it."""
    folder = PurePath(minikube_home or home)
    return folder if minikube_home and folder.name == ".minikube" else folder / ".minikube"


def is_minikube_by_name(facts: ClusterFacts, folder: PurePath) -> bool:
    """Whether the kube-context's name or the place of its CA file say that it is minikube's."""
    return facts.context == MINIKUBE or (facts.ca_file != "" and PurePath(facts.ca_file).is_relative_to(folder))


def is_minikube_by_server(facts: ClusterFacts, profiles: str) -> bool:
    """Whether the API server is a node of a cluster in `profiles`, the JSON of ``minikube profile list``."""
    try:
        listed = json.loads(profiles)
        server = urlsplit(facts.server).netloc
    except ValueError:
        return False
    return server != "" and any(server == node for node in _nodes(listed))


def _nodes(listed: Any) -> list[str]:
    try:
        return [
            f"{node['IP']}:{node['Port']}"
            for profile in listed.get("valid") or []
            for node in profile["Config"]["Nodes"] or []
        ]
    except (AttributeError, KeyError, TypeError):
        return []


def _locality(context: str, local_cluster: bool | None, minikube: bool) -> tuple[bool, str]:
    if local_cluster is not None:
        return local_cluster, f"local-cluster is {'true' if local_cluster else 'false'}"
    if not context:
        return False, "no kube-context is set"
    if is_kind_cluster(context):
        return True, f"kube-context {context!r} is a kind cluster"
    if is_k3d_cluster(context):
        return True, f"kube-context {context!r} is a k3d cluster"
    if context == MINIKUBE or minikube:
        return True, f"kube-context {context!r} is a minikube cluster"
    if context in DESKTOPS:
        return True, f"kube-context {context!r} is the cluster of Docker Desktop"
    return False, f"kube-context {context!r} is not a local cluster"

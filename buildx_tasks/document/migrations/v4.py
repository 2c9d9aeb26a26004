"""Steps into skaffold/v4beta1 … v4beta8."""

from __future__ import annotations

from buildx_tasks.document.migrations.hop import Hop, artifacts, is_empty, section
from buildx_tasks.document.migrations.v2 import blocks
from buildx_tasks.document.yaml.tree import Child, Map, copy, nest

CONTAINER = ("name", "image", "command", "args", "env")
VARIABLE = ("name", "value")


def to_v4beta1(pipeline: Map, _hop: Hop) -> None:
    """Remote manifests are rendered too: each names the cluster it is read from."""
    kubectl = section(pipeline, "deploy", "kubectl")
    child = kubectl.find("remoteManifests") if kubectl is not None else None
    if kubectl is None or child is None:
        return
    urls = kubectl.seq("remoteManifests")
    if urls is None or is_empty(child):
        return
    deploy = pipeline.find("deploy")
    assert deploy is not None
    assert isinstance(deploy.value, Map)
    cluster = deploy.value.find("kubeContext")
    for item in urls.real():
        to_remote_manifest(item, cluster)
    manifests = pipeline.map("manifests")
    if manifests is None:
        pipeline.discard("manifests")
        manifests = Map()
        pipeline.insert(Child("manifests", manifests), before=pipeline.find("deploy"))
    kubectl.take(child)
    there = manifests.seq("remoteManifests")
    if there is None:
        manifests.discard("remoteManifests")
        manifests.insert(child)
    else:
        for item in urls.real():
            there.append(urls.take(item))


def to_remote_manifest(item: Child, cluster: Child | None) -> None:
    """The address alone becomes a mapping that holds it, with the pipeline's kube-context when it has one."""
    nest(item, "manifest")
    if cluster is not None and not is_empty(cluster):
        assert isinstance(item.value, Map)
        item.value.insert(Child("kubeContext", copy(cluster.value)))


def to_v4beta4(pipeline: Map, hop: Hop) -> None:
    """The container of a verify case keeps what is run; the rest of a Kubernetes container goes."""
    for case in pipeline.maps("verify"):
        container = case.map("container")
        if container is None:
            continue
        _narrow(container, CONTAINER, hop)
        for variable in container.maps("env"):
            _narrow(variable, VARIABLE, hop)


def _narrow(box: Map, known: tuple[str, ...], hop: Hop) -> None:
    for child in box.real():
        if child.key not in known:
            hop.drop(box, child.key, f"a verify container knows {', '.join(known)}")


def to_v4beta5(pipeline: Map, hop: Hop) -> None:
    """kaniko always pushes."""
    for artifact in artifacts(pipeline):
        kaniko = artifact.map("kaniko")
        if kaniko is not None:
            hop.drop_ignored(kaniko, "noPush", "kaniko always pushes")


def to_v4beta8(pipeline: Map, _hop: Hop) -> None:
    """A key that was mistyped gets its name: kpt's `false` is `force`."""
    kpt = section(pipeline, "deploy", "kpt")
    if kpt is not None:
        kpt.rename("false", "force")


def drop_empty_ignores(pipeline: Map) -> None:
    """An empty `ignore` without `paths` goes: it says nothing in an old file, and is refused in a new one."""
    for _, custom in blocks(pipeline, "custom"):
        _drop_empty_ignore(custom)
    for case in pipeline.maps("test"):
        for test in case.maps("custom"):
            _drop_empty_ignore(test)


def _drop_empty_ignore(box: Map) -> None:
    dependencies = box.map("dependencies")
    ignore = dependencies.find("ignore") if dependencies is not None else None
    if dependencies is None or ignore is None or not is_empty(ignore):
        return
    paths = dependencies.find("paths")
    if paths is None or is_empty(paths):
        dependencies.drop(ignore)

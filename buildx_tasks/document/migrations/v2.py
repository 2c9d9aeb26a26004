"""Steps into skaffold/v2alpha2 … v2beta28: settings move between blocks and get plural names."""

from __future__ import annotations

from collections.abc import Iterator

from buildx_tasks.document.migrations.hop import Hop, artifacts, is_empty, is_on, releases, says_nothing, section, tidy
from buildx_tasks.document.migrations.kubernetes import respell
from buildx_tasks.document.migrations.v1alpha import into_list
from buildx_tasks.document.yaml.tree import Child, Map, make, wrap

KPT_MOVES = (
    (("applyDir",), ("live", "apply", "dir")),
    (("live", "inventoryID"), ("live", "apply", "inventoryID")),
    (("live", "inventoryNamespace"), ("live", "apply", "inventoryNamespace")),
    *(
        (("live", "apply", key), ("live", "options", key))
        for key in ("pollPeriod", "prunePropagationPolicy", "pruneTimeout", "reconcileTimeout")
    ),
)
"""From and to, below deploy.kpt."""


def blocks(pipeline: Map, kind: str) -> Iterator[tuple[Map, Map]]:
    """Each artifact that has a block of this kind, with the block."""
    for artifact in artifacts(pipeline):
        block = artifact.map(kind)
        if block is not None:
            yield artifact, block


def to_v2alpha2(pipeline: Map, hop: Hop) -> None:
    """kaniko's build context goes; only its init image is left."""
    for _, kaniko in blocks(pipeline, "kaniko"):
        child = kaniko.find("buildContext")
        if child is None:
            continue
        if says_nothing(child.value):
            hop.drop_ignored(kaniko, "buildContext", "")
            continue
        context = kaniko.map("buildContext")
        assert context is not None
        hop.drop(context, "gcsBucket", "kaniko gets its context from Skaffold, not from a bucket")
        local = context.map("localDir")
        image = local.find("initImage") if local is not None else None
        if local is not None and image is not None:
            kaniko.insert(local.take(image), before=child)
        kaniko.drop(child)


def to_v2alpha3(pipeline: Map, hop: Hop) -> None:
    """kustomize takes several paths; buildpacks always pull."""
    kustomize = section(pipeline, "deploy", "kustomize")
    if kustomize is not None:
        into_list(kustomize, "path", "paths")
    for _, buildpack in blocks(pipeline, "buildpack"):
        hop.drop(buildpack, "forcePull", "this setting was removed")


def to_v2beta4(pipeline: Map, _hop: Hop) -> None:
    """Helm's `values` are named for what they do: artifactOverrides."""
    for release in releases(pipeline):
        release.rename("values", "artifactOverrides")


def to_v2beta5(pipeline: Map, _hop: Hop) -> None:
    """buildpack → buildpacks, pullSecret → pullSecretPath."""
    for artifact in artifacts(pipeline):
        artifact.rename("buildpack", "buildpacks")
    cluster = section(pipeline, "build", "cluster")
    if cluster is not None:
        cluster.rename("pullSecret", "pullSecretPath")


def to_v2beta8(pipeline: Map, _hop: Hop) -> None:
    """kpt's members find their places."""
    kpt = section(pipeline, "deploy", "kpt")
    if kpt is None:
        return
    for source, target in KPT_MOVES:
        box = section(kpt, *source[:-1])
        child = box.find(source[-1]) if box is not None else None
        if box is None or child is None:
            continue
        if is_empty(child):
            box.drop(child)
        else:
            home = _make_section(kpt, target[:-1], child)
            box.take(child)
            child.key, child.changed = target[-1], True
            home.insert(child)
    live = kpt.map("live")
    if live is not None:
        tidy(live, "apply")
        tidy(kpt, "live")


def _make_section(box: Map, keys: tuple[str, ...], near: Child) -> Map:
    for key in keys:
        inner = box.map(key)
        if inner is None:
            inner = Map()
            box.put(key, inner, before=near if near.owner is box else None)
        box = inner
    return box


def to_v2beta9(pipeline: Map, hop: Hop) -> None:
    """sync.auto is a switch; kaniko's flags have names of their own."""
    for artifact in artifacts(pipeline):
        sync = artifact.map("sync")
        auto = sync.find("auto") if sync is not None else None
        if sync is not None and auto is not None and sync.map("auto") is not None:
            auto.replace(make(True))
    for _, kaniko in blocks(pipeline, "kaniko"):
        hop.drop_ignored(kaniko, "flags", "each flag is a setting of its own now")


def to_v2beta11(pipeline: Map, _hop: Hop) -> None:
    """Kubernetes volumes are spelled as Kubernetes does, no longer all in lower case."""
    cluster = section(pipeline, "build", "cluster")
    if cluster is not None:
        for volume in cluster.maps("volumes"):
            respell(volume)
    for _, kaniko in blocks(pipeline, "kaniko"):
        for mount in kaniko.maps("volumeMounts"):
            respell(mount)


def to_v2beta13(pipeline: Map, _hop: Hop) -> None:
    """`remote: true` goes: a chart from a repository is a remoteChart."""
    for release in releases(pipeline):
        remote = release.find("remote")
        if remote is None:
            continue
        if is_on(remote):
            chart = release.find("chartPath")
            if chart is not None and release.text("chartPath") == "":
                release.drop(chart)
            else:
                release.rename("chartPath", "remoteChart")
        release.drop(remote)


def to_v2beta17(pipeline: Map, hop: Hop) -> None:
    """A docker secret is always mounted where the Dockerfile says."""
    for artifact, docker in blocks(pipeline, "docker"):
        secret = docker.map("secret")
        if secret is not None:
            image = artifact.text("image")
            hop.drop(secret, "dst", f"the Dockerfile of {image} says where its secret is mounted")


def to_v2beta23(pipeline: Map, _hop: Hop) -> None:
    """Several docker secrets."""
    for _, docker in blocks(pipeline, "docker"):
        child = docker.find("secret")
        if child is None:
            continue
        if docker.map("secret") is None:
            docker.drop(child)
        else:
            docker.rename("secret", "secrets")
            wrap(child)


def to_v2beta28(pipeline: Map, hop: Hop) -> None:
    """An artifact's platforms are the artifact's, whatever builds it."""
    for artifact, ko in blocks(pipeline, "ko"):
        child = ko.find("platforms")
        if child is None:
            continue
        if is_empty(child):
            ko.drop(child)
            continue
        hop.drop(artifact, "platforms", "ko.platforms beside it takes precedence")
        ko.take(child)
        artifact.insert(child, before=artifact.find("ko"))

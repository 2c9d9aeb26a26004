"""Steps into skaffold/v1alpha2 … v1beta1: the young format finds its names."""

from __future__ import annotations

from buildx_tasks.document.migrations.hop import Hop, artifacts, as_switch, is_empty, releases, section, tidy
from buildx_tasks.document.yaml.tree import Child, Map, OddShape, is_null, make, wrap


def to_v1alpha2(pipeline: Map, hop: Hop) -> None:
    """docker settings below `docker`, the tag policy as a mapping, manifests as a flat list of paths."""
    _tag_policy(pipeline, hop)
    for artifact in artifacts(pipeline):
        _docker(artifact)
    deploy = pipeline.map("deploy")
    if deploy is not None:
        hop.drop(deploy, "name", "deploy no longer has a name")
        kubectl = deploy.map("kubectl")
        if kubectl is not None:
            _manifests(kubectl, hop)
        tidy(pipeline, "deploy")


def _tag_policy(pipeline: Map, hop: Hop) -> None:
    build = pipeline.map("build")
    child = build.find("tagPolicy") if build is not None else None
    if build is None or child is None:
        return
    policy = build.text("tagPolicy")
    if policy in ("sha256", "gitCommit"):
        child.replace(make({policy: {}}))
    else:
        hop.drop(build, "tagPolicy", f"there is no tag policy {policy!r}, only sha256 and gitCommit")


def _docker(artifact: Map) -> None:
    moved: Child | None = None
    docker = Map()
    for key in ("dockerfilePath", "buildArgs"):
        child = artifact.find(key)
        if child is None:
            continue
        if is_empty(child):
            artifact.drop(child)
            continue
        if moved is None:
            moved = artifact.insert(Child("docker", docker), before=child)
        docker.insert(artifact.take(child))


def _manifests(kubectl: Map, hop: Hop) -> None:
    manifests = kubectl.seq("manifests")
    if manifests is None:
        return
    entries = manifests.real()
    for child, following in zip(entries, [*entries, None][1:], strict=True):
        paths: list[Child] = []
        if isinstance(child.value, Map):
            hop.drop(child.value, "parameters", "manifests no longer take parameters")
            box = child.value.seq("paths")
            paths = [box.take(path) for path in box.real()] if box is not None else []
        elif not is_null(child.value):
            raise OddShape(child, "a mapping with paths")
        manifests.drop(child)
        for path in paths:
            manifests.insert(path, before=following)


def to_v1alpha3(pipeline: Map, _hop: Hop) -> None:
    """One values file becomes a list; kaniko's bucket goes into its build context (in profiles too)."""
    for release in releases(pipeline):
        into_list(release, "valuesFilePath", "valuesFiles")
    kaniko = section(pipeline, "build", "kaniko")
    bucket = kaniko.find("gcsBucket") if kaniko is not None else None
    if kaniko is None or bucket is None:
        return
    if is_empty(bucket):
        kaniko.drop(bucket)
    else:
        context = kaniko.insert(Child("buildContext", Map()), before=bucket).value
        assert isinstance(context, Map)
        context.insert(kaniko.take(bucket))


def into_list(box: Map, key: str, new: str) -> None:
    """A single string becomes a list of one; an empty one goes."""
    child = box.find(key)
    if child is None:
        return
    if box.text(key) == "":
        box.drop(child)
    else:
        box.rename(key, new)
        wrap(child)


def to_v1alpha4(pipeline: Map, _hop: Hop) -> None:
    """Shorter names, and `push` instead of `skipPush`."""
    for artifact in artifacts(pipeline):
        artifact.rename("imageName", "image")
        artifact.rename("workspace", "context")
        docker = artifact.map("docker")
        if docker is not None:
            docker.rename("dockerfilePath", "dockerfile")
    kustomize = section(pipeline, "deploy", "kustomize")
    if kustomize is not None:
        kustomize.rename("kustomizePath", "path")
    local = section(pipeline, "build", "local")
    skip = local.rename("skipPush", "push") if local is not None else None
    if skip is not None and (value := as_switch(skip)) is not None:
        skip.replace(make(not value))


def to_v1beta1(pipeline: Map, hop: Hop) -> None:
    """The Azure builder is gone."""
    build = pipeline.map("build")
    if build is None:
        return
    azure = build.find("acr")
    if azure is None:
        return
    if build.map("acr") is None:
        build.drop(azure)
    else:
        hop.refuse(
            azure,
            "the Azure builder (acr) was removed in skaffold/v1beta1",
            "remove build.acr and choose another builder",
        )

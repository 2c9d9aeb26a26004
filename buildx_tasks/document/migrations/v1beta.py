"""Steps into skaffold/v1beta7 … v1beta14: the cluster builder, no plugins, sync rules, one jib."""

from __future__ import annotations

from buildx_tasks.document.migrations.hop import Hop, artifacts, is_empty
from buildx_tasks.document.yaml.nodes import Scalar
from buildx_tasks.document.yaml.scalars import as_text
from buildx_tasks.document.yaml.tree import Box, Child, Leaf, Map, OddShape, Seq, copy, is_null, make, wrap

ARTIFACT_SETTINGS = ("buildContext", "image", "flags", "cache")

PLUGINS = {
    "docker": ("dockerfile", "target", "buildArgs", "cacheFrom"),
    "bazel": ("target", "args"),
}
ENVIRONMENTS = {
    "googleCloudBuild": (
        "projectId",
        "diskSizeGb",
        "machineType",
        "timeout",
        "dockerImage",
        "gradleImage",
        "mavenImage",
    ),
    "local": ("push", "useDockerCLI", "useBuildkit"),
}
"""What the sections that take over a plugin's properties know in skaffold/v1beta9."""


def to_v1beta7(pipeline: Map, hop: Hop) -> None:
    """build.kaniko splits: the pod's settings become build.cluster, the rest goes to each artifact."""
    build = pipeline.map("build")
    child = build.find("kaniko") if build is not None else None
    if build is None or child is None:
        return
    kaniko = build.map("kaniko")
    if kaniko is None:
        build.drop(child)
        return
    build.rename("kaniko", "cluster")
    settings = [found for key in ARTIFACT_SETTINGS if (found := kaniko.find(key)) is not None]
    settings.sort(key=kaniko.position)
    targets = list(artifacts(pipeline))
    if not targets:
        for setting in settings:
            hop.drop(kaniko, setting.key, "it belongs to an artifact now, and none is listed here")
        return
    twins = [[Child(setting.key, copy(setting.value)) for setting in settings] for _ in targets[1:]]
    own = [kaniko.take(setting) for setting in settings]
    for artifact, parts in zip(targets, [own, *twins], strict=True):
        _kaniko(artifact, parts, hop)


def _kaniko(artifact: Map, parts: list[Child], hop: Hop) -> None:
    """The artifact is built by kaniko; what its docker block says of the Dockerfile holds for kaniko too."""
    docker = artifact.find("docker")
    inside = artifact.map("docker")
    if docker is not None and inside is not None:
        hop.drop(inside, "cacheFrom", "kaniko has no such setting")
        docker.key, docker.changed = "kaniko", True
        artifact.touch()
        kaniko = inside
    else:
        kaniko = Map()
        if docker is not None:
            artifact.drop(docker)
        artifact.put("kaniko", kaniko)
    for part in parts:
        kaniko.insert(part)


def to_v1beta9(pipeline: Map, hop: Hop) -> None:
    """Builder plugins become the docker and bazel blocks they named, the execution environment a builder."""
    for artifact in artifacts(pipeline):
        _unfold(artifact, "plugin", PLUGINS, hop)
    build = pipeline.map("build")
    if build is not None:
        _unfold(build, "executionEnvironment", ENVIRONMENTS, hop)


def _unfold(box: Map, key: str, known: dict[str, tuple[str, ...]], hop: Hop) -> None:
    child = box.find(key)
    if child is None:
        return
    plugin = box.map(key)
    if plugin is None:
        box.drop(child)
        return
    name = plugin.text("name")
    if name not in known:
        hop.drop(box, key, f"{name!r} is no longer supported here, only {' and '.join(known)}")
        return
    old = box.find(name)
    if old is not None:
        hop.drop(box, name, f"the {key} beside it takes precedence")
    properties = plugin.map("properties") or Map()
    for entry in properties.real():
        if entry.key not in known[name]:
            hop.drop(properties, entry.key, f"{name} has no such setting")
    inner = plugin.find("properties")
    twin = Child(name, Map()) if inner is None or is_null(inner.value) else plugin.take(inner)
    if twin is inner:
        twin.key, twin.changed = name, True
    box.insert(twin, after=child)
    box.drop(child)


def to_v1beta10(pipeline: Map, hop: Hop) -> None:
    """Each `pattern: destination` of a sync map becomes a manual rule that does the same."""
    for artifact in artifacts(pipeline):
        sync = artifact.map("sync")
        if sync is not None and len(sync):
            _rules(sync, hop)


def _rules(sync: Map, hop: Hop) -> None:
    rules = Seq()
    manual: Child | None = None
    for child in sync.real():
        if isinstance(child.value, Box):
            raise OddShape(child, "a destination")
        src, dest, strip, same = sync_rule(child.key, as_text(child.value.value))
        if not same:
            hop.tell(
                child,
                f"sync of {child.key!r} no longer flattens the tree: check where its files land",
                "see artifacts[].sync.manual",
            )
        if manual is None:
            manual = sync.insert(Child("manual", rules), before=child)
        if dest != as_text(child.value.value):
            child.replace(Leaf(dest))
        sync.take(child)
        rule = Map()
        source = child.key_node if src == child.key and isinstance(child.key_node, Scalar) else None
        rule.insert(Child("src", Leaf(src, source, copied=True))).lead_from(child)
        rule.insert(child)
        child.key, child.changed = "dest", True
        if strip:
            rule.insert(Child("strip", Leaf(strip)))
        rules.append(Child("", rule))


def sync_rule(pattern: str, dest: str) -> tuple[str, str, str, bool]:
    """One entry of the old map as (src, dest, strip, whether it still does exactly the same).

    The old map flattened: a file landed at the destination under its base name, unless `***` stood in the
    pattern. `strip` says the same by what it cuts off.
    """
    folder, _, base = pattern.rpartition("/")
    prefix = pattern[: len(pattern) - len(base)]
    if base and "*" not in folder and base.count("*") <= 1:
        return pattern, *_simplify(dest, prefix), True
    if "***" in pattern:
        return pattern.replace("***", "**"), *_simplify(dest, pattern[: pattern.index("***")]), True
    return pattern, dest, "", False


def _simplify(dest: str, strip: str) -> tuple[str, str]:
    if strip in ("", "/") or dest == "":
        return dest, strip
    full = dest if dest.endswith("/") else dest + "/"
    if not full.endswith(strip):
        return dest, strip
    return full[: len(full) - len(strip.removeprefix("/"))] or ".", ""


def to_v1beta14(pipeline: Map, hop: Hop) -> None:
    """jibMaven and jibGradle become one jib with a type."""
    for artifact in artifacts(pipeline):
        jib(artifact, hop)


def jib(artifact: Map, hop: Hop) -> None:
    """``jibMaven`` and ``jibGradle`` become ``jib`` with a ``type``; ``jibMaven`` counts where both stand."""
    found = False
    for key, kind in (("jibMaven", "maven"), ("jibGradle", "gradle")):
        child = artifact.find(key)
        if child is None:
            continue
        block = artifact.map(key)
        if block is None:
            artifact.drop(child)
        elif found:
            hop.drop(artifact, key, "jibMaven beside it takes precedence")
        else:
            found = True
            _jib_block(block)
            artifact.rename(key, "jib")
            block.put("type", make(kind))


def _jib_block(block: Map) -> None:
    block.rename("module", "project")
    profile = block.find("profile")
    if profile is None:
        return
    if block.text("profile") == "":
        block.drop(profile)
        return
    args = block.find("args")
    if args is None or is_empty(args):
        if args is not None:
            block.drop(args)
        block.rename("profile", "args")
        wrap(profile)
        assert isinstance(profile.value, Seq)
        profile.value.insert(Child("", make("--activate-profiles")), before=profile.value.real()[0])
        return
    items = block.seq("args")
    assert items is not None
    block.take(profile)
    items.append(Child("", make("--activate-profiles")))
    profile.key, profile.changed = "", True
    items.append(profile)

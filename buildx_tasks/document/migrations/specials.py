"""Patch paths whose new place depends on what is around them."""

from __future__ import annotations

from buildx_tasks.document.migrations import v1beta, v3
from buildx_tasks.document.migrations.hop import Hop, is_on, section
from buildx_tasks.document.migrations.patches import BY_HAND, Around, Patch, Target, unescape
from buildx_tasks.document.yaml.tree import Box, Map

ARTIFACTS = ("build", "artifacts")
RELEASES = ("deploy", "helm", "releases")


def kaniko(patch: Patch, around: Around, _hop: Hop) -> list[Target] | None:
    """build.kaniko splits; a docker block that kaniko builds becomes a kaniko block."""
    keys = patch.segments
    pipeline, items = around.owner(*ARTIFACTS)
    if keys[:2] == ["build", "kaniko"] and len(keys) > 2 and keys[2] in v1beta.ARTIFACT_SETTINGS:
        return [_target("build", "artifacts", str(at), *keys[1:]) for at in range(len(items))]
    if keys[:2] == list(ARTIFACTS) and keys[3:4] == ["docker"] and section(pipeline, "build", "kaniko") is not None:
        return [_target(*keys[:3], "kaniko", *keys[4:])]
    return None


def plugin(patch: Patch, around: Around, _hop: Hop) -> list[Target] | None:
    """The properties of a plugin are those of the block it named."""
    keys = patch.segments
    if keys[:2] == list(ARTIFACTS) and keys[3:5] == ["plugin", "properties"]:
        artifact = around.item(keys[2], *ARTIFACTS)
        found = artifact.map("plugin") if artifact is not None else None
        head, rest = keys[:3], keys[5:]
    elif keys[:3] == ["build", "executionEnvironment", "properties"]:
        found = section(around.profile, "build", "executionEnvironment")
        found = section(around.main, "build", "executionEnvironment") if found is None else found
        head, rest = keys[:1], keys[3:]
    else:
        return None
    name = found.text("name") if found is not None else ""
    return [_target(*head, name, *rest)] if name in (*v1beta.PLUGINS, *v1beta.ENVIRONMENTS) else None


def chart(patch: Patch, around: Around, _hop: Hop) -> list[Target] | None:
    """The chart of a remote release has another key."""
    keys = patch.segments
    if tuple(keys[:3]) != RELEASES or keys[4:] != ["chartPath"]:
        return None
    release = around.item(keys[3], *RELEASES)
    if release is None or not is_on(release.find("remote")):
        return None
    return [_target(*keys[:4], "remoteChart")]


def render(patch: Patch, around: Around, hop: Hop) -> list[Target] | None:
    """Into v3alpha1: helm stands in two places, an overridden image is a template."""
    keys = patch.segments
    if keys == ["deploy", "kubectl"] and patch.op == "remove":
        own = any(section(around.profile, "deploy", key) is not None for key in ("kubectl", "kustomize"))
        return [Target("/manifests/rawYaml")] if own else None
    if keys[:2] == ["deploy", "kpt"]:
        hop.tell(patch.entry, f"the patch of {patch.path} must be rewritten by hand: deploy.kpt was reshaped")
        return None
    if tuple(keys[:3]) == RELEASES and keys[4:5] == ["artifactOverrides"] and len(keys) > 5:
        return _override(patch, around, hop)
    return None


def _override(patch: Patch, around: Around, hop: Hop) -> list[Target] | None:
    keys = patch.segments
    release = around.item(keys[3], *RELEASES)
    value = patch.box.find("value")
    if value is not None and isinstance(value.value, Box):
        return [Target(BY_HAND)]
    key = ".".join(unescape(part) for part in keys[5:])
    image = patch.box.text("value") if value is not None else ""
    if release is None and value is not None:
        hop.refuse(
            patch.entry,
            f"the patch of {patch.path} overrides the image of a release that does not exist",
            "correct the number of the release, or remove the patch",
        )
        return None
    strategy = v3.strategy_of(release or Map())
    return [
        Target("/".join(("", top, *keys[1:4], "setValueTemplates", name)), template if value is not None else None)
        for top in v3.BOTH
        for name, template in v3.templates_for(strategy, key, image)
    ]


def _target(*keys: str) -> Target:
    return Target("/".join(("", *keys)))

"""The final references of all selected artifacts: tag policy, then default-repo."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from buildx_tasks.errors import BuildxTasksError, CannotStart
from buildx_tasks.golang.template import CommandRunner
from buildx_tasks.model.config import Artifact, Config
from buildx_tasks.model.imageref import is_valid_tag, parse_image_ref
from buildx_tasks.model.settings import Settings
from buildx_tasks.planning.facts import TagFacts
from buildx_tasks.planning.tags.policies import GeneratedTag, check_tag_policy, generate_tag

NAME_LIMIT = 255

_LABEL = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_DOMAIN = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?"
_PROJECT = r"[a-z][a-z0-9-]{4,28}[a-z0-9]"
_PROJECT_PREFIX = re.compile(rf"{_DOMAIN}/{_PROJECT}/?")
_GOOGLE_HOSTS = ("gcr.io", "-docker.pkg.dev")


@dataclass(slots=True)
class TagPlan:
    """`references` are by image name; a `warning` says that a policy failed and ``latest`` stands in."""

    references: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def plan_tags(
    configs: Sequence[Config],
    selected: frozenset[str],
    settings: Settings,
    facts: Mapping[str, TagFacts],
    cmd: CommandRunner | None,
) -> TagPlan:
    """Make the references of the `selected` images; `facts` are by image name.

    The policies are those that `check_policies` accepted. Raises `CannotStart` for image names that are not references.
    A policy that merely fails gives ``latest`` and a warning: Skaffold's result.
    """
    plan = TagPlan()
    for config, artifact in _artifacts(configs, selected):
        generated = _generate(config, artifact, settings, facts[artifact.image], cmd)
        moved = apply_default_repo(settings.default_repo or "", settings.multi_level_repo, generated.reference)
        plan.references[artifact.image] = str(parse_image_ref(moved))
        if generated.reason:
            plan.warnings.append(f"artifact {artifact.image!r}: {generated.reason}: the tag is latest")
        if generated.note:
            plan.notes.append(f"artifact {artifact.image!r}: {generated.note}")
    return plan


def check_policies(configs: Sequence[Config], selected: frozenset[str], settings: Settings) -> None:
    """Raise `CannotStart`, with the file, for ``--tag`` and for policies that can't be used at all."""
    if settings.tag:
        if not is_valid_tag(settings.tag):
            origin = settings.origins.get("tag", "setting")
            raise CannotStart(
                f"{settings.tag!r} ({origin}) is not a valid tag",
                "a tag has at most 128 letters, digits, '_', '.' and '-', and begins with a letter, a digit or '_'",
            )
        return
    for config in configs:
        if any(artifact.image in selected for artifact in config.artifacts):
            try:
                check_tag_policy(config.tag_policy)
            except CannotStart as error:
                lines = (f"{config.file}: {line}" for line in error.message.splitlines())
                raise CannotStart("\n".join(lines), error.hint) from None


def _artifacts(configs: Sequence[Config], selected: frozenset[str]) -> Iterator[tuple[Config, Artifact]]:
    for config in configs:
        for artifact in config.artifacts:
            if artifact.image in selected:
                yield config, artifact


def _generate(
    config: Config, artifact: Artifact, settings: Settings, facts: TagFacts, cmd: CommandRunner | None
) -> GeneratedTag:
    try:
        return generate_tag(artifact.image, config.tag_policy, facts, tag=settings.tag, cmd=cmd)
    except BuildxTasksError as error:
        where = f"{artifact.place}: " if artifact.place else ""
        raise type(error)(f"{where}{error.message}", error.hint) from None


def apply_default_repo(default_repo: str, multi_level: bool | None, image: str) -> str:
    """The reference of `image` below `default_repo`; tag and digest stay, an empty `default_repo` changes nothing.

    Google's registries, and any registry with `multi_level`, keep the path; elsewhere the whole name becomes one
    component with `/._:@` replaced by `_`. Raises CannotStart when `image` is no reference.
    """
    if not default_repo:
        return image
    ref = parse_image_ref(image)
    name = _below(default_repo, multi_level is True, ref.base_name)
    tag = f":{ref.tag}" if ref.tag else ""
    digest = f"@{ref.digest}" if ref.digest else ""
    return f"{name}{tag}{digest}"


def _below(default_repo: str, multi_level: bool, base_name: str) -> str:
    if base_name.startswith(default_repo):  # Skaffold compares text, not components: `myrepo` holds `myrepository/app`
        return base_name
    own, wanted = _project_prefix(base_name), _project_prefix(default_repo)
    if multi_level or any(host in wanted for host in _GOOGLE_HOSTS):
        if own == wanted:
            return f"{default_repo}/{base_name[len(own) :]}"
        return f"{default_repo}/{base_name}"[:NAME_LIMIT]
    return f"{default_repo}/{re.sub('[/._:@]', '_', base_name)}"[:NAME_LIMIT]


def _project_prefix(name: str) -> str:
    """The leading `host/google-project/`, or "" when `name` has none."""
    found = _PROJECT_PREFIX.match(name)
    return found[0] if found else ""

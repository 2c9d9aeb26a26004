"""Tags: a policy and the facts give a tag, or the reason why there is none and `latest` stands in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC
from types import MappingProxyType
from typing import TYPE_CHECKING

from buildx_tasks.errors import CannotStart
from buildx_tasks.golang.template import CommandRunner, TemplateError, parse_template
from buildx_tasks.model.imageref import is_valid_tag, parse_image_ref
from buildx_tasks.model.tagpolicy import (
    DEFAULT_DATE_FORMAT,
    CustomTemplate,
    DateTime,
    EnvTemplate,
    GitCommit,
    InputDigest,
    Sha256,
    TagComponent,
    TagPolicy,
)
from buildx_tasks.planning.facts import Answer, Argv, GitFacts, TagFacts

if TYPE_CHECKING:
    from buildx_tasks.golang.template.template import Template

TAG_LIMIT = 128
LATEST = "latest"
NO_VALUE = "<no value>"

_DESCRIBE = ("git", "describe", "--tags", "--always")
_COMMIT = ("git", "rev-list", "-1", "HEAD")
_SHORT_COMMIT = ("git", "rev-list", "-1", "HEAD", "--abbrev-commit")
# Skaffold names the path from the top of the checkout; `./` is the same tree, asked in the context itself.
_TREE = ("git", "rev-parse", "HEAD:./")
_SHORT_TREE = ("git", "rev-parse", "--short", "HEAD:./")
_BRANCH = ("git", "branch", "--show-current")
GIT_TREES = (_TREE, _SHORT_TREE)
"""The commands whose answer depends on the folder, not only on the checkout."""
GIT_STATUS = ("git", "status", ".", "--porcelain")
"""Non-empty when something below the folder has changed."""

GIT_VARIANTS: Mapping[str, tuple[Argv, ...]] = MappingProxyType(
    {
        "": (_DESCRIBE,),
        "tags": (_DESCRIBE,),
        "commitsha": (_COMMIT,),
        "abbrevcommitsha": (_SHORT_COMMIT,),
        "treesha": (_TREE,),
        "abbrevtreesha": (_SHORT_TREE,),
        "branches": (_BRANCH, _SHORT_COMMIT),
    }
)
"""The commands of each variant, by its name in lower case; the next one is for when one fails."""

BUILTIN_COMPONENTS: Mapping[str, TagPolicy] = MappingProxyType(
    {"GIT": GitCommit(), "DATE": DateTime(), "SHA": Sha256(), "INPUT_DIGEST": InputDigest()}
)


@dataclass(frozen=True, kw_only=True, slots=True)
class TagResult:
    """A tag, "" when the image's name has one already; or an `error`. A `note` says what was changed in the tag."""

    tag: str = ""
    error: str = ""
    note: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class GeneratedTag:
    """The reference of an image before default-repo; `reason` says why it is `latest` instead of the policy's tag."""

    image: str
    reference: str
    reason: str = ""
    note: str = ""


def check_tag_policy(policy: TagPolicy) -> None:
    """Raise CannotStart, a line for each problem, when Skaffold would refuse to start with `policy`."""
    if problems := tuple(_problems(policy)):
        raise CannotStart("\n".join(problems), "see build.tagPolicy in the config")


def leaf_policies(policy: TagPolicy) -> tuple[TagPolicy, ...]:
    """The policies that are evaluated for `policy`: of a custom template those of the components that it uses."""
    if not isinstance(policy, CustomTemplate):
        return (policy,)
    known = _components(policy)
    return tuple(known[name] for name in _parse_custom(policy).fields() if name in known)


def git_queries(policies: Iterable[TagPolicy]) -> tuple[Argv, ...]:
    """The git commands, each once, whose answers in an artifact's context `policies` need."""
    found: list[Argv] = []
    for leaf in (leaf for policy in policies for leaf in leaf_policies(policy)):
        if isinstance(leaf, GitCommit):
            found += GIT_VARIANTS.get(leaf.variant.lower(), ())
            found += () if leaf.ignore_changes else (GIT_STATUS,)
    return tuple(dict.fromkeys(found))


def needs_input_digest(policy: TagPolicy) -> bool:
    """Whether the artifact's source files have to be read."""
    return any(isinstance(leaf, InputDigest) for leaf in leaf_policies(policy))


def full_name(image: str, tag: str) -> str:
    """`image:tag`; the image alone when there is no tag."""
    return f"{image}:{tag}" if tag else image


def generate_tag(
    image: str, policy: TagPolicy, facts: TagFacts, *, tag: str = "", cmd: CommandRunner | None = None
) -> GeneratedTag:
    """The reference of `image`, whatever happens: a policy that fails gives `latest` and the reason, as in Skaffold.

    A non-empty `tag` (``--tag``) overrides the policy. Raises CannotStart for a policy that is wrong in itself, and for
    an image whose name is no reference.
    """
    if not tag:
        check_tag_policy(policy)
    result = TagResult(tag=tag) if tag else tag_for(policy, image, facts, cmd=cmd)
    reason = result.error or _illegal(image, result.tag)
    if reason:
        result = _sha256(image)
        if result.error:
            raise CannotStart(f"no tag for artifact {image!r}: {result.error}")
    return GeneratedTag(image=image, reference=full_name(image, result.tag), reason=reason, note=result.note)


def tag_for(policy: TagPolicy, image: str, facts: TagFacts, *, cmd: CommandRunner | None = None) -> TagResult:
    """The tag that `policy` gives `image`; not checked for characters that a tag can't have."""
    if isinstance(policy, GitCommit):
        return _git_commit(policy, facts.git)
    if isinstance(policy, Sha256):
        return _sha256(image)
    if isinstance(policy, EnvTemplate):
        return _env_template(policy, image, facts, cmd)
    if isinstance(policy, DateTime):
        return _date_time(policy, facts)
    if isinstance(policy, InputDigest):
        return TagResult(tag=facts.input_digest.text, error=facts.input_digest.error)
    return _custom_template(policy, image, facts, cmd)


def sanitise(ref: str) -> str:
    """A git ref as a tag: other characters and leading dots and dashes become `_`, at most 128 characters."""
    tag = re.sub("[^A-Za-z0-9._-]", "_", ref)
    bare = tag.lstrip("-.")
    return ("_" * (len(tag) - len(bare)) + bare)[:TAG_LIMIT]


def _git_commit(policy: GitCommit, git: GitFacts) -> TagResult:
    """The prefix, the ref of the variant, and `-dirty` when something below the context has changed."""
    answers = [git.answer(argv) for argv in GIT_VARIANTS.get(policy.variant.lower(), ())]
    found = next((answer for answer in answers if not answer.error), None)
    if found is None:
        return TagResult(error=answers[0].error if answers else _unknown_variant(policy))
    tag = sanitise(found.text)
    note = "" if tag == found.text[:TAG_LIMIT] else f"the git ref {found.text!r} is not a valid tag; using {tag!r}"
    status = Answer() if policy.ignore_changes else git.answer(GIT_STATUS)
    if status.error:
        return TagResult(error=status.error)
    return TagResult(tag=f"{policy.prefix}{tag}{'-dirty' if status.text else ''}", note=note)


def _sha256(image: str) -> TagResult:
    try:
        return TagResult(tag="" if parse_image_ref(image).tag else LATEST)
    except CannotStart as error:
        return TagResult(error=error.message)


def _env_template(policy: EnvTemplate, image: str, facts: TagFacts, cmd: CommandRunner | None) -> TagResult:
    values = {**facts.environ, "IMAGE_NAME": image}
    try:
        template = parse_template(policy.template)
        tag = template.render(values, now=facts.moment, cmd=cmd, environ=facts.environ)
    except TemplateError as error:
        return TagResult(error=error.message)
    if NO_VALUE in tag:
        missing = ", ".join(name for name in template.fields() if name not in values)
        why = f"not in the environment: {missing}" if missing else f"it gives {tag!a}"
        return TagResult(error=f"envTemplate {policy.template!a}: {why}")
    return TagResult(tag=tag)


def _date_time(policy: DateTime, facts: TagFacts) -> TagResult:
    from buildx_tasks.golang.timelayout import format_go_time, load_zone

    local = facts.moment.tzinfo or UTC
    zone = load_zone(policy.timezone or "Local", local)
    if zone is None:
        return TagResult(error=f"dateTime: unknown time zone {policy.timezone!r}")
    layout = policy.format or DEFAULT_DATE_FORMAT
    return TagResult(tag=format_go_time(layout, facts.moment, zone, ns=facts.nanosecond))


def _custom_template(policy: CustomTemplate, image: str, facts: TagFacts, cmd: CommandRunner | None) -> TagResult:
    """Only the components that the template uses are evaluated, and it sees nothing else."""
    components = _components(policy)
    values: dict[str, str] = {}
    for name in _parse_custom(policy).fields():
        if name not in components:
            return TagResult(error=f"customTemplate {policy.template!a}: there is no component {name!r}")
        result = tag_for(components[name], image, facts, cmd=cmd)
        if result.error:
            return TagResult(error=f"component {name!r}: {result.error}")
        values[name] = result.tag
    try:
        text = _parse_custom(policy).render(values, now=facts.moment, missing="error", functions="builtin")
    except TemplateError as error:
        return TagResult(error=error.message)
    return TagResult(tag=text)


def _parse_custom(policy: CustomTemplate) -> Template:
    return parse_template(policy.template, functions="builtin")


def _components(policy: CustomTemplate) -> Mapping[str, TagPolicy]:
    """By name; a component of the config hides a built-in one."""
    own = {component.name: component.policy for component in policy.components if component.policy is not None}
    return {**BUILTIN_COMPONENTS, **own}


def _problems(policy: TagPolicy) -> Iterator[str]:
    if isinstance(policy, GitCommit) and policy.variant.lower() not in GIT_VARIANTS:
        yield _unknown_variant(policy)
    if isinstance(policy, (EnvTemplate, CustomTemplate)):
        try:
            parse_template(policy.template, functions="sprig" if isinstance(policy, EnvTemplate) else "builtin")
        except TemplateError as error:
            yield error.message
    if isinstance(policy, CustomTemplate):
        names = [component.name for component in policy.components]
        yield from (f"two tag components are named {name!r}" for name in sorted(set(names)) if names.count(name) > 1)
        for component in policy.components:
            yield from _component_problems(component)


def _component_problems(component: TagComponent) -> Iterator[str]:
    if component.policy is None:
        yield f"tag component {component.name!r} has no policy"
    elif isinstance(component.policy, CustomTemplate):
        yield f"tag component {component.name!r} can't be a customTemplate itself"
    else:
        yield from (f"tag component {component.name!r}: {problem}" for problem in _problems(component.policy))


def _unknown_variant(policy: GitCommit) -> str:
    known = ", ".join(("Tags", "CommitSha", "AbbrevCommitSha", "TreeSha", "AbbrevTreeSha", "Branches"))
    return f"{policy.variant!r} is not a variant of gitCommit; there are {known}"


def _illegal(image: str, tag: str) -> str:
    """Why `image` with `tag` is no reference; "" when it is one."""
    if tag and not is_valid_tag(tag):
        return f"{tag!r} is not a valid tag: 1 to {TAG_LIMIT} of A-Z a-z 0-9 _ . - not beginning with . or -"
    try:
        parse_image_ref(full_name(image, tag))
    except CannotStart as error:
        return error.message
    return ""

"""``--set ARTIFACT.FIELD=VALUE``: one value of one artifact changed for this run, before the config is decoded."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from buildx_tasks.document.schema.decode import items, section, text
from buildx_tasks.document.yaml.nodes import YamlProblem
from buildx_tasks.document.yaml.scalars import BOOL_WORDS
from buildx_tasks.document.yaml.source import parse
from buildx_tasks.errors import CannotStart
from buildx_tasks.model.config import ARTIFACT_KINDS
from buildx_tasks.planning.config.origins import Origins

EVERY = "*"

FIELDS: dict[str, str] = {
    "context": "text",
    "platforms": "list",
    "runtimeType": "text",
    "requires": "yaml",
    "hooks.before": "yaml",
    "hooks.after": "yaml",
    "docker.dockerfile": "text",
    "docker.target": "text",
    "docker.buildArgs": "pairs",
    "docker.network": "text",
    "docker.addHost": "entries",
    "docker.cacheFrom": "entries",
    "docker.cacheTo": "entries",
    "docker.cliFlags": "entries",
    "docker.pullParent": "flag",
    "docker.noCache": "flag",
    "docker.squash": "flag",
    "docker.secrets": "yaml",
    "docker.ssh": "text",
    "custom.buildCommand": "text",
    "custom.dependencies.dockerfile.path": "text",
    "custom.dependencies.dockerfile.buildArgs": "pairs",
    "custom.dependencies.command": "text",
    "custom.dependencies.paths": "list",
    "custom.dependencies.ignore": "list",
    "buildContexts": "pairs",
    "attest": "text",
    "sbom": "flag",
    "cacheMounts": "text",
    "reproducible": "flag",
    "labels": "pairs",
    "annotations": "pairs",
    "outputs": "entries",
    "noCacheFilter": "list",
    "shmSize": "text",
    "ulimits": "entries",
}
"""What may be set, and what its value is: a `list` takes commas, `entries` may hold commas themselves."""

EXTRAS = frozenset(
    (
        "buildContexts",
        "attest",
        "sbom",
        "cacheMounts",
        "reproducible",
        "labels",
        "annotations",
        "outputs",
        "noCacheFilter",
        "shmSize",
        "ulimits",
    )
)
"""Fields of the ``.buildx:`` block."""

SHORT = {name.removeprefix("docker."): name for name in FIELDS if name.startswith("docker.")}
"""Docker's fields may be named without ``docker.``."""


@dataclass(frozen=True, slots=True)
class _Target:
    """One artifact of one document."""

    document: int
    at: int
    image: str
    kind: str


class _RefusedError(Exception):
    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


def apply_overrides(
    documents: Sequence[Mapping[str, Any]], values: Sequence[str], origins: Sequence[Origins] = ()
) -> list[dict[str, Any]]:
    """The documents (newest shape, profiles applied) with each of `values` set; later ones win.

    ARTIFACT is an image name, its last component when that is unique, or ``*`` for every artifact the field is for.
    VALUE is YAML, except that a text keeps its spelling (``1.10`` stays that) and ``null`` takes the field away.
    Raises `CannotStart` with every override that names no artifact or no field.
    """
    changed = [dict(document) for document in documents]
    problems: list[_RefusedError] = []
    for value in values:
        try:
            _apply(changed, value, origins)
        except _RefusedError as refused:
            problems.append(refused)
    if problems:
        raise CannotStart(
            "\n".join(str(problem) for problem in problems),
            "\n".join(dict.fromkeys(problem.hint for problem in problems if problem.hint)),
        )
    return changed


def _apply(documents: list[dict[str, Any]], given: str, origins: Sequence[Origins]) -> None:
    key, equals, value = given.partition("=")
    if not equals:
        raise _RefusedError(
            f"--set {given}: has no =", "write it as ARTIFACT.FIELD=VALUE, such as app.docker.target=debug"
        )
    known = list(_artifacts(documents))
    targets, path = _split(key, known)
    name, member = _field(path, key)
    converted = _value(value, FIELDS[name], member, f"--set {given}")
    kind = name.split(".", maxsplit=1)[0]
    fitting = [target for target in targets if kind not in ("docker", "custom") or target.kind == kind]
    if not fitting:
        kinds = " and ".join(sorted({target.kind for target in targets})) or "none"
        raise _RefusedError(f"--set {given}: {name} is for {kind} artifacts, here there is {kinds}")
    for target in fitting:
        parts = (*name.split("."), *((member,) if member else ()))
        where = (".buildx", "artifacts", target.image) if name in EXTRAS else ("build", "artifacts", target.at)
        origin = origins[target.document] if origins else None
        documents[target.document] = _with(documents[target.document], (*where, *parts), converted, origin)


def _artifacts(documents: Iterable[Mapping[str, Any]]) -> Iterable[_Target]:
    for number, document in enumerate(documents):
        build = section(document, "build")
        fallback = "kaniko" if build.get("cluster") is not None else "docker"
        for at, item in enumerate(items(build, "artifacts")):
            if isinstance(item, Mapping):
                kind = next((kind for kind in ARTIFACT_KINDS if item.get(kind) is not None), fallback)
                yield _Target(number, at, text(item, "image"), kind)


def _split(key: str, known: Sequence[_Target]) -> tuple[list[_Target], str]:
    """The artifacts that `key` begins with, and the field that is left; image names have dots of their own."""
    if key.startswith(f"{EVERY}."):
        return list(known), key.removeprefix(f"{EVERY}.")
    whole = [(target.image, target) for target in known]
    short = [(target.image.rsplit("/", maxsplit=1)[-1], target) for target in known]
    longest = max((len(name) for name, _ in (*whole, *short) if key.startswith(f"{name}.")), default=0)
    for named in (whole, short) if longest else ():
        hits = [target for name, target in named if len(name) == longest and key.startswith(f"{name}.")]
        if len({target.image for target in hits}) > 1:
            images = ", ".join(target.image for target in hits)
            raise _RefusedError(f"--set {key}: which of {images}?", "write the whole image name")
        if hits:
            return hits, key[longest + 1 :]
    raise _RefusedError(f"--set {key}: there is no such artifact", _near_artifact(key, known))


def _near_artifact(key: str, known: Sequence[_Target]) -> str:
    images = [target.image for target in known]
    ends = [at for at, char in enumerate(key) if char == "." and _known_field(key[at + 1 :])]
    guess = key[: ends[0]] if ends else key.split(".", maxsplit=1)[0]
    near = difflib.get_close_matches(guess, images, 1)
    if near:
        return f"did you mean {near[0]}?"
    return f"the artifacts are: {', '.join(images)}" if images else "the config has no artifacts"


def _known_field(path: str) -> bool:
    try:
        _field(path, path)
    except _RefusedError:
        return False
    return True


def _field(path: str, key: str) -> tuple[str, str]:
    """The full name of a field, and the key below it when it holds pairs."""
    for name, full in (*((name, name) for name in FIELDS), *SHORT.items()):
        if path == name:
            return full, ""
        if FIELDS[full] == "pairs" and path.startswith(f"{name}.") and len(path) > len(name) + 1:
            return full, path[len(name) + 1 :]
    near = difflib.get_close_matches(path, (*FIELDS, *SHORT), 1)
    hint = f"did you mean {near[0]}?" if near else f"fields: {', '.join((*FIELDS, *SHORT))}"
    raise _RefusedError(f"--set {key}: no artifact has a field {path!r}", hint)


def _value(given: str, kind: str, member: str, what: str) -> Any:
    try:
        documents = parse(given)
    except YamlProblem as problem:
        if kind == "text" or member:
            return given
        raise _RefusedError(f"{what}: the value is not valid YAML: {problem.message}") from None
    data = documents[0].data if documents else None
    if data is None and given in ("null", "~"):
        return None
    if kind == "text" or member:
        quoted = given[:1] in ("'", '"') and isinstance(data, str)
        return data if quoted else given
    if kind == "flag":
        flag = BOOL_WORDS.get(data) if isinstance(data, str) else data
        if not isinstance(flag, bool):
            raise _RefusedError(f"{what}: must be true or false")
        return flag
    if kind == "pairs" and not isinstance(data, dict):
        raise _RefusedError(f"{what}: must be a mapping", "such as '{KEY: value}', or name one key: FIELD.KEY=VALUE")
    if kind in ("list", "entries") and not isinstance(data, list):
        return [piece.strip() for piece in given.split(",") if piece.strip()] if kind == "list" else [given]
    if kind == "yaml" and not isinstance(data, list):
        raise _RefusedError(f"{what}: must be a list", "such as '[{image: base, alias: BASE}]'")
    return data


def _with(node: Any, path: tuple[str | int, ...], value: Any, origin: Origins | None) -> Any:
    """A copy of `node` with `value` at `path`; mappings on the way are made where they are missing."""
    head: Any
    head, rest = path[0], path[1:]
    fresh: Any = list(node) if isinstance(node, list) else dict(node or {})
    if origin is not None:
        origin.same(fresh, node)
    if rest:
        child = fresh[head] if isinstance(fresh, list) else fresh.get(head)
        fresh[head] = _with(child, rest, value, origin)
    else:
        fresh[head] = value
    return fresh

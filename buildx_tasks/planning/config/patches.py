"""JSON patches of a profile, with Skaffold's additions: ``key=value`` path elements, ``replace`` by default."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from buildx_tasks.document.yaml.scalars import as_text
from buildx_tasks.model.finding import dotted
from buildx_tasks.planning.config.origins import Origins

Tokens = tuple[str, ...]
Change = Callable[[Any, str], None]

OPERATIONS = ("add", "replace", "remove", "move", "copy", "test")


class PatchFailed(Exception):
    """Why a patch does not apply, and what would help."""

    def __init__(self, reason: str, hint: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint


def apply_patch(data: Any, patch: Mapping[str, Any], origins: Origins) -> Any:
    """`data` with one patch done; what is not touched is shared. Raises `PatchFailed`.

    A path with a ``=`` anywhere stands for every match; they are done from the last to the first, so that
    removing one does not move the others.
    """
    operation = as_text(patch.get("op")) or "replace"
    if operation not in OPERATIONS:
        raise PatchFailed(f"unknown op {operation!r}", f"one of: {', '.join(OPERATIONS)}")
    path = as_text(patch.get("path"))
    tokens = _tokens(path)
    targets = list(_expand(data, tokens)) if "=" in path else [tokens]
    if not targets:
        raise PatchFailed(f"nothing has {_selectors(tokens)}")
    for target in reversed(targets):
        data = _Patcher(data, operation, origins).run(target, patch)
    return data


class _Patcher:
    def __init__(self, data: Any, operation: str, origins: Origins) -> None:
        self.data = data
        self.origins = origins
        self.operation = operation

    def run(self, target: Tokens, patch: Mapping[str, Any]) -> Any:
        operation, value = self.operation, patch.get("value")
        if operation == "test":
            found = _get(self.data, target)
            if not _equal(found, value):
                raise PatchFailed(f"{_shown(target)} is {found!r}, not {value!r}")
            return self.data
        if operation in ("move", "copy"):
            source = _tokens(as_text(patch.get("from")), "from")
            value = _get(self.data, source)
            if value is None:
                raise PatchFailed(f"{_shown(source)} is not set")
            if operation == "move":
                self.data = self._changed(self.data, source, _remove)
            return self._changed(self.data, target, lambda holder, key: _put(holder, key, value))
        change: Change = {
            "add": lambda holder, key: _add(holder, key, value),
            "replace": lambda holder, key: _replace(holder, key, value),
            "remove": _remove,
        }[operation]
        return self._changed(self.data, target, change)

    def _changed(self, node: Any, tokens: Tokens, change: Change, done: Tokens = ()) -> Any:
        """A copy of `node` in which `change` was made in the container that holds the last token."""
        if not isinstance(node, dict | list):
            if node is None:
                raise PatchFailed(f"{_shown(done)} is not set", self._hint(done))
            raise PatchFailed(f"{_shown(done)} is not a mapping or list")
        fresh = copy.copy(node)
        self.origins.same(fresh, node)
        head, rest = tokens[0], tokens[1:]
        try:
            if rest:
                child = self._changed(_child(node, head), rest, change, (*done, head))
                _put(fresh, head, child)
            else:
                change(fresh, head)
        except _MissingError as missing:
            hint = self._hint((*done, head)) if isinstance(node, dict) else ""
            raise PatchFailed(f"{_shown(done)} {missing}", hint) from None
        return fresh

    def _hint(self, tokens: Tokens) -> str:
        """Defaults are not in the text: a section that only has defaults is added before it can be patched."""
        if self.operation not in ("add", "replace"):
            return ""
        return f"add it first with op: add, path: /{'/'.join(_escaped(token) for token in tokens)}"


class _MissingError(Exception):
    """A container lacks what was asked for; worded to follow the container's name."""


def _child(holder: Any, key: str) -> Any:
    if isinstance(holder, list):
        return holder[_index(holder, key, len(holder))]
    if isinstance(holder, dict):
        if key not in holder:
            raise _MissingError(f"has no {key!r}")
        return holder[key]
    raise _MissingError("is not set" if holder is None else "is not a mapping or list")


def _index(holder: list[Any], key: str, limit: int) -> int:
    if not key.isdecimal():
        raise _MissingError(f"is a list, {key!r} is not a position in it")
    if int(key) >= limit:
        raise _MissingError(f"has {len(holder)} items, none at {key}")
    return int(key)


def _get(data: Any, tokens: Tokens) -> Any:
    node = data
    for at, token in enumerate(tokens):
        try:
            node = _child(node, token)
        except _MissingError as missing:
            raise PatchFailed(f"{_shown(tokens[:at])} {missing}") from None
    return node


def _add(holder: Any, key: str, value: Any) -> None:
    if isinstance(holder, dict):
        holder[key] = value
    elif key == "-":
        holder.append(value)
    else:
        holder.insert(_index(holder, key, len(holder) + 1), value)


def _replace(holder: Any, key: str, value: Any) -> None:
    if _child(holder, key) is None:
        raise _MissingError(f"has no {key!r}")
    holder[int(key) if isinstance(holder, list) else key] = value


def _put(holder: Any, key: str, value: Any) -> None:
    holder[_index(holder, key, len(holder)) if isinstance(holder, list) else key] = value


def _remove(holder: Any, key: str) -> None:
    _child(holder, key)
    del holder[int(key) if isinstance(holder, list) else key]


def _tokens(path: str, name: str = "path") -> Tokens:
    if not path.startswith("/") or path == "/":
        raise PatchFailed(f"{name} {path!r} must begin with / and name something", "such as /build/artifacts/0/image")
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in path[1:].split("/"))


def _expand(data: Any, tokens: Tokens) -> Iterator[Tokens]:
    """The plain paths that an extended path stands for; whether their end exists is the operation's business."""
    routes: list[tuple[Tokens, Any]] = [((), data)]
    for token in tokens:
        if "=" in token:
            key, _, value = token.partition("=")
            routes = [hit for route, node in routes for hit in _search(route, node, key, value)]
        else:
            routes = [((*route, token), _child_or_none(node, token)) for route, node in routes]
    for route, _ in routes:
        yield route


def _child_or_none(node: Any, token: str) -> Any:
    try:
        return _child(node, token)
    except _MissingError:
        return None


def _search(route: Tokens, node: Any, key: str, value: str) -> Iterator[tuple[Tokens, Any]]:
    """The topmost mappings from `node` down whose `key` is `value`."""
    if isinstance(node, dict):
        found = node.get(key)
        if found is not None and not isinstance(found, dict | list) and as_text(found) == value:
            yield route, node
            return
        for name, child in node.items():
            yield from _search((*route, name), child, key, value)
    elif isinstance(node, list):
        for at, child in enumerate(node):
            yield from _search((*route, str(at)), child, key, value)


def _selectors(tokens: Sequence[str]) -> str:
    return " and ".join(token for token in tokens if "=" in token)


def _equal(left: Any, right: Any) -> bool:
    """Equal in value and in kind: 1 is not true."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_equal(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_equal, left, right))
    return isinstance(left, bool) == isinstance(right, bool) and bool(left == right)


def _shown(tokens: Sequence[str]) -> str:
    parts = tuple(int(token) if token.isdecimal() else token for token in tokens)
    return dotted(parts) or "the config"


def _escaped(token: str) -> str:
    return token.replace("~", "~0").replace("/", "~1")

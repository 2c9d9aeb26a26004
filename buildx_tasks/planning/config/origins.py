"""Where the parts of rearranged data stood in the document, so that messages can name the line."""

from __future__ import annotations

from typing import Any

from buildx_tasks.document.yaml.source import Path


class Origins:
    """Remembers the path of every mapping and list of `data` by identity.

    Profiles move parts around without copying what they do not change; whoever copies a part says so with `same`.
    """

    def __init__(self, data: object) -> None:
        self._known: dict[int, tuple[object, Path]] = {}
        self._walk(data, ())

    def _walk(self, value: object, path: Path) -> None:
        if isinstance(value, dict | list):
            self._known.setdefault(id(value), (value, path))
            for key, child in value.items() if isinstance(value, dict) else enumerate(value):
                self._walk(child, (*path, key))

    def same(self, new: object, old: object) -> None:
        """`new` is a changed copy of `old` and stands for it."""
        known = self._known.get(id(old))
        if known is not None:
            self._known[id(new)] = (new, known[1])

    def path(self, data: Any, path: Path) -> Path:
        """The path in the document of what stands at `path` in `data`, as exactly as is known."""
        origin: Path = ()
        value = data
        for key in path:
            try:
                value = value[key]
            except (KeyError, IndexError, TypeError):
                value = None
            known = self._known.get(id(value))
            origin = known[1] if known is not None else (*origin, key)
        return origin

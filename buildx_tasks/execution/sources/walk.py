"""Walking a context: patterns, ignore rules and folders, links never followed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from buildx_tasks.document.formats.dockerignore import IgnoreRules, clean
from buildx_tasks.errors import CannotStart
from buildx_tasks.execution.paths import is_folder, is_link
from buildx_tasks.golang.globs import BadPatternError, Glob, has_magic


def find_paths(root: Path, pattern: str, *, deep: bool = False) -> list[str]:
    """The paths below `root` that match `pattern`, relative to it; dot files count.

    `*` stays within a name; with `deep`, a name `**` is any number of folders and at the end stands for the folder
    before it. Raises CannotStart for a pattern that is none.
    """
    found = [""]
    names = clean(f"/{pattern}")[1:].split("/")
    if deep and names[-1] == "**":
        names[-1:] = []
    for name in names:
        try:
            if deep and name == "**":
                found = list(_folders(root, found))
            else:
                found = list(dict.fromkeys(path for before in found for path in _children(root, before, name)))
        except BadPatternError as error:
            raise CannotStart(f"{error} {pattern!r}") from None
    return list(dict.fromkeys(path or "." for path in found))


def _folders(root: Path, starts: list[str]) -> Iterator[str]:
    """The folders at and below `starts`, each once, however many of the starts it is below."""
    seen: set[str] = set()
    for start in starts:
        for folder, below, _ in os.walk(root / start):
            path = _joined(os.path.relpath(folder, root), "")
            if path in seen:
                below.clear()
                continue
            seen.add(path)
            yield path


def _children(root: Path, before: str, name: str) -> Iterator[str]:
    if not has_magic(name):
        if os.path.lexists(root / before / name):
            yield _joined(before, name)
    else:
        glob = Glob(name)
        if is_folder(root / before):
            names = (child.name for child in (root / before).iterdir())
            yield from (_joined(before, child) for child in names if glob.matches(child))


def _joined(folder: str, name: str) -> str:
    return name if folder in ("", ".") else f"{folder}/{name}" if name else folder


def walk_files(root: Path, start: str, rules: IgnoreRules, *, empty_folders: bool) -> Iterator[str]:
    """The paths of the files at or below `start`, relative to `root`, without the ignored ones.

    `start` itself is entered even when it is ignored. With `empty_folders` those count too. A link is a file,
    whatever it points to.
    """
    top = clean(start)
    if is_link(root / top) or not is_folder(root / top):
        if not rules.ignores(top):
            yield top
        return
    waiting = [(top, False)]
    while waiting:
        folder, ignored = waiting.pop()
        with os.scandir(root / folder) as entries:
            children = list(entries)
        if not children and empty_folders and not ignored:
            yield folder
        for child in children:
            path = _joined(folder, child.name)
            child_ignored = rules.ignores(path)
            if child.is_dir(follow_symlinks=False):
                if not (child_ignored and rules.prunes(path)):
                    waiting.append((path, child_ignored))
            elif not child_ignored:
                yield path

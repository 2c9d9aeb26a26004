"""Asks git what tag policies need to know: each question once for a checkout, however many artifacts are in it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from buildx_tasks.execution.paths import exists
from buildx_tasks.model.command import Command, Runner
from buildx_tasks.planning.facts import Answer, Argv, GitFacts
from buildx_tasks.planning.tags.policies import GIT_STATUS, GIT_TREES

AT_ONCE = 4


def gather_git(runner: Runner, queries: Mapping[Path, tuple[Argv, ...]]) -> dict[Path, GitFacts]:
    """The answers to `queries`, which are git commands by the folder they are about.

    What holds for a whole checkout is asked once, and its changes are listed once for all folders in it.
    """
    roots = {folder: find_checkout(folder) for folder in queries}
    asked: dict[tuple[Path, Argv], Command] = {}
    for folder, commands in queries.items():
        for argv in commands:
            if (key := _key(folder, argv, roots)) is not None and key not in asked:
                asked[key] = _command(key, roots, queries)
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        answers = dict(zip(asked, pool.map(lambda command: _answer(runner, command), asked.values()), strict=True))
    return {
        folder: GitFacts(answers={argv: _for_folder(folder, argv, roots, answers) for argv in commands})
        for folder, commands in queries.items()
    }


def find_checkout(folder: Path) -> Path | None:
    """The top of the git checkout that `folder` is in, with links resolved; None outside of any."""
    real = Path(os.path.realpath(folder))
    return next((place for place in (real, *real.parents) if exists(place / ".git")), None)


def _key(folder: Path, argv: Argv, roots: Mapping[Path, Path | None]) -> tuple[Path, Argv] | None:
    root = roots[folder]
    if root is None:
        return None
    return (folder, argv) if argv in GIT_TREES else (root, argv)


def _command(
    key: tuple[Path, Argv], roots: Mapping[Path, Path | None], queries: Mapping[Path, tuple[Argv, ...]]
) -> Command:
    place, argv = key
    if argv != GIT_STATUS:
        return Command(argv=argv, cwd=str(place))
    folders = (_below(folder, place) for folder in _asking(GIT_STATUS, place, roots, queries))
    return Command(argv=("git", "status", "--porcelain", "-z", "--", *dict.fromkeys(folders)), cwd=str(place))


def _asking(
    argv: Argv, root: Path, roots: Mapping[Path, Path | None], queries: Mapping[Path, tuple[Argv, ...]]
) -> Iterable[Path]:
    return (folder for folder, commands in queries.items() if roots[folder] == root and argv in commands)


def _below(folder: Path, root: Path) -> str:
    """`folder` as git spells it from the top: ``a/b``, or ``.`` for the top itself."""
    return Path(os.path.realpath(folder)).relative_to(root).as_posix()


def _answer(runner: Runner, command: Command) -> Answer:
    done = runner.capture(command)
    if done.ok:
        return Answer(text=done.stdout)
    said = done.stderr.strip().splitlines()
    return Answer(error=f"{' '.join(command.argv[:3])}: {said[-1] if said else f'ended with {done.code}'}")


def _for_folder(
    folder: Path, argv: Argv, roots: Mapping[Path, Path | None], answers: Mapping[tuple[Path, Argv], Answer]
) -> Answer:
    key = _key(folder, argv, roots)
    if key is None:
        return Answer(error=f"{folder} is not in a git checkout")
    answer = answers[key]
    if argv != GIT_STATUS or answer.error:
        return answer
    return Answer(text="\n".join(_touching(_below(folder, key[0]), answer.text)))


def _touching(folder: str, listing: str) -> list[str]:
    """The changed paths of ``git status -z`` that are in `folder`, or that it is in: git names a new folder once."""
    prefix = "" if folder == "." else f"{folder}/"
    entries = [entry for entry in listing.split("\0") if entry]
    paths = [entry[3:] if entry[2:3] == " " else entry for entry in entries]
    return [path for path in paths if path.startswith(prefix) or (path.endswith("/") and prefix.startswith(path))]

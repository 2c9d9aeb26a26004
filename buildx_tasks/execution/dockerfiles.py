"""The Dockerfiles of a folder that has no config yet, and what is around each of them."""

from __future__ import annotations

import glob
import os
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from buildx_tasks.document.formats.dockerbases import needed_sources
from buildx_tasks.document.formats.dockerfile import DockerfileError, parse_dockerfile
from buildx_tasks.document.formats.dockerignore import IgnoreRules, parse_dockerignore
from buildx_tasks.errors import CannotStart
from buildx_tasks.execution.paths import exists, is_file, read_regular
from buildx_tasks.execution.sources.git import find_checkout
from buildx_tasks.execution.world import World
from buildx_tasks.model.command import Command
from buildx_tasks.planning.init.found import FoundDockerfile, ProjectFacts, is_dockerfile

SKIPPED = frozenset(("node_modules", "vendor", "bower_components", "site-packages", "venv", "__pycache__"))
"""Folders of other people's code."""
PATTERNS = (":(icase,glob)**/*dockerfile*", ":(icase,glob)**/*containerfile*")
LIST = ("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *PATTERNS)


@dataclass(frozen=True, kw_only=True, slots=True)
class Survey:
    """What there is to make a config of, and a line for each file that looks like a Dockerfile and can't be read."""

    project: ProjectFacts
    found: tuple[FoundDockerfile, ...]
    unread: tuple[str, ...] = ()


def survey_folder(world: World) -> Survey:
    """Look for Dockerfiles in the current folder and below. Runs nothing but git, which knows what to ignore.

    Hidden folders, those of other people's code and nested repositories are not searched.
    """
    found: list[FoundDockerfile] = []
    unread: list[str] = []
    for path in _paths(world):
        try:
            found.append(_read(world.cwd, path))
        except DockerfileError as error:
            unread.append(error.message)
        except (OSError, ValueError) as error:
            unread.append(f"{path} can't be read: {getattr(error, 'strerror', None) or error}")
    return Survey(project=_project(world), found=tuple(found), unread=tuple(unread))


def _paths(world: World) -> list[str]:
    """The files that are Dockerfiles by their name, in order, each once."""
    listed = _listed_by_git(world)
    paths = _walked(world.cwd) if listed is None else listed
    wanted = sorted((path for path in paths if _is_wanted(path) and is_file(world.cwd / path)), key=_order)
    # A Containerfile that is a link to the Dockerfile beside it is the same one.
    return list({os.path.realpath(world.cwd / path): path for path in reversed(wanted)}.values())[::-1]


def _order(path: str) -> tuple[bool, list[str]]:
    """The files of the folder itself first, then by path."""
    return path.count("/") > 0, path.split("/")


def _is_wanted(path: str) -> bool:
    *folders, name = path.split("/")
    return is_dockerfile(name) and not any(_is_skipped(folder) for folder in (*folders, name))


def _is_skipped(name: str) -> bool:
    return name.startswith(".") or name.lower() in SKIPPED


def _listed_by_git(world: World) -> list[str] | None:
    """What git does not ignore, also where no repository is made yet; None without git."""
    if find_checkout(world.cwd):
        done = world.runner.capture(Command(argv=("git", *LIST), cwd=str(world.cwd)))
        if done.ok:
            return done.stdout.split("\0")
    with tempfile.TemporaryDirectory(prefix="buildx-tasks-") as folder:
        where = (f"--git-dir={folder}", f"--work-tree={world.cwd}")
        if not world.runner.capture(Command(argv=("git", "init", "--quiet", "--bare", folder))).ok:
            return None
        done = world.runner.capture(Command(argv=("git", *where, *LIST), cwd=str(world.cwd)))
    return done.stdout.split("\0") if done.ok else None


def _walked(cwd: Path) -> Iterator[str]:
    for folder, folders, files in os.walk(cwd):
        folders[:] = [name for name in folders if not _is_skipped(name)]
        yield from (Path(folder, name).relative_to(cwd).as_posix() for name in files if is_dockerfile(name))


def _read(cwd: Path, path: str) -> FoundDockerfile:
    """The Dockerfile at `path`. Raises `DockerfileError`, `OSError` and `ValueError`."""
    dockerfile = parse_dockerfile(read_regular(cwd / path).decode("utf-8"), path)
    if all(one.name != "from" for one in dockerfile.instructions):
        raise DockerfileError(f"{path}: there is no FROM in it")
    sources = needed_sources(dockerfile)
    *folders, _name = path.split("/")
    contexts = ["/".join(folders[:depth]) or "." for depth in range(len(folders), -1, -1)]
    present = {context: frozenset(_present(cwd, context, path, sources)) for context in contexts}
    return FoundDockerfile(path=path, dockerfile=dockerfile, sources=sources, present=present)


def _present(cwd: Path, context: str, path: str, sources: Iterable[str]) -> Iterator[str]:
    """The sources that are in a context and not kept out of it by its ignore file."""
    sources = tuple(sources)
    rules = _ignore_rules((cwd / f"{path}.dockerignore", cwd / context / ".dockerignore")) if sources else IgnoreRules()
    folder = cwd / context
    for source in sources:
        if not glob.has_magic(source):
            names: Iterable[str] = [source] if exists(folder / source) else []
        else:
            names = glob.iglob(source, root_dir=folder)  # noqa: PTH207 - its patterns are nearest to docker's
        if any(not (rules.ignores(name) and rules.prunes(name)) for name in names):
            yield source


def _ignore_rules(files: Iterable[Path]) -> IgnoreRules:
    """The rules of the first file that is there; one that can't be read has none, as docker will say itself."""
    for file in files:
        if is_file(file):
            try:
                return parse_dockerignore(read_regular(file).decode("utf-8", "replace"), str(file))
            except (CannotStart, OSError):
                return IgnoreRules()
    return IgnoreRules()


def _project(world: World) -> ProjectFacts:
    def ask(*words: str) -> str:
        done = world.runner.capture(Command(argv=("git", *words), cwd=str(world.cwd)))
        return done.stdout.strip() if done.ok else ""

    root = find_checkout(world.cwd)
    if root is None:
        return ProjectFacts(name=world.cwd.resolve().name, committed=False)
    here = Path(os.path.realpath(world.cwd))
    remote = ask("config", "--get", "remote.origin.url") if here == root else ""
    name = remote.rstrip("/").removesuffix(".git").replace(":", "/").rpartition("/")[2]
    return ProjectFacts(name=name or here.name, committed=bool(ask("rev-parse", "--verify", "--quiet", "HEAD")))

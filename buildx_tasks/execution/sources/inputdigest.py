"""The source files of artifacts, and the digest of them that the inputDigest tag policy wants."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from buildx_tasks.document.formats.dockercopy import copied_sources
from buildx_tasks.document.formats.dockerfile import Dockerfile, parse_dockerfile
from buildx_tasks.document.formats.dockerignore import IgnoreRules, clean, ignore_rules, parse_dockerignore
from buildx_tasks.errors import BuildxTasksError, CannotStart
from buildx_tasks.execution.paths import exists, read_regular
from buildx_tasks.execution.sources.sources import find_dockerfile
from buildx_tasks.execution.sources.walk import find_paths, walk_files
from buildx_tasks.model.command import Command, Runner
from buildx_tasks.model.config import Artifact, CustomDependencies, NullablePairs
from buildx_tasks.planning.facts import Answer
from buildx_tasks.planning.tags.inputdigest import combined_digest, file_digest, relative_name, scan_build_args

CHUNK = 1 << 20


def dockerfile_dependencies(
    context: str, dockerfile: str, build_args: Mapping[str, str | None], cwd: Path
) -> list[str]:
    """What a Dockerfile takes from its context, relative to it and sorted; the Dockerfile is always part of it.

    `build_args` are the evaluated ones. Without a Dockerfile it is the only entry. Raises CannotStart for a Dockerfile
    or an ignore file that is wrong, and for a COPY that matches nothing. Base images are not asked for ONBUILD.
    """
    root = cwd / context
    file = find_dockerfile(root, dockerfile, cwd)
    if not exists(file):
        return [dockerfile]
    rules = _ignore_file(root, file)
    found = {
        path
        for sources in copied_sources(read_dockerfile(file), build_args)
        for start in _matching(root, sources)
        for path in walk_files(root, start, rules, empty_folders=True)
    }
    found.add(str(file) if dockerfile.startswith("/") else dockerfile)
    return sorted(found - {".dockerignore"}, key=os.fsencode)


def read_dockerfile(file: Path) -> Dockerfile:
    """The Dockerfile at `file`, parsed; raises CannotStart."""
    return parse_dockerfile(_text(file), str(file))


def _ignore_file(root: Path, dockerfile: Path) -> IgnoreRules:
    for file in (dockerfile.with_name(f"{dockerfile.name}.dockerignore"), root / ".dockerignore"):
        if exists(file):
            return parse_dockerignore(_text(file), str(file))
    return IgnoreRules()


def _matching(root: Path, sources: Sequence[str]) -> list[str]:
    """The paths that the sources of one instruction mean; at least one of them has to be there."""
    found: list[str] = []
    for source in sources:
        below = source.lstrip("/")
        found += [below] if exists(root / below) else find_paths(root, below)
    if not found:
        raise CannotStart(f"file pattern {' '.join(sources)} must match at least one file below {root}")
    return found


def _text(file: Path) -> str:
    try:
        return read_regular(file).decode("utf-8", "surrogateescape")
    except OSError as error:
        raise CannotStart(f"{file}: {error.strerror}") from None


@dataclass(kw_only=True, slots=True)
class SourceScan:
    """The source files of the artifacts of one run, each artifact's listed once.

    `artifacts` are all that there are, by image; `expand` renders the templates of build args with the environment.
    Without a `runner` an artifact whose sources a command of the config lists has no digest.
    """

    artifacts: Mapping[str, Artifact]
    cwd: Path
    expand: Callable[[str], str]
    runner: Runner | None
    listed: dict[str, list[str]] = field(default_factory=dict)

    def input_digest(self, artifact: Artifact) -> Answer:
        """The tag that inputDigest gives `artifact`, or why there is none."""
        where = f"inputDigest of {artifact.image!r}"
        try:
            files = [*self.files(artifact), *_dockerfile_as_written(artifact)]
            parts = list(self._parts(artifact.context, sorted(files, key=os.fsencode)))
        except BuildxTasksError as error:
            return Answer(error=f"{where}: {error.message}")
        except OSError as error:
            return Answer(error=f"{where}: {error.filename}: {error.strerror}")
        return Answer(text=combined_digest(parts))

    def files(self, artifact: Artifact, below: tuple[str, ...] = ()) -> list[str]:
        """The artifact's sources and those of the images that it requires, absolute or relative to `cwd`.

        Files that several of them use are there several times. Raises CannotStart.
        """
        if artifact.image not in self.listed:
            own = [_joined(artifact.context, path) for path in self._own_files(artifact)]
            for required in (one.image for one in artifact.requires):
                if required in self.artifacts and required not in below:
                    own += self.files(self.artifacts[required], (*below, artifact.image))
            self.listed[artifact.image] = own
        return self.listed[artifact.image]

    def _own_files(self, artifact: Artifact) -> list[str]:
        """The sources of one artifact, absolute or relative to its context."""
        if artifact.kind == "docker":
            return self._scanned(artifact, artifact.docker.dockerfile, artifact.docker.build_args)
        if artifact.kind != "custom":
            raise CannotStart(f"the source files of {artifact.kind} artifacts are not known, only of docker and custom")
        wanted = artifact.custom.dependencies
        if wanted.dockerfile:
            return self._scanned(artifact, wanted.dockerfile, wanted.build_args)
        return self._told(artifact, wanted.command) if wanted.command else self._found(artifact, wanted)

    def _scanned(self, artifact: Artifact, dockerfile: str, given: NullablePairs) -> list[str]:
        declared = read_dockerfile(find_dockerfile(self.cwd / artifact.context, dockerfile, self.cwd)).declared_args()
        aliases = artifact.requires if artifact.kind == "docker" else ()
        build_args = scan_build_args(given, declared, self.expand, [one.alias for one in aliases])
        return dockerfile_dependencies(artifact.context, dockerfile, build_args, self.cwd)

    def _told(self, artifact: Artifact, command: str) -> list[str]:
        """What the config's own command lists; it runs in the context, in no shell."""
        if self.runner is None:
            raise CannotStart(f"{command}: it lists the sources, and runs only when building")
        done = self.runner.capture(Command(argv=tuple(command.split(" ")), cwd=str(self.cwd / artifact.context)))
        if not done.ok:
            raise CannotStart(f"{command}: exit status {done.code}")
        try:
            paths = json.loads(done.stdout)
        except ValueError:
            paths = None
        if not isinstance(paths, list) or not all(isinstance(path, str) for path in paths):
            raise CannotStart(f"{command}: its output is not a JSON array of paths")
        return paths

    def _found(self, artifact: Artifact, wanted: CustomDependencies) -> list[str]:
        root = self.cwd / artifact.context
        rules = ignore_rules(wanted.ignore)
        found: set[str] = set()
        for pattern in wanted.paths:
            starts = find_paths(root, pattern, deep=True)
            if not starts:
                raise CannotStart(f"pattern {pattern!r} did not match any file below {root}")
            for start in starts:
                found.update(walk_files(root, start, rules, empty_folders=False))
        return sorted(found, key=os.fsencode)

    def _parts(self, context: str, files: Sequence[str]) -> Iterator[str]:
        for file in files:
            path = self.cwd / file
            try:
                mode = path.lstat().st_mode
            except FileNotFoundError:
                continue
            chunks = _content(path) if stat.S_ISREG(mode) else ()
            yield file_digest(relative_name(context, file), chunks)


def _dockerfile_as_written(artifact: Artifact) -> list[str]:
    """Skaffold adds the Dockerfile once more under the config's spelling, so it may count twice."""
    if artifact.kind == "docker":
        return [artifact.docker.dockerfile]
    dockerfile = artifact.custom.dependencies.dockerfile
    return [dockerfile] if artifact.kind == "custom" and dockerfile else []


def _joined(context: str, path: str) -> str:
    return path if path.startswith("/") else clean(f"{context}/{path}" if context else path)


def _content(path: Path) -> Iterator[bytes]:
    with path.open("rb") as source:
        while chunk := source.read(CHUNK):
            yield chunk

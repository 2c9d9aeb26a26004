"""What is on disk for each artifact: its context and its Dockerfile."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from buildx_tasks.execution.paths import exists, is_file, is_folder, read_regular
from buildx_tasks.model.config import Artifact
from buildx_tasks.planning.facts import SourceFacts

_GIT = re.compile(r"git@|github\.com/")
AGENT_SECONDS = 0.8
_ARG = re.compile(r"^[ \t]*ARG[ \t]+[\"']?([A-Za-z_][A-Za-z0-9_]*)", re.IGNORECASE | re.MULTILINE)


def gather_sources(
    artifacts: Iterable[Artifact],
    cwd: Path,
    environ: Mapping[str, str] = MappingProxyType({}),
    home: str = "",
    *,
    parsing: Collection[str] = (),
) -> dict[str, SourceFacts]:
    """The facts of every artifact, by image name; `environ` and `home` are where its secrets are looked for.

    The Dockerfiles of the images in `parsing` are read whole.
    """
    return {
        artifact.image: replace(
            _source(artifact, cwd, parsing=artifact.image in parsing),
            missing=_missing(artifact, cwd, environ, home),
            paths=(*_missing_contexts(artifact, cwd), *_missing_keys(artifact, cwd)),
            warnings=_odd(artifact, environ),
        )
        for artifact in artifacts
    }


def _missing(artifact: Artifact, cwd: Path, environ: Mapping[str, str], home: str) -> tuple[str, ...]:
    if not artifact.docker.secrets and not artifact.docker.ssh:
        return ()
    from buildx_tasks.planning.build.secretfiles import missing_files, wants_agent

    found = missing_files([artifact], environ, home, is_file, str(cwd))
    if wants_agent([artifact]) and not _agent_path(environ):
        found += (_no_agent(artifact, environ),)
    return found


def _missing_contexts(artifact: Artifact, cwd: Path) -> Iterator[str]:
    """A text for each named context that is a folder here and is not there; docker says so only in the middle."""
    for name, source in artifact.extras.build_contexts:
        scheme, mark, rest = source.partition("://")
        folder = rest.partition("@")[0].partition(":")[0] if scheme == "oci-layout" else source
        if (mark and scheme != "oci-layout") or "{{" in source or _GIT.match(source):
            continue
        if not is_folder(cwd / folder):
            yield f"{artifact.named}: build context {name!r}: there is no folder {folder}"


def _missing_keys(artifact: Artifact, cwd: Path) -> Iterator[str]:
    """A text for each key or socket that ``ssh: ID=PATH`` names and that is not there."""
    name, _equals, keys = artifact.docker.ssh.partition("=")
    for key in keys.split(","):
        if key and not exists(cwd / key):
            yield f"{artifact.named}: ssh {name}: there is no file {key}"


def _no_agent(artifact: Artifact, environ: Mapping[str, str]) -> str:
    return f"{artifact.named}: ssh is forwarded, and {why_no_agent(environ)}"


def _agent_path(environ: Mapping[str, str]) -> str:
    """Where an agent may be; what is nowhere docker refuses, and what is dead it finds out when it is needed."""
    path = environ.get("SSH_AUTH_SOCK", "")
    return path if path and exists(path) else ""


def why_no_agent(environ: Mapping[str, str]) -> str:
    """Why no ssh agent can be forwarded, "" when one answers."""
    path = environ.get("SSH_AUTH_SOCK", "")
    if not path:
        return "SSH_AUTH_SOCK does not name an agent"
    if not exists(path):
        return f"there is no {path}, which SSH_AUTH_SOCK names"
    import socket

    try:
        with socket.socket(socket.AF_UNIX) as agent:
            agent.settimeout(AGENT_SECONDS)
            agent.connect(path)
    except OSError:
        return f"no agent answers at SSH_AUTH_SOCK ({path})"
    return ""


def _odd(artifact: Artifact, environ: Mapping[str, str]) -> tuple[str, ...]:
    """What docker builds with all the same: empty secrets, and an agent that nobody may ever ask."""
    if not artifact.docker.secrets and not artifact.docker.ssh:
        return ()
    from buildx_tasks.planning.build.secretfiles import unset_variables, wants_agent

    found = tuple(f"{text}: the secret is empty" for text in unset_variables([artifact], environ))
    if wants_agent([artifact]) and _agent_path(environ) and why_no_agent(environ):
        found += (_no_agent(artifact, environ),)
    return found


def _source(artifact: Artifact, cwd: Path, *, parsing: bool) -> SourceFacts:
    context = cwd / artifact.context
    wrong = "" if is_folder(context) else "is not a folder" if exists(context) else "does not exist"
    if wrong or artifact.kind != "docker":
        return SourceFacts(context=wrong)
    dockerfile = find_dockerfile(context, artifact.docker.dockerfile, cwd)
    there = is_file(dockerfile)
    found = SourceFacts(
        dockerfile=str(dockerfile),
        dockerfile_exists=there,
        declared_args=_declared_args(dockerfile) if there else None,
    )
    return _with_parsed(found, dockerfile) if there and parsing else found


def _with_parsed(found: SourceFacts, dockerfile: Path) -> SourceFacts:
    from buildx_tasks.document.formats.dockerfile import DockerfileError, parse_dockerfile

    try:
        text = read_regular(dockerfile).decode("utf-8", "replace")
        return replace(found, parsed=parse_dockerfile(text, str(dockerfile)))
    except DockerfileError as error:
        return replace(found, unparsed=error.message)
    except OSError as error:
        return replace(found, unparsed=f"{dockerfile} can't be read: {error.strerror}")


def find_dockerfile(context: Path, dockerfile: str, cwd: Path) -> Path:
    """Skaffold's lookup: in the context, else relative to the current directory; the first when neither is there."""
    candidate = (context / dockerfile.lstrip("/")).absolute()
    if exists(candidate):
        return _clean(candidate)
    other = (cwd / dockerfile).absolute()
    return _clean(other if exists(other) else candidate)


def _clean(path: Path) -> Path:
    """Without ``.`` and ``..``, and without following links, as Go's filepath.Abs does it."""
    import os

    return Path(os.path.normpath(path))


def _declared_args(dockerfile: Path) -> frozenset[str] | None:
    """The names of the ARG lines, read with tolerance: BuildKit alone judges a Dockerfile."""
    try:
        text = read_regular(dockerfile).decode("utf-8", "replace")
    except OSError:
        return None
    if "arg" not in text.lower():
        return frozenset()
    from buildx_tasks.document.formats.dockerfile import DockerfileError, parse_dockerfile

    try:
        return parse_dockerfile(text, str(dockerfile)).declared_args()
    except DockerfileError:
        return frozenset(_ARG.findall(text))

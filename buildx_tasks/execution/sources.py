"""What is on disk for each artifact: its context and its Dockerfile."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from buildx_tasks.model.config import Artifact
from buildx_tasks.planning.facts import SourceFacts

_ARG = re.compile(r"^[ \t]*ARG[ \t]+[\"']?([A-Za-z_][A-Za-z0-9_]*)", re.IGNORECASE | re.MULTILINE)


def gather_sources(
    artifacts: Iterable[Artifact], cwd: Path, environ: Mapping[str, str] = MappingProxyType({}), home: str = ""
) -> dict[str, SourceFacts]:
    """The facts of every artifact, by image name; `environ` and `home` are where its secrets are looked for."""
    return {
        artifact.image: replace(
            _source(artifact, cwd),
            missing=_missing(artifact, cwd, environ, home),
            warnings=_empty(artifact, environ),
        )
        for artifact in artifacts
    }


def _missing(artifact: Artifact, cwd: Path, environ: Mapping[str, str], home: str) -> tuple[str, ...]:
    if not artifact.docker.secrets and not artifact.docker.ssh:
        return ()
    from buildx_tasks.planning.secretfiles import missing_files, wants_agent

    found = missing_files([artifact], environ, home, lambda path: Path(path).is_file(), str(cwd))
    if wants_agent([artifact]) and not environ.get("SSH_AUTH_SOCK"):
        where = f"{artifact.place}: " if artifact.place else ""
        found += (f"{where}artifact {artifact.image!r}: ssh is forwarded, and SSH_AUTH_SOCK names no agent",)
    return found


def _empty(artifact: Artifact, environ: Mapping[str, str]) -> tuple[str, ...]:
    if not artifact.docker.secrets:
        return ()
    from buildx_tasks.planning.secretfiles import unset_variables

    return tuple(f"{text}: the secret is empty" for text in unset_variables([artifact], environ))


def _source(artifact: Artifact, cwd: Path) -> SourceFacts:
    context = cwd / artifact.context
    wrong = "" if context.is_dir() else "is not a folder" if context.exists() else "does not exist"
    if wrong or artifact.kind != "docker":
        return SourceFacts(context=wrong)
    dockerfile = find_dockerfile(context, artifact.docker.dockerfile, cwd)
    exists = dockerfile.is_file()
    return SourceFacts(
        dockerfile=str(dockerfile),
        dockerfile_exists=exists,
        declared_args=_declared_args(dockerfile) if exists else None,
    )


def find_dockerfile(context: Path, dockerfile: str, cwd: Path) -> Path:
    """Skaffold's lookup: in the context, else relative to the current directory; the first when neither is there."""
    candidate = (context / dockerfile.lstrip("/")).absolute()
    if candidate.exists():
        return _clean(candidate)
    other = (cwd / dockerfile).absolute()
    return _clean(other if other.exists() else candidate)


def _clean(path: Path) -> Path:
    """Without ``.`` and ``..``, and without following links, as Go's filepath.Abs does it."""
    import os

    return Path(os.path.normpath(path))


def _declared_args(dockerfile: Path) -> frozenset[str] | None:
    """The names of the ARG lines, read with tolerance: BuildKit alone judges a Dockerfile."""
    try:
        text = dockerfile.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    if "arg" not in text.lower():
        return frozenset()
    from buildx_tasks.document.dockerfile import DockerfileError, parse_dockerfile

    try:
        return parse_dockerfile(text, str(dockerfile)).declared_args()
    except DockerfileError:
        return frozenset(_ARG.findall(text))

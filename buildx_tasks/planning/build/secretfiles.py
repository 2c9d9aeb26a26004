"""What a build needs besides its sources: the files and variables of secrets, an ssh agent. Values are never read."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Iterator, Mapping

from buildx_tasks.model.config import Artifact, Secret

IsFile = Callable[[str], bool]


def missing_secrets(
    artifacts: Iterable[Artifact], environ: Mapping[str, str], home: str, is_file: IsFile, cwd: str = ""
) -> tuple[str, ...]:
    """A text for each secret whose file or variable is not there, with artifact and place.

    A secret with neither ``src`` nor ``env`` is the variable, or else the file, that is named like its id.
    """
    return (*missing_files(artifacts, environ, home, is_file, cwd), *unset_variables(artifacts, environ))


def missing_files(
    artifacts: Iterable[Artifact], environ: Mapping[str, str], home: str, is_file: IsFile, cwd: str = ""
) -> tuple[str, ...]:
    """A text for each secret whose file is not there: docker refuses to build without it."""
    return tuple(
        f"{_place(item, secret)}: {why}"
        for item, secret in _secrets(artifacts)
        if (why := _why_missing(secret, environ, home, lambda path: is_file(posixpath.join(cwd, path))))
    )


def unset_variables(artifacts: Iterable[Artifact], environ: Mapping[str, str]) -> tuple[str, ...]:
    """A text for each secret whose variable is not set: to docker that is an empty secret."""
    return tuple(
        f"{_place(item, secret)}: variable {secret.env} is not set"
        for item, secret in _secrets(artifacts)
        if secret.env and secret.env not in environ
    )


def wants_agent(artifacts: Iterable[Artifact]) -> tuple[str, ...]:
    """The artifacts whose build forwards the ssh agent itself, not a socket or key that is named."""
    return tuple(item.image for item in artifacts if item.kind == "docker" and item.docker.ssh in ("default", "true"))


def _secrets(artifacts: Iterable[Artifact]) -> Iterator[tuple[Artifact, Secret]]:
    return ((item, secret) for item in artifacts if item.kind == "docker" for secret in item.docker.secrets)


def _place(artifact: Artifact, secret: Secret) -> str:
    return f"{artifact.named}: secret {secret.id}"


def _why_missing(secret: Secret, environ: Mapping[str, str], home: str, is_file: IsFile) -> str:
    if secret.env:
        return ""
    if secret.src:
        path = f"{home.rstrip('/')}/{secret.src[2:]}" if secret.src.startswith("~/") else secret.src
        return "" if is_file(path) else f"there is no file {secret.src}"
    if secret.id in environ or is_file(secret.id):
        return ""
    return f"neither a variable nor a file is named {secret.id}"

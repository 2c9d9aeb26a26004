"""The artifacts of a new config, as they follow from the Dockerfiles that were found."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class NewArtifact:
    """One artifact to be written: `file` is its Dockerfile and `context` its context, both from the config's folder.

    `dockerfile` is the Dockerfile from the context. `requires` are images of other artifacts, each with the build arg
    that names it, "" for none; `contexts` are names in FROM and COPY --from, each with the artifact that it means.
    `missing` are sources that the Dockerfile copies and that are in none of the contexts tried.
    """

    image: str
    file: str
    context: str = "."
    dockerfile: str = "Dockerfile"
    requires: tuple[tuple[str, str], ...] = ()
    contexts: tuple[tuple[str, str], ...] = ()
    missing: tuple[str, ...] = ()

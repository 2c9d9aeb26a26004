"""The check of one artifact's Dockerfile: the command, and what came out."""

from __future__ import annotations

from dataclasses import dataclass

from buildx_tasks.model.finding import Finding


@dataclass(frozen=True, kw_only=True, slots=True)
class DockerCheck:
    """One command to run; `dockerfile` is absolute, `env` is what the command gets on top of our environment."""

    image: str
    dockerfile: str
    builder: str
    argv: tuple[str, ...]
    env: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Checked:
    """What BuildKit found in the Dockerfile (as users know it: relative where it is below) of an artifact."""

    image: str
    dockerfile: str
    findings: tuple[Finding, ...] = ()

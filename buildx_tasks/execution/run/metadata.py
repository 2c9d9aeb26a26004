"""The metadata file that buildx writes, and the digest in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from buildx_tasks.model.command import Command, Runner
from buildx_tasks.model.imageref import parse_image_ref

DIGEST = "containerimage.digest"


def read_metadata(path: Path) -> dict[str, Any]:
    """The metadata of one build; empty when there is none, as for a build that failed."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def pushed_digest(metadata: dict[str, Any]) -> str:
    """The digest a registry knows: always the manifest's or index's, never the image ID beside it."""
    return str(metadata.get(DIGEST) or "")


def registry_digest(runner: Runner, tag: str) -> str:
    """The digest that a registry has for `tag`, asked for through docker's own credentials; "" when there is none."""
    command = ("docker", "buildx", "imagetools", "inspect", tag, "--format", "{{json .Manifest}}")
    done = runner.capture(Command(argv=command))
    if done.ok:
        try:
            return str(json.loads(done.stdout)["digest"])
        except (ValueError, KeyError, TypeError):
            return ""
    return _digest_in_daemon(runner, tag)


def _digest_in_daemon(runner: Runner, tag: str) -> str:
    """Without buildx: what the daemon remembers of the push."""
    done = runner.capture(Command(argv=("docker", "image", "inspect", "--format", "{{json .RepoDigests}}", tag)))
    name = parse_image_ref(tag).base_name
    known = json.loads(done.stdout) if done.ok else []
    return next((text.partition("@")[2] for text in known or [] if text.startswith(f"{name}@")), "")

"""What was written into a new config."""

from __future__ import annotations

from collections.abc import Sequence

from buildx_tasks.model.newconfig import NewArtifact
from buildx_tasks.model.taskname import task_command
from buildx_tasks.reporting.words import counted


def new_config_text(file: str, artifacts: Sequence[NewArtifact]) -> str:
    """The artifacts, a line each with the Dockerfile and the context, and what to do next."""
    width = max(len(artifact.image) for artifact in artifacts)
    lines = [f"{file}: {counted(len(artifacts), 'artifact')}"]
    for item in artifacts:
        needs = f", requires {', '.join(image for image, _alias in item.requires)}" if item.requires else ""
        lines.append(f"  {item.image:<{width}}  {item.file}, context {item.context}{needs}")
    named = "" if file == "skaffold.yaml" else f" --filename {file}"
    lines.append(f"next:  {task_command('buildx.plan')}{named}")
    return "\n".join(lines) + "\n"

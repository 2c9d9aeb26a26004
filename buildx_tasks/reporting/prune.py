"""What ``buildx.cache.prune`` deletes and keeps, as text and as JSON."""

from __future__ import annotations

import json

from buildx_tasks.model.prune import DELETE, PrunedRepository, PruneResult
from buildx_tasks.reporting.words import counted


def prune_text(result: PruneResult) -> str:
    """A paragraph for each repository with something to delete, and the numbers of all."""
    lines: list[str] = []
    for repository in result.repositories:
        doomed = [item for item in repository.tags if item.action == DELETE]
        if not doomed:
            continue
        lines.append(f"{repository.name}:")
        lines += [
            f" - {item.tag}: {_done(item.tag, repository, result)} ({item.kind}, {item.reason})" for item in doomed
        ]
    tags = [item for repository in result.repositories for item in repository.tags]
    deleted = sum(len(repository.deleted) for repository in result.repositories)
    count = sum(item.action == DELETE for item in tags) if result.dry_run else deleted
    word = "would be deleted" if result.dry_run else "deleted"
    kept, others = len(tags) - count, sum(repository.others for repository in result.repositories)
    lines.append(
        f"{counted(count, 'tag')} {word}, {counted(kept, 'derived tag')} kept, {counted(others, 'other tag')} untouched"
    )
    return "\n".join(lines) + "\n"


def _done(tag: str, repository: PrunedRepository, result: PruneResult) -> str:
    if result.dry_run:
        return "would be deleted"
    return "deleted" if tag in repository.deleted else "not deleted"


def prune_json(result: PruneResult) -> str:
    """Every derived tag with what is done to it and why."""
    data = {
        "dryRun": result.dry_run,
        "repositories": [
            {
                "repository": repository.name,
                "tags": [
                    {
                        "tag": item.tag,
                        "digest": item.digest,
                        "kind": item.kind,
                        "action": item.action,
                        "reason": item.reason,
                        "deleted": item.tag in repository.deleted,
                    }
                    for item in repository.tags
                ],
                "otherTags": repository.others,
                **({"error": repository.error, "hint": repository.hint} if repository.error else {}),
            }
            for repository in result.repositories
        ],
        "notes": list(result.notes),
    }
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"

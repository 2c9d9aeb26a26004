"""The result as JSON: Skaffold's own build file, and a richer record."""

from __future__ import annotations

import json
from typing import Any

from buildx_tasks.model.result import ArtifactResult, Results
from buildx_tasks.model.secrets import masked_data

PROVENANCE = "buildx.build.provenance"
"""Left out of records: it repeats build args, and those may carry what nobody should see."""


def build_json(results: Results) -> str:
    """Skaffold's ``--file-output`` format, which its ``deploy -a`` reads; only what is there is in it.

    Nothing is null where something failed, as in Skaffold, and an empty list where there was nothing to build.
    """
    items = built_items(results) or ([] if results.ok else None)
    return json.dumps({"builds": items}, separators=(",", ":"), ensure_ascii=False)


def built_items(results: Results) -> list[dict[str, str]]:
    """The items of that JSON: what is there, in artifact order."""
    return [_skaffold(build) for build in results.builds if build.ok]


def _skaffold(build: ArtifactResult) -> dict[str, str]:
    entry = {"imageName": build.image, "tag": build.reference or build.tag}
    if build.runtime_type:
        entry["runtimeType"] = build.runtime_type
    return entry


def record_json(results: Results) -> str:
    """The rich record of a run: digests, platforms, caches in and out, steps, durations, builder, failures."""
    data = masked_data({"builds": [_record(build) for build in results.builds]})
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def _record(build: ArtifactResult) -> dict[str, Any]:
    record: dict[str, Any] = {
        "imageName": build.image,
        "tag": build.tag,
        "status": build.status,
        "reference": build.reference,
        "digest": build.digest,
        "output": build.output,
        "builder": build.builder,
        "platforms": list(build.platforms),
        "cacheFrom": list(build.cache_from),
        "cacheTo": list(build.cache_to),
        "cacheImported": list(build.cache_imported),
        "cacheExported": list(build.cache_exported),
        "steps": build.steps,
        "cachedSteps": build.cached_steps,
        "stepTimes": [{"name": step.name, "seconds": step.seconds} for step in build.step_times],
        "seconds": build.seconds,
    }
    if build.reason:
        record["reason"] = build.reason
    if build.manifests:
        record["mediaType"] = build.media_type
        record["manifests"] = [
            {"platform": item.platform, "digest": item.digest, "attestation": item.attestation}
            for item in build.manifests
        ]
    if build.metadata:
        record["metadata"] = {key: value for key, value in build.metadata.items() if key != PROVENANCE}
    if build.failure:
        record["failure"] = {
            "id": build.failure.id,
            "message": build.failure.message,
            "hint": build.failure.hint,
            "step": build.failure.step,
            "place": build.failure.place,
            "logCommand": build.failure.log_command,
        }
    return record

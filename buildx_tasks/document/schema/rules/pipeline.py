"""Rules for the rest of one config: tag policy, Cloud Build, tests, port forwarding, logs."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from buildx_tasks.document.schema.decode import boolean, items, section, text
from buildx_tasks.document.yaml.problem import Problem

RESOURCE_TYPES = (
    "container",
    "pod",
    "deployment",
    "service",
    "replicaset",
    "replicationcontroller",
    "statefulset",
    "daemonset",
    "cronjob",
    "job",
)
LOG_PREFIXES = ("auto", "container", "podAndContainer", "none")

_WORKER_POOL = re.compile(r"projects/[^/]*/locations/[^/]*/workerPools/[^/]*")


def tag_tells_images_apart(config: Mapping[str, Any]) -> Iterator[Problem]:
    """tryImportMissing looks images up by tag, and tagPolicy.sha256 gives all the same."""
    build = section(config, "build")
    importing = boolean(section(build, "local"), "tryImportMissing")
    if importing and section(build, "tagPolicy").get("sha256") is not None:
        yield Problem(
            path=("build", "tagPolicy", "sha256"),
            code="tag-policy",
            message="tagPolicy.sha256 can't be used together with local.tryImportMissing",
            hint="choose another tag policy, such as inputDigest",
        )


def worker_pool_is_a_full_name(config: Mapping[str, Any]) -> Iterator[Problem]:
    """googleCloudBuild.workerPool names project, location and pool."""
    pool = text(section(section(config, "build"), "googleCloudBuild"), "workerPool")
    if pool and not _WORKER_POOL.fullmatch(pool):
        yield Problem(
            path=("build", "googleCloudBuild", "workerPool"),
            code="worker-pool",
            message=f"{pool!r} is not the full name of a worker pool",
            hint="write projects/PROJECT/locations/LOCATION/workerPools/NAME",
        )


def custom_tests_are_sound(config: Mapping[str, Any]) -> Iterator[Problem]:
    """Custom tests have a command, and ignore goes with paths only; one of command and paths: see structure."""
    for at, case in enumerate(items(config, "test")):
        tests = items(case, "custom") if isinstance(case, Mapping) else []
        for number, test in enumerate(tests):
            dependencies = section(test, "dependencies") if isinstance(test, Mapping) else {}
            if dependencies.get("ignore") is not None and dependencies.get("paths") is None:
                yield Problem(
                    path=("test", at, "custom", number, "dependencies", "ignore"),
                    code="ignore-without-paths",
                    message="dependencies.ignore has a meaning only together with dependencies.paths",
                    hint="list the paths, or remove ignore",
                )


def forwarded_resource_is_known(config: Mapping[str, Any]) -> Iterator[Problem]:
    """portForward[].resourceType is one of the kinds Skaffold forwards, in any case; it can't be absent."""
    for at, resource in enumerate(items(config, "portForward")):
        if not isinstance(resource, Mapping):
            continue
        kind = text(resource, "resourceType")
        if kind.lower() in RESOURCE_TYPES:
            continue
        near = difflib.get_close_matches(kind.lower(), RESOURCE_TYPES, n=1)
        yield Problem(
            path=("portForward", at, "resourceType") if kind else ("portForward", at),
            code="resource-type",
            message=f"can't forward ports of the resource type {kind!r}" if kind else "resourceType is missing",
            hint=f"did you mean {near[0]!r}?" if near else f"one of: {', '.join(RESOURCE_TYPES)}",
        )


def log_prefix_is_known(config: Mapping[str, Any]) -> Iterator[Problem]:
    """deploy.logs.prefix is one of four words or absent."""
    prefix = text(section(section(config, "deploy"), "logs"), "prefix")
    if prefix and prefix not in LOG_PREFIXES:
        yield Problem(
            path=("deploy", "logs", "prefix"),
            code="logs-prefix",
            message=f"unknown prefix {prefix!r}",
            hint=f"one of: {', '.join(LOG_PREFIXES)}",
        )


RULES = (
    tag_tells_images_apart,
    worker_pool_is_a_full_name,
    custom_tests_are_sound,
    forwarded_resource_is_known,
    log_prefix_is_known,
)

"""A declared builder against the one that buildx has on file: what is missing, what differs, and the commands.

What buildx has is the JSON of its instance file: name, driver and nodes, read by `execution.docker.builders`.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from packaging.version import Version

from buildx_tasks.model.builder import DOCKER_CONTAINER, KUBERNETES, BuilderSpec, NodeSpec
from buildx_tasks.model.platform import Platform, parse_platform
from buildx_tasks.model.spec import write_csv

LINUX = Platform(os="linux", arch="amd64")
CONFIG_FLAG_SINCE = Version("0.13")
CONFIG_NAME = "buildkitd.toml"
CERTIFICATE_KEYS = frozenset({"ca", "cert", "key"})


@dataclass(frozen=True, kw_only=True, slots=True)
class BuilderState:
    """`missing` are the nodes that are not there (all of them, when the builder is not); `differences` are texts."""

    known: bool
    missing: tuple[NodeSpec, ...] = ()
    differences: tuple[str, ...] = ()

    @property
    def same(self) -> bool:
        """Whether there is nothing to do."""
        return not self.missing and not self.differences


def compare_builder(spec: BuilderSpec, instance: Mapping[str, Any]) -> BuilderState:
    """What has to be done for `spec`; an empty `instance` is a builder that buildx does not know."""
    if not instance:
        return BuilderState(known=False, missing=spec.nodes)
    nodes = {str(node.get("Name")): node for node in instance.get("Nodes") or []}
    differences: list[str] = []
    driver = str(instance.get("Driver") or "")
    if driver != spec.driver:
        differences.append(f"driver is {driver}, declared is {spec.driver}")
    for node in spec.nodes:
        if found := nodes.get(node.name):
            differences += _node_differences(spec, node, found)
    declared = {node.name for node in spec.nodes}
    differences += [f"node {name} is not declared" for name in nodes if name not in declared]
    missing = tuple(node for node in spec.nodes if node.name not in nodes)
    return BuilderState(known=True, missing=missing, differences=tuple(differences))


def _node_differences(spec: BuilderSpec, node: NodeSpec, found: Mapping[str, Any]) -> list[str]:
    where = f"node {node.name}: " if len(spec.nodes) > 1 else ""
    differences: list[str] = []

    def note(what: str, is_: object, declared: object) -> None:
        differences.append(f"{where}{what} is {is_ or 'not set'}, declared is {declared or 'none'}")

    endpoint = str(found.get("Endpoint") or "")
    if node.endpoint and spec.driver != KUBERNETES and endpoint != node.endpoint:
        note("endpoint", endpoint, node.endpoint)
    platforms = claimed_platforms(found)
    if not _same_platforms(platforms, node.platforms):
        note("platforms", ",".join(platforms), ",".join(node.platforms))
    options = {str(key): str(value) for key, value in (found.get("DriverOpts") or {}).items()}
    for key in sorted({*options, *dict(node.options)}):
        if options.get(key, "") != node.option(key):
            note(f"driver option {key}", options.get(key), node.option(key))
    if config_facts(_stored_config(found)) != config_facts(node.config):
        differences.append(f"{where}{CONFIG_NAME} differs from the declared file")
    return differences


def claimed_platforms(found: Mapping[str, Any]) -> tuple[str, ...]:
    """The platforms that a node, as buildx has it on file, was created for."""
    items = [(item.get("os"), item.get("architecture"), item.get("variant")) for item in found.get("Platforms") or []]
    return tuple("/".join(str(part) for part in parts if part) for parts in items)


def _same_platforms(left: tuple[str, ...], right: tuple[str, ...]) -> bool:
    """Whether both name the same platforms in the same order: buildx spells some in its own way."""
    pairs = zip(left, right, strict=False)
    return len(left) == len(right) and all(
        parse_platform(one, LINUX).same_as(parse_platform(other, LINUX)) for one, other in pairs
    )


def _stored_config(found: Mapping[str, Any]) -> str:
    try:
        return base64.b64decode((found.get("Files") or {}).get(CONFIG_NAME) or "").decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""


def config_facts(text: str) -> frozenset[tuple[Hashable, ...]]:
    """What a buildkitd.toml says, as a path and a value for each leaf: order, comments and spelling do not count.

    buildx stores a builder's configuration rewritten, with the files of certificates in a folder of its own, so only
    the names of these are compared. Text that is not TOML is compared as it stands.
    """
    import tomllib

    try:
        return frozenset(_leaves(tomllib.loads(text), ()))
    except tomllib.TOMLDecodeError:
        return frozenset({(text,)})


def _leaves(value: object, path: tuple[Hashable, ...]) -> Iterator[tuple[Hashable, ...]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, (*path, key))
    elif isinstance(value, list):
        yield (*path, len(value))
        for number, inner in enumerate(value):
            yield from _leaves(inner, (*path, number))
    else:
        is_file = path[0] == "registry" and not CERTIFICATE_KEYS.isdisjoint(path[2:])
        # repr() tells 1 from 1.0 and from true.
        yield (*path, repr(PurePosixPath(value).name if is_file and isinstance(value, str) else value))


def create_argv(
    spec: BuilderSpec, node: NodeSpec, *, append: bool, config_file: str = "", buildx: Version | None = None
) -> tuple[str, ...]:
    """``docker buildx create`` for one node: the first makes the builder, the others are appended."""
    argv = ["docker", "buildx", "create", "--name", spec.name, "--driver", spec.driver, "--node", node.name]
    if append:
        argv.append("--append")
    if node.platforms:
        argv += ["--platform", ",".join(node.platforms)]
    for key, value in node.options:
        argv += ["--driver-opt", write_csv((f"{key}={value}",))]
    if config_file:
        flag = "--config" if buildx is not None and buildx < CONFIG_FLAG_SINCE else "--buildkitd-config"
        argv += [flag, config_file]
    return (*argv, node.endpoint) if node.endpoint else tuple(argv)


def remove_argv(name: str, driver: str) -> tuple[str, ...]:
    """``docker buildx rm`` before a builder is recreated: the cache volume of a container is kept."""
    keep = ("--keep-state",) if driver == DOCKER_CONTAINER else ()
    return ("docker", "buildx", "rm", *keep, name)


def leave_argv(name: str, node: str) -> tuple[str, ...]:
    """``docker buildx create --leave``, which takes one node out of a builder."""
    return ("docker", "buildx", "create", "--leave", "--name", name, "--node", node)

"""Where the paths of a config that another file requires begin: in that file's own folder."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from buildx_tasks.model.config import Artifact, Config, Hook, Hooks

OCI_LAYOUT = "oci-layout://"


def with_absolute_paths(config: Config, folder: str) -> Config:
    """`config` with the paths made absolute that Skaffold makes absolute: contexts and the folders of hooks.

    Named contexts of the ``.buildx:`` block that are folders follow too. Dockerfiles and the paths of dependencies
    are relative to the context, sources of secrets to the working directory, so they stay.
    """
    return replace(
        config,
        artifacts=tuple(_artifact(artifact, folder) for artifact in config.artifacts),
        hooks=_hooks(config.hooks, folder),
    )


def _artifact(artifact: Artifact, folder: str) -> Artifact:
    contexts = tuple((name, _named_context(value, folder)) for name, value in artifact.extras.build_contexts)
    return replace(
        artifact,
        context=_absolute(artifact.context, folder),
        hooks=_hooks(artifact.hooks, folder),
        alone=_alone(artifact.alone, folder),
        extras=replace(artifact.extras, build_contexts=contexts),
    )


def _alone(config: Mapping[str, Any], folder: str) -> Mapping[str, Any]:
    """The same for the plain config of an artifact that another builder builds; its context is the artifact's."""
    if not config:
        return config
    (item,) = config["build"]["artifacts"]
    artifact = dict(item)
    for kind in ("kaniko", "buildpacks"):
        if isinstance(artifact.get(kind), Mapping):
            artifact[kind] = {key: _other_path(key, value, folder) for key, value in artifact[kind].items()}
    return {**config, "build": {**config["build"], "artifacts": [artifact]}}


def _other_path(key: str, value: Any, folder: str) -> Any:
    if key == "contextSubPath" and value:
        return _absolute(str(value), folder)
    if key == "volumes" and isinstance(value, list):
        return [
            {**one, "host": _absolute(str(one["host"]), folder)}
            if isinstance(one, Mapping) and one.get("host")
            else one
            for one in value
        ]
    return value


def _named_context(value: str, folder: str) -> str:
    if value.startswith(OCI_LAYOUT):
        return OCI_LAYOUT + _absolute(value.removeprefix(OCI_LAYOUT), folder)
    is_folder = "://" not in value and not value.startswith(("target:", "git@", "github.com/"))
    return _absolute(value, folder) if is_folder else value


def _hooks(hooks: Hooks, folder: str) -> Hooks:
    def placed(hook: Hook) -> Hook:
        return replace(hook, dir=_absolute(hook.dir, folder)) if hook.dir else hook

    return Hooks(before=tuple(map(placed, hooks.before)), after=tuple(map(placed, hooks.after)))


def _absolute(path: str, folder: str) -> str:
    return path if posixpath.isabs(path) else posixpath.normpath(posixpath.join(folder, path))

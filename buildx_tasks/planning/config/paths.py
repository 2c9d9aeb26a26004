"""Where the paths of a config that another file requires begin: in that file's own folder."""

from __future__ import annotations

import posixpath
from dataclasses import replace

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
        extras=replace(artifact.extras, build_contexts=contexts),
    )


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

"""What build hooks and custom build commands are told: environment variables, as Skaffold sets them.

A variable that our own environment has already wins over the computed one, as in Skaffold; so what comes out here is
only what the environment lacks.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping, Sequence

from buildx_tasks.model.command import Command
from buildx_tasks.model.config import Artifact
from buildx_tasks.model.imageref import parse_image_ref

Variables = tuple[tuple[str, str], ...]


def hook_environment(
    *,
    environ: Mapping[str, str],
    cwd: str,
    default_repo: str | None = None,
    tag: str = "",
    push: bool = False,
    context: str = "",
) -> Variables:
    """The variables of build hooks.

    `tag` is the final reference without a digest and `context` the artifact's context; both are "" for the hooks around
    all builds, which see empty values. `default_repo` is one that was given for this run; what only a global config
    file says is None here. `cwd` is absolute.
    """
    ref = parse_image_ref(tag) if tag else None
    computed = {
        **({} if default_repo is None else {"SKAFFOLD_DEFAULT_REPO": default_repo}),
        "SKAFFOLD_WORK_DIR": cwd,
        "SKAFFOLD_IMAGE": tag,
        "SKAFFOLD_PUSH_IMAGE": _boolean(push),
        "SKAFFOLD_IMAGE_REPO": ref.repo if ref else "",
        "SKAFFOLD_IMAGE_TAG": ref.tag if ref else "",
        "SKAFFOLD_BUILD_CONTEXT": _absolute(context, cwd) if context else "",
    }
    return _lacking(computed, environ)


def custom_environment(
    *,
    environ: Mapping[str, str],
    cwd: str,
    tag: str,
    push: bool,
    context: str,
    platforms: Sequence[str] = (),
    skip_tests: bool = False,
    requires: Mapping[str, str] | None = None,
) -> Variables:
    """The variables of a custom build command; `requires` are references of required images by alias.

    Unlike in hooks and templates, IMAGE_REPO is the whole name without the tag.
    """
    ref = parse_image_ref(tag)
    computed = {
        "IMAGE": tag,
        "PUSH_IMAGE": _boolean(push),
        "BUILD_CONTEXT": _absolute(context, cwd),
        "PLATFORMS": ",".join(platforms),
        "SKIP_TEST": _boolean(skip_tests),
        "IMAGE_REPO": ref.base_name,
        "IMAGE_TAG": ref.tag,
        **dict(sorted((requires or {}).items())),
    }
    return _lacking(computed, environ)


def custom_command(artifact: Artifact, environment: Variables, expand: Callable[[str], str], cwd: str) -> Command:
    """The build command of a custom artifact: the one thing that a shell runs, because the config asks for it.

    `expand` fills in templates from the environment. The command runs in the artifact's context.
    """
    return Command(
        argv=("sh", "-c", expand(artifact.custom.build_command)),
        env=environment,
        cwd=_absolute(artifact.context, cwd),
    )


def _boolean(value: bool) -> str:
    return "true" if value else "false"


def _absolute(path: str, cwd: str) -> str:
    return posixpath.normpath(posixpath.join(cwd, path))


def _lacking(computed: Mapping[str, str], environ: Mapping[str, str]) -> Variables:
    return tuple((name, value) for name, value in computed.items() if name not in environ)

"""Hooks and custom build commands: their requests and their environment variables, as Skaffold sets them.

A variable that the environment has already takes precedence over the computed one, as in Skaffold; the functions
return only what the environment lacks.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping, Sequence

from buildx_tasks.model.command import Command
from buildx_tasks.model.config import Artifact, Config, Hooks
from buildx_tasks.model.imageref import parse_image_ref
from buildx_tasks.model.layers import ADVERTISED, is_from_global_config
from buildx_tasks.model.plan import Variable
from buildx_tasks.model.request import Because, BuildRequest
from buildx_tasks.model.settings import Settings
from buildx_tasks.planning.build.decisions import ArtifactDecision
from buildx_tasks.planning.build.otherbuilders import skaffold_request
from buildx_tasks.planning.build.stepinput import PlannedRequest
from buildx_tasks.planning.build.variables import Expander
from buildx_tasks.planning.facts import Facts

Variables = tuple[tuple[str, str], ...]

DAEMON_REASON = "the docker daemon of the minikube cluster"


def pipeline_hook_environment(config: Config, settings: Settings, facts: Facts) -> Variables:
    """What the hooks around all builds of a config get; nothing when it has none."""
    if config.hooks == Hooks():
        return ()
    return hook_environment(environ=facts.environ, cwd=facts.cwd, default_repo=_given_default_repo(settings))


def artifact_hook_environment(decision: ArtifactDecision, settings: Settings, facts: Facts) -> Variables:
    """What the hooks of one artifact get; nothing when it has none."""
    if decision.artifact.hooks == Hooks():
        return ()
    return hook_environment(
        environ=facts.environ,
        cwd=facts.cwd,
        default_repo=_given_default_repo(settings),
        tag=decision.tag,
        push=decision.destination.pushes,
        context=decision.artifact.context,
    )


def _given_default_repo(settings: Settings) -> str | None:
    """Hooks see a default repository that was given for the run or found in the cluster, not one of a global config."""
    found = settings.origins.get("default-repo", "").startswith(ADVERTISED)
    return None if is_from_global_config(settings, "default-repo") and not found else settings.default_repo


def custom_request(decision: ArtifactDecision, settings: Settings, facts: Facts, expander: Expander) -> PlannedRequest:
    """The build command of a custom artifact and its variables."""
    platforms = decision.platforms
    environment = custom_environment(
        environ=facts.environ,
        cwd=facts.cwd,
        tag=decision.tag,
        push=decision.destination.pushes,
        context=decision.artifact.context,
        platforms=("all",) if platforms.all else tuple(str(platform) for platform in platforms),
        skip_tests=settings.skip_tests,
    )
    command = custom_command(decision.artifact, environment, expander, facts.cwd)
    why = "custom.buildCommand"
    return PlannedRequest(
        request=BuildRequest(
            image=decision.artifact.image,
            tool=Because(decision.tool.name, decision.tool.reason),
            command=Because(command.argv, why),
        ),
        environment=tuple(Variable(name, value, why) for name, value in command.env),
        folder=command.cwd,
    )


def delegated_request(decision: ArtifactDecision, settings: Settings, facts: Facts) -> PlannedRequest:
    """The request to Skaffold for an artifact of another builder."""
    return skaffold_request(
        decision.config,
        decision.artifact,
        decision.tag,
        decision.tool,
        pushes=decision.destination.pushes,
        reason=decision.destination.reason,
        platforms=decision.platforms,
        settings=settings,
        facts=facts,
    )


def daemon_variables(facts: Facts) -> tuple[Variable, ...]:
    """The variables that lead docker into a minikube cluster, as a plan shows them."""
    return tuple(Variable(name, value, DAEMON_REASON) for name, value in facts.docker_env)


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

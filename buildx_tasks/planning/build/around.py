"""What surrounds the docker builds of a plan: hooks, custom build commands, variables for the daemon."""

from __future__ import annotations

from buildx_tasks.model.config import Config, Hooks
from buildx_tasks.model.layers import ADVERTISED, is_from_global_config
from buildx_tasks.model.plan import Variable
from buildx_tasks.model.request import Because, BuildRequest
from buildx_tasks.model.settings import Settings
from buildx_tasks.planning.build.decisions import ArtifactDecision
from buildx_tasks.planning.build.hooks import Variables, custom_command, custom_environment, hook_environment
from buildx_tasks.planning.build.otherbuilders import skaffold_request
from buildx_tasks.planning.build.stepinput import PlannedRequest
from buildx_tasks.planning.build.variables import Expander
from buildx_tasks.planning.facts import Facts

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
    """What Skaffold is told of an artifact that another builder builds."""
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

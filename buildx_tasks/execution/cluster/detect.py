"""The kube-context around a run: what it makes of pushing, and the docker daemon that it brings along."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from buildx_tasks.errors import EngineUnfit
from buildx_tasks.execution.cluster.kube import KubeConfigs, Warn, advertised_registry
from buildx_tasks.model.command import Command, Completed, Runner, Write
from buildx_tasks.model.layers import is_from_global_config
from buildx_tasks.model.settings import OFF, Settings
from buildx_tasks.planning.build.cluster import Cluster, ClusterFacts, cluster_kind

Variables = tuple[tuple[str, str], ...]
DAEMONS_OWN = ("", "default", OFF)


@dataclass(frozen=True, kw_only=True, slots=True)
class ClusterContext:
    """`docker_env` leads the docker CLI into a minikube cluster; it is empty everywhere else."""

    kube_context: str
    cluster: Cluster
    docker_env: Variables = ()


class EnvironmentRunner:
    """Another runner whose every command gets `variables`, below what the command brings itself."""

    def __init__(self, runner: Runner, variables: Variables) -> None:
        self.runner = runner
        self.variables = variables

    def capture(self, command: Command) -> Completed:
        """Run to the end and keep both streams whole."""
        return self.runner.capture(self._with(command))

    def stream(self, command: Command, write: Write, *, terminal: bool = False) -> Completed:
        """Run, handing output on as it comes."""
        return self.runner.stream(self._with(command), write, terminal=terminal)

    def stop(self) -> None:
        """End every running command."""
        self.runner.stop()

    def _with(self, command: Command) -> Command:
        return replace(command, env=(*self.variables, *command.env))


def detect_cluster(runner: Runner, kube: KubeConfigs, settings: Settings) -> ClusterContext:
    """Find the cluster and what follows from it, as Skaffold does.

    Raises `EngineUnfit` when minikube's daemon is needed and not there; a named builder can do without it.
    """
    facts = kube.cluster(kube_context=settings.kube_context, kubeconfig=settings.kubeconfig)
    minikube = bool(facts.context) and _is_minikube(runner, facts, kube.environ, kube.home)
    judge = partial(
        cluster_kind,
        facts.context,
        local_cluster=settings.local_cluster,
        minikube=minikube and settings.detect_minikube,
        kind_disable_load=settings.kind_disable_load,
        k3d_disable_load=settings.k3d_disable_load,
    )
    cluster = judge()
    if cluster.local and facts.context and is_from_global_config(settings, "default-repo"):
        cluster = judge(registry=advertised_registry(runner, facts.context, settings.kubeconfig))
    variables = _daemon_inside(runner, facts.context, settings, kube.warn) if minikube else ()
    return ClusterContext(kube_context=facts.context, cluster=cluster, docker_env=variables)


def _is_minikube(runner: Runner, facts: ClusterFacts, environ: Mapping[str, str], home: Path) -> bool:
    from buildx_tasks.execution.cluster.minikube import is_minikube

    return is_minikube(runner, facts, environ, home)


def _daemon_inside(runner: Runner, profile: str, settings: Settings, warn: Warn) -> Variables:
    from buildx_tasks.execution.cluster.minikube import docker_env

    try:
        return docker_env(runner, profile, warn)
    except EngineUnfit as error:
        if settings.builder in DAEMONS_OWN:
            raise
        warn(f"{error.message}; using builder {settings.builder} anyway")
        return ()

"""Asking minikube: is a kube-context one of its clusters, and which docker daemon is inside."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from buildx_tasks.errors import EngineUnfit
from buildx_tasks.model.command import Command, Runner
from buildx_tasks.planning.build.cluster import (
    MINIKUBE,
    ClusterFacts,
    is_minikube_by_name,
    is_minikube_by_server,
    minikube_folder,
)

LIST_SECONDS = 10.0
DOCKER_ENV_SECONDS = 30.0
NO_INNER_DAEMON = (51, 64)
"""Exit codes of ``minikube docker-env`` with the driver "none", since 1.13.0 and before."""


def is_minikube(runner: Runner, facts: ClusterFacts, environ: Mapping[str, str], home: Path) -> bool:
    """Whether the kube-context is a cluster of minikube, by Skaffold's heuristic.

    Needs a ``minikube`` on the PATH of `environ`; then the name, the place of the CA file or, when minikube
    has any profile, the nodes that it lists decide.
    """
    if not facts.context or shutil.which(MINIKUBE, path=environ.get("PATH")) is None:
        return False
    folder = Path(minikube_folder(environ.get("MINIKUBE_HOME", ""), str(home)))
    if is_minikube_by_name(facts, folder):
        return True
    if not facts.server or not (folder / "profiles").is_dir():
        return False
    listed = runner.capture(Command(argv=(MINIKUBE, "profile", "list", "-o", "json"), timeout=LIST_SECONDS))
    return listed.ok and is_minikube_by_server(facts, listed.stdout)


def docker_env(runner: Runner, profile: str, warn: Callable[[str], None]) -> tuple[tuple[str, str], ...]:
    """The environment, sorted by name, that leads the docker CLI to the daemon inside the cluster `profile`.

    Empty, and `warn` is told, when the cluster has no daemon of its own because it runs on the machine itself.
    Raises `EngineUnfit` when minikube fails otherwise.
    """
    argv = (MINIKUBE, "docker-env", "--shell", "none", "-p", profile)
    done = runner.capture(Command(argv=argv, timeout=DOCKER_ENV_SECONDS))
    if done.code in NO_INNER_DAEMON:
        warn(f"minikube cluster {profile!r} has no docker daemon of its own: the local one is used")
        return ()
    if not done.ok:
        said = (done.stderr.strip() or done.stdout.strip() or f"exit code {done.code}").splitlines()[-1]
        if done.timed_out:
            said = f"no answer within {DOCKER_ENV_SECONDS:.0f} s"
        raise EngineUnfit(f"the docker daemon of minikube cluster {profile!r} can't be found: {said}", _hint(profile))
    variables: dict[str, str] = {}
    for line in done.stdout.splitlines():
        if line and not line.startswith("#"):
            name, is_pair, value = line.partition("=")
            if not is_pair:
                raise EngineUnfit(
                    f"minikube docker-env printed a line that is not NAME=VALUE: {line!r}", _hint(profile)
                )
            variables[name] = value
    return tuple(sorted(variables.items()))


def _hint(profile: str) -> str:
    return (
        f"see what is wrong:   minikube docker-env --shell none -p {profile}\n"
        f"or start it:         minikube start -p {profile}\n"
        "or don't build there: choose another context with --kube-context"
    )

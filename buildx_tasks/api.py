"""The Python API: what the tasks do, as functions that take plain arguments and return values.

Nothing heavy is imported until a function is called.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from buildx_tasks.model.config import Config

_log = logging.getLogger("buildx_tasks")


def load(
    path: str | os.PathLike[str] | None = None,
    *,
    profiles: Sequence[str] = (),
    modules: Sequence[str] = (),
    overrides: Sequence[str] = (),
    profile_auto_activation: bool | None = None,
    kube_context: str | None = None,
    environ: Mapping[str, str] | None = None,
    cwd: str | os.PathLike[str] | None = None,
    warn: Callable[[str], None] = _log.warning,
) -> tuple[Config, ...]:
    """The configs of `path` (by default ``skaffold.yaml`` here) and of what it requires, dependencies first.

    `profiles`, `modules` and `overrides` (``"app.docker.target=debug"``) are what ``--profile``, ``--module`` and
    ``--set`` take; what is not given comes from the environment and the global config. ``skaffold.env`` in `cwd`
    counts. `warn` is told what is odd but no error; by default that goes to the log. Runs nothing but git, for
    repositories that a config requires. Raises `CannotStart`, and `ConfigInvalid` with one line for each problem.
    """
    from buildx_tasks.execution.envfile import load_environment_file
    from buildx_tasks.execution.kube import read_cluster
    from buildx_tasks.execution.layers import gather
    from buildx_tasks.execution.load import load_configs
    from buildx_tasks.execution.shell import ShellRunner

    folder = Path(cwd or Path.cwd()).absolute()
    variables = load_environment_file(folder, os.environ if environ is None else environ, warn)
    home = Path(variables.get("HOME") or Path.home())
    flags = {
        "filename": None if path is None else os.fspath(path),
        "profile": tuple(profiles) or None,
        "module": tuple(modules) or None,
        "set": tuple(overrides) or None,
        "profile-auto-activation": profile_auto_activation,
        "kube-context": kube_context,
    }
    settings = gather(flags, (), variables, home, warn)
    cluster = read_cluster(variables, home, warn, kube_context=settings.kube_context, kubeconfig=settings.kubeconfig)
    return load_configs(
        settings,
        environ=variables,
        cwd=folder,
        kube_context=cluster.context,
        runner=ShellRunner(variables),
        notify=warn,
    )

"""The build args of one command: the user's own, Skaffold's, and the references of required images."""

from __future__ import annotations

import re

from buildx_tasks.model.plan import Argument, Placeholder, Variable
from buildx_tasks.planning.build.stepinput import StepCommand, StepInput, expanded

RUN_MODE = "SKAFFOLD_RUN_MODE"
_SECRET_LIKE = re.compile(r"TOKEN|PASSWORD|PASSWD|SECRET|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|CREDENTIAL", re.IGNORECASE)


def add_build_args(command: StepCommand, given: StepInput) -> None:
    """Skaffold's rule: run mode and aliases only when the Dockerfile declares them, the user's own always."""
    values: dict[str, tuple[Argument | None, str]] = {}
    if given.declared_args is not None and RUN_MODE in given.declared_args:
        values[RUN_MODE] = (("build",), "the Dockerfile declares it")
    for dependency in given.artifact.requires:
        declared = given.declared_args is None or dependency.alias in given.declared_args
        if dependency.image in given.layouts and declared:
            values[dependency.alias] = ((Placeholder("reference", dependency.image),), f"requires {dependency.image}")
    for name, value in given.artifact.docker.build_args:
        text = None if value is None else (expanded(command, given, f"build arg {name}", value),)
        values[name] = (text, "buildArgs")
    for name in sorted(values, key=str.encode):
        _add(command, given, name, *values[name])


def _add(command: StepCommand, given: StepInput, name: str, argument: Argument | None, why: str) -> None:
    if argument is None:
        command.add("--build-arg", name, why=f"{why}, value from the environment")
    elif looks_secret(name) and all(isinstance(piece, str) for piece in argument):
        # A bare --build-arg takes its value from the environment, which keeps it out of every process list.
        command.add("--build-arg", name, why=f"{why}, value kept out of the command line")
        value = "".join(piece for piece in argument if isinstance(piece, str))
        why = "build arg whose name looks like a secret"
        command.environment.append(Variable(name, value, why, secret=True))
        command.warnings.append(
            f"artifact {given.artifact.image!r}: build arg {name} looks like a secret, and build args stay in the "
            "image and its attestations: use secrets instead"
        )
    else:
        command.add("--build-arg", (f"{name}=", *argument), why=why)


def looks_secret(name: str) -> bool:
    """Whether a variable's name says that its value is nobody's business."""
    return _SECRET_LIKE.search(name) is not None

"""The build args of one request: the user's own, Skaffold's, and the references of required images."""

from __future__ import annotations

import re

from buildx_tasks.model.plan import Variable
from buildx_tasks.model.request import REFERENCE, Because, BuildArg, Placeholder
from buildx_tasks.planning.build.stepinput import Remarks, StepInput, expanded

RUN_MODE = "SKAFFOLD_RUN_MODE"
_SECRET_LIKE = re.compile(r"TOKEN|PASSWORD|PASSWD|SECRET|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|CREDENTIAL", re.IGNORECASE)


def plan_build_args(given: StepInput, remarks: Remarks) -> tuple[Because[BuildArg], ...]:
    """Skaffold's rule: run mode and aliases only when the Dockerfile declares them, the user's own always."""
    values: dict[str, tuple[str | Placeholder | None, str]] = {}
    if given.declared_args is not None and RUN_MODE in given.declared_args:
        values[RUN_MODE] = ("build", "the Dockerfile declares it")
    for dependency in given.artifact.requires:
        declared = given.declared_args is None or dependency.alias in given.declared_args
        if dependency.image in given.layouts and declared:
            values[dependency.alias] = (Placeholder(REFERENCE, dependency.image), f"requires {dependency.image}")
    for name, value in given.artifact.docker.build_args:
        text = None if value is None else expanded(remarks, given, f"build arg {name}", value)
        values[name] = (text, "buildArgs")
    return tuple(_build_arg(given, remarks, name, *values[name]) for name in sorted(values, key=str.encode))


def _build_arg(
    given: StepInput, remarks: Remarks, name: str, value: str | Placeholder | None, why: str
) -> Because[BuildArg]:
    if value is None:
        return Because(BuildArg(name, None), f"{why}, value from the environment")
    if isinstance(value, Placeholder) or not looks_secret(name):
        return Because(BuildArg(name, value), why)
    # A bare --build-arg takes its value from the environment, which keeps it out of every process list.
    remarks.environment.append(Variable(name, value, "build arg whose name looks like a secret", secret=True))
    remarks.warnings.append(
        f"artifact {given.artifact.image!r}: build arg {name} looks like a secret, and build args stay in the "
        "image and its attestations: use secrets instead"
    )
    return Because(BuildArg(name, None), f"{why}, value kept out of the command line")


def looks_secret(name: str) -> bool:
    """Whether a variable's name says that its value is nobody's business."""
    return _SECRET_LIKE.search(name) is not None

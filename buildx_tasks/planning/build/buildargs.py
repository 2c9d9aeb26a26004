"""The build args of one request: the user's own, Skaffold's, and the references of required images."""

from __future__ import annotations

from buildx_tasks.model.plan import Variable
from buildx_tasks.model.request import REFERENCE, Because, BuildArg, Placeholder
from buildx_tasks.model.secrets import looks_secret
from buildx_tasks.planning.build.hidden import PROXIES, holds_secret, names_secret
from buildx_tasks.planning.build.stepinput import Remarks, StepInput, expanded

RUN_MODE = "SKAFFOLD_RUN_MODE"


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
    if isinstance(value, Placeholder):
        return Because(BuildArg(name, value), why)
    by_name = looks_secret(name) or names_secret(dict(given.artifact.docker.build_args).get(name) or "")
    if not by_name and not holds_secret(value):
        return Because(BuildArg(name, value), why)
    if name.lower() in PROXIES and given.environ.get(name) != value:
        # docker and buildx would connect through it: only the user can say whether they should.
        return Because(BuildArg(name, value), why)
    # A bare --build-arg takes its value from the environment, which keeps it out of every process list.
    what = "whose name looks like a secret" if by_name else "with a secret in its value"
    remarks.environment.append(Variable(name, value, f"build arg {what}", secret=True))
    if name.lower() not in PROXIES:
        says = "looks like a secret" if by_name else "has a secret in its value"
        remarks.warnings.append(
            f"artifact {given.artifact.image!r}: build arg {name} {says}, and build args stay in the "
            "image and its attestations: use secrets instead"
        )
    return Because(BuildArg(name, None), f"{why}, value kept out of the command line")

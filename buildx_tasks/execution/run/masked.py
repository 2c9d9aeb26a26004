"""What a run tells its observer, without secrets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from buildx_tasks.model.mask import Mask, secrets_of
from buildx_tasks.model.observer import Observer
from buildx_tasks.model.plan import BuildPlan, BuildStep, Variable
from buildx_tasks.model.result import ArtifactResult, Failure, Results
from buildx_tasks.model.secrets import looks_secret, secrets_in


class MaskedObserver:
    """Hands everything on to `observer` without what `mask` hides. Pieces for a terminal are masked one by one."""

    def __init__(self, observer: Observer, mask: Mask) -> None:
        self.observer = observer
        self.mask = mask

    def started(self, plan: BuildPlan) -> None:
        """The first build is about to start."""
        self.observer.started(plan)

    def building(self, step: BuildStep) -> None:
        """One artifact's build starts."""
        self.observer.building(step)

    def output(self, step: BuildStep, text: str) -> None:
        """Output of a build."""
        self.observer.output(step, self.mask.text(text))

    def message(self, text: str) -> None:
        """Output that belongs to no artifact."""
        self.observer.message(self.mask.text(text))

    def finished(self, step: BuildStep, result: ArtifactResult) -> None:
        """One artifact is done, failed or left out."""
        self.observer.finished(step, masked_result(result, self.mask))

    def close(self) -> None:
        """The run is over."""
        self.observer.close()

    def wants_terminal(self, plan: BuildPlan) -> bool:
        """Whether builds should draw on a terminal."""
        return self.observer.wants_terminal(plan)


def mask_of_plan(plan: BuildPlan, environ: Mapping[str, str]) -> Mask:
    """The mask of a run that builds `plan`: the environment's secrets and those that the config holds."""
    mask = Mask.of(environ)
    for step in plan.steps:
        hidden = (secret for item in step.environment if item.secret for secret in _secrets_of(item))
        mask = mask.with_values((*hidden, *secrets_of(step.request), *secrets_of(step.artifact)))
    return mask


def _secrets_of(item: Variable) -> tuple[str, ...]:
    """What is secret in a variable: the credentials of an address, else all of it."""
    return (not looks_secret(item.name) and tuple(secrets_in(item.value))) or (item.value,)


def masked_results(results: Results, mask: Mask) -> Results:
    """Results whose texts are without secrets."""
    return replace(
        results,
        builds=tuple(masked_result(build, mask) for build in results.builds),
        failure=_masked_failure(results.failure, mask),
    )


def masked_result(build: ArtifactResult, mask: Mask) -> ArtifactResult:
    """One result without secrets; its tag and reference stay, because others use them."""
    return replace(
        build,
        failure=_masked_failure(build.failure, mask),
        warnings=tuple(map(mask.text, build.warnings)),
        reason=mask.text(build.reason),
        step_times=tuple(replace(item, name=mask.text(item.name)) for item in build.step_times),
        findings=tuple(replace(item, message=mask.text(item.message)) for item in build.findings),
        cache_imported=tuple(map(mask.text, build.cache_imported)),
    )


def _masked_failure(failure: Failure | None, mask: Mask) -> Failure | None:
    if failure is None:
        return None
    return replace(
        failure,
        message=mask.text(failure.message),
        hint=mask.text(failure.hint),
        words=mask.text(failure.words),
        step=mask.text(failure.step),
        tail=tuple(map(mask.text, failure.tail)),
        source=tuple(map(mask.text, failure.source)),
    )

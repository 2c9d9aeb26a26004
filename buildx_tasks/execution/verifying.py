"""Builds every artifact twice without any cache, maybe on two builders, and compares what comes out.

Nothing is pushed or loaded: results are written as OCI layouts into a folder that is removed in the end.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from buildx_tasks.errors import CannotStart
from buildx_tasks.execution.ocilayouts import OciImage, first_difference, read_images
from buildx_tasks.execution.pipeline import PreparedRun, Run
from buildx_tasks.execution.run.step import layout_path
from buildx_tasks.execution.tempfolders import scratch_folder
from buildx_tasks.model.config import Config
from buildx_tasks.model.observer import Observer
from buildx_tasks.model.plan import BuildPlan, BuildStep
from buildx_tasks.model.request import BUILDX, LAYOUT, STAY, Because, Output
from buildx_tasks.model.verify import Verification, VerifiedArtifact, VerifiedPlatform

PREFIX = "buildx-tasks-verify-"
OVERRIDES: Mapping[str, object] = {
    "push": False,
    "output": [],
    "no-cache": True,
    "cache-mode": "off",
    "cache-artifacts": False,
    "cache-mounts": "off",
    "attest": "none",
    "sbom": False,
    "strict": False,
}
"""What a build to compare is not asked for: it leaves nothing behind, and takes nothing from an earlier one."""
ELSEWHERE = ("load", "output", "push")
SECONDS_APART = 1.1
"""Times in images have whole seconds: two builds within one would hide that they differ."""


def verify(run: Run, against: str, observer: Observer) -> Verification:
    """Build what `run` builds twice, the second time on the builder `against` ("" for the same), and compare.

    Raises `CannotStart` for artifacts that docker buildx does not build; a build that fails is in the result.
    """
    wanted = run.prepare(building=True).plan
    _check(wanted)
    first, second = _prepared(run, wanted, {}), _prepared(run, wanted, {"builder": against} if against else {})
    builders = (_builder(first[1].plan), _builder(second[1].plan))
    rounds = list(dict.fromkeys(platform for step in wanted.steps for platform in step.platforms or ("",)))
    with scratch_folder(PREFIX) as scratch:
        folders = (scratch / "1", scratch / "2")
        begun = 0.0
        for folder, (there, prepared) in zip(folders, (first, second), strict=True):
            folder.mkdir()
            time.sleep(max(0.0, SECONDS_APART - (time.monotonic() - begun)))
            begun = time.monotonic()
            for number, platform in enumerate(rounds):
                place = folder / str(number)
                place.mkdir()
                plan = _for_platform(prepared.plan, platform)
                results = there.build(replace(prepared, plan=plan), observer, place)
                if not results.ok:
                    return Verification(builders=builders, failed=results)
        compared = tuple(_compared(step, rounds, *folders) for step in wanted.steps)
    return Verification(builders=builders, artifacts=compared)


def _for_platform(plan: BuildPlan, platform: str) -> BuildPlan:
    """What there is to build for one platform: no exporter writes what several nodes build together.

    An image that is required, and not built for it, is built for the platforms that it has.
    """
    wanted = {step.image for step in plan.steps if platform in (step.platforms or ("",))}
    missing = set(wanted)
    while missing:
        missing = {image for name in missing for image in plan.step(name).needs} - wanted
        wanted |= missing
    return replace(
        plan,
        steps=tuple(_step_for(step, platform) for step in plan.steps if step.image in wanted),
        order=(),
        left_out=(),
    )


def _step_for(step: BuildStep, platform: str) -> BuildStep:
    if not step.platforms:
        return step
    platforms = (platform,) if platform in step.platforms else step.platforms[:1]
    return replace(
        step, platforms=platforms, request=replace(step.request, platforms=Because(platforms, "one at a time"))
    )


def _check(plan: BuildPlan) -> None:
    for step in plan.steps:
        if step.tool != BUILDX:
            raise CannotStart(
                f"{step.artifact.named}: only what docker buildx builds can be compared",
                "leave it out:  --artifact NAME selects others",
            )
        own = next((flag.spelled for flag in step.request.parsed_cli_flags if flag.name in ELSEWHERE), "")
        if own:
            raise CannotStart(f"{step.artifact.named}: cliFlags have {own}, and a comparison must not push or load")


def _prepared(run: Run, wanted: BuildPlan, more: Mapping[str, object]) -> tuple[Run, PreparedRun]:
    """The same run with an OCI layout for each result."""
    quiet = replace(run.world, notify=_silent, note=_silent)
    there = Run(replace(run.sources, flags={**run.sources.flags, **OVERRIDES, **more}), quiet)
    there.__dict__["documents"] = run.documents
    there.__dict__["configs"] = tuple(map(_exporting, run.configs))
    prepared = there.prepare(building=True)
    steps = tuple(_with_layout(step, wanted.step(step.image)) for step in prepared.plan.steps)
    return there, PreparedRun(settings=prepared.settings, plan=replace(prepared.plan, steps=steps))


def _silent(_text: str) -> None:
    return


def _exporting(config: Config) -> Config:
    """`config` with an image file as the output of each artifact, which only some builders can write.

    Without what only other outputs have, and without caches.
    """
    return replace(
        config,
        artifacts=tuple(
            replace(
                item,
                extras=replace(
                    item.extras,
                    outputs=(f"type=oci,dest={number}",),
                    attest="",
                    sbom=None,
                    cache_from=(),
                    cache_to=(),
                    cache_mounts="",
                ),
            )
            for number, item in enumerate(config.artifacts)
        ),
    )


def _with_layout(step: BuildStep, wanted: BuildStep) -> BuildStep:
    """`step` with an OCI layout for its only output: a builder writes one at a time.

    The times in its layers are as the build has them that is verified, whose exporter may not rewrite them.
    """
    outputs = wanted.request.outputs
    rewrites = any(item.value.rewrite for item in (outputs or step.request.outputs))
    layout = Because(Output(LAYOUT, rewrite=rewrites), "its content is compared")
    return replace(step, output=STAY, pushes=False, request=replace(step.request, outputs=(layout,)))


def _builder(plan: BuildPlan) -> str:
    return next((step.builder for step in plan.steps), "")


def _compared(step: BuildStep, rounds: Sequence[str], *folders: Path) -> VerifiedArtifact:
    found: list[VerifiedPlatform] = []
    for number, platform in enumerate(rounds):
        if platform in (step.platforms or ("",)):
            first, second = (read_images(layout_path(folder / str(number), step.image)) for folder in folders)
            found += [_platform(name, first.get(name), second.get(name)) for name in dict.fromkeys((*first, *second))]
    return VerifiedArtifact(image=step.image, platforms=tuple(found))


def _platform(name: str, first: OciImage | None, second: OciImage | None) -> VerifiedPlatform:
    if first is None or second is None:
        only = "first" if second is None else "second"
        return VerifiedPlatform(
            platform=name,
            first=first.digest if first else "",
            second=second.digest if second else "",
            difference=f"only the {only} build has it",
        )
    difference = "" if first.digest == second.digest else first_difference(first, second)
    return VerifiedPlatform(platform=name, first=first.digest, second=second.digest, difference=difference)

"""Every artifact that the configs of a run can build, and whether the run selects it. No docker is asked.

Artifacts of modules that are not selected are among them, and those that exist only with other profiles.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from buildx_tasks.document.schema.decode import items
from buildx_tasks.errors import BuildxTasksError, CannotStart
from buildx_tasks.execution.config.graph import LoadedConfig
from buildx_tasks.execution.config.load import activation_facts, decoded, read_configs
from buildx_tasks.execution.pipeline import Run, host_platform
from buildx_tasks.model.config import Artifact, Config
from buildx_tasks.model.listing import ListedArtifact
from buildx_tasks.model.platform import parse_platforms
from buildx_tasks.model.settings import ERROR, SKIP, Settings
from buildx_tasks.planning.build.platforms import resolve_platforms
from buildx_tasks.planning.config.origins import Origins
from buildx_tasks.planning.config.problems import DocumentInvalid
from buildx_tasks.planning.config.profiles import ActivationFacts, apply_profiles, profile_names
from buildx_tasks.planning.config.select import is_named, leave_out, required_images, select_artifacts


def list_artifacts(run: Run) -> tuple[ListedArtifact, ...]:
    """All artifacts in the order of the configs, dependencies first. Raises what reading and selecting raise."""
    settings, cwd = run.settings, run.world.cwd
    chosen = [artifact for config in run.configs for artifact in config.artifacts]
    verdicts = _verdicts(chosen, settings)
    facts = activation_facts(settings, run.world.environ, run.kube_context)
    found: dict[str, ListedArtifact] = {}
    for one in _everything(run):
        config = decoded(one)
        for artifact in config.artifacts:
            verdict = verdicts.get(artifact.image, _Verdict(False, f"--module selects {_listed(settings.module)}"))
            found[artifact.image] = _row(config, artifact, settings, cwd, verdict)
        for other, reason in _with_other_profiles(one, facts):
            for artifact in other.artifacts:
                found.setdefault(artifact.image, _row(other, artifact, settings, cwd, _Verdict(False, reason)))
    return tuple(found.values())


@dataclass(frozen=True, slots=True)
class _Verdict:
    selected: bool
    reason: str = ""


def _everything(run: Run) -> Sequence[LoadedConfig]:
    """The configs of all modules; those of the run where the others have problems."""
    world = run.world
    if not run.outside.module:
        return run.documents
    settings = replace(run.outside, module=())
    try:
        return read_configs(
            settings, environ=world.environ, cwd=world.cwd, kube_context=run.kube_context, runner=world.runner
        )
    except BuildxTasksError as error:
        world.notify(f"artifacts of other modules are not listed: {error.message}")
        return run.documents


def _verdicts(artifacts: Sequence[Artifact], settings: Settings) -> Mapping[str, _Verdict]:
    """Whether each artifact of the selected configs would be built."""
    chosen = select_artifacts(artifacts, settings.artifact, SKIP)
    kept, left_out = leave_out(chosen) if settings.other_builders in (ERROR, SKIP) else (chosen, ())
    reasons = {result.image: result.reason for result in left_out}
    if settings.other_builders == ERROR:
        reasons = {image: f"{reason}: see --other-builders" for image, reason in reasons.items()}
    verdicts = {artifact.image: _Verdict(False, _not_named(settings)) for artifact in artifacts}
    verdicts |= {image: _Verdict(False, reason) for image, reason in reasons.items()}
    for artifact in kept:
        named = not settings.artifact or is_named(settings.artifact, artifact.image)
        needing = [other.image for other in kept if artifact.image in required_images(other)]
        verdicts[artifact.image] = _Verdict(True, "" if named else f"needed by {_listed(needing)}")
    return verdicts


def _not_named(settings: Settings) -> str:
    return f"--artifact selects {_listed(settings.artifact)}"


def _with_other_profiles(one: LoadedConfig, facts: ActivationFacts) -> Iterator[tuple[Config, str]]:
    """The config with fewer and with more profiles than it has, and what an artifact that is only there lacks."""
    source, active = one.document.data, [profile.name for profile in one.profiles]
    if active and (without := _applied(one, [], facts)):
        yield without, f"profile {_listed(active)} leaves it out"
    for name in profile_names(source):
        if name not in active and (more := _applied(one, [*active, name], facts)):
            yield more, f"profile {name} is not active"


def _applied(one: LoadedConfig, profiles: Sequence[str], facts: ActivationFacts) -> Config | None:
    """The config with these profiles and no others, None where that is not possible."""
    origins = Origins(one.document.data)
    try:
        data, active = apply_profiles(one.document.data, profiles, facts, auto=False, origins=origins)
        if not items(data.get("build") or {}, "artifacts"):
            return None
        return decoded(replace(one, data=data, profiles=active, origins=origins))
    except (DocumentInvalid, CannotStart):
        return None


def _row(config: Config, artifact: Artifact, settings: Settings, cwd: Path, verdict: _Verdict) -> ListedArtifact:
    return ListedArtifact(
        image=artifact.image,
        kind=artifact.other_builder or artifact.kind,
        context=_shown(artifact.context, cwd),
        dockerfile=artifact.docker.dockerfile if artifact.kind == "docker" else "",
        platforms=_platforms(config, artifact, settings),
        needs=required_images(artifact),
        config=config.name,
        file=artifact.file,
        line=artifact.line,
        selected=verdict.selected,
        reason=verdict.reason,
    )


def _platforms(config: Config, artifact: Artifact, settings: Settings) -> tuple[str, ...]:
    """The platforms that a build would be for, none where docker decides; the artifact's own where none fits."""
    host = host_platform()
    cli, build, own = (
        parse_platforms(names, host) for names in (settings.platform, config.platforms, artifact.platforms)
    )
    single = settings.disable_multi_platform_build
    try:
        chosen = resolve_platforms(cli, build, own, host, image=artifact.image, disable_multi=single)
    except CannotStart:
        return artifact.platforms
    return ("all",) if chosen.all else tuple(map(str, chosen))


def _shown(context: str, cwd: Path) -> str:
    """A context of another config's folder as it is called from the current folder."""
    path = Path(context)
    return path.relative_to(cwd).as_posix() if path.is_absolute() and path.is_relative_to(cwd) else context


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)

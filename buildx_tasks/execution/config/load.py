"""From settings to configs: find the file, follow what it requires, apply profiles and overrides, decode."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from buildx_tasks.document.schema.decode import decode_config, items, section, text
from buildx_tasks.document.yaml.problem import Problem
from buildx_tasks.errors import CannotStart, ConfigInvalid
from buildx_tasks.execution.config.configfile import locate
from buildx_tasks.execution.config.graph import ConfigLoader, LoadedConfig, near
from buildx_tasks.execution.config.inputs import DEFAULT_NAMES
from buildx_tasks.execution.verdicts import VerdictCache, key_of
from buildx_tasks.model.command import Runner
from buildx_tasks.model.config import Artifact, Config
from buildx_tasks.model.finding import Finding
from buildx_tasks.model.settings import Settings
from buildx_tasks.planning.config.profiles import ActivationFacts

if TYPE_CHECKING:
    from buildx_tasks.execution.config.gitcache import GitCache

DUPLICATE_IMAGE = "duplicate-image"
COMMAND = "build"
"""What activations by command are compared with."""


def read_configs(
    settings: Settings,
    *,
    environ: Mapping[str, str],
    cwd: Path,
    kube_context: str,
    runner: Runner,
    stdin: TextIO | None = None,
    notify: Callable[[str], None] = lambda _line: None,
) -> list[LoadedConfig]:
    """The configs that `settings` select, dependencies first, as Skaffold orders them, with their documents.

    `kube_context` is the one in use, "" for none; `runner` is used for git only; `notify` is told what is odd but
    no error. `decoded` makes values of them.
    Raises `CannotStart` for a missing file or an unknown module, profile or override, `ConfigInvalid` with every
    problem of every file at once.
    """
    verdicts = VerdictCache.of(environ)
    walk = ConfigLoader(
        cwd=cwd,
        facts=activation_facts(settings, environ, kube_context),
        requested=settings.profile,
        reason=settings.origins.get("profile", "flag"),
        modules=settings.module,
        propagate=settings.propagate_profiles,
        auto=settings.profile_auto_activation,
        git=cache(partial(_git_cache, settings, environ, cwd, runner)),
        verdicts=verdicts,
        stdin=stdin,
        notify=notify,
    )
    loaded = walk.run(locate(settings.filename or DEFAULT_NAMES[0], cwd, cwd))
    _raise(walk.findings)
    _check_selection(settings, walk, loaded)
    loaded = _overridden(loaded, settings.set)
    _raise(
        [
            *_judged(loaded, verdicts, bool(settings.set)),
            *(finding for one in loaded for finding in _unknown_extras(one)),
        ]
    )
    for one in loaded:
        if not one.data.get("kind"):
            notify(str(one.finding(("kind",), "kind is missing; Skaffold rejects the config", "write kind: Config")))
    return loaded


def activation_facts(settings: Settings, environ: Mapping[str, str], kube_context: str) -> ActivationFacts:
    """What the activations of profiles are compared with in a run with these settings."""
    return ActivationFacts(
        env=environ, kube_context=kube_context, kube_context_given=bool(settings.kube_context), command=COMMAND
    )


def _git_cache(settings: Settings, environ: Mapping[str, str], cwd: Path, runner: Runner) -> GitCache:
    from buildx_tasks.execution.config.gitcache import GitCache, cache_folder

    return GitCache(
        folder=cache_folder(environ, cwd, settings.remote_cache_dir),
        runner=runner,
        environ=environ,
        sync=settings.sync_remote_cache,
    )


def _raise(findings: Iterable[Finding]) -> None:
    """One error for all findings, by file in the order they were met, then by line."""
    found = list(findings)
    files = {file: number for number, file in enumerate(dict.fromkeys(finding.file for finding in found))}
    found.sort(key=lambda finding: (files[finding.file], finding.line, finding.column))
    lines = list(dict.fromkeys(map(str, found)))
    if lines:
        raise ConfigInvalid("\n".join(lines))


def _check_selection(settings: Settings, walk: ConfigLoader, loaded: Sequence[LoadedConfig]) -> None:
    """Every module and profile that was asked for must be there: a misspelt one would go unnoticed else."""
    found = {one.name for one in loaded}
    problems = [_module_problem(name, walk) for name in settings.module if name not in found]
    for asked in settings.profile:
        name = asked.removeprefix("-")
        if name not in walk.profile_names:
            problems.append((f"there is no profile {name!r}", near(name, walk.profile_names, "profiles")))
    if problems:
        raise CannotStart(
            "\n".join(message for message, _ in problems), "\n".join(dict.fromkeys(hint for _, hint in problems))
        )


def _module_problem(name: str, walk: ConfigLoader) -> tuple[str, str]:
    if location := walk.config_names.get(name):
        return f"module {name!r} is in {location.shown}, which is read, but no config requires it", (
            f"build it with --filename {location.shown}"
        )
    return f"there is no module {name!r}", near(name, walk.config_names, "modules")


def _overridden(loaded: Sequence[LoadedConfig], values: Sequence[str]) -> list[LoadedConfig]:
    if not values:
        return list(loaded)
    from buildx_tasks.planning.config.overrides import apply_overrides

    changed = apply_overrides([one.data for one in loaded], values, [one.origins for one in loaded])
    return [replace(one, data=data) for one, data in zip(loaded, changed, strict=True)]


def _judged(loaded: Sequence[LoadedConfig], verdicts: VerdictCache, overridden: bool) -> list[Finding]:
    """The problems that the configs have together, with profiles and overrides applied; none that were right before."""
    changed = [number for number, one in enumerate(loaded) if overridden or one.patched]
    key = key_of("configs", json.dumps([changed, [one.data for one in loaded]], default=str))
    if verdicts.holds(key):
        return []
    found = _problems(loaded, changed)
    if not found:
        verdicts.keep(key)
    return found


def _problems(loaded: Sequence[LoadedConfig], changed: Sequence[int]) -> list[Finding]:
    from buildx_tasks.planning.config.judge import judge

    found: list[Finding] = []
    images = [_images(one.data) for one in loaded]
    first: dict[str, tuple[int, int]] = {}
    for number, names in enumerate(images):
        for at, name in enumerate(names):
            first.setdefault(name, (number, at))
    for number, problem in judge([one.data for one in loaded], changed):
        finding = loaded[number].placed(problem)
        if problem.code == DUPLICATE_IMAGE:
            finding = replace(finding, hint=f"{_first_place(loaded, first, images[number], problem)}; {finding.hint}")
        found.append(finding)
    return found


def _first_place(
    loaded: Sequence[LoadedConfig], first: Mapping[str, tuple[int, int]], images: Sequence[str], problem: Problem
) -> str:
    """Where the artifact stands that builds the same image already: its config and position are in `first`."""
    at = problem.path[2]
    assert isinstance(at, int)
    one, position = first[images[at]]
    return f"first in {loaded[one].location.shown}:{loaded[one].line_of(('build', 'artifacts', position))}"


def _unknown_extras(loaded: LoadedConfig) -> list[Finding]:
    """Artifacts of the ``.buildx:`` block that the document knows neither with nor without its profiles."""
    block = section(section(loaded.data, ".buildx"), "artifacts")
    if not block:
        return []
    known = dict.fromkeys((*_images(loaded.data), *_images(loaded.document.data)))
    for profile in items(loaded.document.data, "profiles"):
        if isinstance(profile, Mapping):
            known.update(dict.fromkeys(_images(profile)))
    return [
        loaded.finding(
            (".buildx", "artifacts", name),
            f"there is no artifact {name!r}",
            near(name, known, "artifacts"),
            "unknown-artifact",
        )
        for name in block
        if name not in known
    ]


def _images(data: Mapping[str, Any]) -> list[str]:
    """The image of each artifact, by position."""
    artifacts = items(section(data, "build"), "artifacts")
    return [text(item, "image") if isinstance(item, Mapping) else "" for item in artifacts]


def _in_own_version(artifact: Artifact, loaded: LoadedConfig) -> Artifact:
    """Skaffold is handed a config of the version that the user's file has, as it may know no newer one."""
    version = {"apiVersion": loaded.document.source.data.get("apiVersion")}
    return replace(artifact, alone={**artifact.alone, **version}) if artifact.alone else artifact


def decoded(loaded: LoadedConfig) -> Config:
    """The config as a value, its paths absolute unless it is the user's own file: those are from the current folder."""
    config = decode_config(loaded.data, file=loaded.location.shown, line_of=loaded.line_of)
    config = replace(
        config,
        profiles=loaded.profiles,
        artifacts=tuple(_in_own_version(artifact, loaded) for artifact in config.artifacts),
    )
    if loaded.is_root:
        return config
    from buildx_tasks.planning.config.paths import with_absolute_paths

    return with_absolute_paths(config, str(loaded.location.folder))

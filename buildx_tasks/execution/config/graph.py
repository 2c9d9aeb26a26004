"""Walking through a config and everything it requires: each document once, with its profiles applied."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from buildx_tasks.document.schema.decode import items, section, text
from buildx_tasks.document.yaml.problem import Problem
from buildx_tasks.document.yaml.source import Path as DocumentPath
from buildx_tasks.errors import CannotStart
from buildx_tasks.execution.config.configfile import (
    ConfigDocument,
    ConfigFile,
    ConfigFileMissing,
    Location,
    locate,
    read_config_file,
)
from buildx_tasks.execution.verdicts import VerdictCache
from buildx_tasks.model.config import ActiveProfile
from buildx_tasks.model.finding import Finding
from buildx_tasks.planning.config.origins import Origins
from buildx_tasks.planning.config.problems import DocumentInvalid
from buildx_tasks.planning.config.profiles import ActivationFacts, apply_profiles, profile_names
from buildx_tasks.planning.config.requires import Requirement, read_requirements, wanted_profiles

if TYPE_CHECKING:
    from buildx_tasks.execution.config.gitcache import GitCache

MAX_DEPTH = 100
"""Files between the user's own and one it requires in the end; every one costs stack."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LoadedConfig:
    """One config of the run: its data with profiles applied, where it came from, and whether it is the user's own.

    `is_root` says that its paths are relative to the working directory and not to its file.
    """

    location: Location
    document: ConfigDocument
    data: Mapping[str, Any]
    origins: Origins
    profiles: tuple[ActiveProfile, ...]
    is_root: bool

    @property
    def name(self) -> str:
        """``metadata.name``, "" when there is none."""
        return text(section(self.data, "metadata"), "name")

    def finding(self, path: DocumentPath, message: str, hint: str = "", code: str = "") -> Finding:
        """A finding at the place that `path` of the data came from."""
        return self.placed(Problem(path=path, message=message, hint=hint, code=code))

    def placed(self, problem: Problem) -> Finding:
        """A problem of the data as a finding of the file."""
        origin = self.origins.path(self.data, problem.path)
        return self.document.finding(replace(problem, path=origin), self.location.shown)

    def line_of(self, path: DocumentPath) -> int:
        """The line that `path` of the data came from."""
        return self.document.place(self.origins.path(self.data, path)).line

    @property
    def patched(self) -> bool:
        """Whether a patch of a profile had a say in the data."""
        active = {profile.name for profile in self.profiles}
        found = items(self.document.data, "profiles")
        return any(isinstance(item, Mapping) and text(item, "name") in active and item.get("patches") for item in found)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Asked:
    """What is wanted of one file: `configs` (all when empty) with `profiles`, and why each of these.

    `needed` says that a config of the result requires it, `is_root` that it is the user's own file, `depth` how
    many files lie between.
    """

    configs: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()
    reasons: Mapping[str, str] = field(default_factory=dict)
    needed: bool = False
    is_root: bool = False
    depth: int = 0


@dataclass(kw_only=True)
class ConfigLoader:
    """One walk through the required configs; `findings`, `config_names` and `profile_names` fill up on the way."""

    cwd: Path
    facts: ActivationFacts
    requested: tuple[str, ...]
    reason: str
    modules: tuple[str, ...]
    propagate: bool
    auto: bool
    git: Callable[[], GitCache]
    verdicts: VerdictCache
    stdin: TextIO | None
    notify: Callable[[str], None]
    findings: list[Finding] = field(default_factory=list)
    config_names: dict[str, Location] = field(default_factory=dict)
    profile_names: dict[str, None] = field(default_factory=dict)
    _files: dict[str, ConfigFile] = field(default_factory=dict)
    _visited: dict[tuple[str, int, bool], tuple[str, ...]] = field(default_factory=dict)

    def run(self, location: Location) -> list[LoadedConfig]:
        """All configs of `location` and, before each, what it requires. Raises `CannotStart` when it is not there.

        `requested` are the user's own profiles, `reason` says where they come from.
        """
        self._file(location)
        asked = _Asked(profiles=self.requested, reasons=dict.fromkeys(self.requested, self.reason), is_root=True)
        return self._visit(location, asked)

    def _file(self, location: Location) -> ConfigFile:
        """The file, read and judged the first time it is asked for."""
        known = self._files.get(location.key)
        if known is None:
            known = read_config_file(location, self.verdicts, self.stdin)
            self._files[location.key] = known
            self.findings += known.findings
            self._note_names(known)
        return known

    def _note_names(self, file: ConfigFile) -> None:
        here: set[str] = set()
        for document in file.documents:
            name = _name(document)
            if not name:
                continue
            other = self.config_names.setdefault(name, file.location)
            if name in here:
                self._add(
                    file, document, f"config name {name!r} is defined twice in this file", "give each its own name"
                )
            elif other.key != file.location.key:
                message = f"config name {name!r} is used in {other.shown} too"
                self._add(file, document, message, "give each its own name")
            here.add(name)

    def _add(self, file: ConfigFile, document: ConfigDocument, message: str, hint: str) -> None:
        """A finding about a config as a whole."""
        mark = document.place(("metadata", "name"))
        self.findings.append(
            Finding(message=message, hint=hint, file=file.location.shown, line=mark.line, column=mark.column)
        )

    def _visit(self, location: Location, asked: _Asked) -> list[LoadedConfig]:
        """What is `asked` of one file, each config after what it requires."""
        file = self._file(location)
        found: list[LoadedConfig] = []
        for number, document in enumerate(file.documents):
            name = _name(document)
            if asked.configs and name not in asked.configs:
                continue
            self.profile_names.update(dict.fromkeys(profile_names(document.data)))
            needed = asked.needed or not self.modules or name in self.modules
            loaded = self._applied(file, document, asked)
            if loaded is not None and self._is_new(file, number, needed, loaded):
                found += self._required(file, loaded, needed, asked.depth + 1)
                if needed:
                    found.append(loaded)
        return found

    def _applied(self, file: ConfigFile, document: ConfigDocument, asked: _Asked) -> LoadedConfig | None:
        """The document with its profiles, None when they can't be applied, which is a finding then."""
        origins = Origins(document.data)
        try:
            data, active = apply_profiles(
                document.data, asked.profiles, self.facts, auto=self.auto, reasons=asked.reasons, origins=origins
            )
        except DocumentInvalid as invalid:
            self.findings += [document.finding(problem, file.location.shown) for problem in invalid.problems]
            return None
        return LoadedConfig(
            location=file.location,
            document=document,
            data=data,
            origins=origins,
            profiles=active,
            is_root=asked.is_root,
        )

    def _is_new(self, file: ConfigFile, number: int, needed: bool, loaded: LoadedConfig) -> bool:
        """Whether the config was not met before; meeting it again with other profiles is a problem.

        A config that was only searched for ``--module`` names counts as new when it turns out to be needed.
        """
        names = tuple(sorted(profile.name for profile in loaded.profiles))
        before = self._visited.get((file.location.key, number, needed))
        if before is None:
            self._visited[file.location.key, number, needed] = names
            return True
        if before != names:
            shown = loaded.name or f"number {number + 1}"
            self._add(
                file,
                loaded.document,
                f"config {shown} is required with different profiles: {_listed(before)} and {_listed(names)}",
                "make the activeProfiles of all that require it agree",
            )
        return False

    def _required(self, file: ConfigFile, loaded: LoadedConfig, needed: bool, depth: int) -> list[LoadedConfig]:
        found: list[LoadedConfig] = []
        if depth > MAX_DEPTH:
            self.findings.append(
                loaded.finding(("requires",), f"configs require each other more than {MAX_DEPTH} deep")
            )
            return found
        active = [profile.name for profile in loaded.profiles]
        propagated = dict.fromkeys(self.requested, self.reason) if self.propagate else {}
        for requirement in read_requirements(loaded.data):
            location = self._locate(requirement, loaded)
            if location is None:
                continue
            self._check_names(requirement, loaded, self._file(location))
            wanted = wanted_profiles(requirement, active, propagated, loaded.name or file.location.shown)
            asked = _Asked(
                configs=requirement.configs,
                profiles=tuple(wanted),
                reasons=wanted,
                needed=needed,
                is_root=loaded.is_root and location.key == file.location.key,
                depth=depth,
            )
            found += self._visit(location, asked)
        return found

    def _locate(self, requirement: Requirement, loaded: LoadedConfig) -> Location | None:
        """The file that is required, None when it can't be had, which is a finding then."""
        place = requirement.place
        if requirement.unsupported:
            message = f"configs from {requirement.unsupported} can't be fetched here"
            hint = "fetch it yourself and name it with path:, or put it into a git repository"
            self.findings.append(loaded.finding((*place, requirement.unsupported), message, hint))
            return None
        try:
            folder = loaded.location.folder
            if requirement.repo:
                folder = self._checkout(requirement)
            elif not requirement.path:
                return loaded.location
            location = locate(requirement.path or ".", folder, self.cwd)
            self._file(location)
        except ConfigFileMissing as missing:
            self.findings.append(loaded.finding(place, f"required {missing.message}", "check its path"))
            return None
        except CannotStart as error:
            self.findings.append(loaded.finding(place, error.message, error.hint.replace("\n", "; ")))
            return None
        return location

    def _checkout(self, requirement: Requirement) -> Path:
        from buildx_tasks.execution.config.gitcache import GitSource

        source = GitSource(repo=requirement.repo, ref=requirement.ref, sync=requirement.sync)
        return self.git().checkout(source)

    def _check_names(self, requirement: Requirement, loaded: LoadedConfig, target: ConfigFile) -> None:
        """Names in ``configs`` and ``activeProfiles`` that the required file does not have."""
        if not target.documents:
            return
        there = target.location.shown
        known = [_name(document) for document in target.documents]
        for at, name in enumerate(requirement.configs):
            if name not in known:
                path = (*requirement.place, "configs", at)
                hint = near(name, known, "configs there")
                self.findings.append(loaded.finding(path, f"{there} has no config {name!r}", hint, "unknown-config"))
        profiles = {name for document in target.documents for name in profile_names(document.data)}
        for at, (name, _) in enumerate(requirement.profiles):
            if name not in profiles:
                mark = loaded.document.place((*requirement.place, "activeProfiles", at))
                self.notify(f"{loaded.location.shown}:{mark.line}: no config of {there} has a profile {name!r}")


def near(name: str, known: Iterable[str], what: str) -> str:
    """A hint for a name that is not among `known`: the closest of them, else all."""
    names = [known_name for known_name in dict.fromkeys(known) if known_name]
    close = difflib.get_close_matches(name, names, 1)
    if close:
        return f"did you mean {close[0]}?"
    return f"{what}: {', '.join(names)}" if names else f"there are no {what}"


def _name(document: ConfigDocument) -> str:
    return text(section(document.data, "metadata"), "name")


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names) or "none"

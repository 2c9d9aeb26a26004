"""Two builds have one key if and only if they are made from the same: ten thousand changed inputs, one at a time."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from buildx_tasks.execution.shell import ShellRunner
from buildx_tasks.execution.sources.buildinputs import BuildInputs
from buildx_tasks.execution.sources.filehash import FileHashes
from buildx_tasks.model.config import Artifact, Dependency, Hook, Hooks, Secret
from buildx_tasks.model.plan import BuildPlan, BuildStep, Variable
from buildx_tasks.model.request import BUILDX, PUSH, Because, BuildArg, BuildRequest, NamedContext, Output, Placeholder
from buildx_tasks.planning.reuse.fingerprint import Required, fingerprint

ROUNDS = int(os.environ.get("BUILDX_TASKS_KEY_ROUNDS", "10000"))
NAMES = ("a", "b", "c.txt", "src/a", "src/b", "src/deep/a", "docs/a", "-x", "ä")
FOLDERS = ("empty", "src/empty", "docs")
TEXTS = ("", "one\n", "two\n", "a much longer text\n" * 3)
IGNORES = ("a", "src/b", "docs", "c.txt")
"""Without wildcards, so that this test knows by itself what they mean."""


@dataclass(frozen=True, kw_only=True)
class State:
    """All that a build is made from; a value of `files` is text and mode, or the target of a link."""

    files: Mapping[str, tuple[str, int] | str] = field(default_factory=lambda: {"a": ("one\n", 0o644)})
    folders: frozenset[str] = frozenset()
    ignored: frozenset[str] = frozenset()
    dockerfile: str = "FROM scratch\nCOPY . /\n"
    args: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, object] = field(default_factory=dict)
    platforms: tuple[str, ...] = ("linux/amd64",)
    hooks: tuple[str, ...] = ()
    environ: Mapping[str, str] = field(default_factory=dict)
    base: str = "1"

    def key(self) -> object:
        """What it is made from, as this test sees it."""
        visible = {path: what for path, what in self.files.items() if not self.is_ignored(path)}
        on_the_way = {part for path in visible for part in _parents(path)}
        alone = {part for path in self.folders for part in (path, *_parents(path))}
        folders = {path for path in alone if not self.is_ignored(path)}
        hidden = {part for path in self.files for part in _parents(path) if not self.is_ignored(part)}
        ignore = tuple(sorted(self.ignored))
        return (
            tuple(sorted(visible.items())),
            tuple(sorted(folders | on_the_way | hidden)),
            ignore,
            self.dockerfile,
            tuple(sorted(self.args.items())),
            tuple(sorted((name, repr(value)) for name, value in self.options.items() if value)),
            self.platforms,
            self.hooks,
            tuple(sorted(self.environ.items())),
            self.base,
        )

    def is_ignored(self, path: str) -> bool:
        return any(part in self.ignored for part in (path, *_parents(path)))


def _parents(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:at]) for at in range(1, len(parts))]


class Machine:
    """A folder in which states are written down, and their keys."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.written: State | None = None
        self.runner = ShellRunner({})

    def key(self, state: State) -> str:
        self._write(state)
        step = self._step(state)
        base = BuildStep(artifact=Artifact(image="base"), tag="r.example/base:1", request=_request("base", {}))
        plan = BuildPlan(steps=(base, step), folder=str(self.folder))
        inputs = BuildInputs(plan, FileHashes(None), self.folder, self.runner, str)
        inputs.hasher.use = lambda _path: _Use()  # type: ignore[assignment,method-assign,return-value]
        found = inputs.of(step)
        assert not found.unknown
        required = {"base": Required(digest=f"sha256:{state.base}", reference=f"r.example/base@sha256:{state.base}")}
        return fingerprint(step, found, required, state.environ)

    def _step(self, state: State) -> BuildStep:
        dockerfile = Because(str(self.folder / "Dockerfile"), "")
        options = dict(state.options)
        request = replace(
            _request("app", options),
            dockerfile=dockerfile,
            build_args=(
                Because(BuildArg("BASE", Placeholder("reference", "base")), ""),
                *(Because(BuildArg(name, value), "") for name, value in sorted(state.args.items())),
            ),
        )
        hooks = Hooks(before=tuple(Hook(command=(text,), dir=str(self.folder / "app")) for text in state.hooks))
        artifact = Artifact(
            image="app",
            context=str(self.folder / "app"),
            requires=(Dependency(image="base", alias="BASE"),),
            hooks=hooks,
        )
        return BuildStep(
            artifact=artifact,
            tag="r.example/app:1",
            output=PUSH,
            pushes=True,
            request=request,
            platforms=state.platforms,
            needs=("base",),
            hooks=hooks,
            environment=(Variable("DOCKER_HOST", str(self.folder), ""),),
        )

    def _write(self, state: State) -> None:
        root = self.folder / "app"
        if self.written is None or (self.written.files, self.written.folders, self.written.ignored) != (
            state.files,
            state.folders,
            state.ignored,
        ):
            shutil.rmtree(root, ignore_errors=True)
            root.mkdir()
            for path, what in state.files.items():
                place = root / path
                place.parent.mkdir(parents=True, exist_ok=True)
                if isinstance(what, str):
                    place.symlink_to(what)
                else:
                    place.write_text(what[0])
                    place.chmod(what[1])
            for path in state.folders:
                (root / path).mkdir(parents=True, exist_ok=True)
            (root / ".dockerignore").write_text("".join(f"{line}\n" for line in sorted(state.ignored)))
        (self.folder / "Dockerfile").write_text(state.dockerfile)
        self.written = state


class _Use:
    """A Dockerfile that reads everything, whatever its text is."""

    sources = None
    stage_args = None
    remote = ""
    triggers = False


def _request(image: str, options: dict[str, object]) -> BuildRequest:
    outputs = (Because(Output(PUSH), ""),)
    return replace(
        BuildRequest(image=image, tool=Because(BUILDX, ""), outputs=outputs, builder=Because("any", "")),
        **options,  # type: ignore[arg-type]
    )


OPTIONS: dict[str, tuple[object, ...]] = {
    "target": (None, Because("dev", ""), Because("prod", "")),
    "network": (None, Because("host", ""), Because("none", "")),
    "labels": ((), (Because(("a", "b"), ""),), (Because(("a", "c"), ""),)),
    "add_hosts": ((), (Because("h:1", ""),), (Because("h:2", ""),)),
    "cli_flags": ((), (Because("--sbom=true", ""),), (Because("--isolation=x", ""),)),
    "secrets": ((), (Because(Secret(id="s", src="x"), ""),), (Because(Secret(id="t", src="x"), ""),)),
    "ulimits": ((), (Because("nofile=1", ""),), (Because("nofile=2", ""),)),
    "shm_size": (None, Because("1g", ""), Because("2g", "")),
    "named_contexts": (
        (),
        (Because(NamedContext(name="n", source="docker-image://x@sha256:1"), ""),),
        (Because(NamedContext(name="m", source="docker-image://x@sha256:1"), ""),),
        (Because(NamedContext(name="n", source="docker-image://x@sha256:2"), ""),),
    ),
}


def _file(state: State, chance: random.Random) -> State:
    path = chance.choice(NAMES)
    files = {name: what for name, what in state.files.items() if name != path}
    kind = chance.randrange(6)
    if kind == 0:
        return replace(state, files=files)
    if kind == 1:
        return replace(state, files={**files, path: chance.choice(("a", "../x", "/etc/passwd"))})
    return replace(state, files={**files, path: (chance.choice(TEXTS), chance.choice((0o644, 0o755, 0o600, 0o4755)))})


def _toggle(names: frozenset[str], name: str) -> frozenset[str]:
    return names ^ {name}


def _pair(values: Mapping[str, str], chance: random.Random, names: tuple[str, ...]) -> dict[str, str]:
    name = chance.choice(names)
    rest = {key: value for key, value in values.items() if key != name}
    return rest if chance.random() < 0.3 else {**rest, name: chance.choice(("", "1", "2", "a=b"))}


def _option(state: State, chance: random.Random) -> State:
    name = chance.choice(tuple(OPTIONS))
    return replace(state, options={**state.options, name: chance.choice(OPTIONS[name])})


CHANGES: tuple[Callable[[State, random.Random], State], ...] = (
    _file,
    _file,
    _file,
    lambda state, chance: replace(state, folders=_toggle(state.folders, chance.choice(FOLDERS))),
    lambda state, chance: replace(state, ignored=_toggle(state.ignored, chance.choice(IGNORES))),
    lambda state, chance: replace(state, dockerfile=f"FROM scratch\nCOPY . /{chance.randrange(4)}\n"),
    lambda state, chance: replace(state, args=_pair(state.args, chance, ("X", "Y", "XY"))),
    _option,
    _option,
    lambda state, chance: replace(
        state, platforms=chance.choice((("linux/amd64",), ("linux/arm64",), ("linux/amd64", "linux/arm64")))
    ),
    lambda state, chance: replace(state, hooks=chance.choice(((), ("one",), ("two",), ("one", "two"), ("two", "one")))),
    lambda state, chance: replace(
        state, environ=_pair(state.environ, chance, ("SOURCE_DATE_EPOCH", "DOCKER_BUILDKIT"))
    ),
    lambda state, chance: replace(state, base=str(chance.randrange(3))),
)


@pytest.mark.timeout(300)
def test_one_key_for_one_build(tmp_path: Path) -> None:
    machine, chance, state = Machine(tmp_path), random.Random(20261124), State()
    keys: dict[object, str] = {}
    builds: dict[str, object] = {}
    for number in range(ROUNDS):
        state = chance.choice(CHANGES)(state, chance)
        build, key = state.key(), machine.key(state)
        assert keys.setdefault(build, key) == key, f"round {number}: the same build has another key: {state}"
        assert builds.setdefault(key, build) == build, f"round {number}: another build has the same key: {state}"
    assert len(keys) > ROUNDS / 3


def test_another_machine_makes_the_same_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here, there = Machine(tmp_path / "here"), Machine(tmp_path / "somewhere" / "else")
    here.folder.mkdir()
    there.folder.mkdir(parents=True)
    chance, state = random.Random(7), State()
    for _ in range(min(ROUNDS // 20, 500)):
        state = chance.choice(CHANGES)(state, chance)
        first = here.key(state)
        with monkeypatch.context() as patch:
            patch.setenv("HOME", str(tmp_path / "home"))
            patch.setenv("LC_ALL", "C")
            patch.setenv("TZ", "Asia/Tokyo")
            assert there.key(state) == first

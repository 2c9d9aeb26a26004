"""When cache mounts are restored and saved: what the helper builds answer, what registries say, what goes wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from buildx_tasks.execution.mounts.cachemounts import CacheMounts
from buildx_tasks.execution.registry.client import Manifest, RegistryClient
from buildx_tasks.execution.registry.errors import RegistryError
from buildx_tasks.model.command import TIMED_OUT, Command, Completed, Write
from buildx_tasks.model.config import Artifact
from buildx_tasks.model.mounts import CacheMount, KeptMount, MountOptions
from buildx_tasks.model.plan import BuildStep
from buildx_tasks.model.request import BUILDX, Because, BuildRequest
from buildx_tasks.model.result import BUILT, CACHED, FAILED, ArtifactResult

IMAGE = "r.example:5000/app:bx-mount-a-linux-amd64"
OTHER = "r.example:5000/web:bx-mount-a-linux-amd64"
PIP = CacheMount(id="/pip")


def output(command: Command) -> str:
    """Where a build's result goes."""
    return command.argv[command.argv.index("--output") + 1]


@dataclass
class FakeDocker:
    """Answers helper builds: what is in the only mount, and how a kind of build fails."""

    first: str = ""
    size: int = 4
    content: str = "abc"
    failing: dict[str, tuple[int, str]] = field(default_factory=dict)
    kinds: list[str] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    recipes: list[str] = field(default_factory=list)
    stopped: bool = False

    def capture(self, command: Command) -> Completed:
        self.commands.append(command)
        if command.argv[:3] != ("docker", "buildx", "build"):
            self.kinds.append(" ".join(command.argv[1:3]))
            return Completed(command=command, code=0)
        recipe = (Path(command.argv[3]) / "Dockerfile").read_text()
        self.recipes.append(recipe)
        kind = "look" if "look0" in recipe else "restore" if "restore0" in recipe else "save"
        self.kinds.append(kind)
        if kind in self.failing:
            code, text = self.failing[kind]
            return Completed(command=command, code=code, stderr=text)
        if kind == "look":
            self.answer(Path(output(command).partition("dest=")[2]) / "0", whole="size" in recipe)
        return Completed(command=command, code=0)

    def answer(self, folder: Path, *, whole: bool) -> None:
        folder.mkdir(parents=True)
        (folder / "first").write_text(self.first)
        if whole:
            (folder / "size").write_text(f"{self.size}\t.\n")
            (folder / "content").write_text(f"{self.content}\n")

    def stream(self, command: Command, write: Write, *, terminal: bool = False) -> Completed:
        raise NotImplementedError

    def stop(self) -> None:
        self.stopped = True


@dataclass
class FakeRegistry:
    """Images by reference, each with the content that its label names."""

    images: dict[str, str] = field(default_factory=dict)
    down: bool = False

    def digest(self, reference: str) -> str:
        if self.down:
            raise RegistryError("no way")
        return f"sha256:{self.images[reference]}" if reference in self.images else ""

    def manifest(self, reference: str) -> Manifest:
        if self.down:
            raise RegistryError("no way")
        body = json.dumps({"config": {"digest": reference}}).encode() if reference in self.images else b""
        return Manifest(digest="sha256:1" if body else "", body=body)

    def blob(self, reference: str, _digest: str) -> bytes:
        labels = {"buildx-tasks.cache-mount.content": self.images[reference]}
        return json.dumps({"config": {"Labels": labels}}).encode()


@dataclass
class Keeping:
    """One run with one artifact or two that use one mount."""

    docker: FakeDocker = field(default_factory=FakeDocker)
    registry: FakeRegistry = field(default_factory=FakeRegistry)
    options: MountOptions = field(default_factory=lambda: MountOptions(helper="busybox", limit=1 << 20))
    said: list[str] = field(default_factory=list)
    warned: list[str] = field(default_factory=list)
    mounts: CacheMounts = field(init=False)

    def __post_init__(self) -> None:
        client = cast(Callable[[], RegistryClient], lambda: self.registry)
        self.mounts = CacheMounts(self.options, self.docker, client, self.said.append, self.warned.append)

    @property
    def lines(self) -> list[str]:
        return [line.strip().partition(": ")[2].partition(" (")[0] for line in self.said if line.startswith(" - ")]


def step(name: str = "app", image: str = IMAGE, **changes: Any) -> BuildStep:
    kept = KeptMount(
        **{"mount": PIP, "platform": "linux/amd64", "image": image, "node": "n0", "saves": True, **changes}
    )
    request = BuildRequest(image=name, tool=Because(BUILDX, ""))
    return BuildStep(artifact=Artifact(image=name), tag=name, request=request, builder="b", mounts=(kept,))


def result(status: str = BUILT, **changes: Any) -> dict[str, ArtifactResult]:
    return {"app": ArtifactResult(image="app", tag="app", status=status, **changes)}


def test_an_empty_mount_is_restored_from_the_digest_that_is_there() -> None:
    run = Keeping(registry=FakeRegistry({IMAGE: "1"}))
    run.mounts.restore([step()])
    assert run.docker.kinds == ["look", "restore"]
    assert f"FROM {IMAGE}@sha256:1 AS image0x0" in run.docker.recipes[1]
    assert run.lines == [f"Restored from {IMAGE}"]
    argv = run.docker.commands[1].argv
    assert argv[argv.index("--builder") + 1] == "b"
    assert "--platform" not in argv
    assert output(run.docker.commands[1]) == "type=cacheonly"
    assert dict(run.docker.commands[1].env) == {"BUILDX_NO_DEFAULT_ATTESTATIONS": "1", "SOURCE_DATE_EPOCH": ""}


@pytest.mark.parametrize(
    ("docker", "registry", "kinds", "line"),
    [
        (FakeDocker(first="x\n"), FakeRegistry({IMAGE: "1"}), ["look"], "Not empty"),
        (FakeDocker(), FakeRegistry(), [], "Nothing saved yet"),
    ],
)
def test_what_is_not_needed_is_not_restored(
    docker: FakeDocker, registry: FakeRegistry, kinds: list[str], line: str
) -> None:
    run = Keeping(docker, registry)
    run.mounts.restore([step()])
    assert (run.docker.kinds, run.lines, run.warned) == (kinds, [line], [])


def test_the_same_image_in_two_repositories_is_restored_once_and_different_ones_together() -> None:
    for digests, count in (("11", 1), ("12", 2)):
        run = Keeping(registry=FakeRegistry(dict(zip((IMAGE, OTHER), digests, strict=True))))
        run.mounts.restore([step(), step("web", OTHER)])
        assert run.docker.recipes[1].count("@sha256:") == count


def test_nothing_is_asked_where_nothing_may_be_restored() -> None:
    run = Keeping(registry=FakeRegistry({IMAGE: "1"}))
    run.mounts.restore([step(restores=False)])
    assert not run.said
    assert not run.docker.kinds


def test_a_registry_that_only_the_builder_reaches_is_tried() -> None:
    run = Keeping(registry=FakeRegistry(down=True))
    run.mounts.restore([step()])
    assert f"FROM {IMAGE} AS image0x0" in run.docker.recipes[1]
    missing = f"ERROR: failed to build: failed to solve: {IMAGE}: failed to resolve source metadata: not found\n"
    run = Keeping(FakeDocker(failing={"restore": (1, missing)}), FakeRegistry(down=True))
    run.mounts.restore([step()])
    assert (run.docker.kinds, run.warned) == (["look", "restore"], [])


def test_a_failed_restore_is_a_warning_and_the_mount_is_saved_all_the_same() -> None:
    docker = FakeDocker(failing={"restore": (1, "ERROR: failed to solve: no space left on device\n")})
    run = Keeping(docker, FakeRegistry({IMAGE: "1"}))
    run.mounts.restore([step()])
    assert len(run.warned) == 1
    assert run.warned[0].startswith("cache mounts on n0 (/pip) are not restored: ")
    assert "no space left on device" in run.warned[0]
    docker.first = "x"
    run.mounts.save([step()], result())
    assert docker.kinds == ["look", "restore", "look", "save"]


@pytest.mark.parametrize("code", [1, TIMED_OUT])
def test_a_helper_image_that_cannot_be_used_costs_one_warning(code: int) -> None:
    docker = FakeDocker(failing={"look": (code, "ERROR: failed to solve: docker.io/library/busybox: not found\n")})
    run = Keeping(docker, FakeRegistry({IMAGE: "1"}))
    run.mounts.restore([step()])
    run.mounts.save([step()], result())
    assert docker.kinds == ["look"]
    assert len(run.warned) == 1
    assert "cache-mount-image" in run.warned[0]


def test_a_helper_that_does_not_answer_is_a_warning() -> None:
    class Silent(FakeDocker):
        def answer(self, folder: Path, *, whole: bool) -> None:
            del folder, whole

    run = Keeping(Silent(), FakeRegistry({IMAGE: "1"}))
    run.mounts.restore([step()])
    assert "the helper build gave no answer" in run.warned[0]


def test_what_changed_is_saved_to_the_images_that_hold_something_else() -> None:
    run = Keeping(FakeDocker(first="x"), FakeRegistry({IMAGE: "abc", OTHER: "old"}))
    run.mounts.save(
        [step(), step("web", OTHER)], {**result(), "web": ArtifactResult(image="web", tag="", status=BUILT)}
    )
    assert run.docker.kinds == ["look", "save"]
    assert (
        output(run.docker.commands[1])
        == f"type=image,name={OTHER},push=true,store=false,compression=zstd,oci-mediatypes=true"
    )
    assert "LABEL buildx-tasks.cache-mount.content=abc" in run.docker.recipes[1]
    assert run.lines == [f"Saved to {OTHER}"]


def test_an_unchanged_mount_is_not_saved() -> None:
    run = Keeping(FakeDocker(first="x"), FakeRegistry({IMAGE: "abc"}))
    run.mounts.save([step()], result())
    assert (run.docker.kinds, run.lines) == (["look"], ["Unchanged"])


@pytest.mark.parametrize(
    ("changes", "results"),
    [
        ({}, result(CACHED)),
        ({}, result(FAILED)),
        ({}, {}),
        ({}, result(steps=3, cached_steps=3)),
        ({"saves": False}, result()),
    ],
)
def test_nothing_is_looked_at_where_nothing_is_to_be_saved(
    changes: dict[str, Any], results: dict[str, ArtifactResult]
) -> None:
    run = Keeping(FakeDocker(first="x"))
    run.mounts.save([step(**changes)], results)
    assert not run.docker.kinds


def test_an_empty_mount_is_not_saved_over_a_full_one() -> None:
    run = Keeping(FakeDocker(first=""), FakeRegistry({IMAGE: "old"}))
    run.mounts.save([step()], result(steps=3, cached_steps=2))
    assert run.docker.kinds == ["look"]


def test_a_large_mount_is_not_saved_and_that_is_said() -> None:
    run = Keeping(FakeDocker(first="x", size=1025))
    run.mounts.save([step()], result())
    assert run.docker.kinds == ["look"]
    assert run.warned == ["cache mount /pip is not saved: it has 1 MB, and cache-mount-limit is 1 MB"]


def test_a_mount_in_use_is_no_trouble_and_a_failed_push_is_a_warning() -> None:
    text = 'ERROR: failed to solve: process "/bin/sh -c x" did not complete successfully: exit code: 75\n'
    run = Keeping(FakeDocker(first="x", failing={"save": (1, text)}))
    run.mounts.save([step()], result())
    assert (run.lines, run.warned) == (["Not saved: another build is writing to it"], [])
    run = Keeping(FakeDocker(first="x", failing={"save": (1, "ERROR: failed to push: denied\n")}))
    run.mounts.save([step()], result())
    assert run.warned == ["cache mount /pip is not saved: failed to push: denied"]


UNAVAILABLE = (
    "ERROR: failed to push r.example:5000/app: unexpected status from PUT request to "
    "https://r.example:5000/v2/app/blobs/uploads/1: 503 Service Unavailable\n"
)


@pytest.mark.parametrize(("retries", "saves"), [(0, 1), (2, 3)])
def test_a_hiccup_of_the_registry_is_waited_out(retries: int, saves: int, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("buildx_tasks.execution.mounts.helperbuilds.time.sleep", slept.append)
    options = MountOptions(helper="busybox", limit=1 << 20, retries=retries)
    run = Keeping(FakeDocker(first="x", failing={"save": (1, UNAVAILABLE)}), options=options)
    run.mounts.save([step()], result())
    assert run.docker.kinds == ["look", *["save"] * saves]
    assert len({command.argv for command in run.docker.commands}) == 2
    assert len(slept) == retries
    assert "503" in run.warned[0]


def test_the_classic_store_has_no_compression_and_its_copy_is_removed() -> None:
    run = Keeping(FakeDocker(first="x"), options=MountOptions(helper="busybox", limit=1 << 20, compresses=False))
    run.mounts.save([step()], result())
    assert output(run.docker.commands[1]) == f"type=image,name={IMAGE},push=true"
    assert run.docker.kinds == ["look", "save", "image rm"]


def test_an_insecure_registry_is_announced() -> None:
    options = MountOptions(helper="busybox", limit=1 << 20, insecure=("r.example:5000",))
    run = Keeping(FakeDocker(first="x"), options=options)
    run.mounts.save([step()], result())
    assert output(run.docker.commands[1]).endswith(",registry.insecure=true")


def test_a_namespace_is_that_of_the_build() -> None:
    run = Keeping(registry=FakeRegistry({IMAGE: "1"}))
    run.mounts.restore([step(mount=CacheMount(id="/pip", namespace="ns"))])
    assert "BUILDKIT_CACHE_MOUNT_NS=ns" in run.docker.commands[0].argv


def test_an_interrupt_ends_the_helper_builds() -> None:
    class Interrupted(FakeDocker):
        def capture(self, command: Command) -> Completed:
            raise KeyboardInterrupt

    run = Keeping(Interrupted(), FakeRegistry({IMAGE: "1"}))
    with pytest.raises(KeyboardInterrupt):
        run.mounts.restore([step()])
    assert run.docker.stopped


def test_a_full_disk_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("buildx_tasks.execution.mounts.cachemounts.TemporaryDirectory", full)
    run = Keeping(registry=FakeRegistry({IMAGE: "1"}))
    run.mounts.restore([step()])
    assert run.warned == ["cache mounts are not kept: [Errno 28] No space left on device"]

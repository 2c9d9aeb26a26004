"""The lock file: which base images a config uses, and the digests that their tags have in the registries."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from buildx_tasks.document.formats.lockfile import format_lock
from buildx_tasks.errors import BuildxTasksError, CannotStart, WorkFailed
from buildx_tasks.execution.assumed import plan_assumed
from buildx_tasks.execution.config.inputs import STDIN
from buildx_tasks.execution.config.lockfile import lock_path, read_lock, shown_lock
from buildx_tasks.execution.files import check_writable, write_atomic
from buildx_tasks.execution.paths import exists
from buildx_tasks.execution.pipeline import Run
from buildx_tasks.execution.registry.digests import FoundDigest, find_digests
from buildx_tasks.execution.world import World
from buildx_tasks.model.config import Config
from buildx_tasks.model.imageref import familiar
from buildx_tasks.model.lock import Lock
from buildx_tasks.model.lockreport import LockedImage, LockReport
from buildx_tasks.model.outcome import STRICT_HINT
from buildx_tasks.model.request import CUSTOM
from buildx_tasks.model.settings import BY_SKAFFOLD, Settings
from buildx_tasks.model.taskname import task_command
from buildx_tasks.planning.config.profiles import profile_names

WHOLE: Mapping[str, object] = {"module": [], "artifact": []}
"""A lock file is about the whole config, whatever variables or files select."""


@dataclass(slots=True)
class BasesOfConfig:
    """All base images of a config with the places that name them, and of which nothing is known."""

    images: dict[str, str] = field(default_factory=dict)
    notes: dict[str, None] = field(default_factory=dict)


def lock_images(run: Run, *, check: bool, update: bool | str, dry: bool = False) -> LockReport:
    """Write the lock file of the config of `run`; with `check` only compare.

    A `dry` run asks the registries and does not write. Digests of the file stay what they are, except for those of
    `update`: True for all, else names of images, with or without tags, between commas. Raises `WorkFailed` with every
    image that has no digest, and writes nothing then; `CannotStart` without a lock file to write.
    """
    run = _of_whole_config(run)
    settings, world = run.settings, run.world
    path = lock_path(settings, world.cwd)
    if path is None:
        raise CannotStart("the lock file is switched off (lock-file)", "name one:  --lock-file buildx.lock")
    file = shown_lock(path, world.cwd)
    old = read_lock(settings, world.cwd) if exists(path) else None
    before = (old or Lock()).images
    bases = find_bases_of_config(run)
    _warn(world, settings, bases.notes)
    named = _named(update, before, bases.images)
    wanted = [image for image in bases.images if image not in before or image in named]
    found: Mapping[str, FoundDigest] = {}
    if not check:
        check_writable(path)
        found = find_digests(wanted, world, settings.insecure_registries)
        _raise_problems(found, bases.images)
    report = LockReport(
        file=file, images=tuple(_images(before, bases.images, found)), notes=tuple(bases.notes), checking=check
    )
    if not check and not dry:
        new = {one.image: one.current or one.locked for one in report.images if one.place}
        if old is None or dict(old.images) != new:
            write_atomic(path, format_lock(Lock(new)).encode())
    return report


def find_outdated(run: Run) -> LockReport:
    """Compare the images of the lock file with their registries. Raises `CannotStart` when there is no lock file."""
    run = _of_whole_config(run)
    settings, world = run.settings, run.world
    lock = read_lock(settings, world.cwd)
    if lock is None:
        path = lock_path(settings, world.cwd)
        what = f"there is no {shown_lock(path, world.cwd)}" if path else "the lock file is switched off (lock-file)"
        raise CannotStart(what, f"write it:  {task_command('buildx.lock')}" if path else "")
    found = find_digests(sorted(lock.images), world, settings.insecure_registries)
    return LockReport(file=lock.file, images=tuple(_images(lock.images, lock.images, found)))


def find_bases_of_config(run: Run) -> BasesOfConfig:
    """The base images of the config as it is selected, and with each of its profiles by itself."""
    found = BasesOfConfig()
    _add_bases(run, found)
    for name in _profiles(run):
        quiet = replace(run.world, notify=_silent, note=_silent)
        alone = Run(replace(run.sources, flags={**run.sources.flags, "profile": [name]}), quiet)
        try:
            _add_bases(alone, found)
        except BuildxTasksError as error:
            run.world.notify(f"images of profile {name} are not locked: {' '.join(error.message.splitlines())}")
    return found


def _silent(_text: str) -> None:
    return


def _of_whole_config(run: Run) -> Run:
    if run.outside.filename == STDIN:
        raise CannotStart("a lock file belongs to a config file", "name it with --filename")
    return Run(replace(run.sources, flags={**run.sources.flags, **WHOLE}), run.world)


def _profiles(run: Run) -> list[str]:
    """The profiles of the root config."""
    own = [one.document.data for one in run.documents if one.is_root]
    return list(dict.fromkeys(name for data in own for name in profile_names(data)))


def _add_bases(run: Run, found: BasesOfConfig) -> None:
    if not any(config.artifacts for config in run.configs):
        return
    settings = replace(run.settings, other_builders=BY_SKAFFOLD, push=True, output=(), attest="none", cache_mode="off")
    plan = plan_assumed(run, lenient=True, settings=replace(settings, cache_from=(), cache_to=()), lock=Lock())
    for step in plan.steps:
        for use in step.bases.images:
            found.images.setdefault(use.image, use.place)
        for text in step.bases.unknown:
            found.notes.setdefault(f"{step.artifact.named}: not locked: {text}")
    for text in _unseen(run.configs):
        found.notes.setdefault(text)


def _unseen(configs: Iterable[Config]) -> Iterator[str]:
    """What is built in another way than from a Dockerfile by docker."""
    for artifact in (artifact for config in configs for artifact in config.artifacts):
        if artifact.other_builder:
            yield f"{artifact.named}: not locked: {artifact.other_builder} chooses its base image"
        elif artifact.kind == CUSTOM:
            yield f"{artifact.named}: not locked: which images its build command uses is not known"


def _warn(world: World, settings: Settings, notes: Iterable[str]) -> None:
    texts = list(notes)
    if texts and settings.strict:
        raise CannotStart("\n".join(texts), STRICT_HINT)
    for text in texts:
        world.notify(text)


def _named(update: bool | str, before: Mapping[str, str], used: Mapping[str, str]) -> set[str]:
    """The images that `update` means. Raises `CannotStart` for a name that the config does not use."""
    if isinstance(update, bool):
        return set(used) if update else set()
    named: set[str] = set()
    for name in filter(None, (part.strip() for part in update.split(","))):
        image = familiar(name)
        tagged = [one for one in used if one == image] or [one for one in used if one.rpartition(":")[0] == name]
        if not tagged:
            from difflib import get_close_matches

            near = get_close_matches(name, [*used, *before], 1, 0.5)
            raise CannotStart(f"the config uses no image {name}", f"did you mean {near[0]}?" if near else "")
        named.update(tagged)
    return named


def _images(
    before: Mapping[str, str], used: Mapping[str, str], found: Mapping[str, FoundDigest]
) -> Iterator[LockedImage]:
    for image in sorted({*before, *used}):
        now = found.get(image, FoundDigest())
        yield LockedImage(
            image=image,
            locked=before.get(image, ""),
            current=now.digest,
            place=used.get(image, ""),
            problem=now.problem,
        )


def _raise_problems(found: Mapping[str, FoundDigest], places: Mapping[str, str]) -> None:
    wrong = [f"{places[image]}: {image}: {one.problem}" for image, one in found.items() if one.problem]
    if wrong:
        raise WorkFailed("\n".join(wrong), "the lock file is not written")

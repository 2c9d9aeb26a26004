"""The artifact cache of one run: what need not be built, because its result is known and there."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from buildx_tasks.errors import BuildxTasksError, CannotStart
from buildx_tasks.execution.cache.store import NAME, ArtifactStore
from buildx_tasks.execution.docker.images import DaemonImages, id_reference
from buildx_tasks.execution.sources.buildinputs import BuildInputs, Expand
from buildx_tasks.execution.sources.filehash import FileHashes, memory_path, user_cache_folder
from buildx_tasks.execution.world import World
from buildx_tasks.model.command import Runner
from buildx_tasks.model.imageref import parse_image_ref
from buildx_tasks.model.plan import BuildPlan, BuildStep
from buildx_tasks.model.request import PUSH
from buildx_tasks.model.result import BUILT, CACHED, ArtifactResult
from buildx_tasks.model.settings import Settings
from buildx_tasks.planning.reuse.fingerprint import Inputs, Required, fingerprint, why_fresh, why_unknown
from buildx_tasks.planning.reuse.rules import in_order, usable

if TYPE_CHECKING:
    from buildx_tasks.execution.registry.client import RegistryClient

AT_ONCE = 8
MISSING = "Not found. Building"
LOCAL = "Found Locally"
REMOTE = "Found Remotely"
RETAG = "Found. Tagging"

Say = Callable[[str], None]


@dataclass(slots=True)
class _Known:
    """A result that the store knows: its digest (image ID when loaded), and once checked, how it is there."""

    step: BuildStep
    digest: str
    state: str = MISSING


def open_cache(
    settings: Settings, world: World, plan: BuildPlan, runner: Runner, expand: Expand
) -> ArtifactCache | None:
    """The cache for `plan`; None when it is off, or when its usual file can't be read, which is said.

    Raises `CannotStart` for a ``cache-file`` that can't be read or holds something else.
    """
    if not settings.cache_artifacts or not plan.steps:
        return None
    folder = user_cache_folder(world.environ, world.home)
    store = _store(settings, world, folder / NAME)
    if store is None:
        return None
    return ArtifactCache(plan, store, FileHashes(memory_path(folder, world.cwd)), world, runner, expand)


def _store(settings: Settings, world: World, usual: Path) -> ArtifactStore | None:
    """The file that is asked for; the usual one when that is Skaffold's own by its variable, which both tools read."""
    if settings.cache_file:
        try:
            return ArtifactStore(_under_home(settings.cache_file, world))
        except CannotStart as error:
            if settings.origins.get("cache-file") != "environment":
                raise
            world.notify(f"{error.message}: {usual} is used")
    try:
        return ArtifactStore(usual)
    except CannotStart as error:
        world.notify(f"the artifact cache is not used: {error.message}")
        return None


def _under_home(path: str, world: World) -> Path:
    return world.home / path[2:] if path.startswith("~/") else world.cwd / path


class ArtifactCache:
    """`lookup` before the run, `built` for every result of it, `save` in the end, whatever happened."""

    def __init__(
        self, plan: BuildPlan, store: ArtifactStore, hashes: FileHashes, world: World, runner: Runner, expand: Expand
    ) -> None:
        self.plan = plan
        self.store = store
        self.hashes = hashes
        self.world = world
        self.runner = runner
        self.expand = expand
        self.images = DaemonImages(runner)
        self.unknown = {step.image: why_unknown(step, world.environ) for step in plan.steps}
        self.inputs = self._look_at_inputs(plan.steps)
        self.digests: dict[str, str] = {}
        self.results: list[tuple[BuildStep, ArtifactResult]] = []
        self._registries: RegistryClient | None = None
        self._lock = threading.Lock()

    def lookup(self, say: Say) -> dict[str, ArtifactResult]:
        """The results that stand for a build, by image. Says for every artifact how it stands, as Skaffold does."""
        say("Checking cache...\n")
        lines: dict[str, str] = {}
        known = self._known(lines)
        self._check(known)
        found = self._settled(known)
        for step in self.plan.steps:
            state = known[step.image].state if step.image in known else lines[step.image]
            usual = state in (LOCAL, REMOTE, RETAG) and step.image not in found
            say(f" - {step.image}: {MISSING if usual else state}\n")
        self.digests = {image: one.digest for image, one in found.items()}
        return {image: _result(one) for image, one in found.items()}

    def built(self, step: BuildStep, result: ArtifactResult) -> None:
        """Take note of a result; called from the threads that build."""
        if result.status == BUILT and result.digest:
            with self._lock:
                self.digests[step.image] = result.digest
                self.results.append((step, result))

    def save(self) -> None:
        """Write down what was built, and the digests of files; trouble with that is said and nothing else."""
        after = self._look_at_inputs(step for step, _result in self.results)
        for step, result in self.results:
            # A file that changed meanwhile may be in the image or not.
            if step.image in after and after[step.image] == self.inputs[step.image] and (key := self._key(step)):
                self._keep(step, key, result.digest)
        try:
            self.store.save()
        except CannotStart as error:
            self.world.notify(f"the artifact cache is not kept: {error.message}")
        self.hashes.save()

    def _look_at_inputs(self, steps: Iterable[BuildStep]) -> dict[str, Inputs]:
        look = BuildInputs(self.plan, self.hashes, self.world.cwd, self.runner, self.expand)
        return {step.image: look.of(step) for step in steps if not self.unknown[step.image]}

    def _key(self, step: BuildStep) -> str:
        """The key of a build; "" when its inputs or the digest of a required image are not known."""
        inputs = self.inputs.get(step.image)
        if inputs is None or inputs.unknown or not all(self.digests.get(image) for image in step.needs):
            return ""
        required = {image: self._required(image) for image in step.needs}
        return fingerprint(step, inputs, required, self.world.environ)

    def _required(self, image: str) -> Required:
        step, digest = self.plan.step(image), self.digests[image]
        return Required(digest=digest, reference=_reference(step, digest))

    def _known(self, lines: dict[str, str]) -> dict[str, _Known]:
        """The results that the store knows, or that are imported; `lines` gets a word for every other artifact."""
        known: dict[str, _Known] = {}
        for step in in_order(self.plan):
            if why := self.unknown[step.image] or why_fresh(step) or self.inputs[step.image].unknown:
                lines[step.image] = f"Not looked up, {why}. Building"
                continue
            lines[step.image] = MISSING
            if not (key := self._key(step)):
                continue
            entry = self.store.get(_entry_key(step, key))
            digest = (entry.digest if step.output == PUSH else entry.id) if entry else ""
            if digest := digest or self._imported(step, key):
                self.digests[step.image] = digest
                known[step.image] = _Known(step, digest)
        return known

    def _check(self, known: dict[str, _Known]) -> None:
        """Find out which results are where they should be: registries a few at a time, the daemon all at once."""
        loaded = [one for one in known.values() if one.step.output != PUSH]
        names = [(one.digest, one.step.tag, id_reference(one.step.tag, one.digest)) for one in loaded]
        with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
            pushed = pool.map(self._check_pushed, [one for one in known.values() if one.step.output == PUSH])
            self.images.look(name for three in names for name in three)
            for one in loaded:
                self._check_loaded(one)
            list(pushed)

    def _check_pushed(self, one: _Known) -> None:
        tag = one.step.tag
        try:
            if self.registries.digest(tag) == one.digest:
                one.state = REMOTE
            elif self.registries.digest(f"{parse_image_ref(tag).base_name}@{one.digest}"):
                one.state = RETAG
        except BuildxTasksError as error:
            one.state = f"Not looked up, {error.message}. Building"

    def _check_loaded(self, one: _Known) -> None:
        if one.digest in self.images.ids:
            one.state = LOCAL if self.images.id_of(one.step.tag) == one.digest else RETAG

    def _settled(self, known: dict[str, _Known]) -> dict[str, _Known]:
        """What is used in the end, its tags set; an image whose tag could not be set is built after all."""
        while True:
            there = [image for image, one in known.items() if one.state in (LOCAL, REMOTE, RETAG)]
            found = {image: known[image] for image in sorted(usable(self.plan, there))}
            with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
                outcomes = list(pool.map(self._set_tags, found.values()))
            if all(outcomes):
                return found
            for one, is_set in zip(found.values(), outcomes, strict=True):
                if not is_set:
                    one.state = MISSING

    def _set_tags(self, one: _Known) -> bool:
        """Make the tags stand for the result; whether they do."""
        tag = one.step.tag
        if one.step.output == PUSH:
            try:
                if one.state == RETAG:
                    self.registries.retag(tag, one.digest)
            except BuildxTasksError:
                return False
            return True
        wanted = [name for name in (tag, id_reference(tag, one.digest)) if self.images.id_of(name) != one.digest]
        return all(self.images.tag(one.digest, name) for name in wanted)

    def _imported(self, step: BuildStep, key: str) -> str:
        """``tryImportMissing``: an image of that tag that is there already is taken for the result."""
        wanted = any(config.try_import_missing and step.image in config.images for config in self.plan.configs)
        if not wanted or len(step.platforms) > 1:
            return ""
        digest = self._pushed_already(step) if step.output == PUSH else self._loaded_already(step)
        if digest:
            self._keep(step, key, digest)
        return digest

    def _keep(self, step: BuildStep, key: str, digest: str) -> None:
        """Tell the store what came out: a registry's digest, or the ID of a loaded image."""
        where = {"digest": digest} if step.output == PUSH else {"image_id": digest}
        self.store.put(_entry_key(step, key), **where)

    def _pushed_already(self, step: BuildStep) -> str:
        try:
            return self.registries.digest(step.tag)
        except BuildxTasksError:
            return ""

    def _loaded_already(self, step: BuildStep) -> str:
        self.images.look([step.tag])
        if not self.images.id_of(step.tag) and self.images.pull(step.tag, next(iter(step.platforms), "")):
            self.images.look([step.tag])
        return self.images.id_of(step.tag)

    @property
    def registries(self) -> RegistryClient:
        """The registries, made ready when the first one is asked: their modules take a while to import."""
        with self._lock:
            if self._registries is None:
                from buildx_tasks.execution.registry.client import connect

                world, insecure = self.world, self.plan.insecure_registries
                self._registries = connect(world.environ, world.home, self.runner, insecure)
            return self._registries


def _entry_key(step: BuildStep, key: str) -> str:
    """Where a result is kept: a pushed one for each repository, as the attestations of every push differ."""
    return f"{key} {parse_image_ref(step.tag).base_name}" if step.output == PUSH else key


def _result(one: _Known) -> ArtifactResult:
    step = one.step
    return ArtifactResult(
        image=step.image,
        tag=step.tag,
        status=CACHED,
        reference=_reference(step, one.digest),
        digest=one.digest,
        output=step.output,
        runtime_type=step.artifact.runtime_type,
        builder=step.builder,
        platforms=step.platforms,
    )


def _reference(step: BuildStep, digest: str) -> str:
    return f"{step.tag}@{digest}" if step.output == PUSH else id_reference(step.tag, digest)

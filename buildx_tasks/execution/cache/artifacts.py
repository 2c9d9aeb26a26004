"""The artifact cache of one run: what need not be built, because its result is known and there.

A key is looked up on this machine first, and with ``artifact-cache: registry`` in the artifact's own repository.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from buildx_tasks.errors import BuildxTasksError, CannotStart
from buildx_tasks.execution.cache.lastbuilds import LastBuilds
from buildx_tasks.execution.cache.remote import RegistryKeys
from buildx_tasks.execution.cache.store import NAME, ArtifactStore
from buildx_tasks.execution.docker.images import DaemonImages, id_reference
from buildx_tasks.execution.sources.buildinputs import BuildInputs, Expand
from buildx_tasks.execution.sources.cievent import read_event
from buildx_tasks.execution.sources.filehash import FileHashes, hashes_path, user_cache_folder
from buildx_tasks.execution.sources.gittree import GitTrees
from buildx_tasks.execution.world import World
from buildx_tasks.model.command import Runner
from buildx_tasks.model.imageref import parse_image_ref, registry_of
from buildx_tasks.model.plan import BuildPlan, BuildStep
from buildx_tasks.model.request import PUSH
from buildx_tasks.model.result import BUILT, CACHED, ArtifactResult
from buildx_tasks.model.settings import REGISTRY, Settings
from buildx_tasks.planning.reuse.fingerprint import (
    Inputs,
    Required,
    key_of_parts,
    key_parts,
    why_fresh,
    why_not_listed,
    why_unknown,
)
from buildx_tasks.planning.reuse.keytags import key_reference, last_reference, why_read_only
from buildx_tasks.planning.reuse.rules import in_waves, usable
from buildx_tasks.planning.reuse.why import Record, explain, make_record
from buildx_tasks.planning.tagprefix import check_prefix

if TYPE_CHECKING:
    from buildx_tasks.execution.registry.client import RegistryClient

AT_ONCE = 8
LAST = "last"
GONE = "its result no longer exists"
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
    settings: Settings, world: World, plan: BuildPlan, runner: Runner, expand: Expand, *, running: bool = True
) -> ArtifactCache | None:
    """The cache for `plan`; None when it is off, or when its usual file can't be read, which is said.

    Without `running` nothing that the config names is run, such as what lists the files of a custom artifact.

    Raises `CannotStart` for a ``cache-file`` that can't be read or holds something else.
    """
    if not settings.caches_artifacts or not plan.steps:
        return None
    check_prefix(settings)
    folder = user_cache_folder(world.environ, world.home)
    store = _store(settings, world, folder / NAME)
    if store is None:
        return None
    hashes = FileHashes(hashes_path(folder, world.cwd))
    last = LastBuilds(folder / LAST)
    return ArtifactCache(plan, store, hashes, world, runner, expand, settings, last, running=running)


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
        self,
        plan: BuildPlan,
        store: ArtifactStore,
        hashes: FileHashes,
        world: World,
        runner: Runner,
        expand: Expand,
        settings: Settings,
        last: LastBuilds,
        *,
        running: bool = True,
    ) -> None:
        self.plan = plan
        self.store = store
        self.hashes = hashes
        self.world = world
        self.runner = runner
        self.expand = expand
        self.images = DaemonImages(runner)
        self.last = last
        self.prefix = settings.artifact_cache_prefix
        self.in_registry = settings.artifact_cache == REGISTRY
        self.read_only = why_read_only(settings, world.environ, read_event(world.environ)) if self.in_registry else ""
        self.keys = RegistryKeys(lambda: self.registries, world.notify)
        self.unknown = {
            step.image: why_unknown(step, world.environ) or ("" if running else why_not_listed(step))
            for step in plan.steps
        }
        self.inputs = self._look_at_inputs(plan.steps)
        self.digests: dict[str, str] = {}
        self.shared: dict[str, str] = {}
        self.results: list[tuple[BuildStep, ArtifactResult]] = []
        self._registries: RegistryClient | None = None
        self._lock = threading.Lock()

    def lookup(self, say: Say) -> dict[str, ArtifactResult]:
        """The results that stand for a build, by image. Says for every artifact how it stands, as Skaffold does."""
        say("Checking cache...\n")
        lines: dict[str, str] = {}
        known = self._known(lines)
        self._check(known)
        found = self._with_tags_set(known)
        self.digests = {image: one.digest for image, one in found.items()}
        why = self._why([step for step in self.plan.steps if step.image not in found])
        for step in self.plan.steps:
            state = known[step.image].state if step.image in known else lines[step.image]
            usual = state in (LOCAL, REMOTE, RETAG) and step.image not in found
            reason = f" ({why[step.image]})" if why.get(step.image) else ""
            say(f" - {step.image}: {MISSING if usual else state}{reason}\n")
        return {image: _result(one) for image, one in found.items()}

    def explain(self) -> dict[str, str]:
        """Why each artifact would be built, by image; what is known is left out. Sets no tag and pulls nothing."""
        known = self._known({}, pulling=False)
        self._check(known)
        there = [image for image, one in known.items() if one.state in (LOCAL, REMOTE, RETAG)]
        found = usable(self.plan, there)
        self.digests = {image: known[image].digest for image in found}
        building = [step for step in self.plan.steps if step.image not in found]
        why = self._why(building)
        return {step.image: self._reason(step) or why.get(step.image) or GONE for step in building}

    def built(self, step: BuildStep, result: ArtifactResult) -> None:
        """Take note of a result; called from the threads that build."""
        if result.status == BUILT and result.digest:
            with self._lock:
                self.digests[step.image] = result.digest
                self.results.append((step, result))

    def save(self) -> None:
        """Write down what was built, and the digests of files; trouble with that is said and nothing else."""
        after = self._look_at_inputs(step for step, _result in self.results)
        with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
            for step, result in self.results:
                # A file that changed meanwhile may be in the image or not.
                if step.image in after and after[step.image] == self.inputs[step.image] and (key := self._key(step)):
                    self._keep(step, key, result.digest)
                    pool.submit(self._share, step, key, result.digest)
        try:
            self.store.save()
        except CannotStart as error:
            self.world.notify(f"the artifact cache can't be saved: {error.message}")
        self.hashes.save()

    def _look_at_inputs(self, steps: Iterable[BuildStep]) -> dict[str, Inputs]:
        trees = GitTrees(self.world.runner, self.world.environ) if self.in_registry else None
        look = BuildInputs(self.plan, self.hashes, self.world.cwd, self.runner, self.expand, trees)
        return {step.image: look.of(step) for step in steps if not self.unknown[step.image]}

    def _key(self, step: BuildStep, *, pushed: bool = False) -> str:
        """The key of a build; "" when its inputs or the digest of a required image are not known.

        With `pushed` it is the key under which a machine that pushes shares the result of a loaded image.
        """
        parts = self._parts(step, pushed=pushed)
        return key_of_parts(parts) if parts else ""

    def _parts(self, step: BuildStep, *, pushed: bool = False) -> dict[str, object]:
        """What the key is made of; empty when there can be no key."""
        inputs, digests = self.inputs.get(step.image), self.shared if pushed else self.digests
        if inputs is None or inputs.unknown or not all(digests.get(image) for image in step.needs):
            return {}
        required = {image: self._required(image, digests[image], pushed=pushed) for image in step.needs}
        return key_parts(step, inputs, required, self.world.environ)

    def _required(self, image: str, digest: str, *, pushed: bool) -> Required:
        step = self.plan.step(image)
        return Required(digest=digest, reference=f"{step.pushed_name}@{digest}" if pushed else _reference(step, digest))

    def _known(self, lines: dict[str, str], *, pulling: bool = True) -> dict[str, _Known]:
        """The results that are known here, in the registry, or imported; `lines` gets a word for every other artifact.

        What is required comes first, as its digest is a part of the key; what does not need each other is asked for
        at once. Without `pulling` an image that would have to be loaded counts as not known.
        """
        known: dict[str, _Known] = {}
        with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
            for wave in in_waves(self.plan):
                keyed: list[tuple[BuildStep, str]] = []
                for step in wave:
                    why = self._reason(step)
                    lines[step.image] = f"Not looked up, {why}. Building" if why else MISSING
                    if key := "" if why else self._key(step):
                        keyed.append((step, key))
                digests = pool.map(lambda one: self._known_digest(one[0], one[1], pulling), keyed)
                for (step, _key), digest in zip(keyed, digests, strict=True):
                    if digest:
                        self.digests[step.image] = digest
                        known[step.image] = _Known(step, digest)
        return known

    def _reason(self, step: BuildStep) -> str:
        """Why a result is not looked up; "" when it is."""
        return self.unknown[step.image] or why_fresh(step) or self.inputs[step.image].unknown

    def _known_digest(self, step: BuildStep, key: str, pulling: bool) -> str:
        with self._lock:
            entry = self.store.get(_entry_key(step, key))
        found = (entry.digest if step.output == PUSH else entry.id) if entry else ""
        return found or self._shared(step, key, pulling) or self._imported(step, key)

    def _shared(self, step: BuildStep, key: str, pulling: bool) -> str:
        """The digest of a result that the registry knows by its key; of one to be loaded, the ID after the pull."""
        names_registry = registry_of(parse_image_ref(step.tag))
        if not self.in_registry or not names_registry or (step.output != PUSH and not pulling):
            return ""
        shared_key = key if step.output == PUSH else self._key(step, pushed=True)
        if not shared_key or not (digest := self.keys.find(key_reference(step, shared_key, self.prefix))):
            return ""
        self.shared[step.image] = digest
        found = digest if step.output == PUSH else self._pulled(step, digest)
        if found:
            self._keep(step, key, found)
        return found

    def _pulled(self, step: BuildStep, digest: str) -> str:
        """The image ID of a result that was pulled from the registry by its digest; "" when it can't be had."""
        reference = f"{parse_image_ref(step.tag).base_name}@{digest}"
        platform = step.platforms[0] if len(step.platforms) == 1 else ""
        with self._lock:
            if not self.images.pull(reference, platform):
                return ""
            return self.images.id_after_pull(reference)

    def _share(self, step: BuildStep, key: str, digest: str) -> None:
        """Let other machines find a pushed result and what it was made from; and this one, why the next is built."""
        inputs = self.inputs[step.image]
        record = make_record(self._parts(step), inputs.entries)
        name = last_reference(step, self.prefix)
        self.last.put(name, record)
        shared = self.in_registry and not self.read_only and step.output == PUSH
        if shared and self.keys.publish(key_reference(step, key, self.prefix), digest):
            self.keys.put_last(name, record)

    def _why(self, steps: Sequence[BuildStep]) -> dict[str, str]:
        """What changed since the last known build of `steps`, which are built; none of those with unknown inputs."""
        building = {step.image for step in steps}
        found: dict[str, str] = {}
        records: dict[str, Record] = {}
        for step in steps:
            if self._reason(step):
                continue
            if rebuilt := [image for image in step.needs if image in building]:
                found[step.image] = f"required image {', '.join(rebuilt)} is built"
            elif parts := self._parts(step):
                records[step.image] = make_record(parts, self.inputs[step.image].entries)
        asked = [step for step in steps if step.image in records]
        with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
            for step, before in zip(asked, pool.map(self._last_record, asked), strict=True):
                found[step.image] = explain(before, records[step.image])
        return found

    def _last_record(self, step: BuildStep) -> Record | None:
        name = last_reference(step, self.prefix)
        asks = self.in_registry and registry_of(parse_image_ref(step.tag))
        return self.last.get(name) or (self.keys.last(name) if asks else None)

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
            if one.step.partial is None and self.registries.digest(tag) == one.digest:
                one.state = REMOTE
            elif self.registries.digest(f"{parse_image_ref(tag).base_name}@{one.digest}"):
                one.state = REMOTE if one.step.partial else RETAG
        except BuildxTasksError as error:
            one.state = f"Not looked up, {error.message}. Building"

    def _check_loaded(self, one: _Known) -> None:
        if one.digest in self.images.ids:
            one.state = LOCAL if self.images.id_of(one.step.tag) == one.digest else RETAG

    def _with_tags_set(self, known: dict[str, _Known]) -> dict[str, _Known]:
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
        if not wanted or step.partial or len(step.platforms) > 1:
            return ""
        digest = self._pushed_already(step) if step.output == PUSH else self._loaded_already(step)
        if digest:
            self._keep(step, key, digest)
        return digest

    def _keep(self, step: BuildStep, key: str, digest: str) -> None:
        """Tell the store what came out: a registry's digest, or the ID of a loaded image."""
        where = {"digest": digest} if step.output == PUSH else {"image_id": digest}
        with self._lock:
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
        platforms=step.built_platforms,
        partial=step.partial,
    )


def _reference(step: BuildStep, digest: str) -> str:
    return f"{step.pushed_name}@{digest}" if step.output == PUSH else id_reference(step.tag, digest)

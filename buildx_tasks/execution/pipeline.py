"""One run from settings to results: load, ask, plan, build. Every task and the Python API use it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cache, cached_property, partial
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from buildx_tasks.errors import BuildxTasksError, CannotStart, raise_all
from buildx_tasks.execution.cluster.detect import ClusterContext, EnvironmentRunner, detect_cluster
from buildx_tasks.execution.config.graph import LoadedConfig
from buildx_tasks.execution.config.inputs import DEFAULT_NAMES
from buildx_tasks.execution.config.layers import SettingsSources, merged_block
from buildx_tasks.execution.config.load import decoded, read_configs
from buildx_tasks.execution.config.lockfile import read_lock
from buildx_tasks.execution.docker.declared import select_builder
from buildx_tasks.execution.docker.probe import Questions, answers, ask
from buildx_tasks.execution.shell import longest_argument
from buildx_tasks.execution.sources.cievent import read_event
from buildx_tasks.execution.sources.sources import gather_sources
from buildx_tasks.execution.sources.tagfacts import gather_tag_facts
from buildx_tasks.execution.verdicts import VerdictCache
from buildx_tasks.execution.world import World
from buildx_tasks.model.command import Command, Runner
from buildx_tasks.model.config import Artifact, Config
from buildx_tasks.model.engine import Engine
from buildx_tasks.model.layers import ADVERTISED, is_from_global_config
from buildx_tasks.model.lock import Lock
from buildx_tasks.model.mask import secrets_of
from buildx_tasks.model.observer import Observer
from buildx_tasks.model.outcome import STRICT_HINT
from buildx_tasks.model.plan import BuildPlan
from buildx_tasks.model.platform import Platform
from buildx_tasks.model.result import ArtifactResult, Results
from buildx_tasks.model.settings import OFF, SKIP, WITHOUT_EFFECT, Settings
from buildx_tasks.planning.build.arguments import check_nul, long_arguments
from buildx_tasks.planning.build.cluster import docker_deployer
from buildx_tasks.planning.build.engine import capable_engine
from buildx_tasks.planning.build.plan import plan_build
from buildx_tasks.planning.build.variables import Expander
from buildx_tasks.planning.config.registries import with_registries_of
from buildx_tasks.planning.config.select import (
    ADD_ARTIFACT,
    NO_ARTIFACTS,
    check_contexts,
    leave_out,
    select_artifacts,
)
from buildx_tasks.planning.facts import Answer, Facts, TagFacts
from buildx_tasks.planning.mounts.mode import wanted_mode
from buildx_tasks.planning.tags.references import TagPlan, check_policies, plan_tags

if TYPE_CHECKING:
    from buildx_tasks.execution.run.schedule import MountKeeper

COMMIT_TIME = ("git", "log", "-1", "--format=%ct")


@dataclass(frozen=True, kw_only=True, slots=True)
class LoadedRun:
    """A run after its configs are read: what is selected, and the settings with everything that has a say in them.

    `artifacts` are to be built, `left_out` is what of the selection the settings leave out, and `elsewhere` what a
    partial run leaves to the builds of other platforms; `order` has the images of all of them in artifact order.
    """

    settings: Settings
    configs: tuple[Config, ...]
    artifacts: tuple[Artifact, ...]
    cluster: ClusterContext
    left_out: tuple[ArtifactResult, ...] = ()
    elsewhere: tuple[ArtifactResult, ...] = ()
    order: tuple[str, ...] = ()

    @property
    def warnings(self) -> tuple[str, ...]:
        """A warning for each artifact that is left out."""
        return tuple(
            f"artifact {item.image!r} is not built: {item.reason} (other-builders is {SKIP})" for item in self.left_out
        )

    @property
    def selected(self) -> frozenset[str]:
        """The names of the selected images."""
        return frozenset(artifact.image for artifact in self.artifacts)


class Run:
    """One run: settings sources and a world in; configs, plan and results out.

    `questions` are those about docker that were begun earlier; without them they begin when they are needed.
    Each step is made once. Warnings go to ``world.notify``, notes to ``world.note``.
    """

    def __init__(self, sources: SettingsSources, world: World, questions: Questions | None = None) -> None:
        self.sources = sources
        self.world = world
        self._questions = questions

    def again(self) -> Run:
        """Another run of the same, which has read the same configs and asks docker anew."""
        run = Run(self.sources, self.world)
        run.__dict__.update(
            {name: vars(self)[name] for name in ("outside", "documents", "configs") if name in vars(self)}
        )
        return run

    @cached_property
    def outside(self) -> Settings:
        """The settings without what a config says. Raises `CannotStart`."""
        return self.sources.resolve()

    @cached_property
    def documents(self) -> Sequence[LoadedConfig]:
        """The configs that the settings select, dependencies first, with the documents that they come from.

        Raises `CannotStart` and `ConfigInvalid`.
        """
        settings, world = self.outside, self.world
        return read_configs(
            settings,
            environ=world.environ,
            cwd=world.cwd,
            kube_context=self.kube_context,
            runner=world.runner,
            notify=world.notify,
        )

    @cached_property
    def configs(self) -> tuple[Config, ...]:
        """The same as values. Raises `CannotStart` and `ConfigInvalid`."""
        configs = tuple(map(decoded, self.documents))
        self.world.hide(secrets_of(configs))
        return configs

    @cached_property
    def settings(self) -> Settings:
        """The settings with the ``.buildx:`` block and the insecure registries of all configs."""
        block = merged_block(self.configs)
        settings = self.outside if block is None else self.sources.resolve(block)
        return with_registries_of(self.configs, settings)

    @cached_property
    def settings_without_building(self) -> Settings:
        """The settings for a task that needs no config: those of a config where there is one to read."""
        named = self.outside.filename
        there = named or any((self.world.cwd / name).is_file() for name in DEFAULT_NAMES)
        return self.settings if there else self.outside

    @cached_property
    def loaded(self) -> LoadedRun:
        """The selected artifacts, and settings in which the cluster has a say too.

        Raises `CannotStart`, `ConfigInvalid`, `NothingSelected` and `EngineUnfit`.
        """
        for name, instead in WITHOUT_EFFECT.items():
            if self.world.environ.get(name):
                self.world.notify(f"{name} has no effect here: {instead}")
        configs, settings = self.configs, self.settings
        everything = [item for config in configs for item in config.artifacts]
        selected = select_artifacts(everything, settings.artifact, settings.other_builders)
        artifacts, left_out = leave_out(selected) if settings.other_builders == SKIP else (selected, ())
        elsewhere: tuple[ArtifactResult, ...] = ()
        if settings.partial:
            from buildx_tasks.planning.build.partial import leave_out_platforms

            artifacts, elsewhere = leave_out_platforms(artifacts, settings, host_platform())
        if not everything:
            self.world.note(f"{NO_ARTIFACTS}: {ADD_ARTIFACT}")
        check_nul(configs, artifacts)
        check_contexts(everything, artifacts)
        check_policies(configs, frozenset(artifact.image for artifact in artifacts), settings)
        cluster = detect_cluster(self.world.runner, self.sources.kube, settings)
        settings = with_advertised_registry(settings, cluster)
        if deploying := next((config for config in configs if config.deploys_to_docker), None):
            cluster = replace(cluster, cluster=docker_deployer(deploying.file))
            settings = self._for_local_docker(settings, deploying, cluster.kube_context)
        return LoadedRun(
            settings=settings,
            configs=configs,
            artifacts=artifacts,
            cluster=cluster,
            left_out=left_out,
            elsewhere=elsewhere,
            order=tuple(item.image for item in selected),
        )

    def _for_local_docker(self, settings: Settings, deploying: Config, kube_context: str) -> Settings:
        """The settings of a run that deploys to docker, where only a global config can name a default repository.

        So it is in Skaffold: the deployer replaces what was found of the cluster, the flag's and the registry's
        default repository included. An empty one stays what it is, a wish for none.
        """
        if not settings.default_repo or is_from_global_config(settings, "default-repo"):
            return settings
        found = self.sources.global_settings(kube_context)
        text = f"default-repo {settings.default_repo} ({settings.origins['default-repo']}) has no effect"
        self._warn(settings, [f"{text}: {deploying.file} deploys to docker (deploy.docker)"])
        origins = {key: origin for key, origin in settings.origins.items() if key != "default-repo"}
        origins |= {key: origin for key, origin in found.origins.items() if key == "default-repo"}
        return replace(settings, default_repo=found.default_repo, origins=origins)

    @property
    def questions(self) -> Questions:
        """What docker is being asked that every build needs to know of it."""
        if self._questions is None:
            self._questions = ask_engine(self.world)
        return self._questions

    def prepare(self, *, building: bool) -> PreparedRun:
        """The settings and the plan of a build, with its warnings and notes said.

        `building` allows what a config asks to run for its tags and arguments (``cmd`` in templates); without it such
        a value is shown as not known yet. Raises `CannotStart` for warnings under ``strict``.
        """
        if not self.loaded.artifacts:
            self._warn(self.loaded.settings, self.loaded.warnings)
            plan = BuildPlan(partial=self.loaded.settings.partial)
            return PreparedRun(settings=self.loaded.settings, plan=_with_left_out(plan, self.loaded))
        world, questions = self.world, self.questions
        selection = select_builder(
            self.loaded.settings, world, building=building, buildx=lambda: questions.buildx.result()[0]
        )
        loaded = replace(self.loaded, settings=selection.settings)
        cmd = run_cmd(world) if building else not_run
        try:
            with ThreadPoolExecutor(max_workers=2) as pool:
                arguments = (loaded.configs, loaded.selected, loaded.settings, world, cmd)
                tag_facts = pool.submit(gather_tag_facts, *arguments, building=building)
                known = Event()
                if building:
                    pool.submit(_import_for_building, loaded.settings, known)
                engine = selection.seen(see_engine(loaded, world, questions))
                known.set()
                facts = gather_facts(loaded, world, engine)
                if not building:
                    facts = replace(facts, sources={image: one.tolerant() for image, one in facts.sources.items()})
                plan = plan_with(loaded, world, facts, tag_facts.result(), cmd)
                if building:
                    raise_all(long_arguments(plan, longest_argument()))
        except BuildxTasksError:
            for text in selection.warnings:
                world.notify(text)
            raise
        warnings, notes = (*selection.warnings, *plan.warnings), (*selection.notes, *plan.notes)
        self._warn(loaded.settings, warnings)
        for text in notes:
            world.note(text)
        if not building:
            from buildx_tasks.planning.build.batches import plan_batches

            plan = replace(plan, batches=plan_batches(plan))
        return PreparedRun(settings=loaded.settings, plan=replace(plan, warnings=warnings, notes=notes))

    def tags(self) -> tuple[TagPlan, Results, BuildPlan]:
        """What a dry run says: the tag of every selected artifact, and its plan as far as it needs no docker.

        No docker is asked, and nothing is run.

        Raises what the build would raise whatever docker and builder there are.
        """
        loaded = self.loaded
        arguments = (loaded.configs, loaded.selected, loaded.settings, self.world, not_run)
        tag_facts = gather_tag_facts(*arguments, building=False)
        tags = plan_tags(loaded.configs, loaded.selected, loaded.settings, tag_facts, not_run)
        plan = BuildPlan()
        if loaded.artifacts:
            facts = gather_facts(loaded, self.world, capable_engine(loaded.settings, host_platform()))
            plan = plan_with(loaded, self.world, facts, tag_facts, not_run)
            raise_all(long_arguments(plan, longest_argument()))
        self._warn(loaded.settings, (*loaded.warnings, *tags.warnings))
        planned = {artifact.image: _planned(artifact, tags) for artifact in loaded.artifacts}
        for step in plan.steps:
            if step.partial:
                planned[step.image] = replace(planned[step.image], platforms=step.platforms, partial=step.partial)
        results = planned | {result.image: result for result in (*loaded.left_out, *loaded.elsewhere)}
        builds = tuple(results[image] for image in loaded.order)
        return tags, Results(builds=builds, partial=loaded.settings.partial), plan

    def build(self, prepared: PreparedRun, observer: Observer, folder: Path | None = None) -> Results:
        """Run a plan, without what the artifact cache knows to be there already; no secret gets into what is told.

        Files of the run are removed, unless they are in a `folder` of the caller's.
        """
        from buildx_tasks.execution.run.masked import MaskedObserver, mask_of_plan, masked_results
        from buildx_tasks.execution.run.schedule import run_plan

        settings, plan, world = prepared.settings, prepared.plan, self.world
        runner = EnvironmentRunner(world.runner, plan.environment)
        mask = mask_of_plan(plan, world.environ)
        observer = MaskedObserver(observer, mask)
        run = partial(
            run_plan,
            plan,
            runner,
            observer,
            environ=world.environ,
            keep_going=settings.keep_going,
            retries=settings.retries,
            timeout=settings.build_timeout,
            mounts=self._mounts(plan, runner, observer.message),
            folder=folder,
        )
        expander = Expander(world.environ, now=world.now, cmd=run_cmd(world))
        cache = None
        if settings.caches_artifacts:
            from buildx_tasks.execution.cache.artifacts import open_cache

            cache = open_cache(settings, world, plan, runner, expander)
        with closing(observer):
            if cache is None:
                return masked_results(run(), mask)
            known = {} if settings.no_cache else cache.lookup(observer.message)
            try:
                return masked_results(run(known=known, built=cache.built), mask)
            finally:
                cache.save()

    def _mounts(self, plan: BuildPlan, runner: Runner, say: Callable[[str], None]) -> MountKeeper | None:
        """What keeps the cache mounts of a plan, None when it has none."""
        if plan.mounts is None:
            return None
        from buildx_tasks.execution.mounts.cachemounts import CacheMounts
        from buildx_tasks.execution.registry.client import connect

        client = cache(lambda: connect(self.world.environ, self.world.home, runner, plan.insecure_registries))
        return CacheMounts(plan.mounts, runner, client, say, self.world.notify)

    def explain(self, prepared: PreparedRun) -> Mapping[str, str]:
        """Why each artifact would be built, by image; a missing one would not. Runs nothing of the config's."""
        from buildx_tasks.execution.cache.artifacts import open_cache

        settings, plan, world = prepared.settings, prepared.plan, self.world
        expander = Expander(world.environ, now=world.now, cmd=not_run)
        cache = open_cache(
            settings, world, plan, EnvironmentRunner(world.runner, plan.environment), expander, running=False
        )
        if cache is None:
            return {step.image: "the artifact cache is off" for step in plan.steps}
        return cache.explain()

    def with_record(self, results: Results, plan: BuildPlan) -> Results:
        """`results` with what only a record of the run tells: the manifests of every platform."""
        from buildx_tasks.execution.registry.client import connect
        from buildx_tasks.execution.registry.manifests import with_manifests

        runner = EnvironmentRunner(self.world.runner, plan.environment)
        return with_manifests(results, connect(self.world.environ, self.world.home, runner, plan.insecure_registries))

    def _warn(self, settings: Settings, warnings: Sequence[str]) -> None:
        if settings.strict and warnings:
            raise CannotStart("\n".join(warnings), STRICT_HINT)
        for text in warnings:
            self.world.notify(text)

    @cached_property
    def kube_context(self) -> str:
        """The kube-context that activates profiles, "" for none; kubectl is not asked."""
        settings = self.outside
        return self.sources.kube.cluster(kube_context=settings.kube_context, kubeconfig=settings.kubeconfig).context


@dataclass(frozen=True, kw_only=True, slots=True)
class PreparedRun:
    """What a build runs: the final settings, and the plan."""

    settings: Settings
    plan: BuildPlan


def plan_with(
    loaded: LoadedRun,
    world: World,
    facts: Facts,
    tag_facts: Mapping[str, TagFacts],
    cmd: Callable[[Sequence[str]], str],
) -> BuildPlan:
    """The plan that follows from everything that was asked, with what there is to say of its tags."""
    tags = plan_tags(loaded.configs, loaded.selected, loaded.settings, tag_facts, cmd)
    expander = Expander(world.environ, now=world.now, cmd=cmd)
    plan = plan_build(loaded.configs, loaded.settings, facts, tags.references, expander)
    return replace(
        _with_left_out(plan, loaded),
        warnings=(*loaded.warnings, *tags.warnings, *plan.warnings),
        notes=(*tags.notes, *plan.notes),
    )


def _import_for_building(settings: Settings, known: Event) -> None:
    """Load what `Run.build` needs while docker is being waited for; what a step needs only as long as it is."""
    import buildx_tasks.execution.run.masked
    import buildx_tasks.execution.run.schedule

    if settings.caches_artifacts:
        import buildx_tasks.execution.cache.artifacts
    if not known.is_set():
        import buildx_tasks.execution.run.step  # noqa: F401


def _with_left_out(plan: BuildPlan, loaded: LoadedRun) -> BuildPlan:
    return replace(plan, left_out=(*loaded.left_out, *loaded.elsewhere), order=loaded.order)


def _planned(artifact: Artifact, tags: TagPlan) -> ArtifactResult:
    tag = tags.references[artifact.image]
    return ArtifactResult(image=artifact.image, tag=tag, reference=tag, runtime_type=artifact.runtime_type)


def ask_engine(world: World) -> Questions:
    """Begin to ask docker what every build needs to know of it."""
    return ask(world.runner, world.environ, str(world.home), VerdictCache.of(world.environ))


def with_advertised_registry(settings: Settings, cluster: ClusterContext) -> Settings:
    """The registry that a local cluster advertises is the default repository, unless the run or its config names one.

    So it is in Skaffold, where it beats the global config.
    """
    registry = cluster.cluster.registry
    if not registry:
        return settings
    origins = {**settings.origins, "default-repo": f"{ADVERTISED} {cluster.kube_context}"}
    return replace(settings, default_repo=registry, origins=origins)


def see_engine(loaded: LoadedRun, world: World, asked: Questions) -> Engine:
    """Docker as the run finds it, with the builder that its settings want."""
    runner, asked = towards_daemon(loaded.cluster, world, asked)
    settings = loaded.settings
    return answers(asked, runner, world.environ, str(world.home), settings.builder, patience=settings.builder_timeout)


def towards_daemon(cluster: ClusterContext, world: World, asked: Questions) -> tuple[Runner, Questions]:
    """What asks docker, and what it is being asked: a daemon of the kube-context is another than was `asked`."""
    runner = EnvironmentRunner(world.runner, cluster.docker_env)
    if cluster.docker_env:
        environ = {**world.environ, **dict(cluster.docker_env)}
        asked = ask_engine(replace(world, runner=runner, environ=environ))
    return runner, asked


def gather_facts(loaded: LoadedRun, world: World, engine: Engine, lock: Lock | None = None) -> Facts:
    """Everything the plan depends on besides configs, settings and tags; a `lock` replaces the lock file."""
    settings, cluster = loaded.settings, loaded.cluster
    epochs = _epochs(loaded, world)
    if lock is None:
        lock = read_lock(settings, world.cwd) or (Lock(exists=False) if epochs else None)
    mounting = frozenset(item.image for item in loaded.artifacts if wanted_mode(item, settings) != OFF)
    return Facts(
        engine=engine,
        environ=world.environ,
        home=str(world.home),
        cwd=str(world.cwd),
        host=host_platform(),
        branch=_branch(world) if "BRANCH" in settings.cache_tag else "",
        commit=_commit(world) if settings.partial else "",
        cluster_pushes=cluster.cluster.push,
        cluster_reason=cluster.cluster.reason,
        local_context=cluster.kube_context if cluster.cluster.local else "",
        docker_env=cluster.docker_env,
        skaffold=shutil.which("skaffold", path=world.environ.get("PATH", "")) or "",
        sources=gather_sources(
            loaded.artifacts,
            world.cwd,
            world.environ,
            str(world.home),
            parsing=mounting if lock is None else frozenset(item.image for item in loaded.artifacts),
        ),
        lock=lock,
        event=read_event(world.environ) if mounting else {},
        epochs=epochs,
    )


def _epochs(loaded: LoadedRun, world: World) -> Mapping[str, Answer]:
    """The time of the last commit, for every artifact that shall be reproducible; SOURCE_DATE_EPOCH replaces it."""
    settings = loaded.settings
    if not settings.reproducible and not any(item.extras.reproducible for item in loaded.artifacts):
        return {}
    from buildx_tasks.execution.sources.git import gather_git
    from buildx_tasks.planning.build.reproducible import EPOCH, is_reproducible

    wanted = [item for item in loaded.artifacts if is_reproducible(item, settings)]
    if said := world.environ.get(EPOCH):
        return {item.image: Answer(text=said) for item in wanted}
    found = gather_git(world.runner, {world.cwd / item.context: (COMMIT_TIME,) for item in wanted})
    return {item.image: found[world.cwd / item.context].answer(COMMIT_TIME) for item in wanted}


def host_platform() -> Platform:
    """The platform we run on, in docker's words."""
    import platform

    machine = platform.machine().lower()
    arch = {"x86_64": "amd64", "aarch64": "arm64", "i686": "386", "armv7l": "arm"}.get(machine, machine)
    return Platform(os=platform.system().lower(), arch=arch)


def run_cmd(world: World) -> Callable[[Sequence[str]], str]:
    """What the ``cmd`` function of a template does while building: run a program, take its trimmed output.

    The function raises `CannotStart` when the program fails.
    """

    def call(argv: Sequence[str]) -> str:
        done = world.runner.capture(Command(argv=tuple(argv), cwd=str(world.cwd)))
        if not done.ok:
            last = (done.stderr.strip().splitlines() or [""])[-1]
            raise CannotStart(f"cmd {' '.join(argv)!r} in a template ended with {done.code}: {last}")
        return done.stdout.strip()

    return call


def not_run(argv: Sequence[str]) -> str:
    """What ``cmd`` gives in a plan, where nothing that the config names is run."""
    return f"cmd-{argv[0].rpartition('/')[2]}-runs-when-building"


def _commit(world: World) -> str:
    done = world.runner.capture(Command(argv=("git", "rev-parse", "--verify", "HEAD"), cwd=str(world.cwd)))
    return done.stdout.strip() if done.ok else ""


def _branch(world: World) -> str:
    done = world.runner.capture(Command(argv=("git", "branch", "--show-current"), cwd=str(world.cwd)))
    return done.stdout.strip() if done.ok else ""

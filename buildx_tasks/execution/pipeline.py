"""One run from settings to results: load, ask the world, plan, build. Tasks and the Python API both call this."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial

from buildx_tasks.errors import BuildxTasksError, CannotStart
from buildx_tasks.execution.cache.verdicts import VerdictCache
from buildx_tasks.execution.cluster.detect import ClusterContext, EnvironmentRunner, detect_cluster
from buildx_tasks.execution.cluster.kube import read_cluster
from buildx_tasks.execution.config.configfile import DEFAULT_NAMES
from buildx_tasks.execution.config.load import load_configs
from buildx_tasks.execution.docker.declared import select_builder
from buildx_tasks.execution.docker.probe import Questions, answers, ask
from buildx_tasks.execution.sources.sources import gather_sources
from buildx_tasks.execution.sources.tagfacts import gather_tag_facts
from buildx_tasks.execution.world import World
from buildx_tasks.model.command import Command, Runner
from buildx_tasks.model.config import Artifact, Config
from buildx_tasks.model.engine import Engine
from buildx_tasks.model.observer import Observer
from buildx_tasks.model.plan import BuildPlan
from buildx_tasks.model.platform import Platform
from buildx_tasks.model.result import ArtifactResult, Results
from buildx_tasks.model.settings import ADVERTISED, WITHOUT_EFFECT, Settings
from buildx_tasks.planning.build.plan import plan_build
from buildx_tasks.planning.build.variables import Expander
from buildx_tasks.planning.config.select import check_contexts, select_artifacts
from buildx_tasks.planning.facts import Facts, TagFacts
from buildx_tasks.planning.tags.references import TagPlan, check_policies, plan_tags

Settle = Callable[[Mapping[str, object], str], Settings]
"""Gives the settings, with what a ``.buildx:`` block (empty for none) of a file adds to the other places."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LoadedRun:
    """A run after its configs are read: what is selected, and the settings with everything that has a say in them."""

    settings: Settings
    configs: tuple[Config, ...]
    artifacts: tuple[Artifact, ...]
    around: ClusterContext

    @property
    def selected(self) -> frozenset[str]:
        """The names of the selected images."""
        return frozenset(artifact.image for artifact in self.artifacts)


def begin(settle: Settle, world: World) -> LoadedRun:
    """Read the configs with what is set outside of them; then their ``.buildx:`` block, and the cluster, have a say."""
    settings = settle({}, "")
    for name, instead in WITHOUT_EFFECT.items():
        if world.environ.get(name):
            world.notify(f"{name} has no effect here: {instead}")
    configs = load(settings, world)
    block, file = buildx_block(configs)
    if block:
        settings = settle(block, file)
    settings = with_registries_of(configs, settings)
    everything = [item for config in configs for item in config.artifacts]
    artifacts = select_artifacts(everything, settings.artifact)
    check_contexts(everything, artifacts)
    check_policies(configs, frozenset(artifact.image for artifact in artifacts), settings)
    around = detect_cluster(world.runner, world.environ, world.home, settings, world.notify)
    settings = with_advertised_registry(settings, around)
    return LoadedRun(settings=settings, configs=configs, artifacts=artifacts, around=around)


def settle_without_building(settle: Settle, world: World) -> Settings:
    """The settings for a task that needs no config but hears what one says: its ``.buildx:`` block, if it is there."""
    settings = settle({}, "")
    if not settings.filename and not any((world.cwd / name).is_file() for name in DEFAULT_NAMES):
        return settings
    configs = load(settings, world)
    block, file = buildx_block(configs)
    return with_registries_of(configs, settle(block, file) if block else settings)


def prepare(
    settle: Settle, world: World, *, building: bool, asked: Questions | None = None
) -> tuple[Settings, BuildPlan]:
    """Settings and plan of a run.

    `building` allows what a config asks to run for its tags and arguments (``cmd`` in templates); without it such a
    value is shown as not known yet. `asked` are questions about docker that were begun earlier.
    """
    asked = asked or ask_engine(world)
    loaded = begin(settle, world)
    wanted = select_builder(loaded.settings, world, building=building, buildx=lambda: asked.buildx.result()[0])
    loaded = replace(loaded, settings=wanted.settings)
    cmd = run_cmd(world) if building else not_run
    try:
        with ThreadPoolExecutor(max_workers=1) as pool:
            arguments = (loaded.configs, loaded.selected, loaded.settings, world, cmd)
            tag_facts = pool.submit(gather_tag_facts, *arguments, building=building)
            engine = wanted.seen(see_engine(loaded, world, asked))
            facts = gather_facts(loaded, world, engine)
            if not building:
                facts = replace(facts, sources={image: source.tolerant() for image, source in facts.sources.items()})
            plan = plan_with(loaded, world, facts, tag_facts.result(), cmd)
    except BuildxTasksError:
        for text in wanted.warnings:
            world.notify(text)
        raise
    warned = replace(plan, warnings=(*wanted.warnings, *plan.warnings), notes=(*wanted.notes, *plan.notes))
    return loaded.settings, warned


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
    return replace(plan, warnings=(*tags.warnings, *plan.warnings), notes=(*tags.notes, *plan.notes))


def prepare_tags(settle: Settle, world: World) -> tuple[Settings, TagPlan, tuple[ArtifactResult, ...]]:
    """What a dry run says: the tag of every selected artifact. No docker is asked for it, and nothing is run."""
    loaded = begin(settle, world)
    arguments = (loaded.configs, loaded.selected, loaded.settings, world, not_run)
    facts = gather_tag_facts(*arguments, building=False)
    tags = plan_tags(loaded.configs, loaded.selected, loaded.settings, facts, not_run)
    return loaded.settings, tags, tuple(_planned(artifact, tags) for artifact in loaded.artifacts)


def _planned(artifact: Artifact, tags: TagPlan) -> ArtifactResult:
    tag = tags.references[artifact.image]
    return ArtifactResult(image=artifact.image, tag=tag, reference=tag, runtime_type=artifact.runtime_type)


def ask_engine(world: World) -> Questions:
    """Begin to ask docker what every build needs to know of it."""
    return ask(world.runner, world.environ, str(world.home), VerdictCache.of(world.environ))


def load(settings: Settings, world: World) -> tuple[Config, ...]:
    """The configs that `settings` select."""
    context = read_cluster(
        world.environ,
        world.home,
        world.notify,
        kube_context=settings.kube_context,
        kubeconfig=settings.kubeconfig,
    ).context
    return load_configs(
        settings,
        environ=world.environ,
        cwd=world.cwd,
        kube_context=context,
        runner=world.runner,
        notify=world.notify,
    )


def buildx_block(configs: Sequence[Config]) -> tuple[dict[str, object], str]:
    """The ``.buildx:`` settings of all configs as one, the later config being the stronger, and the file's name.

    Dependencies come first in `configs`, so the user's own file has the last word.
    """
    merged: dict[str, object] = {}
    file = ""
    for config in configs:
        if config.buildx:
            merged |= config.buildx
            file = config.file
    return merged, file


def build(settings: Settings, world: World, plan: BuildPlan, observer: Observer) -> Results:
    """Run a plan, without what the artifact cache knows to be there already."""
    from buildx_tasks.execution.cache.artifacts import open_cache
    from buildx_tasks.execution.run.schedule import run_plan

    runner = EnvironmentRunner(world.runner, plan.environment)
    run = partial(
        run_plan,
        plan,
        runner,
        observer,
        environ=world.environ,
        keep_going=settings.keep_going,
        retries=settings.retries,
    )
    expander = Expander(world.environ, now=world.now, cmd=run_cmd(world))
    cache = open_cache(settings, world, plan, runner, expander)
    with closing(observer):
        if cache is None:
            return run()
        known = {} if settings.no_cache else cache.lookup(observer.message)
        try:
            return run(known=known, built=cache.built)
        finally:
            cache.save()


def with_record(results: Results, world: World, plan: BuildPlan) -> Results:
    """`results` with what only a record of the run tells: the manifests of every platform."""
    from buildx_tasks.execution.registry.client import connect
    from buildx_tasks.execution.registry.manifests import with_manifests

    runner = EnvironmentRunner(world.runner, plan.environment)
    return with_manifests(results, connect(world.environ, world.home, runner, plan.insecure_registries))


def with_registries_of(configs: Sequence[Config], settings: Settings) -> Settings:
    """The insecure registries that any config names count like those of the settings, as in Skaffold."""
    named = (registry for config in configs for registry in config.insecure_registries)
    return replace(settings, insecure_registries=tuple(dict.fromkeys((*settings.insecure_registries, *named))))


def with_advertised_registry(settings: Settings, around: ClusterContext) -> Settings:
    """The registry that a local cluster advertises is the default repository, unless the run or its config names one.

    So it is in Skaffold, where it beats the global config.
    """
    registry = around.cluster.registry
    if not registry:
        return settings
    origins = {**settings.origins, "default-repo": f"{ADVERTISED} {around.kube_context}"}
    return replace(settings, default_repo=registry, origins=origins)


def see_engine(loaded: LoadedRun, world: World, asked: Questions) -> Engine:
    """Docker as the run finds it, with the builder that its settings want."""
    runner, asked = towards_daemon(loaded.around, world, asked)
    settings = loaded.settings
    return answers(asked, runner, world.environ, str(world.home), settings.builder, patience=settings.builder_timeout)


def towards_daemon(around: ClusterContext, world: World, asked: Questions) -> tuple[Runner, Questions]:
    """What asks docker, and what it is being asked: a daemon of the kube-context is another than was `asked`."""
    runner = EnvironmentRunner(world.runner, around.docker_env)
    if around.docker_env:
        environ = {**world.environ, **dict(around.docker_env)}
        asked = ask_engine(replace(world, runner=runner, environ=environ))
    return runner, asked


def gather_facts(loaded: LoadedRun, world: World, engine: Engine) -> Facts:
    """Everything the plan depends on besides configs, settings and tags."""
    settings, around = loaded.settings, loaded.around
    return Facts(
        engine=engine,
        environ=world.environ,
        home=str(world.home),
        cwd=str(world.cwd),
        host=host_platform(),
        branch=_branch(world) if "BRANCH" in settings.cache_tag else "",
        cluster_pushes=around.cluster.push,
        cluster_reason=around.cluster.reason,
        local_context=around.kube_context if around.cluster.local else "",
        docker_env=around.docker_env,
        sources=gather_sources(loaded.artifacts, world.cwd, world.environ, str(world.home)),
    )


def host_platform() -> Platform:
    """The platform we run on, in docker's words."""
    import platform

    machine = platform.machine().lower()
    arch = {"x86_64": "amd64", "aarch64": "arm64", "i686": "386", "armv7l": "arm"}.get(machine, machine)
    return Platform(os=platform.system().lower(), arch=arch)


def run_cmd(world: World) -> Callable[[Sequence[str]], str]:
    """What the ``cmd`` function of a template does while building: run a program, take its trimmed output."""

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


def _branch(world: World) -> str:
    done = world.runner.capture(Command(argv=("git", "branch", "--show-current"), cwd=str(world.cwd)))
    return done.stdout.strip() if done.ok else ""

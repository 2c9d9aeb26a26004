"""The plan of a run on an engine that can do everything: no docker is asked, and nothing that a config names is run."""

from __future__ import annotations

from dataclasses import replace

from buildx_tasks.execution.cluster.detect import ClusterContext
from buildx_tasks.execution.pipeline import LoadedRun, Run, gather_facts, host_platform, not_run
from buildx_tasks.model.engine import CONTAINERD, Builder, Daemon, Engine
from buildx_tasks.model.lock import Lock
from buildx_tasks.model.plan import BuildPlan
from buildx_tasks.model.settings import SKIP, Settings
from buildx_tasks.planning.build.arguments import check_nul
from buildx_tasks.planning.build.cluster import Cluster
from buildx_tasks.planning.build.plan import plan_build
from buildx_tasks.planning.build.variables import Expander
from buildx_tasks.planning.config.select import check_contexts, leave_out, select_artifacts
from buildx_tasks.planning.facts import Answer, TagFacts
from buildx_tasks.planning.tags.references import plan_tags

TAG = "latest"
"""The tag of all images: policies would ask git for it."""
ASSUMED = "assumed"
"""The version of everything that is not asked; as it is unknown, it knows every option."""


def plan_assumed(
    run: Run, *, lenient: bool = False, settings: Settings | None = None, lock: Lock | None = None
) -> BuildPlan:
    """The plan of a run on an engine that can do everything, in no cluster.

    When `lenient`, a context or a Dockerfile that is not there is found out when it is looked at. `settings` replace
    those of the run, and `lock` the lock file: then the base images of every build are looked for.
    """
    world, settings, configs = run.world, replace(settings or run.settings, tag=TAG), run.configs
    everything = [item for config in configs for item in config.artifacts]
    artifacts = select_artifacts(everything, settings.artifact, settings.other_builders)
    if settings.other_builders == SKIP:
        artifacts, _left_out = leave_out(artifacts)
    check_nul(configs, artifacts)
    check_contexts(everything, artifacts)
    cluster = Cluster(local=False, push=True, load=False, reason="no cluster is asked")
    loaded = LoadedRun(
        settings=settings,
        configs=configs,
        artifacts=artifacts,
        cluster=ClusterContext(kube_context="", cluster=cluster),
    )
    facts = gather_facts(loaded, world, _engine(settings.builder), lock)
    sources = {image: one.tolerant() for image, one in facts.sources.items()}
    if lenient:
        sources = {image: replace(one, context="", dockerfile_exists=True) for image, one in sources.items()}
    tag_facts = {image: TagFacts(moment=world.now) for image in loaded.selected}
    tags = plan_tags(configs, loaded.selected, settings, tag_facts, not_run)
    expander = Expander(world.environ, now=world.now, cmd=not_run)
    # The time of the commit is that of the whole checkout: it has no say in what an artifact is made from.
    epochs = dict.fromkeys(facts.epochs, Answer(text="0"))
    facts = replace(facts, epochs=epochs)
    return plan_build(configs, settings, replace(facts, sources=sources, skaffold=ASSUMED), tags.references, expander)


def _engine(builder: str) -> Engine:
    daemon = Daemon(version=ASSUMED, platform=f"linux/{host_platform().arch}", store=CONTAINERD)
    return Engine(
        cli=ASSUMED,
        buildx=ASSUMED,
        alias=True,
        builder=Builder(name=builder or "default", driver="docker"),
        daemon=daemon,
    )

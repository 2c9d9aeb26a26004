"""Config, settings and facts in, a whole build plan out. All problems are reported at once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import cached_property

from buildx_tasks.errors import BuildxTasksError, raise_all
from buildx_tasks.model.config import Artifact, Config
from buildx_tasks.model.lock import SOURCE_POLICY, BaseImages, Lock
from buildx_tasks.model.mounts import KeptMount, MountOptions
from buildx_tasks.model.paths import shown
from buildx_tasks.model.plan import BuildPlan, BuildStep, ConfigPlan, Variable
from buildx_tasks.model.platform import Platform, parse_platform
from buildx_tasks.model.request import CUSTOM, DOCKER, LOAD, SKAFFOLD, BuildRequest, CacheUse
from buildx_tasks.model.settings import DEFAULT_CONCURRENCY, OFF, Settings
from buildx_tasks.planning.build.batches import batch_bounds, said_concurrency
from buildx_tasks.planning.build.buildernodes import check_nodes
from buildx_tasks.planning.build.cache import CacheOptions, plan_cache, shared_caches
from buildx_tasks.planning.build.decisions import ArtifactDecision, check_reach, decide_artifact, needs_layout
from buildx_tasks.planning.build.destination import shared_files
from buildx_tasks.planning.build.engine import Tool, choose_tool
from buildx_tasks.planning.build.fallback import plain_cache, plain_losses
from buildx_tasks.planning.build.hooks import (
    artifact_hook_environment,
    custom_request,
    daemon_variables,
    delegated_request,
    pipeline_hook_environment,
)
from buildx_tasks.planning.build.newflags import check_new_flags, keeps_history
from buildx_tasks.planning.build.step import plan_request
from buildx_tasks.planning.build.stepinput import PlannedRequest, RewriteLimits, StepInput
from buildx_tasks.planning.build.variables import Expander, branch_variable, image_variables
from buildx_tasks.planning.config.select import required_images
from buildx_tasks.planning.facts import Facts, SourceFacts
from buildx_tasks.planning.mounts.mode import wanted_mode

SOURCE_DATE_EPOCH = "SOURCE_DATE_EPOCH"
NO_ADJUSTMENT = "SKAFFOLD_DISABLE_DOCKER_CACHE_ADJUSTMENT"


def plan_build(
    configs: Sequence[Config], settings: Settings, facts: Facts, tags: dict[str, str], expander: Expander
) -> BuildPlan:
    """Plan the build of the selected artifacts of all `configs`.

    `tags` gives the final reference of every selected image (`planning.tags.references`); what has none is left out.
    `settings` hold the insecure registries of the configs too. Raises the problem when there
    is one, and one error with a line for each when there are several.
    """
    return _BuildPlanner(configs, settings, facts, tags, expander).plan()


class _BuildPlanner:
    def __init__(
        self, configs: Sequence[Config], settings: Settings, facts: Facts, tags: dict[str, str], expander: Expander
    ) -> None:
        self.configs = configs
        self.settings = settings
        self.facts = facts
        self.tags = tags
        self.expander = expander
        self.problems: list[BuildxTasksError] = []
        self.warnings: list[str] = []
        self.notes: list[str] = []
        self.exported: set[str] = set()
        self.images = frozenset(item.image.lower() for config in configs for item in config.artifacts)

    def plan(self) -> BuildPlan:
        selected = self.tags.keys()
        tool = choose_tool(self.settings, self.facts.engine)
        self.warnings.extend(tool.warnings)
        decisions: dict[str, ArtifactDecision] = {}
        for config in self.configs:
            own_tool = self._tool_of(config, tool)
            for artifact in config.artifacts:
                if artifact.image in selected and (decision := self._decision(config, artifact, own_tool)):
                    decisions[artifact.image] = decision
        self.problems.extend(check_nodes(self.facts.engine.builder, tuple(decisions.values())))
        self.exported = {
            image
            for dependent in decisions.values()
            for image in required_images(dependent.artifact)
            if image in decisions and needs_layout(decisions[image], dependent)
        }
        steps = tuple(step for item in decisions.values() if (step := self._step(item, decisions)))
        self.problems.extend((*shared_caches(steps), *shared_files(steps)))
        mount_options = self._mount_options(steps, tool)
        raise_all(self.problems)
        self._check_lock(tool)
        at_once = concurrency(self.settings, self.configs, len(steps))
        bounds = batch_bounds(self.settings, self.configs, self.facts.engine.buildx, at_once)
        return BuildPlan(
            steps=steps,
            tags=tuple((image, self.tags[image]) for image in decisions),
            engine_reason=tool.reason,
            concurrency=at_once,
            configs=tuple(self._config_plan(config, selected) for config in self.configs),
            warnings=tuple(dict.fromkeys(self.warnings)),
            notes=tuple(dict.fromkeys(self.notes)),
            environment=self.facts.docker_env,
            host_os=self.facts.host.os,
            folder=self.facts.cwd,
            insecure_registries=self.settings.insecure_registries,
            local_context=self.facts.local_context if any(step.output == LOAD for step in steps) else "",
            keeps_history=keeps_history(self.facts.engine.buildx),
            partial=self.settings.partial,
            daemon=self.facts.engine.daemon.running,
            buildx=self.facts.engine.buildx,
            batch_size=bounds.size,
            batch_load=bounds.load,
            lock=self.facts.lock or Lock(),
            mounts=mount_options,
        )

    def _check_lock(self, tool: Tool) -> None:
        """Say when the digests of the lock file would not be used."""
        lock = self.facts.lock
        if lock and lock.images and tool.is_buildx:
            from buildx_tasks.planning.build.bases import check_policy_support

            check_policy_support(lock, self.facts.engine)
        if lock and lock.images and self.facts.environ.get(SOURCE_POLICY):
            self.warnings.append(f"{SOURCE_POLICY} is set: that policy is used, and not {lock.file}")

    def _config_plan(self, config: Config, selected: Collection[str]) -> ConfigPlan:
        images = tuple(item.image for item in config.artifacts if item.image in selected)
        return ConfigPlan(
            name=config.name,
            file=config.file,
            profiles=config.profiles,
            hooks=config.hooks,
            hook_environment=pipeline_hook_environment(config, self.settings, self.facts),
            images=images,
            try_import_missing=config.local.try_import_missing,
        )

    def _tool_of(self, config: Config, tool: Tool) -> Tool:
        """``useBuildkit: false`` asks for docker's legacy builder, unless the user named a builder."""
        if config.local.use_buildkit is not False or not tool.is_buildx:
            return tool
        if self.settings.builder or not self.facts.engine.daemon.running:
            self.warnings.append(f"{config.file}: useBuildkit is false, but {tool.reason}: buildx is used")
            return tool
        why = f"{config.file}: build.local.useBuildkit is false"
        return Tool(name=DOCKER, reason=why, loads=True, legacy=True)

    def _decision(self, config: Config, artifact: Artifact, tool: Tool) -> ArtifactDecision | None:
        """The decision of one artifact; None when it has a problem, which is kept."""
        try:
            decision = decide_artifact(config, artifact, self.tags[artifact.image], tool, self.settings, self.facts)
        except BuildxTasksError as error:
            self.problems.append(error)
            return None
        self.warnings.extend(self.facts.sources.get(artifact.image, SourceFacts()).warnings)
        if decision.destination.warning:
            self.warnings.append(decision.destination.warning)
        if tool.is_buildx and decision.tool.name == DOCKER:
            self.warnings.append(
                f"artifact {artifact.image!r} is built with plain docker build: {decision.tool.reason}"
            )
        return decision

    def _step(self, decision: ArtifactDecision, decisions: dict[str, ArtifactDecision]) -> BuildStep | None:
        artifact, tool = decision.artifact, decision.tool
        needs = tuple(image for image in required_images(artifact) if image in decisions)
        for image in needs:
            try:
                check_reach(decisions[image], decision)
            except BuildxTasksError as error:
                self.problems.append(error)
        try:
            if tool.name == SKAFFOLD:
                made = delegated_request(decision, self.settings, self.facts)
                if artifact.image in self.facts.epochs:
                    self.warnings.append(f"{artifact.named}: reproducible has no effect on what skaffold builds")
            elif tool.name == CUSTOM:
                made = self._with_epoch(custom_request(decision, self.settings, self.facts, self.expander), artifact)
            else:
                made = self._docker_request(decision, needs, decisions)
        except BuildxTasksError as error:
            self.problems.append(error)
            return None
        self.warnings.extend(made.warnings)
        platforms, native = tuple(str(platform) for platform in decision.platforms), self._native(tool)
        bases = self._bases(decision, made, platforms, native)
        return BuildStep(
            artifact=artifact,
            tag=decision.tag,
            request=made.request,
            output=decision.destination.output,
            pushes=decision.destination.pushes,
            output_reason=decision.destination.reason,
            builder=tool.builder,
            platforms=platforms,
            native=native,
            environment=(*daemon_variables(self.facts), *made.environment),
            needs=needs,
            hooks=artifact.hooks,
            hook_environment=artifact_hook_environment(decision, self.settings, self.facts),
            folder=made.folder,
            partial=made.partial,
            bases=bases,
            locked=self._locked(decision, bases),
            mounts=self._mounts(decision, made.request),
        )

    def _with_epoch(self, made: PlannedRequest, artifact: Artifact) -> PlannedRequest:
        """A custom command learns the time of the commit; what it makes of it is its own affair."""
        epoch = self.facts.epochs.get(artifact.image)
        if epoch is None or not epoch.text or self.facts.environ.get(SOURCE_DATE_EPOCH):
            return made
        variable = Variable(SOURCE_DATE_EPOCH, epoch.text, "reproducible: the time of the commit")
        return replace(made, environment=(*made.environment, variable))

    def _bases(
        self, decision: ArtifactDecision, made: PlannedRequest, platforms: tuple[str, ...], native: str
    ) -> BaseImages:
        """The images that a build reads; nothing is looked for where there is no lock file."""
        artifact, source = decision.artifact, self.facts.sources.get(decision.artifact.image, SourceFacts())
        if self.facts.lock is None or artifact.other_builder or artifact.kind == CUSTOM:
            return BaseImages()
        if source.parsed is None:
            return BaseImages(unknown=(source.unparsed or f"{source.dockerfile} is missing",))
        from buildx_tasks.planning.build.bases import BasesInput, find_bases

        return find_bases(
            BasesInput(
                request=made.request,
                dockerfile=source.parsed,
                platforms=platforms,
                native=native,
                environ=self.facts.environ,
                environment=made.environment,
                own=self.own,
                file=shown(self.facts.cwd, source.dockerfile),
            )
        )

    @cached_property
    def own(self) -> frozenset[str]:
        """The names of all artifacts, which are not locked."""
        from buildx_tasks.planning.build.bases import own_names

        return own_names(self.configs, self.tags.values())

    def _locked(self, decision: ArtifactDecision, bases: BaseImages) -> tuple[tuple[str, str], ...]:
        """The digests that a build uses; it is said where it uses none."""
        lock, artifact, tool = self.facts.lock, decision.artifact, decision.tool
        if lock is None or artifact.other_builder or artifact.kind == CUSTOM:
            return ()
        if not tool.is_buildx:
            if bases != BaseImages() and lock.exists:
                self.warnings.append(f"{artifact.named}: {lock.file} is not used by plain docker build")
            return ()
        from buildx_tasks.planning.build.bases import apply_lock

        locked, warnings = apply_lock(lock, bases, artifact.named)
        if lock.exists or artifact.image in self.facts.epochs:
            self.warnings.extend(warnings)
        return locked

    def _mounts(self, decision: ArtifactDecision, request: BuildRequest) -> tuple[KeptMount, ...]:
        source = self.facts.sources.get(decision.artifact.image, SourceFacts())
        artifact = decision.artifact
        if wanted_mode(artifact, self.settings) == OFF or artifact.other_builder or artifact.kind == CUSTOM:
            return ()
        from buildx_tasks.planning.build.cachemounts import MountInput, plan_mounts

        planned = plan_mounts(
            MountInput(
                artifact=artifact,
                tag=decision.tag,
                request=request,
                tool=decision.tool,
                settings=self.settings,
                source=source,
                pushes=decision.destination.pushes,
                platforms=decision.platforms,
                native=self._native_platform(decision.tool),
                file=shown(self.facts.cwd, source.dockerfile),
                builder=self.facts.engine.builder,
                environ=self.facts.environ,
                event=self.facts.event,
            )
        )
        self.notes.extend(planned.notes)
        return planned.mounts

    def _native_platform(self, tool: Tool) -> Platform:
        """The platform that a build without platforms is for; this machine's where docker says none that we know."""
        try:
            return parse_platform(self._native(tool), self.facts.host)
        except BuildxTasksError:
            return self.facts.host

    def _mount_options(self, steps: Sequence[BuildStep], tool: Tool) -> MountOptions | None:
        if not any(step.mounts for step in steps):
            return None
        from buildx_tasks.planning.build.cachemounts import mount_options

        try:
            return mount_options(self.settings, tool)
        except BuildxTasksError as error:
            self.problems.append(error)
            return None

    def _native(self, tool: Tool) -> str:
        engine = self.facts.engine
        return (engine.native if tool.is_buildx else engine.daemon.platform) or str(self.facts.host)

    def _docker_request(
        self, decision: ArtifactDecision, needs: Sequence[str], decisions: dict[str, ArtifactDecision]
    ) -> PlannedRequest:
        artifact = decision.artifact
        values = {**self.facts.environ, **branch_variable(self.facts.environ, self.facts.branch)}
        expander = Expander(values | image_variables(decision.tag), now=self.expander.now, cmd=self.expander.cmd)
        cache_from, cache_to = self._caches(decision, expander)
        source = self.facts.sources.get(artifact.image, SourceFacts())
        planned = plan_request(
            StepInput(
                artifact=artifact,
                tag=decision.tag,
                tool=decision.tool,
                settings=self.settings,
                destination=decision.destination,
                platforms=decision.platforms,
                outputs=decision.outputs,
                cache_from=cache_from,
                cache_to=cache_to,
                dockerfile=source.dockerfile,
                declared_args=source.declared_args,
                layouts={image: needs_layout(decisions[image], decision) for image in needs},
                export_layout=artifact.image in self.exported,
                buildkit=decision.config.local.use_buildkit,
                buildkit_possible=bool(self.facts.engine.buildx),
                home=self.facts.home,
                host=self.facts.host,
                partial=decision.partial,
                epoch=self.facts.epochs.get(artifact.image),
                rewrite=self._rewrite(decision),
                environ=self.facts.environ,
                expand=expander,
            )
        )
        if decision.tool.is_buildx:
            check_new_flags(artifact, planned.request, self.facts.engine.buildx)
        return planned

    def _rewrite(self, decision: ArtifactDecision) -> RewriteLimits:
        if decision.artifact.image not in self.facts.epochs:
            return RewriteLimits()
        from buildx_tasks.planning.build.reproducible import rewrite_limits

        return rewrite_limits(decision.tool, self.facts.engine)

    def _caches(
        self, decision: ArtifactDecision, expander: Expander
    ) -> tuple[tuple[CacheUse, ...], tuple[CacheUse, ...]]:
        adjust = not self.facts.environ.get(NO_ADJUSTMENT)
        if not decision.tool.is_buildx:
            uses, warnings = plain_cache(decision.artifact, decision.tag, self.settings, adjust=adjust)
            self.warnings.extend((*warnings, *plain_losses(decision.artifact, self.settings)))
            return uses, ()
        options = CacheOptions(
            settings=self.settings,
            tool=decision.tool,
            pushes=decision.destination.pushes,
            images=self.images,
            adjust=adjust,
            expand=expander,
            suffix=_cache_suffix(decision),
        )
        planned = plan_cache(decision.artifact, decision.tag, options)
        self.warnings.extend(planned.warnings)
        self.notes.extend(planned.notes)
        self.problems.extend(planned.problems)
        return tuple(planned.cache_from), tuple(planned.cache_to)


def _cache_suffix(decision: ArtifactDecision) -> str:
    """What is added to the tags of an artifact's own caches: something for parts of images alone."""
    if decision.partial is None:
        return ""
    from buildx_tasks.planning.build.partial import cache_suffix

    return cache_suffix(decision.platforms)


def concurrency(settings: Settings, configs: Sequence[Config], count: int) -> int:
    """How many builds run at once: the flag, else the smallest ``build.local.concurrency``, else a bounded default.

    0 stands for "as many as there are artifacts", as in Skaffold.
    """
    wanted = said_concurrency(settings, configs)
    wanted = DEFAULT_CONCURRENCY if wanted is None else wanted
    return max(1, min(wanted or count, count))

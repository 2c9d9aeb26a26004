"""Config, settings and facts in, a whole build plan out. All problems are reported at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from buildx_tasks.errors import BuildxTasksError, CannotStart
from buildx_tasks.model.config import Artifact, Config, Hooks
from buildx_tasks.model.plan import CUSTOM, DOCKER, BuildPlan, BuildStep, CacheUse, ConfigPlan, Variable, flag
from buildx_tasks.model.platform import PlatformSet, parse_platforms
from buildx_tasks.model.settings import DEFAULT_CONCURRENCY, Settings, is_from_global_config
from buildx_tasks.model.spec import Spec, parse_output
from buildx_tasks.planning.cache import CacheWishes, plan_cache
from buildx_tasks.planning.destination import Destination, Wishes, choose_destination
from buildx_tasks.planning.engine import Tool, choose_tool
from buildx_tasks.planning.facts import Facts, SourceFacts
from buildx_tasks.planning.fallback import plain_cache
from buildx_tasks.planning.hooks import custom_command, custom_environment, hook_environment
from buildx_tasks.planning.platforms import resolve_platforms
from buildx_tasks.planning.select import required_images, select_artifacts
from buildx_tasks.planning.step import StepInput, plan_command
from buildx_tasks.planning.variables import Expander, branch_variable, image_variables

NO_ADJUSTMENT = "SKAFFOLD_DISABLE_DOCKER_CACHE_ADJUSTMENT"


def plan_build(
    configs: Sequence[Config], settings: Settings, facts: Facts, tags: dict[str, str], expander: Expander
) -> BuildPlan:
    """Plan the build of the selected artifacts of all `configs`.

    `tags` gives the final reference of every selected image (`planning.tagging`). Raises the problem when there
    is one, and one error with a line for each when there are several.
    """
    return _Planner(configs, settings, facts, tags, expander).plan()


@dataclass(slots=True)
class _Draft:
    """One artifact halfway: where it goes and what it runs with."""

    config: Config
    artifact: Artifact
    tag: str
    tool: Tool
    platforms: PlatformSet
    destination: Destination
    outputs: tuple[Spec, ...]


@dataclass(slots=True)
class _Problems:
    """Collects what is wrong, so that everything is said at once."""

    found: list[BuildxTasksError] = field(default_factory=list)

    def raise_all(self) -> None:
        if len(self.found) == 1:
            raise self.found[0]
        if self.found:
            worst = max(self.found, key=lambda error: error.exit_code)
            texts = dict.fromkeys(str(error) for error in self.found)
            raise type(worst)("\n".join(texts))


class _Planner:
    def __init__(
        self, configs: Sequence[Config], settings: Settings, facts: Facts, tags: dict[str, str], expander: Expander
    ) -> None:
        self.configs = configs
        self.settings = settings
        self.facts = facts
        self.tags = tags
        self.expander = expander
        self.problems = _Problems()
        self.warnings: list[str] = []
        self.notes: list[str] = []
        self.images = frozenset(item.image.lower() for config in configs for item in config.artifacts)

    def plan(self) -> BuildPlan:
        everything = [artifact for config in self.configs for artifact in config.artifacts]
        selected = {item.image for item in select_artifacts(everything, self.settings.artifact)}
        tool = choose_tool(self.settings, self.facts.engine)
        self.warnings.extend(tool.warnings)
        drafts: dict[str, _Draft] = {}
        for config in self.configs:
            own_tool = self._tool_of(config, tool)
            for artifact in config.artifacts:
                if artifact.image in selected and (draft := self._draft(config, artifact, own_tool)):
                    drafts[artifact.image] = draft
        steps = tuple(self._step(draft, drafts) for draft in drafts.values())
        self._check_shared_caches(steps)
        self.problems.raise_all()
        return BuildPlan(
            steps=steps,
            tags=tuple((image, self.tags[image]) for image in drafts),
            engine_reason=tool.reason,
            concurrency=concurrency(self.settings, self.configs, len(steps)),
            configs=tuple(self._config_plan(config, selected) for config in self.configs),
            warnings=tuple(dict.fromkeys(self.warnings)),
            notes=tuple(dict.fromkeys(self.notes)),
            environment=self.facts.docker_env,
            host_os=self.facts.host.os,
            folder=self.facts.cwd,
        )

    def _config_plan(self, config: Config, selected: set[str]) -> ConfigPlan:
        images = tuple(item.image for item in config.artifacts if item.image in selected)
        return ConfigPlan(
            name=config.name,
            file=config.file,
            profiles=config.profiles,
            hooks=config.hooks,
            hook_environment=self._hook_environment() if config.hooks != Hooks() else (),
            images=images,
        )

    def _tool_of(self, config: Config, tool: Tool) -> Tool:
        """``useBuildkit: false`` asks for docker's legacy builder, unless the user named a builder."""
        if config.local.use_buildkit is not False or not tool.is_buildx:
            return tool
        if self.settings.builder or not self.facts.engine.daemon.running:
            self.warnings.append(f"{config.file}: useBuildkit is false, yet {tool.reason}: buildx is used")
            return tool
        return Tool(name=DOCKER, reason=f"{config.file}: build.local.useBuildkit is false", loads=True)

    def _draft(self, config: Config, artifact: Artifact, tool: Tool) -> _Draft | None:
        """Collects the artifact's problems; None when there is one."""
        source = self.facts.sources.get(artifact.image, SourceFacts())
        if artifact.kind == CUSTOM:
            tool = Tool(name=CUSTOM, reason="custom.buildCommand", builds_indexes=True, loads=True, loads_indexes=True)
        try:
            self._check_sources(artifact, source)
            platforms = self._platforms(config, artifact)
            outputs = tuple(parse_output(text) for text in self.settings.output or artifact.extras.outputs)
            wishes = Wishes(
                settings=self.settings,
                local=config.local,
                cluster_pushes=self.facts.cluster_pushes,
                cluster_reason=self.facts.cluster_reason,
                outputs=outputs if tool.is_buildx else (),
                cli_flags=artifact.docker.cli_flags if artifact.kind == DOCKER else (),
            )
            destination = choose_destination(artifact, self.tags[artifact.image], platforms, wishes, tool)
        except BuildxTasksError as error:
            self.problems.found.append(error)
            return None
        if destination.warning:
            self.warnings.append(destination.warning)
        return _Draft(config, artifact, self.tags[artifact.image], tool, platforms, destination, wishes.outputs)

    def _check_sources(self, artifact: Artifact, source: SourceFacts) -> None:
        where = f"{artifact.place}: " if artifact.place else ""
        if source.context:
            raise CannotStart(
                f"{where}artifact {artifact.image!r}: context {artifact.context!r} {source.context}",
                "contexts of the root config are relative to the current directory",
            )
        if artifact.kind == DOCKER and not source.dockerfile_exists:
            raise CannotStart(
                f"{where}artifact {artifact.image!r}: no Dockerfile at {source.dockerfile}",
                "set docker.dockerfile, relative to the artifact's context",
            )

    def _platforms(self, config: Config, artifact: Artifact) -> PlatformSet:
        host = self.facts.host
        return resolve_platforms(
            parse_platforms(self.settings.platform, host),
            parse_platforms(config.platforms, host),
            parse_platforms(artifact.platforms, host),
            host,
            image=artifact.image,
            disable_multi=self.settings.disable_multi_platform_build,
        )

    def _step(self, draft: _Draft, drafts: dict[str, _Draft]) -> BuildStep:
        artifact, tool = draft.artifact, draft.tool
        needs = tuple(image for image in required_images(artifact) if image in drafts)
        step = BuildStep(
            artifact=artifact,
            tag=draft.tag,
            tool=tool.name,
            output=draft.destination.output,
            pushes=draft.destination.pushes,
            output_reason=draft.destination.reason,
            builder=tool.builder,
            platforms=tuple(str(platform) for platform in draft.platforms),
            needs=needs,
            hooks=artifact.hooks,
            hook_environment=self._hook_environment(draft) if artifact.hooks != Hooks() else (),
        )
        return self._custom_step(step, draft) if tool.name == CUSTOM else self._docker_step(step, draft, drafts)

    def _hook_environment(self, draft: _Draft | None = None) -> tuple[tuple[str, str], ...]:
        given = None if is_from_global_config(self.settings, "default-repo") else self.settings.default_repo
        return hook_environment(
            environ=self.facts.environ,
            cwd=self.facts.cwd,
            default_repo=given,
            tag=draft.tag if draft else "",
            push=draft.destination.pushes if draft else False,
            context=draft.artifact.context if draft else "",
        )

    def _custom_step(self, step: BuildStep, draft: _Draft) -> BuildStep:
        environment = custom_environment(
            environ=self.facts.environ,
            cwd=self.facts.cwd,
            tag=draft.tag,
            push=draft.destination.pushes,
            context=draft.artifact.context,
            platforms=("all",) if draft.platforms.all else step.platforms,
            skip_tests=self.settings.skip_tests,
        )
        try:
            command = custom_command(draft.artifact, environment, self.expander, self.facts.cwd)
        except BuildxTasksError as error:
            self.problems.found.append(error)
            return step
        why = "custom.buildCommand"
        return replace(
            step,
            flags=(flag(*command.argv, why=why),),
            environment=(*self._daemon(), *(Variable(name, value, why) for name, value in command.env)),
            folder=command.cwd,
        )

    def _docker_step(self, step: BuildStep, draft: _Draft, drafts: dict[str, _Draft]) -> BuildStep:
        artifact = draft.artifact
        values = {**branch_variable(self.facts.environ, self.facts.branch), **self.facts.environ}
        expander = Expander(values | image_variables(draft.tag), now=self.expander.now, cmd=self.expander.cmd)
        cache_from, cache_to = self._caches(draft, expander)
        source = self.facts.sources.get(artifact.image, SourceFacts())
        layout = any(
            artifact.image in required_images(other.artifact) and needs_layout(draft, other)
            for other in drafts.values()
        )
        try:
            command = plan_command(
                StepInput(
                    artifact=artifact,
                    tag=draft.tag,
                    tool=draft.tool,
                    settings=self.settings,
                    destination=draft.destination,
                    platforms=draft.platforms,
                    outputs=draft.outputs,
                    cache_from=cache_from,
                    cache_to=cache_to,
                    dockerfile=source.dockerfile,
                    declared_args=source.declared_args,
                    layouts={image: needs_layout(drafts[image], draft) for image in step.needs},
                    export_layout=layout,
                    buildkit=draft.config.local.use_buildkit,
                    buildkit_possible=bool(self.facts.engine.buildx),
                    home=self.facts.home,
                    expand=expander,
                )
            )
        except BuildxTasksError as error:
            self.problems.found.append(error)
            return step
        self.warnings.extend(command.warnings)
        return replace(
            step,
            flags=tuple(command.flags),
            environment=(*self._daemon(), *command.environment),
            cache_from=cache_from,
            cache_to=cache_to,
            layout=layout,
        )

    def _daemon(self) -> tuple[Variable, ...]:
        why = "the docker daemon of the minikube cluster"
        return tuple(Variable(name, value, why) for name, value in self.facts.docker_env)

    def _caches(self, draft: _Draft, expander: Expander) -> tuple[tuple[CacheUse, ...], tuple[CacheUse, ...]]:
        adjust = not self.facts.environ.get(NO_ADJUSTMENT)
        if not draft.tool.is_buildx:
            uses, warnings = plain_cache(draft.artifact, draft.tag, adjust=adjust)
            self.warnings.extend(warnings)
            return uses, ()
        wishes = CacheWishes(
            settings=self.settings,
            tool=draft.tool,
            pushes=draft.destination.pushes,
            images=self.images,
            adjust=adjust,
            expand=expander,
        )
        planned = plan_cache(draft.artifact, draft.tag, wishes)
        self.warnings.extend(planned.warnings)
        self.notes.extend(planned.notes)
        self.problems.found.extend(planned.problems)
        return tuple(planned.cache_from), tuple(planned.cache_to)

    def _check_shared_caches(self, steps: Sequence[BuildStep]) -> None:
        """Exporting to a place overwrites what was there, so no two artifacts may write to the same one."""
        owners: dict[tuple[str, str], str] = {}
        for step in steps:
            for use in step.cache_to:
                place = use.spec.get("ref") or use.spec.get("dest")
                first = owners.setdefault((use.spec.type, place), step.image)
                if place and first != step.image:
                    self.problems.found.append(
                        CannotStart(
                            f"artifacts {first!r} and {step.image!r} write the same cache, {place}",
                            "give each its own reference, for example with {{.IMAGE_NAME}} in cacheTo",
                        )
                    )


def needs_layout(dependency: _Draft, dependent: _Draft) -> bool:
    """Whether a required image has to be handed over as files.

    A pushed image is in its registry and a loaded one in the daemon that the docker driver builds in; any other
    builder sees neither the daemon's images nor another build's cache.
    """
    if dependency.destination.pushes or not dependent.tool.is_buildx or not dependency.tool.is_buildx:
        return False
    return dependent.tool.driver != "docker"


def concurrency(settings: Settings, configs: Sequence[Config], count: int) -> int:
    """How many builds run at once: the flag, else the smallest ``build.local.concurrency``, else a bounded default.

    0 stands for "as many as there are artifacts", as in Skaffold.
    """
    wanted = settings.concurrency
    if wanted is None:
        said = [item.local.concurrency for item in configs if item.local.concurrency is not None and item.artifacts]
        wanted = min((number for number in said if number > 0), default=0 if said else DEFAULT_CONCURRENCY)
    return max(1, min(wanted or count, count))

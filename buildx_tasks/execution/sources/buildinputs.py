"""What is on disk for each build of a plan, as digests for the artifact cache."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from buildx_tasks.document.formats.contextuse import ContextUse
from buildx_tasks.errors import BuildxTasksError, CannotStart
from buildx_tasks.execution.sources.contexthash import ContextHasher, digest_of
from buildx_tasks.execution.sources.filehash import FileHashes
from buildx_tasks.execution.sources.gittree import GitTrees
from buildx_tasks.execution.sources.inputdigest import SourceScan
from buildx_tasks.model.command import Runner
from buildx_tasks.model.config import Artifact
from buildx_tasks.model.imageref import familiar
from buildx_tasks.model.plan import BuildPlan, BuildStep
from buildx_tasks.model.request import CUSTOM
from buildx_tasks.planning.reuse.fingerprint import PINNED, REMOTE, Inputs, frontend_is_replaced

Expand = Callable[[str], str]


class BuildInputs:
    """Looks at the disk once; `expand` renders templates, `runner` runs what a custom artifact lists its files with."""

    def __init__(
        self,
        plan: BuildPlan,
        hashes: FileHashes,
        cwd: Path,
        runner: Runner,
        expand: Expand,
        trees: GitTrees | None = None,
    ) -> None:
        self.plan = plan
        self.cwd = cwd
        self.runner = runner
        self.expand = expand
        self.hasher = ContextHasher(hashes, trees)

    def of(self, step: BuildStep) -> Inputs:
        """The inputs of one build; `unknown` when they can't be known, or may change without a trace."""
        try:
            return self._custom(step.artifact) if step.tool == CUSTOM else self._docker(step)
        except BuildxTasksError as error:
            return Inputs(unknown=error.message)
        except OSError as error:
            return Inputs(unknown=f"{error.filename} can't be read: {error.strerror}")

    def _docker(self, step: BuildStep) -> Inputs:
        root = self.cwd / step.artifact.context
        dockerfile = Path(_dockerfile_of(step))
        use = self.hasher.use(dockerfile)
        if use.remote:
            return Inputs(unknown=f"{use.remote} may change at any time")
        contexts = []
        for item in step.request.named_contexts:
            name, source = item.value.name, item.value.source
            if item.value.image or (source.startswith(PINNED) and ("@sha256:" in source or _is_locked(step, source))):
                continue  # its digest counts already, as that of a required image or as text
            if source.startswith((*PINNED, *REMOTE)):
                return Inputs(unknown=f"build context {name} ({source}) may change at any time")
            contexts.append((name, self.hasher.context(self.cwd / source, None, None)))
        files = self.hasher.context(root, dockerfile, self._sources(step, use))
        return Inputs(
            dockerfile=self.hasher.file(dockerfile),
            files=digest_of(files),
            contexts=tuple((name, digest_of(entries)) for name, entries in contexts),
            stage_args=use.stage_args,
            entries={"": files, **dict(contexts)},
        )

    def _sources(self, step: BuildStep, use: ContextUse) -> tuple[str, ...] | None:
        """What is read of the context; everything when a required image has triggers, which read what they like."""
        triggered = any(self._has_triggers(self.plan.step(image)) for image in step.needs)
        return None if triggered or frontend_is_replaced(step) else use.sources

    def _has_triggers(self, step: BuildStep) -> bool:
        return step.tool == CUSTOM or self.hasher.use(Path(_dockerfile_of(step))).triggers

    def _custom(self, artifact: Artifact) -> Inputs:
        wanted = artifact.custom.dependencies
        scan = SourceScan(artifacts={}, cwd=self.cwd, expand=self.expand, runner=self.runner)
        files = scan.files(artifact)
        dockerfile = self.hasher.file(self.cwd / artifact.context / wanted.dockerfile) if wanted.dockerfile else ""
        entries = self.hasher.listed(self.cwd, files)
        return Inputs(dockerfile=dockerfile, files=digest_of(entries), entries={"": entries})


def _is_locked(step: BuildStep, source: str) -> bool:
    """Whether an image has a digest in the lock file, which counts then."""
    scheme, _mark, reference = source.partition("://")
    try:
        return scheme == "docker-image" and familiar(reference) in dict(step.locked)
    except CannotStart:
        return False


def _dockerfile_of(step: BuildStep) -> str:
    return step.request.dockerfile.value if step.request.dockerfile else ""

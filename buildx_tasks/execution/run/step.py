"""Builds one artifact: the build command, what follows it, and the result that others use."""

from __future__ import annotations

import copy
import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from buildx_tasks.document.buildkit.erroroutput import LOG_LINES, ErrorOutput, HoldBack, read_error_output
from buildx_tasks.document.buildkit.progress import BuildLog, is_missing
from buildx_tasks.errors import BuildxTasksError, WorkFailed
from buildx_tasks.execution.run.failedbuild import dockerfile_path, from_here, log_command
from buildx_tasks.execution.run.hooks import AFTER, BEFORE, run_hooks
from buildx_tasks.execution.run.metadata import pushed_digest, read_metadata, registry_digest
from buildx_tasks.execution.run.retry import Patience
from buildx_tasks.execution.run.skaffold import read_reference, skaffold_failure, write_config
from buildx_tasks.execution.run.waiting import BoundedRunner, Limit
from buildx_tasks.model.argv import argv
from buildx_tasks.model.command import Command, Completed, Runner, without_colour
from buildx_tasks.model.config import Hook
from buildx_tasks.model.imageref import canonical, parse_image_ref
from buildx_tasks.model.lock import SOURCE_POLICY, Lock
from buildx_tasks.model.observer import Observer
from buildx_tasks.model.plan import BuildPlan, BuildStep
from buildx_tasks.model.request import (
    BUILDX,
    CONFIG,
    CUSTOM,
    DIGEST,
    DOCKER,
    LAYOUT,
    LOAD,
    METADATA,
    RESULT,
    SKAFFOLD,
    CacheUse,
    Placeholder,
)
from buildx_tasks.model.result import BUILT, FAILED, ArtifactResult, Failure
from buildx_tasks.model.secrets import masked_word
from buildx_tasks.model.settings import PLAIN
from buildx_tasks.planning.build.hooks import Variables

if TYPE_CHECKING:
    from buildx_tasks.planning.failures.diagnosis import Diagnosis

PROVENANCE = "BUILDX_METADATA_PROVENANCE"
PROGRESS = "BUILDKIT_PROGRESS"
BUILDER = "BUILDX_BUILDER"


POLICY_FILE = "source-policy.json"
TIME_IS_UP = "it timed out"
LONGER = "give every command more time, or none at all:  --command-timeout SECONDS"


class StepRunner:
    """Runs steps; `results` holds what is done so far and is only read here.

    `timeout` is how many seconds one artifact may take, hooks, pushes and repeated attempts included.
    """

    def __init__(
        self,
        plan: BuildPlan,
        runner: Runner,
        observer: Observer,
        environ: Mapping[str, str],
        folder: Path,
        results: Mapping[str, ArtifactResult],
        *,
        terminal: bool,
        patience: Patience,
        timeout: float | None = None,
    ) -> None:
        self.plan = plan
        self.runner = runner
        self.observer = observer
        self.environ = environ
        self.folder = folder
        self.results = results
        self.terminal = terminal
        self.patience = patience
        self.timeout = timeout
        self.limit = Limit()
        self.begun = 0.0

    def run(self, step: BuildStep) -> ArtifactResult:
        """Build one artifact; a failure is a result, also that its time was up."""
        one = self.begin(step)
        return one.end(step, lambda: one.build(step))

    def begin(self, step: BuildStep) -> StepRunner:
        """The same for this step alone, whose time begins here."""
        one = copy.copy(self)
        one.begun = time.monotonic()
        one.limit = Limit(None if self.timeout is None else one.begun + self.timeout)
        one.runner = BoundedRunner(
            runner=self.runner, limit=one.limit, image=step.image, whom=_builder_of(step), tag=step.tag
        )
        self.observer.building(step)
        return one

    def end(self, step: BuildStep, build: Callable[[], ArtifactResult]) -> ArtifactResult:
        """What `build` gives, the hooks after it included, with what the plan knows of the step."""
        try:
            result = build()
            if result.ok:
                self.hooks(step, step.hooks.after, AFTER)
        except BuildxTasksError as error:
            failure = Failure(message=error.message, hint=error.hint)
            result = ArtifactResult(image=step.image, tag=step.tag, status=FAILED, failure=failure)
        if not result.ok and self.limit.reached:
            tail = result.failure.tail if result.failure else ()
            message = f"timed out after {self.timeout:g} s (build-timeout), waiting for {_whom(self.runner)}"
            result = replace(result, failure=Failure(message=message, hint=_timeout_hint(step), tail=tail))
        return replace(
            result,
            output=step.output,
            builder=step.builder,
            platforms=step.built_platforms,
            partial=step.partial,
            runtime_type=step.artifact.runtime_type,
            cache_from=_specs(step.request.cache_from),
            cache_to=_specs(step.request.cache_to),
            seconds=round(time.monotonic() - self.begun, 3),
        )

    def build(self, step: BuildStep) -> ArtifactResult:
        """The hooks before it, and its own command."""
        self.hooks(step, step.hooks.before, BEFORE)
        return self._build(step)

    def _build(self, step: BuildStep) -> ArtifactResult:
        if step.tool == BUILDX:
            return self.buildx(step)
        if step.tool == SKAFFOLD:
            return self._skaffold(step)
        return self._custom(step) if step.tool == CUSTOM else self._docker(step)

    def hooks(self, step: BuildStep, hooks: Sequence[Hook], phase: str) -> None:
        """Run hooks of the step. Raises `WorkFailed`."""
        run_hooks(
            hooks,
            phase,
            environment=step.hook_environment,
            runner=self._waiting_for("its hook"),
            write=lambda text: self.observer.output(step, text),
            host_os=self.plan.host_os,
            cwd=self.plan.folder,
        )

    def _waiting_for(self, whom: str) -> Runner:
        return self.runner.waiting_for(whom) if isinstance(self.runner, BoundedRunner) else self.runner

    def _custom(self, step: BuildStep) -> ArtifactResult:
        """A custom command builds, and pushes when it is told to; what it made is looked up afterwards."""
        aliases = tuple(
            (item.alias, self.results[item.image].reference)
            for item in step.artifact.requires
            if item.image in self.results and item.alias not in self.environ
        )
        _done, _log, failure = self._stream(step, argv(step.request, self.answer), aliases)
        if failure:
            return failed_result(step, failure)
        if step.pushes:
            digest = registry_digest(self.runner, step.tag)
            reference = f"{step.tag}@{digest}"
        else:
            reference, digest = self._name_loaded(step)
        if not digest:
            where = "pushed" if step.pushes else "in the docker daemon"
            raise WorkFailed(
                f"the build command of {step.image!r} succeeded, but no image {step.tag} is {where}",
                "it must build $IMAGE, and push it when $PUSH_IMAGE is true",
            )
        return ArtifactResult(image=step.image, tag=step.tag, status=BUILT, reference=reference, digest=digest)

    def _skaffold(self, step: BuildStep) -> ArtifactResult:
        """Skaffold builds the one artifact of a config that is made for it; what it made is in its result file."""
        required = {image: self.results[image] for image in step.needs}
        write_config(Path(self.answer(Placeholder(CONFIG, step.image))), step.artifact, required)
        done, _log, failure = self._stream(step, argv(step.request, self.answer))
        if failure:
            return failed_result(step, skaffold_failure(step, done, failure))
        reference, digest = read_reference(Path(self.answer(Placeholder(RESULT, step.image))), step)
        return ArtifactResult(image=step.image, tag=step.tag, status=BUILT, reference=reference, digest=digest)

    def buildx(self, step: BuildStep, *, attempt: int = 1) -> ArtifactResult:
        """The step's own command with docker buildx; `attempt` is the number of the first one."""
        more = self.variables
        _done, log, failure = self._stream(step, argv(step.request, self.answer), more, attempt=attempt)
        if failure:
            return self.failed(step, failure, log)
        return self.built(step, read_metadata(self.metadata_path(step.image)), log)

    @property
    def variables(self) -> Variables:
        """What buildx gets in its environment beside what the plan says: where the digests of the lock file are.

        Fetching the provenance for the metadata file takes longer than a cached build, and nothing here reads it.
        """
        quick = () if PROVENANCE in self.environ else ((PROVENANCE, "disabled"),)
        if not self.plan.lock.images or self.environ.get(SOURCE_POLICY):
            return quick
        return (*quick, (SOURCE_POLICY, str(self.folder / POLICY_FILE)))

    def built(self, step: BuildStep, metadata: dict[str, Any], log: BuildLog) -> ArtifactResult:
        """The result of a build with docker buildx that went well."""
        reference, digest = step.tag, ""
        if step.pushes:
            digest = pushed_digest(metadata)
            reference = f"{step.pushed_name}@{digest}" if digest else step.tag
        elif step.output == LOAD:
            reference, digest = self._name_loaded(step)
        result = ArtifactResult(
            image=step.image,
            tag=step.tag,
            status=BUILT,
            reference=reference,
            digest=digest,
            warnings=_cache_warnings(step, log),
            metadata=metadata,
        )
        return self._with_log(step, result, log)

    def failed(self, step: BuildStep, failure: Failure, log: BuildLog) -> ArtifactResult:
        """The result of a build with docker buildx that failed."""
        return self._with_log(step, failed_result(step, failure), log)

    def _with_log(self, step: BuildStep, result: ArtifactResult, log: BuildLog) -> ArtifactResult:
        """A result with what the log tells besides."""
        file = dockerfile_path(step.artifact, self.plan.folder)[0] if log.checks else ""
        return replace(
            result,
            steps=log.steps,
            cached_steps=log.cached_steps,
            step_times=log.step_times,
            cache_imported=log.imported,
            cache_exported=_specs(step.request.cache_to) if log.has_exported else (),
            findings=log.findings(file, step.image) if file else (),
        )

    def _docker(self, step: BuildStep) -> ArtifactResult:
        """Plain docker: cached images are pulled first, and the push is a command of its own."""
        for use in step.request.cache_from:
            self._pull_if_absent(step, use.spec.get("ref"))
        _done, _log, failure = self._stream(step, argv(step.request, self.answer))
        if failure:
            return failed_result(step, failure)
        if not step.pushes:
            reference, digest = self._name_loaded(step)
            return ArtifactResult(image=step.image, tag=step.tag, status=BUILT, reference=reference, digest=digest)
        pushed, _log, failure = self._stream(step, ("docker", "push", step.tag))
        if failure:
            return failed_result(step, failure)
        digest = _digest_of_push(pushed.stdout)
        reference = f"{step.tag}@{digest}" if digest else step.tag
        return ArtifactResult(image=step.image, tag=step.tag, status=BUILT, reference=reference, digest=digest)

    def _pull_if_absent(self, step: BuildStep, reference: str) -> None:
        """A cache image the daemon does not have is pulled; that this fails costs cache hits and nothing else."""
        if self.runner.capture(Command(argv=("docker", "image", "inspect", "--format", "{{.Id}}", reference))).ok:
            return
        platform = ("--platform", step.platforms[0]) if len(step.platforms) == 1 else ()
        if not self.runner.capture(Command(argv=("docker", "pull", "--quiet", *platform, reference))).ok:
            wanted = ",".join(step.platforms)
            self.observer.output(step, f'cacheFrom image "{reference}" couldn\'t be pulled for platform "{wanted}"\n')

    def _name_loaded(self, step: BuildStep) -> tuple[str, str]:
        """The loaded image's ID, and the tag made of it that Skaffold gives to dependents and deployers."""
        inspect = Command(argv=("docker", "image", "inspect", "--format", "{{.Id}}", step.tag))
        digest = self.runner.capture(inspect).stdout.strip()
        if not digest:
            return step.tag, ""
        reference = f"{parse_image_ref(step.tag).base_name}:{digest.partition(':')[2]}"
        named = self.runner.capture(Command(argv=("docker", "tag", step.tag, reference)))
        return (reference if named.ok else step.tag), digest

    def _stream(
        self, step: BuildStep, argv: tuple[str, ...], more: Variables = (), *, attempt: int = 1
    ) -> tuple[Completed, BuildLog, Failure | None]:
        """Run a command, again after a fault that goes away by itself; and why it failed in the end."""
        while True:
            begun = time.time()
            done, log = self._try(step, argv, more)
            if done.ok:
                return done, log, None
            if done.timed_out:
                return done, log, Failure(message=TIME_IS_UP, hint=LONGER, tail=last_lines(done))
            if step.tool in (CUSTOM, SKAFFOLD):
                return done, log, _custom_failure(done)
            failure = self.judged(step, done, log, attempt, begun)
            if failure:
                return done, log, failure
            attempt += 1

    def judged(self, step: BuildStep, done: Completed, log: BuildLog, attempt: int, begun: float) -> Failure | None:
        """Why a build of docker's failed that was `begun` at this time of the clock.

        None when it is worth another attempt, which is waited for.
        """
        from buildx_tasks.planning.failures.diagnosis import diagnose

        printed = from_here(read_error_output(done.stdout or done.stderr), step.artifact, self.plan.folder)
        diagnosis = diagnose(printed, tag=step.tag, builder=step.builder, daemon=self.plan.daemon)
        if self.patience.wait(attempt, diagnosis, printed.words, partial(self._say, step), within=self.limit.left):
            return None
        failure = _failure(step, done, log, printed, diagnosis)
        return replace(failure, log_command=log_command(self.plan, step, self.environ, begun))

    def _try(self, step: BuildStep, argv: tuple[str, ...], more: Variables) -> tuple[Completed, BuildLog]:
        log = BuildLog()
        held = HoldBack(lambda text: self.observer.output(step, text))

        def write(text: str) -> None:
            log.feed(text)
            if step.tool == BUILDX and not self.terminal:
                held.feed(log.readable(text))
            else:
                self.observer.output(step, text)

        environment = (*((item.name, item.value) for item in step.environment), *more)
        if step.tool != CUSTOM and not self.terminal:
            # What it prints is read here, and the user may have set another format, or one that needs a terminal.
            environment = (*environment, (PROGRESS, PLAIN))
        if step.tool == DOCKER:
            # Plain docker hands over to buildx, and what it builds must be in the daemon when it is tagged or pushed.
            environment = (*environment, (BUILDER, "default"))
        command = Command(argv=argv, env=environment, cwd=step.folder)
        done = self.runner.stream(command, write, terminal=self.terminal)
        if done.ok:
            held.end_well()
        return done, log

    def _say(self, step: BuildStep, text: str) -> None:
        self.observer.output(step, f"{text}\n")

    def answer(self, placeholder: Placeholder) -> str:
        """What is known only now. Raises `KeyError` for an image that was not built."""
        if placeholder.what == METADATA:
            return str(self.metadata_path(placeholder.image))
        if placeholder.what in (CONFIG, RESULT):
            kind = "skaffold.yaml" if placeholder.what == CONFIG else "result.json"
            return str(self.folder / f"{_file_name(placeholder.image)}.{kind}")
        if placeholder.what == LAYOUT:
            return str(layout_path(self.folder, placeholder.image))
        result = self.results[placeholder.image]
        if placeholder.what == DIGEST:
            return pushed_digest(dict(result.metadata))
        return result.reference

    def metadata_path(self, image: str) -> Path:
        """Where buildx writes the result of an image."""
        return self.folder / f"{_file_name(image)}.metadata.json"


def layout_path(folder: Path, image: str) -> Path:
    """Where the OCI layout of an image is among the files of a run."""
    return folder / f"{_file_name(image)}.oci"


def write_policy(lock: Lock, folder: Path) -> None:
    """Write the source policy for BuildKit that replaces every locked image with that of its digest."""
    rules = []
    for image, digest in lock.images.items():
        source = f"docker-image://{canonical(image)}"
        updates = {"identifier": f"{source}@{digest}"}
        # With the match type EXACT BuildKit takes the selector for the new identifier. Without it `*` has a meaning,
        # which no name of an image has.
        rules.append({"action": "CONVERT", "selector": {"identifier": source}, "updates": updates})
    (folder / POLICY_FILE).write_text(json.dumps({"rules": rules}), encoding="utf-8")


def _whom(runner: Runner) -> str:
    return runner.whom if isinstance(runner, BoundedRunner) else "docker"


def _builder_of(step: BuildStep) -> str:
    if step.tool == BUILDX:
        return f"builder {step.builder}"
    return {DOCKER: "docker", SKAFFOLD: "skaffold"}.get(step.tool, "its build command")


def _timeout_hint(step: BuildStep) -> str:
    more = "give every build more time, or none at all:  --build-timeout SECONDS"
    return f"look at the builder:  docker buildx inspect {step.builder}\n{more}" if step.tool == BUILDX else more


def _specs(uses: Sequence[CacheUse]) -> tuple[str, ...]:
    return tuple(masked_word(str(use.spec)) for use in uses)


def failed_result(step: BuildStep, failure: Failure) -> ArtifactResult:
    """The result of a build that failed."""
    return ArtifactResult(image=step.image, tag=step.tag, status=FAILED, failure=failure)


def _failure(step: BuildStep, done: Completed, log: BuildLog, printed: ErrorOutput, diagnosis: Diagnosis) -> Failure:
    message, hint = diagnosis.message or f"exit status {done.code}", diagnosis.hint
    if step.pushes and log.export_error and log.export_error in printed.error:
        message = f"the image is pushed, but its cache could not be written: {message}"
        hint = f"{hint}\nto go on without a cache, add ignore-error=true to cacheTo".lstrip()
    return Failure(
        message=message,
        hint=hint,
        id=diagnosis.id,
        words=printed.error if diagnosis.own_words else "",
        step=printed.step,
        tail=printed.log,
        place=printed.place,
        source=printed.source,
        file=printed.file,
    )


def _custom_failure(done: Completed) -> Failure:
    """What a command of the user's own printed is shown and not judged."""
    return Failure(message=f"the build command ended with exit status {done.code}", tail=last_lines(done))


def last_lines(done: Completed) -> tuple[str, ...]:
    """The end of what a command printed."""
    return tuple(without_colour(done.stdout or done.stderr).splitlines()[-LOG_LINES:])


def _cache_warnings(step: BuildStep, log: BuildLog) -> tuple[str, ...]:
    """A cache that could not be written or read costs time and nothing else, but it must not go unseen.

    A cache reference that is not there yet is no trouble at all: the first build of a branch has none.
    """
    warnings = [
        f"artifact {step.image!r}: cache {reference} could not be read: {error}"
        for reference, error in log.import_errors.items()
        if not is_missing(error)
    ]
    if log.export_error:
        done = "the image is there" if step.pushes else "the build succeeded"
        warnings.append(f"artifact {step.image!r}: {done}, but its cache could not be written: {log.export_error}")
    return tuple(warnings)


def _digest_of_push(output: str) -> str:
    """The digest in docker push's last words: ``TAG: digest: sha256:… size: …``."""
    words = output.split()
    places = [at for at, word in enumerate(words) if word == "digest:" and at + 1 < len(words)]
    return words[places[-1] + 1] if places else ""


def _file_name(image: str) -> str:
    plain = "".join(char if char.isalnum() else "-" for char in image)[-40:]
    return f"{plain}-{hashlib.sha256(image.encode()).hexdigest()[:8]}"

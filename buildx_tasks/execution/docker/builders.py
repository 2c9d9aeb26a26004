"""Declared builders made real: created when missing, compared when there, recreated only when asked to."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from buildx_tasks.document.buildkit.erroroutput import read_error_output
from buildx_tasks.errors import EngineUnfit
from buildx_tasks.execution.docker.builder_inspect import REMOTE_SECONDS, as_pending, look_beforehand
from buildx_tasks.execution.docker.docker_state import buildx_folder, instance, instance_file, selected_builder
from buildx_tasks.execution.files import write_atomic
from buildx_tasks.execution.world import World
from buildx_tasks.model.builder import DOCKER_CONTAINER, REMOTE, BuilderSpec, NodeSpec
from buildx_tasks.model.command import Command, Completed
from buildx_tasks.planning.build.engine import unfit_builder, version_of
from buildx_tasks.planning.builders.state import BuilderState, compare_builder, create_argv, remove_argv
from buildx_tasks.planning.failures.diagnosis import diagnose

CREATED = "created"
COMPLETED = "completed"
SAME = "as declared"
DIFFERS = "differs"
REPAIRED = "recreated"

LOCK = ".buildx-tasks.lock"
EXISTS = "existing instance for"
TLS_VARIABLES = ("DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH")


@dataclass(frozen=True, kw_only=True, slots=True)
class Ensured:
    """What was done for one builder, and how it differs from its declaration when nothing was."""

    name: str
    status: str
    differences: tuple[str, ...] = ()


class Builders:
    """Creates, compares and removes builders of one world.

    `buildx` is the plugin's version, "" when not known; `patience` is how many seconds a remote builder may take to
    answer before it is created.
    """

    def __init__(self, world: World, *, buildx: str = "", patience: int | None = None) -> None:
        self.world = world
        self.buildx = version_of(buildx)
        self.patience = patience

    def ensure(self, spec: BuilderSpec, *, repair: bool = False) -> Ensured:
        """Make `spec` real. What differs is recreated with `repair` only, else told.

        Safe when several processes do it at once: they wait for each other, and what another has created
        meanwhile counts. Raises `EngineUnfit` when docker refuses, or nobody is at any endpoint of a remote builder;
        what was there before is there then too.
        """
        spec = self._reachable(spec)
        if self.state(spec).same:
            return self._booted(spec, Ensured(name=spec.name, status=SAME))
        with self._locked():
            state = self.state(spec)
            if state.same:
                return Ensured(name=spec.name, status=SAME)
            if not state.known or (state.differences and repair):
                self._check_reachable(spec)
            if not state.differences:
                self._create(spec, state)
                done = Ensured(name=spec.name, status=COMPLETED if state.known else CREATED)
            elif repair:
                self._repair(spec)
                done = Ensured(name=spec.name, status=REPAIRED, differences=state.differences)
            else:
                return Ensured(name=spec.name, status=DIFFERS, differences=state.differences)
        return self._booted(spec, done)

    def _check_reachable(self, spec: BuilderSpec) -> None:
        silent = look_beforehand(as_pending(spec), spec, self.patience)
        if silent.error:
            raise unfit_builder(silent)

    def state(self, spec: BuilderSpec) -> BuilderState:
        """`spec` against what buildx has on file; asks no program."""
        return compare_builder(spec, instance(spec.name, self.world.environ, str(self.world.home)))

    def remove(self, name: str) -> bool:
        """Remove a builder with all it holds; False when there was none. Raises `EngineUnfit`."""
        with self._locked():
            done = self._run(("docker", "buildx", "rm", name))
        if not done.ok and f'no builder "{name}" found' in done.stderr:
            return False
        if told := re.search(rf"failed to remove {re.escape(name)}: (.+)", done.stderr):
            raise EngineUnfit(f"builder {name} can't be removed: {told[1]}")
        _check(done, f"builder {name} can't be removed")
        return True

    def _create(self, spec: BuilderSpec, state: BuilderState) -> None:
        """Create what is missing, all of it or nothing."""
        file = instance_file(spec.name, self.world.environ, str(self.world.home))
        before = file.read_bytes() if state.known else None
        try:
            with TemporaryDirectory(prefix="buildx-tasks-") as folder:
                for node in state.missing:
                    first = node is spec.nodes[0] and not state.known
                    self._create_node(spec, node, Path(folder), append=not first)
        except EngineUnfit:
            if before is None:
                self._run(remove_argv(spec.name, spec.driver))
            else:
                # buildx 0.29 loses the platforms of a builder's nodes when it refuses to append another.
                write_atomic(file, before, private=True)
            raise

    def _create_node(self, spec: BuilderSpec, node: NodeSpec, folder: Path, *, append: bool) -> None:
        file = ""
        if node.config:
            path = folder / f"{node.name}.toml"
            path.write_text(node.config, encoding="utf-8")
            file = str(path)
        argv = create_argv(spec, node, append=append, config_file=file, buildx=self.buildx)
        done = self._run(argv, REMOTE_SECONDS if spec.driver == REMOTE else None)
        # buildx writes a remote node down and then waits twenty seconds for its answer, which nothing depends on.
        if done.timed_out and node not in self.state(spec).missing:
            return
        # A process that does not share our lock may have been quicker; whether it made the same is told later.
        if not done.ok and EXISTS not in done.stderr:
            _check(done, f"builder {spec.name} can't be created", spec.name)

    def _repair(self, spec: BuilderSpec) -> None:
        """Make the builder anew, and select it again when it was the selected one."""
        environ, home = self.world.environ, str(self.world.home)
        was_selected = selected_builder(environ, home) == spec.name
        driver = str(instance(spec.name, environ, home).get("Driver") or "")
        file = instance_file(spec.name, environ, home)
        before = file.read_bytes()
        _check(self._run(remove_argv(spec.name, driver)), f"builder {spec.name} can't be removed", spec.name)
        try:
            self._create(spec, BuilderState(known=False, missing=spec.nodes))
        except EngineUnfit as error:
            # What it runs in was removed, if it was not a remote one; buildx starts that again from this file.
            write_atomic(file, before, private=True)
            raise EngineUnfit(f"{error.message}; it is as it was before", error.hint) from error
        finally:
            if was_selected:
                self._run(("docker", "buildx", "use", spec.name))

    def _booted(self, spec: BuilderSpec, done: Ensured) -> Ensured:
        if spec.bootstrap and done.status != SAME:
            started = self._run(("docker", "buildx", "inspect", "--bootstrap", spec.name))
            _check(started, f"builder {spec.name} can't be started", spec.name)
        return done

    def _reachable(self, spec: BuilderSpec) -> BuilderSpec:
        """A container builder for a daemon behind TLS variables needs these in a docker context: buildx says so."""
        environ = self.world.environ
        if spec.driver != DOCKER_CONTAINER or not all(environ.get(name) for name in (*TLS_VARIABLES, "DOCKER_HOST")):
            return spec
        if all(node.endpoint for node in spec.nodes):
            return spec
        context = self._tls_context(environ)
        return replace(
            spec, nodes=tuple(node if node.endpoint else replace(node, endpoint=context) for node in spec.nodes)
        )

    def _tls_context(self, environ: Mapping[str, str]) -> str:
        host, certificates = environ["DOCKER_HOST"], environ["DOCKER_CERT_PATH"]
        name = f"buildx-tasks-{hashlib.sha256(f'{host} {certificates}'.encode()).hexdigest()[:8]}"
        if self._run(("docker", "context", "inspect", name)).ok:
            return name
        parts = (f"host={host}", *(f"{key}={certificates}/{key}.pem" for key in ("ca", "cert", "key")))
        done = self._run(("docker", "context", "create", name, "--docker", ",".join(parts)))
        if not done.ok and "already exists" not in done.stderr:
            _check(done, f"a docker context for {host} can't be created")
        return name

    def _run(self, argv: tuple[str, ...], seconds: float | None = None) -> Completed:
        return self.world.runner.capture(Command(argv=argv, timeout=seconds))

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """One process at a time for all builders of this buildx folder; without one where it can't be written."""
        folder = buildx_folder(self.world.environ, str(self.world.home))
        with contextlib.ExitStack() as stack:
            with contextlib.suppress(OSError):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                lock = stack.enter_context((folder / LOCK).open("ab"))
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _check(done: Completed, what: str, builder: str = "") -> None:
    """Raise `EngineUnfit` for a command that failed, with the cause that the error catalogue knows."""
    if done.ok:
        return
    if done.missing:
        raise EngineUnfit(f"{what}: docker is not installed", "install the docker CLI, or put it on PATH")
    diagnosis = diagnose(read_error_output(done.stderr or done.stdout), builder=builder)
    raise EngineUnfit(f"{what}: {diagnosis.message or f'status {done.code}'}", diagnosis.hint)

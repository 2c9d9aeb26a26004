"""The doctor's checks: facts in, verdicts with evidence and a fix out. Asks nothing itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from packaging.version import Version

from buildx_tasks.errors import BuildxTasksError
from buildx_tasks.model.builder import DOCKER_CONTAINER, DOCKER_DRIVER, HOST_VARIABLE, KUBERNETES, REMOTE
from buildx_tasks.model.check import OK, PROBLEM, SKIPPED, WARNING, Check, ok, problem, skipped, warning
from buildx_tasks.model.engine import Builder
from buildx_tasks.model.settings import OFF
from buildx_tasks.model.taskname import task_command
from buildx_tasks.planning.advice import ELSEWHERE
from buildx_tasks.planning.build.buildernodes import node_hint, node_text, silent_nodes
from buildx_tasks.planning.build.dockerchecks import CALL_SINCE
from buildx_tasks.planning.build.engine import (
    OLDEST_BUILDX,
    Tool,
    choose_tool,
    lacks_daemon,
    unknown_builder,
    wants_buildx,
)
from buildx_tasks.planning.build.engine import version_of as read_version
from buildx_tasks.planning.build.newflags import ANNOTATIONS_SINCE, SEVERAL_OUTPUTS_SINCE
from buildx_tasks.planning.doctor.facts import DoctorFacts
from buildx_tasks.planning.doctor.places import check_places
from buildx_tasks.planning.doctor.plan import check_plan

FEATURES: tuple[tuple[str, Version], ...] = (
    ("annotations", ANNOTATIONS_SINCE),
    ("several outputs of one build", SEVERAL_OUTPUTS_SINCE),
    (f"{task_command('buildx.check')} (--call)", CALL_SINCE),
)
"""What needs a newer buildx than the oldest one that is supported."""

SHOWN_NAMES = 5
STARTED = (DOCKER_CONTAINER, KUBERNETES)
"""Drivers whose BuildKit runs in something that buildx starts when it is needed."""
SLOW = "did not answer within"
SILENT = "nothing answers at"
NO_TLS = "does not speak TLS"

CHECKS: Mapping[str, tuple[str, str]] = {
    "config": ("the config can be read and is valid", task_command("schema.validate")),
    "docker-cli": ("the docker CLI is installed", "install the docker CLI"),
    "docker-daemon": ("a docker daemon answers, if one is needed", "start docker, or use a remote builder"),
    "image-store": ("the image store of the daemon, and what it does not support", "the containerd image store"),
    "buildx": ("the buildx plugin is installed, and its version", "install or update docker-buildx"),
    "tool": ("which tool builds, and why", f"{task_command('buildx.config.set')} --global buildx-builder NAME"),
    "builder": ("the builder exists and answers; if not, the cause in the network or TLS", "as it says"),
    "platform": ("each target platform is native, emulated or unavailable", "a node of that platform, or QEMU"),
    "cache-export": ("the builder can export a cache", "a builder of another driver"),
    "load": ("results can be loaded into the docker daemon, also an index", "start docker, or push"),
    "plan": ("every artifact can be built with the config and flags", "as it says, for each artifact"),
    "registry": ("each registry answers over trusted TLS and accepts the credentials", "docker login"),
    "secrets": ("the files and variables of secrets exist", "create them"),
    "ssh-agent": ("an ssh agent runs, if a build needs one", "ssh-agent"),
    "disk": ("the disks that builds use have free space", "docker buildx prune"),
    "proxy": ("the proxy variables agree with each other", "set both spellings"),
}
"""What is looked at, by id, and what the fix usually is; the page on the doctor is made from this."""


def examine(facts: DoctorFacts) -> tuple[Check, ...]:
    """All checks that apply, in the order in which to mend what they find."""
    checks = tuple(_checks(facts))
    said = {line for check in checks for line in check.text.splitlines() if check.id != "plan"}
    return tuple(check for check in checks if check.id != "plan" or check.verdict == SKIPPED or check.text not in said)


def _checks(facts: DoctorFacts) -> Iterator[Check]:
    yield from _config(facts)
    yield from _docker(facts)
    yield from _buildx(facts)
    tool = _tool(facts)
    if isinstance(tool, Check):
        yield tool
        yield from _differences(facts)
        for id_ in ("platform", "cache-export", "load", "plan"):
            yield skipped(id_, "nothing can be built, see above")
    else:
        yield from _abilities(facts, tool)
        yield from check_plan(facts, tool)
    yield from check_places(facts)


def _config(facts: DoctorFacts) -> Iterator[Check]:
    if facts.config_error:
        yield problem("config", facts.config_error, facts.config_hint or task_command("schema.validate"))
    else:
        yield ok("config", f"{facts.artifacts} artifact{'' if facts.artifacts == 1 else 's'} to build")


def _docker(facts: DoctorFacts) -> Iterator[Check]:
    engine = facts.engine
    if not engine.cli:
        yield problem("docker-cli", "docker is not on PATH", "install the docker CLI: docker --version")
        return
    yield ok("docker-cli", f"docker {engine.cli}")
    if engine.daemon.running:
        yield ok("docker-daemon", f"docker {engine.daemon.version} answers")
        store = engine.daemon.store
        limits = "" if engine.daemon.holds_indexes else ": its own builder makes one platform and exports no cache"
        yield ok("image-store", f"{store} image store{limits}")
        return
    text = f"no docker daemon answers: {engine.daemon.error}"
    builder = engine.builder
    if engine.buildx and builder and builder.known and not builder.error and builder.driver in (REMOTE, KUBERNETES):
        yield skipped("docker-daemon", f"{text}; builder {builder.name} ({builder.driver}) needs none")
    else:
        yield warning("docker-daemon", text, "start docker, or build on a remote builder and push")


def _buildx(facts: DoctorFacts) -> Iterator[Check]:
    engine = facts.engine
    if not engine.cli:
        return
    if not engine.buildx:
        why = f": {engine.buildx_error}" if engine.buildx_error else ""
        if facts.settings.builder == OFF:
            yield skipped("buildx", f"docker buildx does not answer{why}; builder is off, and nothing needs it")
            return
        yield warning(
            "buildx",
            f"docker buildx does not answer{why}; plain docker build makes one platform, without cache export",
            "install the docker-buildx plugin: docker buildx version",
        )
        return
    version = read_version(engine.buildx)
    newer = [(name, since) for name, since in FEATURES if version is not None and version < since]
    lacking = ", ".join(f"{name} (needs {since})" for name, since in newer)
    if version is not None and version < OLDEST_BUILDX:
        text = f"buildx {engine.buildx} is older than {OLDEST_BUILDX}, the oldest that is supported"
        yield warning("buildx", text, "update docker-buildx")
    elif lacking:
        yield warning("buildx", f"buildx {engine.buildx} lacks {lacking}", "update docker-buildx")
    else:
        yield ok("buildx", f"buildx {engine.buildx}")


def _tool(facts: DoctorFacts) -> Tool | Check:
    """The tool that would build, or the check that says why none can."""
    engine, builder = facts.engine, facts.engine.builder
    if not engine.cli:
        return problem(
            "tool", "nothing can build: docker is not installed", "install the docker CLI, or put it on PATH"
        )
    wanted, _reason = wants_buildx(facts.settings, engine)
    if wanted and builder is not None and not builder.known:
        error = unknown_builder(builder.name, engine)
        return problem("builder", error.message, error.hint)
    if wanted and builder is not None and builder.error:
        text = f"builder {builder.name} ({builder.driver or 'unknown driver'}): {builder.error}"
        return problem("builder", text, _builder_fix(builder, facts))
    try:
        return choose_tool(facts.settings, engine)
    except BuildxTasksError as error:
        return problem("tool", error.message, error.hint)


def _builder_fix(builder: Builder, facts: DoctorFacts) -> str:
    """What to do about a builder that does not answer: by its cause, and by how the builder came to be."""
    if builder.hint:
        return builder.hint
    if lacks_daemon(builder, daemon=facts.engine.daemon.running):
        return ELSEWHERE
    if facts.declared == HOST_VARIABLE:
        again = "correct BUILDKIT_HOST, or the files in BUILDKIT_TLS_DIR"
    elif facts.declared:
        again = (
            f"correct its declaration, then:  {task_command('buildx.builder.ensure')} --name {builder.name} --repair"
        )
    else:
        again = f"correct it and create it again:  docker buildx rm {builder.name}; {_creation(builder)}"
    other = f"or name another:  {task_command('buildx.config.set')} --global buildx-builder NAME"
    if SLOW in builder.error:
        look = f"look at its machine's load and network:  docker buildx inspect {builder.name}"
        return f"{look}\nor give it longer:  --builder-timeout SECONDS\n{other}"
    if SILENT in builder.error:
        return f"start BuildKit there, or allow the connection in its firewall\n{again}\n{other}"
    return f"{again}\n{other}"


def _creation(builder: Builder) -> str:
    create = f"docker buildx create --name {builder.name} --driver {builder.driver or DOCKER_CONTAINER}"
    if builder.driver != REMOTE:
        return create
    if any(word in builder.error for word in ("TLS", "certificate")) and NO_TLS not in builder.error:
        create += " --driver-opt cacert=CA,cert=CERT,key=KEY"
    if "servername" in builder.error:
        create += ",servername=NAME"
    return f"{create} ENDPOINT"


def _abilities(facts: DoctorFacts, tool: Tool) -> Iterator[Check]:
    yield ok("tool", f"{tool.name}: {tool.reason}")
    if tool.is_buildx:
        yield from _builder(facts, tool)
        yield _cache_export(tool)
        yield _load(tool)


def _builder(facts: DoctorFacts, tool: Tool) -> Iterator[Check]:
    builder = facts.engine.builder
    if builder is None:
        return
    versions = ", ".join(dict.fromkeys(node.buildkit for node in builder.nodes if node.buildkit))
    nodes = f"{len(builder.nodes) or 1} node{'s' if len(builder.nodes) > 1 else ''}"
    shown = f" {versions}" if versions else ""
    if facts.pending:
        yield _pending(facts, builder)
    elif idle := [node for node in builder.nodes if tool.driver in STARTED and not node.running and not node.error]:
        names = ", ".join(f"{node.name} is {node.status or 'not running'}" for node in idle)
        text = f"builder {builder.name} ({tool.driver}) does not run: {names}; a build has to start it first"
        yield warning("builder", text, f"start it:  docker buildx inspect --bootstrap {builder.name}")
    else:
        yield ok("builder", f"builder {builder.name}: driver {tool.driver}, {nodes}, BuildKit{shown}")
    needed = silent_nodes(builder, facts.platforms)
    for node in builder.nodes:
        if node.error:
            say = problem if node in needed else warning
            yield say("builder", node_text(builder, node), node_hint(builder, node))
    yield from _differences(facts)
    yield from _platforms(facts, tool)


def _pending(facts: DoctorFacts, builder: Builder) -> Check:
    """A builder that the build creates: all that is known of it is who answers at a remote one's endpoints."""
    text = f"builder {builder.name} ({builder.driver}) does not exist yet; the build creates it"
    endpoints = [node.endpoint for node in builder.nodes if not node.error]
    if builder.driver == REMOTE and all(place.startswith(("tcp://", "unix://")) for place in endpoints):
        return ok("builder", f"{text}: BuildKit answers at {', '.join(endpoints)}")
    if builder.driver == DOCKER_CONTAINER and not facts.engine.daemon.running and not any(endpoints):
        text += ", in a docker daemon, and none answers"
        return problem("builder", text, "start docker, or use a remote builder")
    return skipped("builder", f"{text}; to see whether it starts:  {task_command('buildx.builder.ensure')}")


def _differences(facts: DoctorFacts) -> Iterator[Check]:
    builder = facts.engine.builder
    if builder is not None and facts.differences:
        text = f"builder {builder.name} differs from its declaration: {'; '.join(facts.differences)}"
        yield warning(
            "builder", text, f"recreate it:  {task_command('buildx.builder.ensure')} --name {builder.name} --repair"
        )


def _cache_export(tool: Tool) -> Check:
    if tool.exports_cache:
        return ok("cache-export", f"builder {tool.builder} exports caches")
    return skipped("cache-export", f"builder {tool.builder} (driver {tool.driver}) exports no cache")


def _load(tool: Tool) -> Check:
    if tool.loads:
        index = "also an index" if tool.loads_indexes else "one platform at a time"
        return ok("load", f"results can be loaded into the docker daemon, {index}")
    return skipped("load", "nothing can be loaded without a docker daemon")


def _platforms(facts: DoctorFacts, tool: Tool) -> Iterator[Check]:
    """Which wanted platforms the builder offers. A node's own platform comes first in its list."""
    builder = facts.engine.builder
    assert builder is not None
    offered = {platform for node in builder.nodes for platform in node.platforms}
    native = {node.platforms[0] for node in builder.nodes if node.platforms}
    if not offered:
        return
    for wanted in facts.platforms:
        platform = str(wanted)
        if silent := silent_nodes(builder, (wanted,)):
            names = " and ".join(node.name for node in silent)
            yield skipped("platform", f"{platform}: it needs {names}, which is unavailable (see above)")
        elif platform in native:
            yield ok("platform", f"{platform} is native on builder {tool.builder}")
        elif not facts.runs:
            text = f"{platform} is not what builder {tool.builder} runs on, and no step has to run on it"
            yield ok("platform", text)
        elif platform in offered:
            yield warning(
                "platform",
                f"{platform} is not what builder {tool.builder} runs on: it is emulated, and slow ({_names(facts)})",
                _node_hint(tool, platform),
            )
        else:
            emulate = "install emulators where it runs:  apt-get install qemu-user-static binfmt-support\nor "
            yield problem(
                "platform",
                f"builder {tool.builder} does not offer {platform}, and {_names(facts)} have steps to run on it",
                (emulate if wanted.os == "linux" else "") + _node_hint(tool, platform),
            )


def _names(facts: DoctorFacts) -> str:
    """The images whose builds run something on their platform, the first few of them by name."""
    more = len(facts.runs) - SHOWN_NAMES
    return ", ".join(facts.runs[:SHOWN_NAMES]) + (f" and {more} more" if more > 0 else "")


def _node_hint(tool: Tool, platform: str) -> str:
    """How to get a node of a platform; docker's own builder takes no others."""
    if tool.driver == DOCKER_DRIVER:
        create = f"docker buildx create --name native --driver remote --platform {platform} ENDPOINT"
        return f"create a builder with a node of that platform:  {create}"
    create = f"docker buildx create --append --name {tool.builder} --platform {platform} ENDPOINT"
    return f"add a node of that platform:  {create}"


def worst(checks: Iterable[Check]) -> str:
    """The gravest verdict."""
    found = {check.verdict for check in checks}
    return PROBLEM if PROBLEM in found else WARNING if WARNING in found else OK

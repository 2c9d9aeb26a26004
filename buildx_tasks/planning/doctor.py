"""The doctor's checks: facts in, verdicts with evidence and a fix out. Asks nothing itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from packaging.version import Version

from buildx_tasks.errors import BuildxTasksError
from buildx_tasks.model.builder import DOCKER_CONTAINER, DOCKER_DRIVER, HOST_VARIABLE, REMOTE
from buildx_tasks.model.check import OK, PROBLEM, WARNING, Check, ok, problem, skipped, warning
from buildx_tasks.model.engine import Builder
from buildx_tasks.planning.dockerchecks import CALL_SINCE
from buildx_tasks.planning.doctorfacts import DoctorFacts
from buildx_tasks.planning.doctorplaces import check_places
from buildx_tasks.planning.engine import CREATE_HINT, OLDEST_BUILDX, Tool, choose_tool, unknown_builder, wants_buildx
from buildx_tasks.planning.engine import version_of as read_version
from buildx_tasks.planning.newflags import ANNOTATIONS_SINCE, SEVERAL_OUTPUTS_SINCE
from buildx_tasks.planning.nodes import node_hint, node_text, silent_nodes

ANNOTATIONS = "annotations"
SEVERAL_OUTPUTS = "several outputs of one build"
CALL = "buildx.check (--call)"
FEATURES: tuple[tuple[str, Version], ...] = (
    (ANNOTATIONS, ANNOTATIONS_SINCE),
    (SEVERAL_OUTPUTS, SEVERAL_OUTPUTS_SINCE),
    (CALL, CALL_SINCE),
)
"""What needs a newer buildx than the oldest one that is supported."""

DAEMONS_OWN = ("", DOCKER_DRIVER)
SLOW = "did not answer within"
SILENT = "nothing answers at"
NO_TLS = "does not speak TLS"

CHECKS: Mapping[str, tuple[str, str]] = {
    "config": ("the config can be read and is valid", "invoke schema.validate"),
    "docker-cli": ("a docker CLI is there", "install the docker CLI"),
    "docker-daemon": ("a docker daemon answers, where one is needed", "start docker, or use a remote builder"),
    "image-store": ("which image store the daemon has, and what that rules out", "the containerd image store"),
    "buildx": ("the buildx plugin is there, and its version", "install or update docker-buildx"),
    "tool": ("which tool builds, and why", "buildx.config.set --global buildx-builder NAME"),
    "builder": ("the builder is known and answers; if not, whether that is the network or TLS", "as it says"),
    "platform": ("each wanted platform is native, emulated or impossible", "a node of that platform, or QEMU"),
    "cache-export": ("the builder can export a cache", "a builder of another driver"),
    "load": ("a result can be loaded, also an index", "start docker, or push"),
    "registry": ("each registry answers, over TLS that can be checked, and takes our credentials", "docker login"),
    "secrets": ("the files and variables of secrets are there", "create them"),
    "ssh-agent": ("an ssh agent runs, where a build wants one", "ssh-agent"),
    "disk": ("there is room on the disks that builds use", "docker buildx prune"),
    "proxy": ("the proxy variables agree with each other", "set both spellings"),
}
"""What is looked at, by id, and what the fix usually is; the page on the doctor is made from this."""


def examine(facts: DoctorFacts) -> tuple[Check, ...]:
    """All checks that apply, in the order in which to mend what they find."""
    return tuple(_checks(facts))


def _checks(facts: DoctorFacts) -> Iterator[Check]:
    yield from _config(facts)
    yield from _docker(facts)
    yield from _buildx(facts)
    tool = _tool(facts)
    if isinstance(tool, Check):
        yield tool
        for id_ in ("platform", "cache-export", "load"):
            yield skipped(id_, "nothing can be built, see above")
    else:
        yield from _abilities(facts, tool)
    yield from check_places(facts)


def _config(facts: DoctorFacts) -> Iterator[Check]:
    if facts.config_error:
        yield problem("config", facts.config_error, facts.config_hint or "invoke schema.validate")
    else:
        yield ok("config", f"{facts.artifacts} artifacts to build")


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
    if engine.buildx and builder and builder.known and not builder.error and builder.driver not in DAEMONS_OWN:
        yield skipped("docker-daemon", f"{text}; builder {builder.name} ({builder.driver}) needs none")
    else:
        yield warning("docker-daemon", text, "start docker, or build on a remote builder and push")


def _buildx(facts: DoctorFacts) -> Iterator[Check]:
    engine = facts.engine
    if not engine.cli:
        return
    if not engine.buildx:
        why = f": {engine.buildx_error}" if engine.buildx_error else ""
        yield problem(
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
        yield problem("buildx", text, "update docker-buildx")
    elif asked := ", ".join(f"{name} (needs {since})" for name, since in newer if name in facts.uses):
        yield problem("buildx", f"the config wants what buildx {engine.buildx} lacks: {asked}", "update docker-buildx")
    elif lacking:
        yield warning("buildx", f"buildx {engine.buildx} lacks {lacking}", "update docker-buildx")
    else:
        yield ok("buildx", f"buildx {engine.buildx}")


def _tool(facts: DoctorFacts) -> Tool | Check:
    """The tool that would build, or the check that says why none can."""
    engine, builder = facts.engine, facts.engine.builder
    if not engine.cli:
        return problem("tool", "nothing can build: docker is not there", "install the docker CLI")
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
    if facts.declared == HOST_VARIABLE:
        again = "correct BUILDKIT_HOST, or the files in BUILDKIT_TLS_DIR"
    elif facts.declared:
        again = f"correct its declaration, then:  invoke buildx.builder.ensure --name {builder.name} --repair"
    else:
        again = f"correct it and create it again:  docker buildx rm {builder.name}; {_creation(builder)}"
    other = "or name another:  invoke buildx.config.set --global buildx-builder NAME"
    if SLOW in builder.error:
        look = f"look at its machine's load and network:  docker buildx inspect {builder.name}"
        return f"{look}\nor give it longer:  --builder-timeout SECONDS\n{other}"
    if SILENT in builder.error:
        return f"start BuildKit there, or let its firewall pass us\n{again}\n{other}"
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
    if not tool.is_buildx:
        yield from _one_platform(facts, "plain docker build")
        return
    yield from _builder(facts, tool)
    yield from _cache_export(facts, tool)
    yield from _load(facts, tool)


def _builder(facts: DoctorFacts, tool: Tool) -> Iterator[Check]:
    builder = facts.engine.builder
    if builder is None:
        return
    versions = ", ".join(dict.fromkeys(node.buildkit for node in builder.nodes if node.buildkit))
    nodes = f"{len(builder.nodes) or 1} node{'s' if len(builder.nodes) > 1 else ''}"
    shown = f" {versions}" if versions else ""
    yield ok("builder", f"builder {builder.name}: driver {tool.driver}, {nodes}, BuildKit{shown}")
    needed = silent_nodes(builder, facts.platforms)
    for node in builder.nodes:
        if node.error:
            say = problem if node in needed else warning
            yield say("builder", node_text(builder, node), node_hint(builder, node))
    if not tool.builds_indexes:
        yield from _one_platform(facts, f"builder {tool.builder} (driver docker, classic image store)")
    yield from _platforms(facts, tool)


def _one_platform(facts: DoctorFacts, who: str) -> Iterator[Check]:
    """What makes one platform at a time can't do more at once."""
    wanted = [str(item) for item in facts.platforms]
    if len(wanted) > 1:
        text = f"{who} makes one platform at a time, and {', '.join(wanted)} are wanted"
        yield problem("platform", text, f"{CREATE_HINT.format(name='multi')}\nor one:  --platform {wanted[0]}")


def _cache_export(facts: DoctorFacts, tool: Tool) -> Iterator[Check]:
    text = f"builder {tool.builder} (driver {tool.driver}) exports no cache"
    if tool.exports_cache:
        yield ok("cache-export", f"builder {tool.builder} exports caches")
    elif facts.wants_cache:
        yield warning("cache-export", f"{text}: cacheTo can't work", CREATE_HINT.format(name="cached"))
    else:
        yield skipped("cache-export", f"{text}, and none is asked for")


def _load(facts: DoctorFacts, tool: Tool) -> Iterator[Check]:
    if tool.loads:
        index = "also an index" if tool.loads_indexes else "one platform at a time"
        yield ok("load", f"results can be loaded into the docker daemon, {index}")
    elif facts.writes_somewhere:
        yield skipped("load", "nothing can be loaded without a docker daemon; images go to a registry")
    else:
        fix = "push them:  --default-repo REGISTRY\nor start docker"
        yield warning("load", "nothing can be loaded without a docker daemon, and no image names a registry", fix)


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
            yield skipped("platform", f"{platform}: it takes {names}, see above")
        elif platform in native:
            yield ok("platform", f"{platform} is native on builder {tool.builder}")
        elif platform in offered:
            yield warning(
                "platform",
                f"{platform} is not what builder {tool.builder} runs on: it is emulated, and slow",
                _node_hint(tool, platform),
            )
        else:
            yield problem(
                "platform",
                f"builder {tool.builder} does not offer {platform}",
                "install emulators where it runs:  apt-get install qemu-user-static binfmt-support\n"
                f"or {_node_hint(tool, platform)}",
            )


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

"""The doctor's checks: facts in, verdicts with evidence and a fix out. Asks nothing itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from packaging.version import Version

from buildx_tasks.errors import BuildxTasksError
from buildx_tasks.model.check import OK, PROBLEM, WARNING, Check
from buildx_tasks.model.engine import Engine
from buildx_tasks.model.platform import Platform, PlatformSet
from buildx_tasks.model.settings import Settings
from buildx_tasks.planning.diagnosis import login_hint
from buildx_tasks.planning.engine import CREATE_HINT, OLDEST_BUILDX, Tool, choose_tool, unknown_builder, wants_buildx
from buildx_tasks.planning.engine import version_of as read_version

FEATURES: tuple[tuple[str, Version], ...] = (
    ("annotations", Version("0.12")),
    ("several outputs of one build", Version("0.13")),
    ("buildx.check (--call)", Version("0.15")),
)
"""What needs a newer buildx than the oldest one that is supported."""

FREE_BYTES = 2 * 1024**3

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


@dataclass(frozen=True, kw_only=True, slots=True)
class RegistryFacts:
    """What a registry answered: an HTTP `status` (0 for none), or why there was no answer."""

    host: str
    status: int = 0
    error: str = ""
    has_login: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class DoctorFacts:
    """Everything the checks depend on. `missing_secrets` are texts; `disks` are (folder, free bytes, all bytes)."""

    engine: Engine
    settings: Settings
    host: Platform
    config_error: str = ""
    config_hint: str = ""
    artifacts: int = 0
    platforms: PlatformSet = field(default_factory=PlatformSet)
    registries: tuple[RegistryFacts, ...] = ()
    missing_secrets: tuple[str, ...] = ()
    wants_agent: tuple[str, ...] = ()
    has_agent: bool = False
    disks: tuple[tuple[str, int, int], ...] = ()
    environ: Mapping[str, str] = field(default_factory=dict)


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
    else:
        yield from _abilities(facts, tool)
    for registry in facts.registries:
        yield _registry(registry, facts.settings)
    yield from _secrets(facts)
    yield from _disks(facts)
    yield from _proxy(facts.environ)


def _config(facts: DoctorFacts) -> Iterator[Check]:
    if facts.config_error:
        yield _problem("config", facts.config_error, facts.config_hint or "invoke schema.validate")
    else:
        yield _ok("config", f"{facts.artifacts} artifacts to build")


def _docker(facts: DoctorFacts) -> Iterator[Check]:
    engine = facts.engine
    if not engine.cli:
        yield _problem("docker-cli", "docker is not on PATH", "install the docker CLI: docker --version")
        return
    yield _ok("docker-cli", f"docker {engine.cli}")
    if engine.daemon.running:
        yield _ok("docker-daemon", f"docker {engine.daemon.version} answers")
        store = engine.daemon.store
        limits = "" if engine.daemon.holds_indexes else ": its own builder makes one platform and exports no cache"
        yield _ok("image-store", f"{store} image store{limits}")
    else:
        yield _warning(
            "docker-daemon",
            f"no docker daemon answers: {engine.daemon.error}",
            "start docker, or build on a remote builder and push",
        )


def _buildx(facts: DoctorFacts) -> Iterator[Check]:
    engine = facts.engine
    if not engine.cli:
        return
    if not engine.buildx:
        why = f": {engine.buildx_error}" if engine.buildx_error else ""
        yield _problem(
            "buildx",
            f"docker buildx does not answer{why}; plain docker build makes one platform, without cache export",
            "install the docker-buildx plugin: docker buildx version",
        )
        return
    version = read_version(engine.buildx)
    lacking = [f"{name} (needs {since})" for name, since in FEATURES if version is not None and version < since]
    if version is not None and version < OLDEST_BUILDX:
        text = f"buildx {engine.buildx} is older than {OLDEST_BUILDX}, the oldest that is supported"
        yield _problem("buildx", text, "update docker-buildx")
    elif lacking:
        yield _warning("buildx", f"buildx {engine.buildx} lacks {', '.join(lacking)}", "update docker-buildx")
    else:
        yield _ok("buildx", f"buildx {engine.buildx}")


def _tool(facts: DoctorFacts) -> Tool | Check:
    """The tool that would build, or the check that says why none can."""
    engine, builder = facts.engine, facts.engine.builder
    if not engine.cli:
        return _problem("tool", "nothing can build: docker is not there", "install the docker CLI")
    wanted, _reason = wants_buildx(facts.settings, engine)
    if wanted and builder is not None and not builder.known:
        error = unknown_builder(builder.name, engine)
        return _problem("builder", error.message, error.hint)
    if wanted and builder is not None and builder.error:
        return _problem(
            "builder",
            f"builder {builder.name} ({builder.driver or 'unknown driver'}): {builder.error}",
            f"correct its endpoint or certificates and create it again:  docker buildx rm {builder.name}\n"
            "or name another:  invoke buildx.config.set --global buildx-builder NAME",
        )
    try:
        return choose_tool(facts.settings, engine)
    except BuildxTasksError as error:
        return _problem("tool", error.message, error.hint)


def _abilities(facts: DoctorFacts, tool: Tool) -> Iterator[Check]:
    yield _ok("tool", f"{tool.name}: {tool.reason}")
    if not tool.is_buildx:
        return
    builder = facts.engine.builder
    if builder is not None:
        versions = ", ".join(dict.fromkeys(node.buildkit for node in builder.nodes if node.buildkit))
        nodes = f"{len(builder.nodes) or 1} node{'s' if len(builder.nodes) > 1 else ''}"
        shown = f" {versions}" if versions else ""
        yield _ok("builder", f"builder {builder.name}: driver {tool.driver}, {nodes}, BuildKit{shown}")
        for node in builder.nodes:
            if node.error:
                yield _warning("builder", f"node {node.name} of {builder.name}: {node.error}", "docker buildx inspect")
        yield from _platforms(facts, tool)
    if tool.exports_cache:
        yield _ok("cache-export", f"builder {tool.builder} exports caches")
    else:
        text = f"builder {tool.builder} (driver {tool.driver}) exports no cache: cacheTo can't work"
        yield _warning("cache-export", text, CREATE_HINT.format(name="cached"))
    if tool.loads:
        index = "also an index" if tool.loads_indexes else "one platform at a time"
        yield _ok("load", f"results can be loaded into the docker daemon, {index}")
    else:
        yield _warning("load", "nothing can be loaded: images must be pushed or exported", "--push, or start docker")


def _platforms(facts: DoctorFacts, tool: Tool) -> Iterator[Check]:
    """Which wanted platforms the builder offers. A node's own platform comes first in its list."""
    builder = facts.engine.builder
    assert builder is not None
    offered = {platform for node in builder.nodes for platform in node.platforms}
    native = {node.platforms[0] for node in builder.nodes if node.platforms}
    if not offered:
        return
    for platform in (str(item) for item in facts.platforms):
        if platform in native:
            yield _ok("platform", f"{platform} is native on builder {tool.builder}")
        elif platform in offered:
            yield _warning(
                "platform",
                f"{platform} is not what builder {tool.builder} runs on: it is emulated, and slow",
                f"add a node of that platform:  docker buildx create --append --name {tool.builder} "
                f"--platform {platform} ENDPOINT",
            )
        else:
            yield _problem(
                "platform",
                f"builder {tool.builder} does not offer {platform}",
                "install emulators where it runs:  apt-get install qemu-user-static binfmt-support\n"
                f"or add a node of that platform:  docker buildx create --append --name {tool.builder} "
                f"--platform {platform} ENDPOINT",
            )


def _registry(facts: RegistryFacts, settings: Settings) -> Check:
    host = facts.host
    if facts.error:
        return _registry_silent(facts, settings)
    if facts.status in (401, 403) and facts.has_login:
        return _problem("registry", f"{host} refuses our credentials", login_hint(host))
    if facts.status in (401, 403):
        return _problem("registry", f"{host} wants credentials and docker has none for it", login_hint(host))
    if facts.status == 200 or facts.status == 404:
        return _ok("registry", f"{host} answers")
    return _warning("registry", f"{host} answers with {facts.status}", "try again later")


def _registry_silent(facts: RegistryFacts, settings: Settings) -> Check:
    host, text = facts.host, facts.error.lower()
    if "certificate" in text:
        fix = (
            f"give its CA to docker and the builder, or:  invoke buildx.config.set --global insecure-registries {host}"
        )
        return _problem("registry", f"the certificate of {host} can't be trusted: {facts.error}", fix)
    if "wrong version number" in text or "record layer" in text or "http request" in text:
        declared = host in settings.insecure_registries
        fix = f"invoke buildx.config.set --global insecure-registries {host}"
        return _problem("registry", f"{host} speaks plain HTTP", "" if declared else fix)
    return _problem(
        "registry", f"{host} does not answer: {facts.error}", "is its address right?  --default-repo REGISTRY"
    )


def _secrets(facts: DoctorFacts) -> Iterator[Check]:
    for text in facts.missing_secrets:
        yield _problem("secrets", text, "create the file, or set the variable")
    if facts.wants_agent and not facts.has_agent:
        names = ", ".join(facts.wants_agent)
        yield _problem(
            "ssh-agent", f"{names}: ssh is forwarded, and SSH_AUTH_SOCK names no agent", "ssh-agent; ssh-add"
        )
    elif facts.wants_agent:
        yield _ok("ssh-agent", "an ssh agent runs")


def _disks(facts: DoctorFacts) -> Iterator[Check]:
    for folder, free, whole in facts.disks:
        text = f"{free / 1024**3:.1f} of {whole / 1024**3:.0f} GiB free at {folder}"
        if free < FREE_BYTES:
            yield _warning("disk", text, "docker buildx prune")
        else:
            yield _ok("disk", text)


def _proxy(environ: Mapping[str, str]) -> Iterator[Check]:
    pairs = [(name, name.lower()) for name in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")]
    for upper, lower in pairs:
        if environ.get(upper) and environ.get(lower) and environ[upper] != environ[lower]:
            yield _warning("proxy", f"{upper} and {lower} differ", "set both to the same value")
    proxies = [name for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy") if environ.get(name)]
    if proxies and not _any(environ, "NO_PROXY", "no_proxy"):
        text = f"{proxies[0]} is set without NO_PROXY: registries and builders near you go through the proxy too"
        yield _warning("proxy", text, "export NO_PROXY=localhost,127.0.0.1,REGISTRY")


def _any(environ: Mapping[str, str], *names: str) -> bool:
    return any(environ.get(name) for name in names)


def worst(checks: Iterable[Check]) -> str:
    """The gravest verdict."""
    found = {check.verdict for check in checks}
    return PROBLEM if PROBLEM in found else WARNING if WARNING in found else OK


def _ok(id_: str, text: str) -> Check:
    return Check(id=id_, verdict=OK, text=text)


def _warning(id_: str, text: str, fix: str) -> Check:
    return Check(id=id_, verdict=WARNING, text=text, fix=fix)


def _problem(id_: str, text: str, fix: str) -> Check:
    return Check(id=id_, verdict=PROBLEM, text=text, fix=fix)

"""From one artifact and what was decided for it to its build command: the only place that spells build flags.

The order is Skaffold's, with the buildx flags where the buildx proposal puts them.
"""

from __future__ import annotations

from buildx_tasks.errors import EngineUnfit
from buildx_tasks.model.config import Secret
from buildx_tasks.model.imageref import parse_image_ref
from buildx_tasks.model.plan import LOAD, PUSH, Argument, CacheUse, Placeholder, Variable
from buildx_tasks.model.platform import format_platforms
from buildx_tasks.model.settings import PLAIN
from buildx_tasks.model.spec import Spec, write_csv
from buildx_tasks.planning.build.buildargs import add_build_args
from buildx_tasks.planning.build.engine import CREATE_HINT, Tool
from buildx_tasks.planning.build.stepinput import StepCommand, StepInput, expanded
from buildx_tasks.planning.config.select import ARTIFACT_CONTEXT

ATTESTATION_FLAGS = ("--attest", "--provenance", "--sbom")


def plan_command(given: StepInput) -> StepCommand:
    """The build command of one artifact with its environment and warnings."""
    command = StepCommand()
    docker = given.artifact.docker
    _begin(command, given)
    add_build_args(command, given)
    for host in docker.add_host:
        command.add("--add-host", host, why="addHost")
    for use in given.cache_from:
        command.add("--cache-from", _cache_text(use, given.tool), why=use.reason)
    for use in given.cache_to:
        command.add("--cache-to", str(use.spec), why=use.reason)
    for text in docker.cli_flags:
        command.add(expanded(command, given, f"cliFlags {text!r}", text), why="cliFlags")
    _options(command, given)
    if given.tool.is_buildx:
        _buildx_extras(command, given)
    _extras(command, given)
    if given.tool.is_buildx:
        _attestations(command, given)
    _platforms(command, given)
    _result(command, given)
    _buildkit_variable(command, given)
    return command


def _begin(command: StepCommand, given: StepInput) -> None:
    if given.tool.is_buildx:
        command.add("docker", "buildx", "build", given.artifact.context, why=given.tool.reason)
    else:
        command.add("docker", "build", given.artifact.context, why=given.tool.reason)
    command.add("--file", given.dockerfile, why="dockerfile")
    command.add("-t", given.tag, why="tag policy and default-repo")


def _cache_text(use: CacheUse, tool: Tool) -> str:
    """A registry importer as the plain reference; anything with more to say as CSV."""
    if use.spec.type == "registry" and [key for key, _value in use.spec.attrs] == ["ref"]:
        return use.spec.get("ref")
    return str(use.spec) if tool.is_buildx else use.spec.get("ref")


def _options(command: StepCommand, given: StepInput) -> None:
    docker, settings = given.artifact.docker, given.settings
    if docker.target:
        command.add("--target", docker.target, why="target")
    if docker.network:
        command.add("--network", _network(given), why="network")
    if docker.no_cache or settings.no_cache:
        command.add("--no-cache", why="noCache" if docker.no_cache else "flag --no-cache")
    if docker.squash:
        command.add("--squash", why="squash")
        if _is_buildkit(given):
            command.warnings.append(f"artifact {given.artifact.image!r}: squash has no effect with BuildKit")
    if docker.pull_parent:
        command.add("--pull", why="pullParent")
    for secret in docker.secrets:
        command.add("--secret", secret_text(secret, given.home), why="secrets (by reference, never the value)")
    if docker.ssh:
        command.add("--ssh", docker.ssh, why="ssh")
    if not given.tool.is_buildx and not settings.cache_artifacts:
        command.add("--force-rm", why="cache-artifacts is off, so nothing intermediate is kept")


def _network(given: StepInput) -> str:
    """Skaffold's lower case, except for the name of a container, which is a template.

    What docker calls ``bridge`` is BuildKit's default, and BuildKit knows it by no other name.
    """
    network = given.artifact.docker.network
    mode, colon, name = network.partition(":")
    if colon and mode.lower() == "container":
        return f"container:{given.expand(name)}"
    return "default" if _is_buildkit(given) and network.lower() == "bridge" else network.lower()


def _is_buildkit(given: StepInput) -> bool:
    """Whether BuildKit builds: always with buildx, and on the plain path where the docker CLI has it."""
    return given.tool.is_buildx or (given.buildkit_possible and not given.tool.legacy)


def secret_text(secret: Secret, home: str) -> str:
    """The value of ``--secret``; a leading ``~/`` of the source is the home folder, as in Skaffold."""
    parts = [f"id={secret.id}"]
    if secret.src:
        src = f"{home.rstrip('/')}/{secret.src[2:]}" if secret.src.startswith("~/") else secret.src
        parts.append(f"src={src}")
    if secret.env:
        parts.append(f"env={secret.env}")
    return write_csv(tuple(parts))


def _extras(command: StepCommand, given: StepInput) -> None:
    extras = given.artifact.extras
    for name, value in extras.labels:
        command.add("--label", f"{name}={given.expand(value)}", why="labels")
    if extras.shm_size:
        command.add("--shm-size", extras.shm_size, why="shmSize")
    for limit in extras.ulimits:
        command.add("--ulimit", limit, why="ulimits")


def _buildx_extras(command: StepCommand, given: StepInput) -> None:
    extras = given.artifact.extras
    for stage in given.settings.no_cache_filter or extras.no_cache_filter:
        command.add("--no-cache-filter", stage, why="noCacheFilter")
    for name, value in extras.build_contexts:
        command.add("--build-context", (f"{name}=", *_context_source(given, value)), why="buildContexts")
    for dependency in given.artifact.requires:
        if given.layouts.get(dependency.image):
            reference = Placeholder("reference", dependency.image)
            layout, digest = Placeholder("layout", dependency.image), Placeholder("digest", dependency.image)
            command.add(
                "--build-context",
                (reference, "=oci-layout://", layout, "@", digest),
                why=f"requires {dependency.image}, which is not in a registry that the builder can reach",
            )
    for name, value in extras.annotations:
        command.add("--annotation", f"{name}={given.expand(value)}", why="annotations")


def _context_source(given: StepInput, value: str) -> Argument:
    """A named context's source; ``artifact://NAME`` stands for another artifact of this run."""
    image = value.removeprefix(ARTIFACT_CONTEXT)
    if image == value:
        return (value,)
    if given.layouts.get(image):
        return ("oci-layout://", Placeholder("layout", image), "@", Placeholder("digest", image))
    return ("docker-image://", Placeholder("reference", image))


def _attestations(command: StepCommand, given: StepInput) -> None:
    """``auto`` keeps an index free of unknown/unknown entries and a loaded image a plain one."""
    wanted = given.artifact.extras.attest or given.settings.attest
    sbom = given.settings.sbom if given.artifact.extras.sbom is None else given.artifact.extras.sbom
    own = any(text.startswith(ATTESTATION_FLAGS) for text in given.artifact.docker.cli_flags)
    if (wanted in ("min", "max") or sbom) and not given.tool.attests:
        raise EngineUnfit(
            f"artifact {given.artifact.image!r}: attestations are asked for, and builder {given.tool.builder} "
            "(driver docker, classic image store) can't attach any",
            f"{CREATE_HINT.format(name='attesting')}\nor leave them out:  --attest none",
        )
    if wanted in ("min", "max"):
        command.add("--provenance", f"mode={wanted}", why=f"attest {wanted}")
    if sbom:
        command.add("--sbom=true", why="sbom")
    loads = given.destination.output == LOAD
    if wanted == "none" or (wanted == "auto" and not own and (given.platforms.is_multi or loads)):
        why = "attest none" if wanted == "none" else "several platforms" if given.platforms.is_multi else "loaded image"
        command.environment.append(Variable("BUILDX_NO_DEFAULT_ATTESTATIONS", "1", why))


def _platforms(command: StepCommand, given: StepInput) -> None:
    if given.platforms and not given.platforms.all:
        command.add("--platform", format_platforms(given.platforms), why="platforms")


def _result(command: StepCommand, given: StepInput) -> None:
    tool, destination = given.tool, given.destination
    if not tool.is_buildx:
        return
    for output in given.outputs:
        command.add("--output", given.expand(str(output)), why="outputs")
    insecure = _is_insecure(given)
    if destination.output == PUSH and insecure:
        image = Spec("image", (("name", given.tag), ("push", "true"), ("registry.insecure", "true")))
        command.add("--output", str(image), why=f"{destination.reason}; {insecure}")
    elif destination.output == PUSH:
        command.add("--push", why=destination.reason)
    elif destination.output == LOAD:
        command.add("--load", why=destination.reason)
    if given.export_layout:
        layout = ("type=oci,tar=false,dest=", Placeholder("layout", given.artifact.image))
        command.add("--output", layout, why="other artifacts require it and can't reach it otherwise")
    if not _chooses_builder(command, given):
        command.add("--builder", tool.builder, why=tool.reason)
    if given.settings.progress == PLAIN:
        command.add("--progress", PLAIN, why="progress")
    command.add("--metadata-file", (Placeholder("metadata", given.artifact.image),), why="the digest of the result")


def _chooses_builder(command: StepCommand, given: StepInput) -> bool:
    """Whether ``cliFlags`` name the builder, which holds unless the user has configured one; either way it is said."""
    flags = given.artifact.docker.cli_flags
    where = f"artifact {given.artifact.image!r}: cliFlags"
    if any(text.partition("=")[0] == "--metadata-file" for text in flags):
        command.warnings.append(f"{where} have --metadata-file, which is ours to set: use --metadata-output")
    if not any(text.partition("=")[0] == "--builder" for text in flags):
        return False
    if given.settings.builder:
        command.warnings.append(
            f"{where} have --builder, and {given.tool.reason}: builder {given.tool.builder} is used"
        )
        return False
    command.warnings.append(f"{where} have --builder: what it can do is not looked at, name it with  --builder instead")
    return True


def _is_insecure(given: StepInput) -> str:
    """Why the registry must be spoken to without TLS checks, "" when it needs not or the daemon decides."""
    registry = parse_image_ref(given.tag).domain
    if not given.tool.pushes_itself or registry not in given.settings.insecure_registries:
        return ""
    return f"{registry} is an insecure registry"


def _buildkit_variable(command: StepCommand, given: StepInput) -> None:
    """DOCKER_BUILDKIT on the plain path, as Skaffold sets it, but never where the docker CLI then refuses to build."""
    if given.tool.is_buildx:
        return
    if given.tool.legacy:
        command.environment.append(Variable("DOCKER_BUILDKIT", "0", given.tool.reason))
    elif given.buildkit is False:
        command.environment.append(Variable("DOCKER_BUILDKIT", "0", "useBuildkit is false"))
    elif given.buildkit or given.platforms:
        why = "useBuildkit is true" if given.buildkit else "a platform is given"
        if given.buildkit_possible:
            command.environment.append(Variable("DOCKER_BUILDKIT", "1", why))
        elif given.buildkit:
            command.warnings.append("useBuildkit is true, but this docker CLI needs the buildx plugin for BuildKit")

"""From one artifact and what was decided for it to the request for its build."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from buildx_tasks.errors import EngineUnfit
from buildx_tasks.model.cliflags import has_flag
from buildx_tasks.model.config import Secret
from buildx_tasks.model.imageref import parse_image_ref
from buildx_tasks.model.plan import Variable
from buildx_tasks.model.request import (
    EXPORT,
    LAYOUT,
    LOAD,
    METADATA,
    PUSH,
    Because,
    BuildRequest,
    NamedContext,
    Output,
    Placeholder,
    Text,
    Texts,
)
from buildx_tasks.model.settings import PLAIN
from buildx_tasks.model.spec import Spec, parse_output
from buildx_tasks.planning.advice import builder_advice
from buildx_tasks.planning.build.buildargs import plan_build_args
from buildx_tasks.planning.build.hidden import by_environment, warn_of_visible
from buildx_tasks.planning.build.stepinput import PlannedRequest, Remarks, StepInput, expanded
from buildx_tasks.planning.config.select import ARTIFACT_CONTEXT


def plan_request(given: StepInput) -> PlannedRequest:
    """The request for one docker artifact, with the environment and warnings of its command."""
    remarks = Remarks()
    annotations = tuple((name, given.expand(value)) for name, value in given.artifact.extras.annotations)
    if given.partial:
        from buildx_tasks.planning.build.partial import split_annotations

        annotations, partial = split_annotations(annotations, given.partial, given.platforms, given.host)
        given = replace(given, partial=partial)
    request = _docker_fields(given, remarks)
    if given.tool.is_buildx:
        request = replace(
            _buildx_fields(request, given),
            annotations=tuple(Because(pair, "annotations") for pair in annotations),
            attestations=_attestations(request, given, remarks),
            builder=_builder(request, given, remarks),
        )
    else:
        _buildkit_variable(given, remarks)
    if given.epoch is not None:
        from buildx_tasks.planning.build.reproducible import reproducible_request

        request = reproducible_request(request, given, remarks)
    request = by_environment(request, remarks, given.environ)
    warn_of_visible(request, remarks)
    return PlannedRequest(
        request=request,
        environment=tuple(remarks.environment),
        warnings=tuple(remarks.warnings),
        partial=given.partial,
    )


def _docker_fields(given: StepInput, remarks: Remarks) -> BuildRequest:
    """What plain docker and buildx have in common."""
    docker, extras, settings = given.artifact.docker, given.artifact.extras, given.settings
    without_cache = "noCache" if docker.no_cache else "flag --no-cache" if settings.no_cache else ""
    keeps_nothing = not given.tool.is_buildx and not settings.cache_artifacts
    platforms = () if given.platforms.all else tuple(str(platform) for platform in given.platforms)
    build_args = plan_build_args(given, remarks)
    words = (expanded(remarks, given, f"cliFlags {text!r}", text) for text in docker.cli_flags)
    cli_flags = _texts(words, "cliFlags")
    if docker.squash and _is_buildkit(given):
        remarks.warnings.append(f"artifact {given.artifact.image!r}: squash has no effect with BuildKit")
    return BuildRequest(
        image=given.artifact.image,
        tool=Because(given.tool.name, given.tool.reason),
        context=Because(given.artifact.context, "context"),
        dockerfile=Because(given.dockerfile, "dockerfile"),
        tags=() if given.partial else (Because(given.tag, "tag policy and default-repo"),),
        build_args=build_args,
        add_hosts=_texts(docker.add_host, "addHost"),
        cache_from=given.cache_from,
        cache_to=given.cache_to,
        cli_flags=cli_flags,
        target=_text(docker.target, "target"),
        network=_text(_network(given), "network"),
        no_cache=_switch(without_cache),
        squash=_switch("squash" if docker.squash else ""),
        pull=_switch("pullParent" if docker.pull_parent else ""),
        secrets=tuple(
            Because(_secret(secret, given.home), "secrets (by reference, never the value)") for secret in docker.secrets
        ),
        ssh=_text(docker.ssh, "ssh"),
        force_rm=_switch("cache-artifacts is off, so nothing intermediate is kept" if keeps_nothing else ""),
        labels=tuple(Because((name, given.expand(value)), "labels") for name, value in extras.labels),
        shm_size=_text(extras.shm_size, "shmSize"),
        ulimits=_texts(extras.ulimits, "ulimits"),
        platforms=Because(platforms, "platforms") if platforms else None,
        outputs=tuple(_outputs(given)),
    )


def _text(value: str, why: str) -> Text:
    return Because(value, why) if value else None


def _texts(values: Iterable[str], why: str) -> Texts:
    return tuple(Because(value, why) for value in values)


def _switch(why: str) -> Because[bool] | None:
    return Because(True, why) if why else None


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


def _secret(secret: Secret, home: str) -> Secret:
    """A leading ``~/`` of the source is the home folder, as in Skaffold."""
    if not secret.src.startswith("~/"):
        return secret
    return replace(secret, src=f"{home.rstrip('/')}/{secret.src[2:]}")


def _outputs(given: StepInput) -> Iterator[Because[Output]]:
    destination = given.destination
    for output in given.outputs:
        yield Because(Output(EXPORT, parse_output(given.expand(str(output)))), "outputs")
    insecure = _is_insecure(given)
    if given.partial:
        from buildx_tasks.planning.build.partial import digest_output

        by_digest = digest_output(given.tag, given.partial, insecure=bool(insecure))
        yield Because(Output(PUSH, by_digest), f"partial: pushed by digest, the merge sets tags; {destination.reason}")
    elif destination.output == PUSH and insecure:
        image = Spec("image", (("name", given.tag), ("push", "true"), ("registry.insecure", "true")))
        yield Because(Output(PUSH, image), f"{destination.reason}; {insecure}")
    elif destination.output in (PUSH, LOAD):
        yield Because(Output(destination.output), destination.reason)
    if given.export_layout:
        yield Because(Output(LAYOUT), "other artifacts require it and can't reach it otherwise")


def _is_insecure(given: StepInput) -> str:
    """Why the registry must be spoken to without TLS checks, "" when it needs not or the daemon decides."""
    registry = parse_image_ref(given.tag).domain
    if not given.tool.pushes_itself or registry not in given.settings.insecure_registries:
        return ""
    return f"{registry} is an insecure registry"


def _buildx_fields(request: BuildRequest, given: StepInput) -> BuildRequest:
    extras, image = given.artifact.extras, given.artifact.image
    return replace(
        request,
        no_cache_filter=_texts(given.settings.no_cache_filter or extras.no_cache_filter, "noCacheFilter"),
        named_contexts=tuple(_named_contexts(given)),
        progress=_text(PLAIN if given.settings.progress == PLAIN else "", "progress"),
        metadata_file=Because(Placeholder(METADATA, image), "the digest of the result"),
    )


def _named_contexts(given: StepInput) -> Iterator[Because[NamedContext]]:
    """Those of the config, where ``artifact://NAME`` is another artifact of this run, and images as OCI layouts."""
    for name, source in given.artifact.extras.build_contexts:
        image = source.removeprefix(ARTIFACT_CONTEXT)
        if image == source:
            context = NamedContext(name=name, source=source)
        else:
            context = NamedContext(name=name, image=image, layout=given.layouts.get(image, False))
        yield Because(context, "buildContexts")
    for dependency in given.artifact.requires:
        if given.layouts.get(dependency.image):
            why = f"requires {dependency.image}, which is not in a registry that the builder can reach"
            yield Because(NamedContext(image=dependency.image, layout=True), why)


def _attestations(request: BuildRequest, given: StepInput, remarks: Remarks) -> tuple[Because[Spec], ...]:
    """``auto`` keeps an index free of unknown/unknown entries, also one of several parts, and a loaded image plain."""
    wanted = given.artifact.extras.attest or given.settings.attest
    sbom = given.settings.sbom if given.artifact.extras.sbom is None else given.artifact.extras.sbom
    if (wanted in ("min", "max") or sbom) and not given.tool.attests:
        raise EngineUnfit(
            f"artifact {given.artifact.image!r}: attestations are asked for, and builder {given.tool.builder} "
            "(driver docker, classic image store) can't attach any",
            f"{builder_advice('attesting', daemon=True)}\nor leave them out:  --attest none",
        )
    own = has_flag(request.parsed_cli_flags, "attest", "provenance", "sbom")
    loads = given.destination.output == LOAD
    several = given.platforms.is_multi or (given.partial is not None and len(given.partial.expected) != 1)
    same = given.epoch is not None
    if wanted == "none" or (wanted == "auto" and not own and (several or loads or same)):
        why = "reproducible" if same else "several platforms" if several else "loaded image"
        why = "attest none" if wanted == "none" else why
        remarks.environment.append(Variable("BUILDX_NO_DEFAULT_ATTESTATIONS", "1", why))
    elif same:
        remarks.warnings.append(
            f"{given.artifact.named}: attestations differ from build to build, and so does the index that has them: "
            "leave them out with attest none"
        )
    provenance = Because(Spec("provenance", (("mode", wanted),)), f"attest {wanted}")
    return (*((provenance,) if wanted in ("min", "max") else ()), *((Because(Spec("sbom"), "sbom"),) if sbom else ()))


def _builder(request: BuildRequest, given: StepInput, remarks: Remarks) -> Text:
    """The builder, unless ``cliFlags`` name one and the user has configured none; either way it is said."""
    tool, flags = given.tool, request.parsed_cli_flags
    where = f"artifact {given.artifact.image!r}: cliFlags"
    if has_flag(flags, "metadata-file"):
        remarks.warnings.append(f"{where} have --metadata-file, which buildx-tasks sets itself: use --metadata-output")
    if not has_flag(flags, "builder"):
        return Because(tool.builder, tool.reason)
    if given.settings.builder:
        remarks.warnings.append(f"{where} have --builder, and {tool.reason}: builder {tool.builder} is used")
        return Because(tool.builder, tool.reason)
    remarks.warnings.append(f"{where} have --builder: what it supports is not checked; name it with  --builder instead")
    return None


def _buildkit_variable(given: StepInput, remarks: Remarks) -> None:
    """DOCKER_BUILDKIT on the plain path, as Skaffold sets it, but never where the docker CLI then refuses to build."""
    if given.tool.legacy:
        remarks.environment.append(Variable("DOCKER_BUILDKIT", "0", given.tool.reason))
    elif given.buildkit is False:
        remarks.environment.append(Variable("DOCKER_BUILDKIT", "0", "useBuildkit is false"))
    elif given.buildkit or given.platforms:
        why = "useBuildkit is true" if given.buildkit else "a platform is given"
        if given.buildkit_possible:
            remarks.environment.append(Variable("DOCKER_BUILDKIT", "1", why))
        elif given.buildkit:
            remarks.warnings.append("useBuildkit is true, but this docker CLI needs the buildx plugin for BuildKit")

"""Artifacts that docker does not build, handed to Skaffold one by one: what builds them, and what it is told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from buildx_tasks.errors import EngineUnfit
from buildx_tasks.model.config import Artifact, ArtifactExtras, Config
from buildx_tasks.model.imageref import parse_image_ref
from buildx_tasks.model.plan import Variable
from buildx_tasks.model.platform import PlatformSet
from buildx_tasks.model.request import SKAFFOLD, Because, BuildRequest, SkaffoldOptions, Switch
from buildx_tasks.model.settings import Settings
from buildx_tasks.planning.build.engine import Tool
from buildx_tasks.planning.build.stepinput import PlannedRequest
from buildx_tasks.planning.facts import Facts

UNAWARE = ("bazel", "ko")
"""Kinds of artifacts whose builds are not told of the images that they require."""

NEUTRAL = {
    "SKAFFOLD_MODULE": "",
    "SKAFFOLD_PROFILE": "",
    "SKAFFOLD_BUILD_IMAGE": "",
    "SKAFFOLD_INSECURE_REGISTRY": "",
    "SKAFFOLD_PLATFORM": "",
    "SKAFFOLD_DISABLE_MULTI_PLATFORM_BUILD": "false",
    "SKAFFOLD_DRY_RUN": "false",
    "SKAFFOLD_QUIET": "false",
    "SKAFFOLD_OUTPUT": "{{json .}}",
}
"""Variables that Skaffold takes for flags, with values that change nothing.

They have had their say in this run. Lists of a variable and of a flag would add up, and a variable that is missing
might come back from a ``skaffold.env``.
"""


def skaffold_tool(artifact: Artifact, settings: Settings, facts: Facts) -> Tool:
    """Skaffold, as what builds an artifact. Raises `EngineUnfit` when it is not there."""
    if not facts.skaffold:
        raise EngineUnfit(
            f"{artifact.named} is built by {artifact.other_builder}, and no skaffold is on the PATH to build it with",
            "install it (https://skaffold.dev/docs/install/), or leave the artifact out, and what needs it:\n"
            "  --other-builders skip",
        )
    origin = settings.origins.get("other-builders", "setting")
    why = f"{artifact.other_builder} builds it, and other-builders is skaffold ({origin})"
    return Tool(name=SKAFFOLD, reason=why, builds_indexes=True, loads=True)


def skaffold_request(
    config: Config,
    artifact: Artifact,
    tag: str,
    tool: Tool,
    *,
    pushes: bool,
    reason: str,
    platforms: PlatformSet,
    settings: Settings,
    facts: Facts,
) -> PlannedRequest:
    """What Skaffold is told to build `artifact` as `tag`, pushed or not for the `reason` given."""
    said = settings.origins
    names = ("all",) if platforms.all else tuple(str(platform) for platform in platforms)
    context, why_context = settings.kube_context, f"kube-context ({said.get('kube-context', 'setting')})"
    if not context:
        context, why_context = config.deploy_kube_context, f"deploy.kubeContext of {config.file}"
    options = SkaffoldOptions(
        tag=Because(parse_image_ref(tag).tag, f"the tag of {tag}"),
        default_repo=Because(
            settings.default_repo or "", f"default-repo ({said.get('default-repo', 'none is given')})"
        ),
        push=Because(pushes, reason),
        cache_artifacts=_cache(settings),
        skip_tests=Because(True, f"skip-tests ({said.get('skip-tests', 'setting')})") if settings.skip_tests else None,
        insecure_registries=tuple(
            Because(host, f"insecure-registries ({said.get('insecure-registries', 'config')})")
            for host in settings.insecure_registries
        ),
        kube_context=Because(context, why_context) if context else None,
        kubeconfig=Because(settings.kubeconfig, f"kubeconfig ({said.get('kubeconfig', 'setting')})")
        if settings.kubeconfig
        else None,
        detect_minikube=_minikube(settings),
    )
    return PlannedRequest(
        request=BuildRequest(
            image=artifact.image,
            tool=Because(tool.name, tool.reason),
            skaffold=options,
            platforms=Because(names, "the platforms of this build") if names else None,
        ),
        environment=tuple(_neutral(facts.environ)),
        warnings=tuple(_losses(artifact, settings)),
    )


def _cache(settings: Settings) -> Because[bool]:
    """Skaffold has an artifact cache of its own, which is used when ours would be."""
    if settings.no_cache:
        return Because(False, f"no-cache ({settings.origins.get('no-cache', 'setting')})")
    return Because(settings.cache_artifacts, f"cache-artifacts ({settings.origins.get('cache-artifacts', 'default')})")


def _minikube(settings: Settings) -> Switch:
    if settings.detect_minikube:
        return None
    return Because(False, f"detect-minikube ({settings.origins.get('detect-minikube', 'setting')})")


def _neutral(environ: Mapping[str, str]) -> Iterator[Variable]:
    for name, value in NEUTRAL.items():
        if environ.get(name, value) != value:
            yield Variable(name, value, "it has had its say in this run")


def _losses(artifact: Artifact, settings: Settings) -> Iterator[str]:
    """What is asked of buildx, and what no other builder does."""
    who = f"artifact {artifact.image!r}"
    if artifact.extras != ArtifactExtras():
        yield f"{who}: its settings in the .buildx block have no effect, as {artifact.other_builder} builds it"
    if artifact.docker.cache_to is not None:
        yield f"{who}: docker.cacheTo has no effect, as Skaffold builds it and does not know the field"
    if settings.output:
        yield f"{who}: output has no effect, as {artifact.other_builder} builds it"

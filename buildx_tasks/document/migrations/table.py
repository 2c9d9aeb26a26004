"""The steps that need code, by the version they lead to, and the walk through all of them."""

from __future__ import annotations

from dataclasses import dataclass, field

from buildx_tasks.document.migrations import specials, v1alpha, v1beta, v2, v3, v4
from buildx_tasks.document.migrations.hop import Hop, Note
from buildx_tasks.document.migrations.patches import BY_HAND, Around, Step, rewrite
from buildx_tasks.document.yaml.tree import Child, Map, OddShape, make
from buildx_tasks.model.apiversion import NEWEST, PREFIX, VERSIONS, position
from buildx_tasks.model.taskname import task_command

_ARTIFACT = "/build/artifacts/*"
_RELEASE = "/deploy/helm/releases/*"
_KPT = "/deploy/kpt"
_HELM = "/deploy/helm"
_KUSTOMIZE = "/deploy/kustomize"

STEPS: dict[str, Step] = {
    # Patches exist since v1beta4: no step before has rules for their paths.
    "v1alpha2": Step(migrate=v1alpha.to_v1alpha2),
    "v1alpha3": Step(migrate=v1alpha.to_v1alpha3),
    "v1alpha4": Step(migrate=v1alpha.to_v1alpha4),
    "v1beta1": Step(migrate=v1alpha.to_v1beta1),
    "v1beta7": Step(
        migrate=v1beta.to_v1beta7,
        special=specials.kaniko,
        rules=(("/build/kaniko", "/build/cluster"),),
    ),
    "v1beta9": Step(
        migrate=v1beta.to_v1beta9,
        special=specials.plugin,
        rules=((f"{_ARTIFACT}/plugin", BY_HAND), ("/build/executionEnvironment", BY_HAND)),
    ),
    "v1beta10": Step(
        migrate=v1beta.to_v1beta10,
        rules=((f"{_ARTIFACT}/sync/*", BY_HAND),),
    ),
    "v1beta14": Step(
        migrate=v1beta.to_v1beta14,
        rules=(
            (f"{_ARTIFACT}/jibMaven/module", f"{_ARTIFACT}/jib/project"),
            (f"{_ARTIFACT}/jibMaven/profile", BY_HAND),
            (f"{_ARTIFACT}/jibMaven", f"{_ARTIFACT}/jib"),
            (f"{_ARTIFACT}/jibGradle", f"{_ARTIFACT}/jib"),
        ),
    ),
    "v2alpha2": Step(
        migrate=v2.to_v2alpha2,
        rules=(
            (f"{_ARTIFACT}/kaniko/buildContext/gcsBucket",),
            (f"{_ARTIFACT}/kaniko/buildContext/localDir/initImage", f"{_ARTIFACT}/kaniko/initImage"),
            (f"{_ARTIFACT}/kaniko/buildContext", f"{_ARTIFACT}/kaniko/initImage"),
        ),
    ),
    "v2alpha3": Step(
        migrate=v2.to_v2alpha3,
        rules=((f"{_KUSTOMIZE}/path", f"{_KUSTOMIZE}/paths"), (f"{_ARTIFACT}/buildpack/forcePull",)),
    ),
    "v2beta4": Step(
        migrate=v2.to_v2beta4,
        rules=((f"{_RELEASE}/values", f"{_RELEASE}/artifactOverrides"),),
    ),
    "v2beta5": Step(
        migrate=v2.to_v2beta5,
        rules=(
            (f"{_ARTIFACT}/buildpack", f"{_ARTIFACT}/buildpacks"),
            ("/build/cluster/pullSecret", "/build/cluster/pullSecretPath"),
        ),
    ),
    "v2beta8": Step(
        migrate=v2.to_v2beta8,
        rules=tuple(("/".join((_KPT, *source)), "/".join((_KPT, *target))) for source, target in v2.KPT_MOVES),
    ),
    "v2beta9": Step(migrate=v2.to_v2beta9, rules=((f"{_ARTIFACT}/kaniko/flags",),)),
    "v2beta11": Step(migrate=v2.to_v2beta11),
    "v2beta13": Step(
        migrate=v2.to_v2beta13,
        special=specials.chart,
        rules=((f"{_RELEASE}/remote",),),
    ),
    "v2beta17": Step(migrate=v2.to_v2beta17, rules=((f"{_ARTIFACT}/docker/secret/dst",),)),
    "v2beta23": Step(
        migrate=v2.to_v2beta23,
        rules=(
            (f"{_ARTIFACT}/docker/secret/id", f"{_ARTIFACT}/docker/secrets/0/id"),
            (f"{_ARTIFACT}/docker/secret/src", f"{_ARTIFACT}/docker/secrets/0/src"),
            (f"{_ARTIFACT}/docker/secret", f"{_ARTIFACT}/docker/secrets"),
        ),
    ),
    "v2beta28": Step(
        migrate=v2.to_v2beta28,
        rules=((f"{_ARTIFACT}/ko/platforms", f"{_ARTIFACT}/platforms"),),
    ),
    "v3alpha1": Step(
        migrate=v3.to_v3alpha1,
        special=specials.render,
        rules=(
            ("/deploy/kubectl/manifests", "/manifests/rawYaml"),
            *((f"{_KUSTOMIZE}/{key}", f"/deploy/kubectl/{key}") for key in v3.DEPLOYER_SETTINGS),
            (_KUSTOMIZE, "/manifests/kustomize"),
            (f"{_HELM}/hooks", f"{_HELM}/hooks"),
            (f"{_RELEASE}/imageStrategy",),
            (f"{_RELEASE}/artifactOverrides", *(f"/{top}/helm/releases/*/setValueTemplates" for top in v3.BOTH)),
            (_HELM, "/manifests/helm", _HELM),
        ),
    ),
    "v4beta1": Step(
        migrate=v4.to_v4beta1,
        rules=(("/deploy/kubectl/remoteManifests", "/manifests/remoteManifests"),),
    ),
    "v4beta4": Step(migrate=v4.to_v4beta4),
    "v4beta5": Step(migrate=v4.to_v4beta5, rules=((f"{_ARTIFACT}/kaniko/noPush",),)),
    "v4beta8": Step(migrate=v4.to_v4beta8, rules=((f"{_KPT}/false", f"{_KPT}/force"),)),
}
"""Every other step changes the apiVersion alone: what it brought is only an addition."""


@dataclass(kw_only=True, slots=True)
class Journey:
    """What was met on the way: losses and things to look at, and reasons not to write anything."""

    notes: list[Note] = field(default_factory=list)
    refusals: list[Note] = field(default_factory=list)


def migrate(root: Map, version: str, target: str) -> Journey:
    """Bring a document from `version` to `target`, both short and known; the tree is changed in place.

    The walk ends at the first step that refuses: what it left behind is not to be used.
    """
    journey = Journey()
    for reached in VERSIONS[position(version) + 1 : position(target) + 1]:
        step = STEPS.get(reached)
        if step is None:
            continue
        hop = Hop(reached, target)
        try:
            _take(root, step, hop)
        except OddShape as odd:
            child = odd.child or Child("", root)
            hop.refuse(
                child, f"needs {odd.wanted}", f"see `{task_command('schema.validate')}` for what is wrong in the file"
            )
        journey.notes += hop.notes
        journey.refusals += hop.refusals
        if journey.refusals:
            return journey
    if version != target and target == NEWEST:
        # No change of a version: Skaffold drops empty lists whenever it upgrades, and counts them in the newest.
        for pipeline in (root, *root.maps("profiles")):
            v4.drop_empty_ignores(pipeline)
    if version != target:
        root.put("apiVersion", make(PREFIX + target))
    return journey


def _take(root: Map, step: Step, hop: Hop) -> None:
    profiles = list(root.maps("profiles"))
    for profile in profiles:
        rewrite(profile, Around(root, profile), step, hop)
    for pipeline in (root, *profiles):
        step.migrate(pipeline, hop)

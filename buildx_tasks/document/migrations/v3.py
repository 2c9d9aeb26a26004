"""The step into skaffold/v3alpha1: what is rendered (`manifests`) parts from how it is deployed (`deploy`)."""

from __future__ import annotations

from buildx_tasks.document.migrations.hop import Hop, is_empty, is_on
from buildx_tasks.document.yaml.scalars import as_text
from buildx_tasks.document.yaml.tree import Child, Leaf, Map, Seq, copy, is_null, make

UNMERGEABLE = "kustomize's {0} can't be merged into kubectl's: they are set differently"
BY_HAND = "give deploy.kubectl and deploy.kustomize the same {0}, or move one of them to a profile"

DEPLOYER_SETTINGS = ("defaultNamespace", "flags", "hooks")
"""What kustomize leaves to kubectl, which deploys from now on."""

BOTH = ("manifests", "deploy")
"""Helm releases are rendered and deployed: they stand in both sections."""


def to_v3alpha1(pipeline: Map, hop: Hop) -> None:
    """kubectl manifests and kustomize move to `manifests`, helm stands in both; kpt can't be converted."""
    child = pipeline.find("deploy")
    deploy = pipeline.map("deploy")
    if child is None or deploy is None:
        return
    manifests = Map()
    _kubectl(deploy, manifests)
    _kustomize(deploy, manifests, hop)
    _kpt(deploy, hop)
    _helm(deploy, manifests, hop)
    if len(manifests):
        pipeline.insert(Child("manifests", manifests), before=child)


def _kubectl(deploy: Map, manifests: Map) -> None:
    kubectl = deploy.map("kubectl")
    child = kubectl.find("manifests") if kubectl is not None else None
    if kubectl is None or child is None:
        return
    if is_empty(child):
        kubectl.drop(child)
        return
    kubectl.take(child)
    child.key, child.changed = "rawYaml", True
    manifests.insert(child)


def _kustomize(deploy: Map, manifests: Map, hop: Hop) -> None:
    child = deploy.find("kustomize")
    kustomize = deploy.map("kustomize")
    if child is None:
        return
    if kustomize is None:
        deploy.drop(child)
        return
    kubectl = deploy.map("kubectl")
    if kubectl is None:
        deploy.discard("kubectl")
        kubectl = Map()
        deploy.insert(Child("kubectl", kubectl), before=child)
    else:
        _check_validation(kubectl, kustomize, hop)
    for key in DEPLOYER_SETTINGS:
        entry = kustomize.find(key)
        if entry is not None:
            _merge(kubectl, kustomize, entry, hop)
    paths = kustomize.find("paths")
    if paths is None:
        kustomize.put("paths", make(["."]), before=next(iter(kustomize.real()), None))
    elif is_empty(paths):
        paths.replace(make(["."]))
    deploy.take(child)
    manifests.insert(child)


def _check_validation(kubectl: Map, kustomize: Map, hop: Hop) -> None:
    mine, theirs = (_validation_off(box) for box in (kubectl, kustomize))
    if mine != theirs:
        child = (kustomize if kustomize.find("flags") is not None else kubectl).find("flags")
        assert child is not None
        name = "flags.disableValidation"
        hop.refuse(child, UNMERGEABLE.format(name), BY_HAND.format(name))


def _validation_off(box: Map) -> bool:
    flags = box.map("flags")
    return flags is not None and is_on(flags.find("disableValidation"))


def _merge(kubectl: Map, kustomize: Map, entry: Child, hop: Hop) -> None:
    """Move one deployer setting over: a list's items go behind those that are there."""
    if is_null(entry.value):
        kustomize.drop(entry)
        return
    there = kubectl.find(entry.key)
    if there is None or is_null(there.value):
        if there is not None:
            kubectl.drop(there)
        kubectl.insert(kustomize.take(entry))
    elif entry.key == "defaultNamespace":
        if kubectl.text(entry.key) != kustomize.text(entry.key):
            hop.refuse(entry, UNMERGEABLE.format(entry.key), BY_HAND.format(entry.key))
        kustomize.drop(entry)
    else:
        mine, theirs = kubectl.map(entry.key), kustomize.map(entry.key)
        assert mine is not None
        assert theirs is not None
        _merge_lists(mine, theirs)
        kustomize.drop(entry)


def _merge_lists(mine: Map, theirs: Map) -> None:
    for entry in theirs.real():
        there = mine.find(entry.key)
        if is_null(entry.value):
            continue
        if there is None or is_null(there.value):
            if there is not None:
                mine.drop(there)
            mine.insert(theirs.take(entry))
        elif isinstance(there.value, Seq) and isinstance(entry.value, Seq):
            for item in entry.value.real():
                there.value.append(entry.value.take(item))


def _kpt(deploy: Map, hop: Hop) -> None:
    if deploy.map("kpt") is None:
        return
    child = deploy.find("kpt")
    assert child is not None
    hop.refuse(
        child,
        "deploy.kpt has no counterpart since skaffold/v3alpha1",
        "move the kpt functions to manifests.kpt, manifests.transform or manifests.validate by hand, "
        "or upgrade to skaffold/v2beta29 with --to",
    )


def _helm(deploy: Map, manifests: Map, hop: Hop) -> None:
    helm = deploy.map("helm")
    if helm is None:
        return
    for release in helm.maps("releases"):
        to_templates(release, hop)
    twin = Map()
    for key in ("flags", "releases"):
        child = helm.find(key)
        if child is not None and not is_null(child.value):
            twin.insert(Child(key, copy(child.value), key_node=child.key_node))
    manifests.insert(Child("helm", twin))


def to_templates(release: Map, hop: Hop) -> None:
    """artifactOverrides, in the manner that imageStrategy chose, become setValueTemplates entries."""
    strategy = strategy_of(release)
    _drop_strategy(release, hop)
    child = release.find("artifactOverrides")
    overrides = release.map("artifactOverrides")
    if child is None:
        return
    if overrides is None or not len(overrides):
        release.drop(child)
        return
    templates = release.map("setValueTemplates")
    if templates is None:
        release.discard("setValueTemplates")
        child.key, child.changed = "setValueTemplates", True
        templates = overrides
    for top in overrides.real():
        leaves = list(_leaves(top, top.key))
        for key, leaf in leaves:
            _template(templates, key, leaf, top, strategy)
        if top.owner is overrides and all(top is not leaf for _, leaf in leaves):
            overrides.drop(top)
    if templates is not overrides:
        release.drop(child)


def _leaves(child: Child, key: str) -> list[tuple[str, Child]]:
    """The images of an override with their flattened keys: nested maps join by dots, list items by [n]."""
    if isinstance(child.value, Leaf):
        return [(key, child)]
    inside = child.value.real()
    if isinstance(child.value, Seq):
        return [found for at, item in enumerate(inside) for found in _leaves(item, f"{key}[{at}]")]
    return [found for item in inside for found in _leaves(item, f"{key}.{item.key}")]


def _template(templates: Map, key: str, leaf: Child, top: Child, strategy: str) -> None:
    """Turn one override into its template entries, in place or moved among the templates that are there."""
    assert isinstance(leaf.value, Leaf)
    image = as_text(leaf.value.value)
    if leaf.owner is not templates:
        assert leaf.owner is not None
        leaf.owner.take(leaf)
        templates.insert(leaf, before=top if top.owner is templates else None)
    last = leaf
    for at, (name, template) in enumerate(templates_for(strategy, key, image)):
        for old in [other for other in templates.real() if other.key == name and other is not leaf]:
            templates.drop(old)
        if at == 0:
            leaf.key = name
            leaf.replace(make(template))
        else:
            last = templates.insert(Child(name, make(template)), after=last)


def strategy_of(release: Map) -> str:
    """How the release wants its images: "fqn", "helm" or "registry" (helm with an explicit registry)."""
    strategy = release.map("imageStrategy")
    helm = strategy.map("helm") if strategy is not None else None
    if helm is None:
        return "fqn"
    return "registry" if is_on(helm.find("explicitRegistry")) else "helm"


def _drop_strategy(release: Map, hop: Hop) -> None:
    strategy = release.map("imageStrategy")
    fqn = strategy.map("fqn") if strategy is not None else None
    if fqn is not None:
        hop.drop(fqn, "property", "the key of an artifactOverrides entry says where the image goes")
    release.discard("imageStrategy")


def templates_for(strategy: str, key: str, image: str) -> list[tuple[str, str]]:
    """The setValueTemplates entries, key and template, that give a chart the built image as before."""
    name = image.translate(str.maketrans(".-/:", "____"))
    if strategy == "fqn":
        return [(key, f"{{{{.IMAGE_FULLY_QUALIFIED_{name}}}}}")]
    tag = (f"{key}.tag", f"{{{{.IMAGE_TAG_{name}}}}}@{{{{.IMAGE_DIGEST_{name}}}}}")
    if strategy == "helm":
        return [tag, (f"{key}.repository", f"{{{{.IMAGE_REPO_{name}}}}}")]
    return [
        tag,
        (f"{key}.registry", f"{{{{.IMAGE_DOMAIN_{name}}}}}"),
        (f"{key}.repository", f"{{{{.IMAGE_REPO_NO_DOMAIN_{name}}}}}"),
    ]

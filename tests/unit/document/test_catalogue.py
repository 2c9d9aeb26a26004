"""Projections: standard, complete and true to the known fields of every version."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from schema_fields import our_fields

from buildx_tasks.document.schema.catalogue import changes, fields, locate, project
from buildx_tasks.model.apiversion import NEWEST, VERSIONS, position
from buildx_tasks.model.changes import Changes


def test_the_fields_of_each_version_are_these() -> None:
    """A digest of every path and type of every version: a change of the master must be meant."""
    lines = [f"{VERSIONS[at]} {path} {kind}" for path, by in sorted(our_fields().items()) for at, kind in by.items()]
    digest = hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()
    assert (len(lines), digest[:16]) == (25156, "b4833b59e049dd8a")


SPOTS = [
    ("build.artifacts[].imageName", "v1alpha1", "v1alpha3"),
    ("build.artifacts[].image", "v1alpha4", NEWEST),
    ("build.acr", "v1alpha5", "v1alpha5"),
    ("build.artifacts[].docker.cacheTo", "v4beta13", NEWEST),
    ("build.artifacts[].docker.secrets[].env", "v2beta24", NEWEST),
    ("deploy.kustomize", "v1alpha2", "v2beta29"),
    ("manifests.rawYaml", "v3alpha1", NEWEST),
    ("manifests.helm.releases[].skipTests", "v4beta1", NEWEST),
    ("deploy.kpt.false", "v3alpha1", "v4beta7"),
    ("verify[].executionMode.local.useLocalImages", "v4beta8", NEWEST),
    ("profiles[].requiresAllActivations", "v3alpha1", NEWEST),
    ("requires[].googleCloudBuildRepoV2.projectID", "v4beta10", NEWEST),
    ("build.artifacts[].kaniko.cache.repo", "v1beta7", NEWEST),
    ("build.kaniko.cache.repo", "v1beta1", "v1beta6"),
]


@pytest.mark.parametrize(("path", "first", "last"), SPOTS)
def test_a_field_exists_exactly_in_its_versions(path: str, first: str, last: str) -> None:
    spans = [field.span for field in fields() if field.path == path]
    assert [(VERSIONS[span.first], VERSIONS[span.last]) for span in spans] == [(first, last)]


@pytest.mark.parametrize("version", VERSIONS)
def test_each_projection_is_a_standard_schema(version: str) -> None:
    schema = project(version)
    Draft202012Validator.check_schema(schema)
    assert "x-" not in json.dumps(list(keywords(schema)))


def keywords(schema: Any) -> Iterator[str]:
    """The keywords of a schema; names of properties and definitions are not keywords."""
    if isinstance(schema, dict):
        for key, value in schema.items():
            yield key
            inner = value.values() if key in ("properties", "$defs", "patternProperties") else [value]
            for item in inner:
                yield from keywords(item)
    elif isinstance(schema, list):
        for item in schema:
            yield from keywords(item)


def valid(version: str, **sections: Any) -> bool:
    config = {"apiVersion": f"skaffold/{version}", "kind": "Config", **sections}
    return bool(Draft202012Validator(project(version)).is_valid(config))


def test_a_projection_judges_as_an_editor_should() -> None:
    artifact = {"image": "app", "docker": {"dockerfile": "Dockerfile"}}
    assert valid("v4beta13", build={"artifacts": [artifact]})
    assert valid("v4beta13", build={"artifacts": [artifact]}, **{".anchors": [1]})
    assert not valid("v4beta13", build={"artifacts": [{**artifact, "jib": {}}]})
    assert not valid("v4beta13", build={"artifacts": [{"docker": {}}]})
    assert not valid("v4beta13", biuld={})
    assert not valid("v4beta13", **{".buildx": {"bulider": "ci"}})
    assert valid("v4beta13", **{".buildx": {"builder": "ci", "artifacts": {"app": {"cacheTo": ["ref"]}}}})
    assert valid("v2beta29", deploy={"kubectl": {"manifests": ["k8s/*"]}})
    assert not valid("v3", deploy={"kubectl": {"manifests": ["k8s/*"]}})
    assert not valid("v2alpha1", deploy={"kubectl": {}, "helm": {"releases": []}})
    assert valid("v2alpha2", deploy={"kubectl": {}, "helm": {"releases": []}})


def test_networks_may_name_a_container() -> None:
    def network(name: str) -> bool:
        return valid("v4beta9", build={"artifacts": [{"image": "app", "docker": {"network": name}}]})

    assert network("host")
    assert network("container:web")
    assert not network("mine")


def test_a_projection_is_made_once() -> None:
    assert project(NEWEST) is project(NEWEST)
    with pytest.raises(KeyError):
        project("v4")


@pytest.mark.parametrize(
    ("path", "version", "kind"),
    [
        (("build", "tagPolicy"), "v1alpha1", "string"),
        (("build", "tagPolicy"), "v1alpha2", "TagPolicy"),
        (("build", "artifacts", 0, "docker", "buildArgs", "A"), NEWEST, "string"),
        (("profiles", 2, "build", "artifacts", 0), NEWEST, "Artifact"),
        ((".buildx", "builders", "ci", "nodes", 0, "tls"), NEWEST, "BuildxTls"),
    ],
)
def test_locate(path: tuple[str | int, ...], version: str, kind: str) -> None:
    place = locate(path, position(version))
    assert place is not None
    assert place.type == kind


def test_nothing_is_located_where_nothing_is_known() -> None:
    assert locate(("build", "biulder"), position(NEWEST)) is None
    assert locate(("build", "platforms", 0, "x"), position(NEWEST)) is None


def test_changes_name_the_tops_and_the_successors() -> None:
    by_version = {item.version: item for item in changes()}
    assert len(by_version) == len(VERSIONS)
    assert by_version["v1alpha4"].removed[0] == ("build.artifacts[].imageName", "image")
    assert "manifests" in by_version["v3alpha1"].added
    assert not any(path.startswith("manifests.") for path in by_version["v3alpha1"].added)
    assert ("deploy.kubectl.manifests", "manifests.rawYaml") in by_version["v3alpha1"].removed
    assert by_version["v1beta10"].retyped == ("build.artifacts[].sync",)
    assert by_version["v4beta13"].ours == ("build.artifacts[].docker.cacheTo",)
    assert by_version["v2beta2"] == Changes(version="v2beta2")
    assert not any(path.startswith("profiles[].build") for item in changes() for path in item.added)

"""Verdicts and messages of an upgrade: which files are refused, with which place and hint."""

from __future__ import annotations

import pytest

from buildx_tasks.document.migrations.rewrite import difference
from buildx_tasks.document.migrations.upgrade import upgrade, upgrade_text
from buildx_tasks.document.validate import validate_text
from buildx_tasks.errors import CannotStart, ConfigInvalid, UpgradeRefused


def config(version: str, rest: str = "") -> str:
    return f"apiVersion: skaffold/{version}\nkind: Config\n{rest}"


@pytest.mark.parametrize(
    ("text", "start", "part"),
    [
        ("", "f.yaml: ", "empty"),
        ("kind: Config\n", "f.yaml:1:1: ", "apiVersion is missing"),
        ("- a\n", "f.yaml:1:1: ", "mapping"),
        ("apiVersion: skaffold/v2\n", "f.yaml:1:1: apiVersion: ", "unknown version 'skaffold/v2'"),
        ("apiVersion: [a]\n", "f.yaml:1:1: apiVersion: ", "string"),
        ("apiVersion: v1\nkind: Pod\n", "f.yaml:1:1: apiVersion: ", "v1"),
        (config("v3") + "---\n", "f.yaml:3:1: ", "empty"),
        (config("v3") + "---\nkind: Config\n", "f.yaml:4:1: ", "apiVersion is missing"),
        ("apiVersion: skaffold/v3\n\tkind: Config\n", "f.yaml:2:", ""),
        (config("v3", "build: {}\nbuild: {}\n"), "f.yaml:4:1: build: ", "twice"),
        (config("v4beta14") + "apiVersion: skaffold/v3\n", "f.yaml:3:1: apiVersion: ", "first in line 1"),
        (config("v4beta14") + "apiVersion: skaffold/v4beta14\n", "f.yaml:3:1: apiVersion: ", "first in line 1"),
        ("apiVersion: v1\n" + config("v3"), "f.yaml:1:1: apiVersion: ", "unknown version"),
        ("\ufeff\ufeff" + config("v3"), "f.yaml:1:1: ", "two byte-order marks"),
        (
            config("v4beta3", "verify:\n- name: a\n  container: {name: b, image: [c]}\n"),
            "f.yaml:5:24: verify[0].container.image: ",
            "must be a string",
        ),
        (config("v1alpha1", "profiles: []\n"), "f.yaml:3:1: profiles: ", "since skaffold/v1alpha2"),
        (config("v1beta6", "build:\n  artifacts: x\n"), "f.yaml:4:3: build.artifacts: ", "list"),
        (
            config("v2beta1", "deploy:\n  kpt: {}\n"),
            "f.yaml:4:3: deploy.kpt: ",
            "set apiVersion to a version that has it",
        ),
    ],
)
def test_invalid(text: str, start: str, part: str) -> None:
    with pytest.raises(ConfigInvalid) as caught:
        upgrade_text(text, file="f.yaml")
    assert caught.value.message.startswith(start)
    assert part in caught.value.message


def test_all_that_is_wrong_is_said() -> None:
    text = config("v1beta6", "odd: 1\nbuild: {artifacts: [{imageName: x}]}\n") + "---\n" + config("v3", "verify: x\n")
    with pytest.raises(ConfigInvalid) as caught:
        upgrade_text(text)
    assert [line.split(": ")[1] for line in caught.value.message.splitlines()] == [
        "odd",
        "build.artifacts[0].imageName",
        "verify",
    ]


@pytest.mark.parametrize(
    ("text", "to", "start", "part"),
    [
        (config("v4beta5"), "v3", "f.yaml:1:1: apiVersion: ", "newer than skaffold/v3"),
        (config("v3") + "---\n" + config("v4beta1"), "v3", "f.yaml:4:1: apiVersion: ", "v4beta1"),
        (config("v1alpha5", "build:\n  acr: {}\n"), None, "f.yaml:4:3: build.acr: ", "Azure"),
        (config("v2beta8", "deploy:\n  kpt: {dir: d}\n"), None, "f.yaml:4:3: deploy.kpt: ", "--to"),
        (
            config("v2beta8", "profiles:\n- name: p\n  deploy: {kpt: {dir: d}}\n"),
            "skaffold/v4beta1",
            "f.yaml:5:12: profiles[0].deploy.kpt: ",
            "manifests.kpt",
        ),
        (
            config("v2beta20", "deploy:\n  kubectl: {defaultNamespace: a}\n  kustomize:\n    defaultNamespace: b\n"),
            None,
            "f.yaml:6:5: deploy.kustomize.defaultNamespace: ",
            "set differently",
        ),
    ],
)
def test_refused(text: str, to: str | None, start: str, part: str) -> None:
    with pytest.raises(UpgradeRefused) as caught:
        upgrade_text(text, to, file="f.yaml")
    assert caught.value.message.startswith(start)
    assert part in str(caught.value)


def test_all_refusals_of_a_step_are_said() -> None:
    profile = "- name: p\n  build: {acr: {}}\n"
    with pytest.raises(UpgradeRefused) as caught:
        upgrade_text(config("v1alpha5", f"build: {{acr: {{}}}}\nprofiles:\n{profile}"))
    assert [line.split(":")[0] for line in caught.value.message.splitlines()] == ["3", "6"]


@pytest.mark.parametrize("to", ["v2", "skaffold/v4", "v4beta99", "", "skaffold/skaffold/v3"])
def test_unknown_target(to: str) -> None:
    with pytest.raises(CannotStart):
        upgrade_text(config("v1"), to)


@pytest.mark.parametrize("to", ["v3", "skaffold/v3", None])
def test_target(to: str | None) -> None:
    assert upgrade_text(config("v1"), to) == config("v3" if to else "v4beta14")


def test_notes_are_in_the_order_of_the_file() -> None:
    text = config("v1alpha1", "deploy:\n  name: x\nbuild:\n  tagPolicy: date\n")
    result = upgrade(text, file="f.yaml")
    assert [str(note).split(": ")[0] for note in result.notes] == ["f.yaml:4:3", "f.yaml:6:3"]
    assert all("dropped" in note.message for note in result.notes)
    assert result.changed


@pytest.mark.parametrize(
    ("rest", "left"),
    [
        # Keys that Skaffold skips stay where they say nothing, so that only the version changes.
        ("kaniko: {buildContext: {localDir: {}}}", True),
        ("kaniko: {buildContext: {localDir: {initImage: x}}}", False),
    ],
)
def test_empty_settings_of_kaniko(rest: str, left: bool) -> None:
    text = config("v2alpha1", f"build:\n  artifacts:\n  - image: x\n    {rest}\n")
    assert ("buildContext" in upgrade_text(text)) is left
    assert "buildContext" not in upgrade_text(text, "v2beta10")


@pytest.mark.parametrize(
    ("one", "other", "path"),
    [
        ({"a": [1, 2]}, {"a": [1, 2]}, None),
        ({"a": [1, True]}, {"a": [1, 1]}, ("a", 1)),
        ({"a": 1}, {"b": 1}, ("a",)),
        ([1], [1, 2], ()),
        ({"a": {"b": float("nan")}}, {"a": {"b": float("nan")}}, None),
        ({"a": {}}, {"a": None}, ("a",)),
    ],
)
def test_difference(one: object, other: object, path: tuple[object, ...] | None) -> None:
    assert difference(one, other) == path


def test_json_without_blanks_stays_without_blanks() -> None:
    before = (
        '{"apiVersion":"skaffold/v1","kind":"Config","build":{"artifacts":[{"image":"app","context":"x"}]},'
        '"deploy":{"kubectl":{"manifests":["a"]}}}\n'
    )
    assert upgrade_text(before) == (
        '{"apiVersion":"skaffold/v4beta14","kind":"Config","build":{"artifacts":[{"image":"app","context":"x"}]},'
        '"manifests":{"rawYaml":["a"]},"deploy":{"kubectl":{}}}\n'
    )


def test_json_gets_no_blanks_where_a_value_is_changed_that_had_none() -> None:
    before = '{"apiVersion": "skaffold/v1","kind":"Config","deploy":{"kubectl":{"manifests":["a"]}}}\n'
    assert upgrade_text(before) == (
        '{"apiVersion": "skaffold/v4beta14","kind":"Config", "manifests": {"rawYaml": ["a"]},"deploy":{"kubectl":{}}}\n'
    )


@pytest.mark.parametrize("version", ["v1alpha2", "v1beta2", "v1", "v2beta29", "v4beta12"])
def test_cache_to_in_an_older_file_is_kept_as_its_hint_promises(version: str) -> None:
    key = "imageName" if version == "v1alpha2" else "image"
    text = (
        f"apiVersion: skaffold/{version}\nkind: Config\nbuild:\n  artifacts:\n  - {key}: app\n    docker:\n"
        "      cacheTo: [app]   # where to\nprofiles:\n- name: p\n  build:\n    artifacts:\n"
        f"    - {key}: app\n      docker: {{cacheTo: ['type=inline']}}\n"
    )
    (first, *_rest) = validate_text(text)
    assert (first.code, first.hint) == ("newer-key", "run: buildx-tasks schema.upgrade")
    upgraded = upgrade_text(text)
    assert validate_text(upgraded) == []
    assert upgraded.count("cacheTo") == 2
    assert "cacheTo: [app]   # where to\n" in upgraded
    assert upgrade_text(upgraded) == upgraded
    if version != "v4beta12":
        with pytest.raises(ConfigInvalid):
            upgrade_text(text, to="v4beta11")

from __future__ import annotations

import json
from pathlib import Path

import pytest

from buildx_tasks.errors import CannotStart
from buildx_tasks.model.layers import Layer, block_layer, environment_layer, is_from_global_config, kind_of, resolve
from buildx_tasks.model.settings import CONFIG_KEYS, KEYS, SKAFFOLD_ENVIRONMENT, Settings


def test_without_any_layer_everything_is_its_default() -> None:
    assert resolve([]) == Settings()


def test_the_strongest_layer_wins_and_is_remembered() -> None:
    settings = resolve(
        [
            Layer("flag", {"builder": None, "cache-tag": "main"}),
            Layer("invoke config", {"builder": "ci", "cache_tag": "dev"}),
            Layer("global config", {"buildx-builder": "home"}),
        ]
    )
    assert (settings.builder, settings.cache_tag) == ("ci", "main")
    assert settings.origins == {"cache-tag": "flag", "builder": "invoke config"}


def test_insecure_registries_add_up() -> None:
    settings = resolve(
        [Layer("flag", {"insecure-registries": "a,b"}), Layer("global", {"insecure-registries": ["c", "a"]})]
    )
    assert settings.insecure_registries == ("a", "b", "c")


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("push", "false", False),
        ("push", "True", True),
        ("concurrency", "0", 0),
        ("concurrency", -1, None),
        ("platform", "linux/amd64, linux/arm64", ("linux/amd64", "linux/arm64")),
        ("platform", ["linux/amd64,linux/386", "windows"], ("linux/amd64", "linux/386", "windows")),
        ("cache-from", ["type=registry,ref=a"], ("type=registry,ref=a",)),
        ("default-repo", "", ""),
    ],
)
def test_values_are_read_from_any_usual_spelling(key: str, value: object, expected: object) -> None:
    assert getattr(resolve([Layer("flag", {key: value})]), key.replace("-", "_")) == expected


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"buidler": "x"}, "did you mean builder"),
        ({"push": "perhaps"}, "push in flag must be true or false"),
        ({"concurrency": "many"}, "concurrency in flag must be a whole number"),
        ({"attest": "full"}, "one of: auto, none, min, max"),
        ({"builders": "x"}, "builders in flag must be a mapping"),
    ],
)
def test_unfit_values_are_named(values: dict[str, object], said: str) -> None:
    with pytest.raises(CannotStart) as caught:
        resolve([Layer("flag", values)])
    assert said in str(caught.value)


def test_environment_names_known_settings_only() -> None:
    assert set(SKAFFOLD_ENVIRONMENT.values()) <= set(KEYS)


def test_an_empty_variable_counts_only_for_the_default_repo() -> None:
    layer = environment_layer({"SKAFFOLD_DEFAULT_REPO": "", "SKAFFOLD_TAG": "", "BUILDX_BUILDER": "b", "HOME": "/"})
    assert layer.values == {"default-repo": "", "builder": "b"}


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("builder", "text"),
        ("default-repo", "text"),
        ("buildx-builder", "text"),
        ("cache-flags", "list"),
        ("local-cluster", "boolean"),
        ("strict", "boolean"),
        ("concurrency", "number"),
        ("retries", "number"),
        ("builders", "mapping"),
    ],
)
def test_the_kind_of_a_setting_is_its_fields_type(key: str, kind: str) -> None:
    assert kind_of(key) == kind


def test_every_key_has_a_kind() -> None:
    assert {kind_of(key) for key in (*KEYS, *CONFIG_KEYS)} == {"text", "boolean", "number", "list", "mapping"}


def test_a_block_is_a_layer_without_its_artifacts() -> None:
    layer = block_layer({"cacheTag": "t", "builder": "b", "artifacts": {"app": {}}}, "other.yaml")
    assert (layer.name, layer.values) == (".buildx block of other.yaml", {"cache-tag": "t", "builder": "b"})


def test_a_blocks_unknown_key_is_named() -> None:
    with pytest.raises(CannotStart, match=r"unknown setting 'cache-tga' in \.buildx block of skaffold\.yaml"):
        resolve([block_layer({"cacheTga": "t"})])


def test_the_schemas_block_holds_settings_only() -> None:
    schema = json.loads((Path(__file__).parents[3] / "schema" / "buildx.json").read_text())
    layer = block_layer(schema["Buildx"]["properties"])
    assert set(layer.values) <= set(KEYS)


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (Layer("flag", {"default-repo": ""}), False),
        (environment_layer({"SKAFFOLD_DEFAULT_REPO": "r"}), False),
        (Layer("Invoke config", {"default-repo": "r"}), False),
        (block_layer({"defaultRepo": "r"}), False),
        (Layer("~/.config/buildx-tasks/config.yaml (global)", {"default-repo": "r"}), True),
        (Layer("flag", {}), True),
    ],
)
def test_what_only_a_global_config_said(layer: Layer, expected: bool) -> None:
    assert is_from_global_config(resolve([layer]), "default-repo") is expected

"""Our key in the Invoke config, through Invoke's own ways of setting it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from invoke.collection import Collection
from invoke.config import Config
from invoke.context import Context

import buildx_tasks
from buildx_tasks.errors import CannotStart
from buildx_tasks.execution.cluster.kube import KubeConfigs
from buildx_tasks.execution.config.layers import SettingsSources
from buildx_tasks.model.layers import Layer, block_layer, resolve
from buildx_tasks.tasks.console import once, print_warning
from buildx_tasks.tasks.defaults import invoke_layer, variable
from buildx_tasks.tasks.program import OurProgram
from buildx_tasks.tasks.task import task


def seen_by_a_task(root: dict[str, Any] | None, monkeypatch: pytest.MonkeyPatch, folder: Path) -> Layer:
    """The layer that a task of a namespace with our collection gets, when its root is configured with `root`."""
    layers: list[Layer] = []

    @task
    def look(c: Context) -> None:
        layers.append(invoke_layer(c))

    ns = Collection()
    inner = Collection("buildx", look)
    ns.add_collection(inner)
    if root is not None:
        ns.configure(root)
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.chdir(folder)
    OurProgram(namespace=ns).run(["inv", "buildx.look"], exit=False)
    return layers[0]


def test_untouched_defaults_set_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    layer = seen_by_a_task(None, monkeypatch, tmp_path)
    assert layer.values == {}
    assert resolve([layer]) == resolve([])


def test_the_namespace_configures_nothing() -> None:
    assert buildx_tasks.namespace().configuration("buildx.config.list") == {}


@pytest.mark.parametrize(
    ("key", "text", "expected"),
    [
        ("push", "false", False),
        ("push", "0", False),
        ("strict", "true", True),
        ("cache_tag", "t", "t"),
        ("platform", "linux/amd64,linux/arm64", ("linux/amd64", "linux/arm64")),
        ("cache_from", "type=registry,ref=a", ("type=registry,ref=a",)),
        ("concurrency", "3", 3),
        ("default_repo", "", ""),
        ("cache_repo", "", ""),
        ("cache_artifacts", "", True),
    ],
)
@pytest.mark.parametrize("root", [None, {"buildx": {"builder": "ci"}}])
def test_variables_are_read_even_below_a_configured_root(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    root: dict[str, Any] | None,
    key: str,
    text: str,
    expected: object,
) -> None:
    monkeypatch.setenv(variable(key), text)
    settings = resolve([seen_by_a_task(root, monkeypatch, tmp_path)])
    assert getattr(settings, key) == expected
    assert settings.builder == ("ci" if root else "")
    if text:
        assert settings.origins[key.replace("_", "-")] == "Invoke config"


def test_config_files_and_variables_merge(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "invoke.yaml").write_text(
        "buildx:\n  builder: file\n  cache-tag: file\n  platform: [linux/arm64]\n  builders: {ci: {driver: remote}}\n"
    )
    monkeypatch.setenv("INVOKE_BUILDX_BUILDER", "variable")
    settings = resolve([seen_by_a_task(None, monkeypatch, tmp_path)])
    assert (settings.builder, settings.cache_tag, settings.platform) == ("variable", "file", ("linux/arm64",))
    assert settings.builders == {"ci": {"driver": "remote"}}


def context(section: object) -> Context:
    return Context(Config(overrides={"buildx": section}))


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ({"buidler": "x"}, "unknown setting 'buidler' in Invoke config\ndid you mean builder?"),
        ({"push": "perhaps"}, "push in Invoke config must be true or false"),
        ({"builders": "x"}, "builders in Invoke config must be a mapping"),
        ("builder", "buildx in the Invoke config must be a mapping, not 'builder'"),
    ],
)
def test_unfit_configs_are_named(section: object, said: str) -> None:
    with pytest.raises(CannotStart) as caught:
        resolve([invoke_layer(context(section), {})])
    assert said in str(caught.value)


def test_a_programs_own_prefix_counts() -> None:
    class Ours(Config):
        prefix = "ours"

    layer = invoke_layer(Context(Ours()), {"OURS_BUILDX_CACHE_TAG": "a", "INVOKE_BUILDX_CACHE_REPO": "b"})
    assert layer.values == {"cache-tag": "a"}


def test_all_layers_in_their_order(tmp_path: Path) -> None:
    (tmp_path / ".skaffold").mkdir()
    (tmp_path / ".skaffold" / "config").write_text(
        "kubeContexts: [{kube-context: dev, insecure-registries: [e], local-cluster: true}]\n"
    )
    environ = {
        "SKAFFOLD_TAG": "env",
        "SKAFFOLD_INSECURE_REGISTRY": "b",
        "BUILDX_TASKS_CONFIG": str(tmp_path / "missing"),
    }
    sources = SettingsSources(
        flags={"tag": None, "insecure-registries": ["a"], "kube-context": "dev"},
        environ=environ,
        home=tmp_path,
        kube=KubeConfigs(environ, tmp_path, pytest.fail),
        others=(invoke_layer(context({"tag": "invoke", "cache_tag": "invoke", "insecure_registries": "c"}), environ),),
    )
    settings = sources.resolve(block_layer({"cacheTag": "block", "cacheMode": "off", "artifacts": {}}, "sk.yaml"))
    assert settings.insecure_registries == ("a", "b", "c", "e")
    assert settings.origins == {
        "tag": "environment",
        "insecure-registries": "flag",
        "kube-context": "flag",
        "cache-tag": "Invoke config",
        "cache-mode": ".buildx block of sk.yaml",
        "local-cluster": "~/.skaffold/config (kube-context dev)",
    }


def test_warnings_go_to_standard_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "sk").write_text("- a\n")
    environ = {"SKAFFOLD_CONFIG": str(tmp_path / "sk"), "BUILDX_TASKS_CONFIG": str(tmp_path / "missing")}
    kube = KubeConfigs(environ, tmp_path, print_warning)
    SettingsSources(flags={}, environ=environ, home=tmp_path, kube=kube).resolve()
    assert capsys.readouterr().err == "WARNING: none of ~/sk is used: ~/sk:1:1: must be a mapping\n"


def test_a_warning_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    tell = once(print_warning)
    for text in ("a", "b", "a"):
        tell(text)
    assert capsys.readouterr().err == "WARNING: a\nWARNING: b\n"

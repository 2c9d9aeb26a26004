"""``buildx.config.*`` through Invoke's own command line, each test in a home and a folder of its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from buildx_tasks.model.settings import CONFIG_KEYS, KEYS, SKAFFOLD_ENVIRONMENT
from buildx_tasks.tasks import namespace
from buildx_tasks.tasks.program import OurProgram

Run = Callable[..., tuple[int, str, str]]
HEAD = "apiVersion: skaffold/v4beta13\nkind: Config\n"
OWN = ".config/buildx-tasks/config.yaml"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in (*SKAFFOLD_ENVIRONMENT, "KUBECONFIG", "XDG_CONFIG_HOME", "SKAFFOLD_CONFIG", "BUILDX_TASKS_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr("sys.platform", "linux")
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    return tmp_path


@pytest.fixture
def run(home: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def run_tasks(*words: str) -> tuple[int, str, str]:
        code = 0
        try:
            OurProgram(namespace=namespace()).run(["inv", *words])
        except SystemExit as end:
            code = int(end.code or 0)
        out, err = capsys.readouterr()
        return code, out, err

    return run_tasks


def use_context(home: Path, name: str) -> None:
    (home / ".kube").mkdir()
    (home / ".kube" / "config").write_text(f"current-context: {name}\n")


def own(home: Path) -> str:
    path = home / OWN
    return path.read_text() if path.exists() else ""


@pytest.mark.parametrize(
    ("words", "said", "text"),
    [
        (["default-repo", "v"], "set value default-repo to v for context C", "- kube-context: C\n    default-repo: v"),
        (["local-cluster", "T"], "set value local-cluster to T for context C", "local-cluster: true"),
        (["default-repo", "v", "--global"], "set global value default-repo to v", "global:\n  default-repo: v"),
        (
            ["default-repo", "v", "--kube-context", "D"],
            "set value default-repo to v for context D",
            "- kube-context: D",
        ),
        (["default-repo", "v", "--global", "--kube-context=D"], "set global value default-repo to v", "global:"),
        (["--key=cache-tag", "--value=a"], "set value cache-tag to a for context C", "cache-tag: a"),
    ],
)
def test_set_says_what_skaffold_says(run: Run, home: Path, words: list[str], said: str, text: str) -> None:
    use_context(home, "C")
    assert run("buildx.config.set", *words) == (0, f"{said}\n", "")
    assert text in own(home)


def test_unset_undoes_set(run: Run, home: Path) -> None:
    use_context(home, "C")
    run("buildx.config.set", "default-repo", "v")
    run("buildx.config.set", "cache-flags", "mode=max", "--global")
    assert run("buildx.config.unset", "default-repo")[1] == "unset value default-repo for context C\n"
    assert run("buildx.config.set", "cache-flags", "", "--global")[1] == "unset global value cache-flags\n"
    assert own(home) == "kubeContexts:\n  - kube-context: C\nglobal:\n"


def test_lists_grow(run: Run, home: Path) -> None:
    for flag in ("type=registry", "mode=max"):
        run("buildx.config.set", "--global", "cache-flags", flag)
    assert own(home) == "global:\n  cache-flags:\n    - type=registry\n    - mode=max\n"


def test_without_a_context_the_global_section_is_meant(run: Run, home: Path) -> None:
    code, out, err = run("buildx.config.set", "cache-tag", "t")
    assert (code, out) == (0, "set global value cache-tag to t\n")
    assert err == "no kube-context is set: this changes the global section\n"


def test_the_variable_for_the_context_counts(run: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_context(home, "C")
    monkeypatch.setenv("SKAFFOLD_KUBE_CONTEXT", "E")
    assert run("buildx.config.set", "cache-tag", "t")[1] == "set value cache-tag to t for context E\n"


def test_an_entry_for_more_than_this_context_is_named(run: Run, home: Path) -> None:
    path = home / OWN
    path.parent.mkdir(parents=True)
    path.write_text("kubeContexts:\n- kube-context: gke_.*\n")
    code, out, err = run("buildx.config.set", "cache-tag", "t", "--kube-context", "gke_1")
    assert (code, out) == (0, "set value cache-tag to t for context gke_1\n")
    assert err == f"the entry 'gke_.*' of ~/{OWN} holds it, for every context it matches\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["set", "local-cluster", "not-a-bool"], "local-cluster must be true or false, not 'not-a-bool'"),
        (["set", "not_a_real_value", "x"], "unknown key 'not_a_real_value'"),
        (["set", "cache_tag", "x"], "did you mean cache-tag?"),
        (["unset", "survey"], "known keys: buildx-builder, cache-tag"),
        (["get", "cache-tga"], "did you mean cache-tag?"),
        (["list", "--format", "xml"], "--format can't be 'xml'\none of: text, json"),
        (["get", "cache-tag", "--format", "yaml"], "--format can't be 'yaml'"),
    ],
)
def test_unfit_requests_end_with_2_and_write_nothing(run: Run, home: Path, words: list[str], said: str) -> None:
    code, out, err = run(f"buildx.config.{words[0]}", *words[1:])
    assert (code, out) == (2, "")
    assert said in err
    assert not (home / ".config").exists()


def test_dry_writes_nothing(run: Run, home: Path) -> None:
    code, out, _ = run("--dry", "buildx.config.set", "--global", "cache-tag", "t")
    assert (code, out) == (0, f"set global value cache-tag to t (dry run: ~/{OWN} is not written)\n")
    assert own(home) == ""


def test_skaffolds_file_is_read_and_never_written(run: Run, home: Path) -> None:
    (home / ".skaffold").mkdir()
    skaffold = home / ".skaffold" / "config"
    skaffold.write_text("global: {default-repo: theirs, buildx-builder: b}\n")
    run("buildx.config.set", "--global", "default-repo", "ours")
    assert skaffold.read_text() == "global: {default-repo: theirs, buildx-builder: b}\n"
    assert run("buildx.config.get", "default-repo") == (0, "ours\n", f"from: ~/{OWN} (global)\n")
    assert run("buildx.config.get", "buildx-builder") == (0, "b\n", "from: ~/.skaffold/config (global)\n")


LAYERS = (
    ("environment SKAFFOLD_DEFAULT_REPO", "env"),
    ("Invoke config", "invoke"),
    (f"~/{OWN} (kube-context C)", "own-context"),
    (f"~/{OWN} (global)", "own-global"),
    ("~/.skaffold/config (kube-context C)", "skaffold-context"),
    ("~/.skaffold/config (global)", "skaffold-global"),
    ("default", None),
)


@pytest.mark.parametrize("strongest", range(len(LAYERS)))
def test_the_order_of_layers(run: Run, home: Path, monkeypatch: pytest.MonkeyPatch, strongest: int) -> None:
    use_context(home, "C")
    present = {value for _, value in LAYERS[strongest:] if value}
    if "env" in present:
        monkeypatch.setenv("SKAFFOLD_DEFAULT_REPO", "env")
    if "invoke" in present:
        (home / "project" / "invoke.yaml").write_text("buildx: {default_repo: invoke}\n")
    for name, file in (("own", home / OWN), ("skaffold", home / ".skaffold" / "config")):
        text = f"global: {{default-repo: {name}-global}}\n" if f"{name}-global" in present else ""
        if f"{name}-context" in present:
            text += f"kubeContexts: [{{kube-context: C, default-repo: {name}-context}}]\n"
        file.parent.mkdir(parents=True)
        file.write_text(text)
    where, value = LAYERS[strongest]
    listed = json.loads(run("buildx.config.list", "--format", "json")[1])
    assert listed["default-repo"] == {"value": value, "from": where}


def test_the_block_stands_between_invoke_and_the_global_configs(run: Run, home: Path) -> None:
    (home / "project" / "skaffold.yaml").write_text(f".buildx: {{cacheTag: block, cacheRepo: block}}\n{HEAD}")
    (home / "project" / "invoke.yaml").write_text("buildx: {cache_repo: invoke}\n")
    run("buildx.config.set", "--global", "cache-tag", "own")
    assert run("buildx.config.get", "cache-tag") == (0, "block\n", "from: .buildx block of skaffold.yaml\n")
    assert run("buildx.config.get", "cache-repo") == (0, "invoke\n", "from: Invoke config\n")


@pytest.mark.parametrize("text", ["a: [\n.buildx: {cacheTag: t}\n", "- .buildx\n", f"{HEAD}.buildx: 3\n"])
def test_a_config_that_cannot_be_read_sets_nothing_and_is_named(run: Run, home: Path, text: str) -> None:
    (home / "project" / "skaffold.yaml").write_text(text)
    code, out, err = run("buildx.config.get", "cache-tag")
    assert (code, out) == (0, "-\n")
    warning, origin = err[: err.index("from:")], err[err.index("from:") :]
    assert warning.startswith("WARNING: the config can't be read, so its .buildx block does not count: skaffold.yaml:")
    assert origin == "from: default\n"


def test_the_blocks_of_required_configs_count_as_in_a_build(run: Run, home: Path) -> None:
    project = home / "project"
    (project / "base").mkdir()
    (project / "base" / "skaffold.yaml").write_text(f".buildx: {{cacheTag: base, cacheRepo: base}}\n{HEAD}")
    (project / "skaffold.yaml").write_text(f".buildx: {{cacheRepo: main}}\n{HEAD}requires: [{{path: base}}]\n")
    assert run("buildx.config.get", "cache-tag")[:2] == (0, "base\n")
    assert run("buildx.config.get", "cache-repo") == (0, "main\n", "from: .buildx block of skaffold.yaml\n")


def test_the_block_of_the_config_that_is_named(run: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "project" / "skaffold.yaml").write_text(f".buildx: {{cacheTag: main}}\n{HEAD}")
    (home / "project" / "other.yml").write_text(f"{HEAD}---\n.buildx: {{cacheTag: other}}\n{HEAD}")
    monkeypatch.setenv("SKAFFOLD_FILENAME", "other.yml")
    assert run("buildx.config.get", "cache-tag") == (0, "other\n", "from: .buildx block of other.yml\n")


def test_skaffold_env_counts_as_environment(run: Run, home: Path) -> None:
    (home / "project" / "skaffold.env").write_text("SKAFFOLD_TAG=v1\n")
    assert run("buildx.config.get", "tag") == (0, "v1\n", "from: environment SKAFFOLD_TAG\n")


def test_list_shows_every_setting_once(run: Run, home: Path) -> None:
    run("buildx.config.set", "--global", "cache-flags", "mode=max")
    lines = run("buildx.config.list")[1].splitlines()
    keys = [line.split()[0] for line in lines]
    assert keys[: len(CONFIG_KEYS)] == list(CONFIG_KEYS)
    assert sorted(keys) == sorted({*KEYS, *CONFIG_KEYS} - {"builder"})
    assert next(line.split(maxsplit=2) for line in lines if line.startswith("cache-flags")) == [
        "cache-flags",
        "mode=max",
        f"~/{OWN} (global)",
    ]


def test_get_as_json(run: Run, home: Path) -> None:
    run("buildx.config.set", "--kube-context=dev", "local-cluster", "no")
    code, out, _ = run("buildx.config.get", "local-cluster", "--kube-context=dev", "--format=json")
    assert (code, json.loads(out)) == (0, {"value": False, "from": f"~/{OWN} (kube-context dev)"})


def test_all_prints_the_files(run: Run, home: Path) -> None:
    assert run("buildx.config.list", "--all")[1].strip() == ""
    run("buildx.config.set", "--global", "cache-tag", "t")
    (home / ".skaffold").mkdir()
    (home / ".skaffold" / "config").write_text("# theirs\nglobal: {}\n")
    assert run("buildx.config.list", "--all")[1] == (
        f"~/{OWN}:\nglobal:\n  cache-tag: t\n\n~/.skaffold/config:\n# theirs\nglobal: {{}}\n"
    )
    listed = json.loads(run("buildx.config.list", "--all", "--format", "json")[1])
    assert listed == {f"~/{OWN}": "global:\n  cache-tag: t\n", "~/.skaffold/config": "# theirs\nglobal: {}\n"}


def test_a_broken_file_of_ours_stops_with_its_line(run: Run, home: Path) -> None:
    path = home / OWN
    path.parent.mkdir(parents=True)
    path.write_text("global:\n  local-cluster: perhaps\n")
    code, _, err = run("buildx.config.list")
    assert code == 2
    assert err.startswith(f"~/{OWN}:2:18: global.local-cluster: must be true or false\n")

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from buildx_tasks.document.globalconfig.values import read
from buildx_tasks.errors import CannotStart
from buildx_tasks.execution.config.globalconfig import change, config_layers, own_path, read_config, skaffold_path

HOME = Path("/home/me")


@pytest.mark.parametrize(
    ("environ", "platform", "expected"),
    [
        ({}, "linux", "/home/me/.config/buildx-tasks/config.yaml"),
        ({"XDG_CONFIG_HOME": "/etc/xdg"}, "linux", "/etc/xdg/buildx-tasks/config.yaml"),
        ({"XDG_CONFIG_HOME": "relative"}, "linux", "/home/me/.config/buildx-tasks/config.yaml"),
        ({"XDG_CONFIG_HOME": ""}, "linux", "/home/me/.config/buildx-tasks/config.yaml"),
        ({"XDG_CONFIG_HOME": "/x"}, "darwin", "/home/me/Library/Application Support/buildx-tasks/config.yaml"),
        ({"BUILDX_TASKS_CONFIG": "/c.yaml", "XDG_CONFIG_HOME": "/x"}, "linux", "/c.yaml"),
        ({"BUILDX_TASKS_CONFIG": "/c.yaml"}, "darwin", "/c.yaml"),
        ({"BUILDX_TASKS_CONFIG": ""}, "linux", "/home/me/.config/buildx-tasks/config.yaml"),
    ],
)
def test_where_ours_is(environ: dict[str, str], platform: str, expected: str) -> None:
    assert own_path(environ, HOME, platform) == Path(expected)


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, "/home/me/.skaffold/config"),
        ({"SKAFFOLD_CONFIG": "/s"}, "/s"),
        ({"SKAFFOLD_CONFIG": ""}, "/home/me/.skaffold/config"),
    ],
)
def test_where_skaffolds_is(environ: dict[str, str], expected: str) -> None:
    assert skaffold_path(environ, HOME) == Path(expected)


def write(home: Path, *, own: str | None = None, skaffold: str | None = None) -> None:
    for path, text in ((own_path({}, home, "linux"), own), (skaffold_path({}, home), skaffold)):
        if text is not None:
            path.parent.mkdir(parents=True)
            path.write_text(text)


def test_ours_comes_before_skaffolds_and_the_context_before_global(tmp_path: Path) -> None:
    text = "global: {cache-tag: g}\nkubeContexts: [{kube-context: dev.*, cache-tag: c}]\n"
    write(tmp_path, own=text, skaffold=text)
    layers = config_layers({}, tmp_path, "dev-1", pytest.fail, "linux")
    assert [(layer.name, layer.values) for layer in layers] == [
        ("~/.config/buildx-tasks/config.yaml (kube-context dev.*)", {"cache-tag": "c"}),
        ("~/.config/buildx-tasks/config.yaml (global)", {"cache-tag": "g"}),
        ("~/.skaffold/config (kube-context dev.*)", {"cache-tag": "c"}),
        ("~/.skaffold/config (global)", {"cache-tag": "g"}),
    ]


def test_a_false_counts_in_ours_and_gives_way_in_skaffolds(tmp_path: Path) -> None:
    text = "global: {local-cluster: true}\nkubeContexts: [{kube-context: dev, local-cluster: false}]\n"
    write(tmp_path, own=text, skaffold=text)
    layers = config_layers({}, tmp_path, "dev", pytest.fail, "linux")
    assert [layer.values["local-cluster"] for layer in layers] == [False, True, True]


def test_without_files_there_is_nothing_and_nothing_is_made(tmp_path: Path) -> None:
    assert config_layers({}, tmp_path, "dev", pytest.fail, "linux") == []
    assert list(tmp_path.iterdir()) == []


def test_every_problem_of_ours_is_named(tmp_path: Path) -> None:
    write(tmp_path, own="global:\n  local-cluster: x\n  cache-flags: y\n")
    with pytest.raises(CannotStart) as caught:
        config_layers({}, tmp_path, "", pytest.fail, "linux")
    assert caught.value.message.splitlines() == [
        "~/.config/buildx-tasks/config.yaml:2:18: global.local-cluster: must be true or false",
        "~/.config/buildx-tasks/config.yaml:3:16: global.cache-flags: must be a list of texts",
    ]


@pytest.mark.parametrize("data", [b"global: [\n", b"global: x\n", b"\xff\xfe"])
def test_a_broken_file_of_skaffolds_is_a_warning(tmp_path: Path, data: bytes) -> None:
    write(tmp_path, own="global: {cache-tag: t}\n", skaffold="")
    skaffold_path({}, tmp_path).write_bytes(data)
    warnings: list[str] = []
    layers = config_layers({}, tmp_path, "", warnings.append, "linux")
    assert [layer.values for layer in layers] == [{"cache-tag": "t"}]
    assert len(warnings) == 1
    assert warnings[0].startswith("none of ~/.skaffold/config is used: ~/.skaffold/config")


def test_ours_must_be_text(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_bytes(b"\xff")
    with pytest.raises(CannotStart, match=r"~/c.yaml is not UTF-8 text"):
        read_config(path, tmp_path)


def test_a_folder_in_the_files_place_is_named(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match="can't be read: Is a directory"):
        read_config(tmp_path, HOME)


@pytest.mark.parametrize(
    ("key", "value", "context", "text", "pattern"),
    [
        ("default-repo", "v", "C", "kubeContexts:\n  - kube-context: C\n    default-repo: v\n", "C"),
        ("multi-level-repo", "false", "C", "kubeContexts:\n  - kube-context: C\n    multi-level-repo: false\n", "C"),
        ("default-repo", "v", None, "global:\n  default-repo: v\n", None),
    ],
)
def test_a_change_makes_the_file(
    tmp_path: Path, key: str, value: str, context: str | None, text: str, pattern: str | None
) -> None:
    path = tmp_path / "new" / "config.yaml"
    assert change(path, tmp_path, key, value, context) == pattern
    assert path.read_text() == text
    assert change(path, tmp_path, key, None, context) == pattern
    assert key not in path.read_text()


def test_a_change_says_which_entry_it_went_to(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("kubeContexts:\n- kube-context: gke_.*\n")
    assert change(path, tmp_path, "cache-tag", "t", "gke_1") == "gke_.*"


def test_line_ends_stay(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_bytes(b"# a\r\nglobal:\r\n")
    change(path, tmp_path, "cache-tag", "t", None)
    assert path.read_bytes() == b"# a\r\nglobal:\r\n  cache-tag: t\r\n"


def test_unsetting_makes_no_file(tmp_path: Path) -> None:
    change(tmp_path / "a" / "config.yaml", tmp_path, "cache-tag", None, None)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("value", ["not-a-bool", None])
def test_an_unfit_request_touches_nothing(tmp_path: Path, value: str | None) -> None:
    key = "local-cluster" if value else "not_a_real_value"
    with pytest.raises(CannotStart):
        change(tmp_path / "a" / "config.yaml", tmp_path, key, value, "C")
    assert list(tmp_path.iterdir()) == []


def test_a_broken_file_is_not_rewritten(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("# mine\nglobal: [\n")
    with pytest.raises(CannotStart, match=r"~/config.yaml:3:1: "):
        change(path, tmp_path, "cache-tag", "t", None)
    assert path.read_text() == "# mine\nglobal: [\n"


def test_what_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotStart, match=r"~/file/config.yaml can't be written"):
        change(tmp_path / "file" / "config.yaml", tmp_path, "cache-tag", "t", None)


WRITER = """
import sys
from pathlib import Path
from buildx_tasks.execution.config.globalconfig import change
path = Path(sys.argv[1])
for number in range(20):
    change(path, path.parent, "cache-flags", f"{sys.argv[2]}.{number}", None)
"""


def test_concurrent_writers_lose_nothing(tmp_path: Path) -> None:
    path, link = tmp_path / "config.yaml", tmp_path / "link" / "config.yaml"
    path.write_text("# mine\n")
    link.parent.mkdir()
    link.symlink_to("../config.yaml")
    targets = [path, link, path, link]
    running = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(target), f"w{number}"])
        for number, target in enumerate(targets)
    ]
    assert [process.wait() for process in running] == [0, 0, 0, 0]
    flags = read(path.read_text()).everywhere.values["cache-flags"]
    assert isinstance(flags, tuple)
    assert sorted(flags) == sorted(f"w{writer}.{number}" for writer in range(4) for number in range(20))
    assert path.read_text().startswith("# mine\n")
    assert link.is_symlink()

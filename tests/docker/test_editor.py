"""What an editor shows of a config: yaml-language-server, found by the comment that ``schema.modeline`` writes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from languageserver import LanguageServer, language_server

CONFIG = """\
apiVersion: skaffold/v4beta14
kind: Config
build:
  artifacts:
    - image: app
      context: app
      docker:
        dockerfile: Dockerfile
        cacheTo: [app:cache]
.buildx:
  cacheTag: cache
  artifacts:
    app: {labels: {a: b}}
.shared: {anything: true}
"""


@pytest.fixture(scope="module")
def server(node: Path, node_modules: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LanguageServer]:
    with language_server(node, node_modules, tmp_path_factory.mktemp("editor")) as running:
        yield running


def pointed(folder: Path, text: str, name: str = "skaffold.yaml") -> Path:
    """A config after ``schema.modeline``."""
    (file := folder / name).write_text(text)
    argv = (sys.executable, "-m", "invoke", "--collection", "tasks", "schema.modeline", "--filename", name)
    (folder / "tasks.py").write_text("import buildx_tasks\n\nns = buildx_tasks.namespace(__name__)\n")
    subprocess.run(argv, cwd=folder, check=True, capture_output=True)
    return file


def place(file: Path, text: str) -> tuple[int, int]:
    """The line and column behind this text, from 0."""
    before = file.read_text().partition(text)[0] + text
    return before.count("\n"), len(before.rpartition("\n")[2])


def test_a_valid_config_has_no_problem(server: LanguageServer, tmp_path: Path) -> None:
    assert server.open(pointed(tmp_path, CONFIG)) == []


def test_a_new_config_has_no_problem_either(server: LanguageServer, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    argv = (str(Path(sys.executable).with_name("buildx-tasks")), "buildx.init")
    subprocess.run(argv, cwd=tmp_path, check=True, capture_output=True)
    file = tmp_path / "skaffold.yaml"
    assert server.open(file) == []
    file.write_text(file.read_text().replace("artifacts:", "artefacts:"))
    assert [message for _line, message in server.open(file)] == ["Property artefacts is not allowed."]


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("dockerfile:", "dokcerfile:", 9, "Property dokcerfile is not allowed."),
        ("kind: Config", "kind: [Config]", 3, 'Incorrect type. Expected "string".'),
        ("cacheTo: [app:cache]", "cacheTo: app:cache", 10, 'Incorrect type. Expected "array'),
        ("cacheTag: cache", "cacheTga: cache", 12, "Property cacheTga is not allowed."),
        ("    - image: app\n      context", "    - context", 6, 'Missing property "image".'),
        ("skaffold/v4beta14", "skaffold/v4beta13", 2, 'Value must be "skaffold/v4beta14".'),
    ],
)
def test_problems_are_shown_at_their_line(
    server: LanguageServer, tmp_path: Path, old: str, new: str, line: int, message: str
) -> None:
    file = pointed(tmp_path, CONFIG)
    file.write_text(file.read_text().replace(old, new))
    found = server.open(file)
    assert [(at, text[: len(message)]) for at, text in found] == [(line, message)]


def test_without_the_comment_nothing_is_known(server: LanguageServer, tmp_path: Path) -> None:
    (file := tmp_path / "skaffold.yaml").write_text(CONFIG.replace("dockerfile:", "dokcerfile:"))
    assert server.open(file) == []


def test_keys_and_values_are_completed(server: LanguageServer, tmp_path: Path) -> None:
    file = pointed(tmp_path, CONFIG)
    text = file.read_text()
    file.write_text(text.replace("        cacheTo: [app:cache]\n", "        cac\n"))
    found = server.complete(file, place(file, "        cac"))
    assert {"cacheFrom", "cacheTo", "noCache", "secrets"} <= set(found)
    assert "image" not in found
    file.write_text(text.replace("  cacheTag: cache\n", "  \n"))
    assert {"builder", "builders", "cacheTag", "cacheRepo", "attest"} <= set(
        server.complete(file, place(file, ".buildx:\n  "))
    )
    file.write_text(text.replace("kind: Config", "kind: Config\nde"))
    assert {"deploy"} <= set(server.complete(file, place(file, "\nde")))
    file.write_text(text)
    assert "Dockerfile" in server.hover(file, place(file, "      dock"))


def test_each_document_has_the_schema_of_its_version(server: LanguageServer, tmp_path: Path) -> None:
    """`cacheTo` is a key of the newer version alone; what the schema of the other one does not have is a problem."""
    old = "apiVersion: skaffold/v2beta29\nkind: Config\nbuild: {artifacts: [{image: old, docker: {cacheTo: [x]}}]}\n"
    newer = CONFIG.partition(".buildx")[0]
    assert server.open(pointed(tmp_path, f"{newer}---\n{old}")) == [(15, "Property cacheTo is not allowed.")]
    assert server.open(pointed(tmp_path, f"---\n# first\n{old}---\n# second\n{newer}", "other.yaml")) == [
        (6, "Property cacheTo is not allowed.")
    ]


@pytest.mark.parametrize("version", ["v1alpha1", "v1beta17", "v1", "v2beta29", "v3", "v4beta13"])
def test_the_server_takes_the_schema_of_any_version(server: LanguageServer, tmp_path: Path, version: str) -> None:
    file = pointed(tmp_path, f"apiVersion: skaffold/{version}\nkind: Config\nbiuld: {{}}\n")
    assert server.open(file) == [(4, "Property biuld is not allowed.")]

"""``schema.*`` as a user types it: output, exit status, formats."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from invoke.program import Program

import buildx_tasks

Run = Callable[..., tuple[int, str, str]]

VALID = "apiVersion: skaffold/v4beta13\nkind: Config\n"
TYPO = f"{VALID}biuld: {{}}\n"
WARNED = f"{VALID}build:\n  cluster: {{foo: 1}}\n"
CACHE_TO = f"{VALID}build:\n  artifacts:\n  - image: app\n    docker: {{cacheTo: [app]}}\n"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, stdin: bytes = b"", **files: str) -> tuple[int, str, str]:
        for name, text in files.items():
            (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        program = Program(namespace=buildx_tasks.namespace())
        try:
            program.run(["inv", *arguments])
            code = 0
        except SystemExit as stop:
            code = int(stop.code or 0)
        out, err = capsys.readouterr()
        return code, out, err

    return run


def test_a_valid_file(run: Run) -> None:
    assert run("schema.validate", skaffold=VALID) == (0, "skaffold.yaml is valid\n", "")


def test_findings_are_on_stdout_and_the_numbers_on_stderr(run: Run) -> None:
    code, out, err = run("schema.validate", skaffold=TYPO)
    assert code == 1
    assert out == "skaffold.yaml:3:1: biuld: unknown key 'biuld', did you mean 'build'?\n"
    assert err == "1 error in skaffold.yaml\n"


def test_several_files_in_one_call(run: Run) -> None:
    code, out, err = run(
        "schema.validate", "--filename", "*.yaml", "--filename", "-", stdin=b"kind: x\n", a=TYPO, b=VALID, c=TYPO
    )
    assert code == 1
    assert [line.split(":")[0] for line in out.splitlines()] == ["a.yaml", "c.yaml", "<stdin>"]
    assert err == "3 errors in 3 of 4 files\n"


def test_warnings_fail_only_when_strict(run: Run) -> None:
    code, out, err = run("schema.validate", skaffold=WARNED)
    assert (code, err) == (0, "")
    assert out.endswith("Skaffold ignores it (warning)\n")
    assert run("schema.validate", "--strict", skaffold=WARNED)[0] == 1


def test_upstream(run: Run) -> None:
    assert run("schema.validate", skaffold=CACHE_TO)[0] == 0
    code, out, _ = run("schema.validate", "--upstream", skaffold=CACHE_TO)
    assert code == 1
    assert "Skaffold itself refuses docker.cacheTo" in out


def test_formats(run: Run) -> None:
    code, out, _ = run("schema.validate", "--format", "json", skaffold=TYPO)
    assert code == 1
    assert json.loads(out)["findings"][0]["code"] == "unknown-key"
    _, out, _ = run("schema.validate", "--format", "github", skaffold=TYPO)
    assert out.startswith("::error file=skaffold.yaml,line=3,col=1,")
    assert run("schema.validate", "--format", "github", skaffold=VALID) == (0, "", "")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["schema.validate"], "no skaffold.yaml or skaffold.yml in "),
        (["schema.validate", "--filename", "x.yaml"], "x.yaml: no such file"),
        (["schema.validate", "--format", "xml"], "--format can't be 'xml'\none of: text, json, github"),
        (["schema.show", "--version", "v4beta31"], "unknown apiVersion 'v4beta31'\ndid you mean v4beta"),
        (["schema.versions", "--format", "yaml"], "--format can't be 'yaml'"),
    ],
)
def test_what_cannot_start_is_status_2(run: Run, arguments: list[str], message: str) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith(message)


def test_an_unreadable_file_does_not_hide_the_others(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", refuse)
        code, out, err = run("schema.validate", "--filename", "-,skaffold.yaml", stdin=TYPO.encode(), skaffold=VALID)
    assert (code, err) == (2, "skaffold.yaml can't be read: Permission denied\n")
    assert out.startswith("<stdin>:3:1: biuld")


def test_binary_junk_is_a_finding(run: Run) -> None:
    code, out, _ = run("schema.validate", "--filename", "-", stdin=b"\x89PNG\r\n\x00\xff")
    assert code == 1
    assert out.startswith("<stdin>:1:1: not readable as text")


@pytest.mark.parametrize("version", ["v2beta29", "skaffold/v2beta29"])
def test_show(run: Run, version: str) -> None:
    code, out, _ = run("schema.show", "--version", version)
    assert code == 0
    assert json.loads(out)["title"] == "skaffold.yaml, skaffold/v2beta29"


def test_show_is_the_newest_by_default(run: Run) -> None:
    assert json.loads(run("schema.show")[1])["title"] == "skaffold.yaml, skaffold/v4beta14"


def test_versions(run: Run) -> None:
    code, out, _ = run("schema.versions")
    assert code == 0
    versions = [line for line in out.splitlines() if not line.startswith(" ")]
    assert (len(versions), versions[0], versions[-1]) == (72, "skaffold/v1alpha1", "skaffold/v4beta14")
    assert "  - deploy.kubectl.manifests -> manifests.rawYaml" in out.splitlines()
    assert len(json.loads(run("schema.versions", "--format", "json")[1])) == 72

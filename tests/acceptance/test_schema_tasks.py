"""``schema.*`` as a user types it: output, exit status, formats."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from invoke.program import Program

import buildx_tasks
from buildx_tasks.errors import CannotStart
from buildx_tasks.execution.config import upgrading
from buildx_tasks.execution.files import keep_old

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
    def refuse(path: Path, size: int) -> bytes:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr("buildx_tasks.execution.config.inputs.read_start", refuse)
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


OLD = "apiVersion: skaffold/v2beta28   # old\nkind: Config\ndeploy:\n  kubectl:\n    manifests: [a.yaml]   # one\n"
NEW = (
    "apiVersion: skaffold/v4beta14   # old\nkind: Config\nmanifests:\n  rawYaml: [a.yaml]   # one\n"
    "deploy:\n  kubectl: {}\n"
)
DROPPED = (
    "apiVersion: skaffold/v2beta16\nkind: Config\nbuild:\n"
    "  artifacts: [{image: a, docker: {secret: {id: i, dst: d}}}]\n"
)
NARROWED = (
    "apiVersion: skaffold/v4beta14\nkind: Config\nbuild:\n  artifacts: [{image: a, docker: {secrets: [{id: i}]}}]\n"
)
REFUSED = "apiVersion: skaffold/v2beta28\nkind: Config\ndeploy:\n  kpt: {dir: d}\n"
NEWEST = "apiVersion: skaffold/v4beta14\nkind: Config\n"


def test_upgrade_in_place(run: Run) -> None:
    code, out, err = run("schema.upgrade", skaffold=OLD)
    assert (code, err) == (0, "")
    assert out == "skaffold.yaml: upgraded from skaffold/v2beta28 to skaffold/v4beta14\n"
    assert Path("skaffold.yaml").read_text(encoding="utf-8") == NEW
    assert [path.name for path in Path().iterdir()] == ["skaffold.yaml"]


def test_upgrade_keeps_bytes_mode_and_link(run: Run) -> None:
    real = Path("real.yaml")
    real.write_bytes(b"\xef\xbb\xbf" + OLD.replace("\n", "\r\n").encode())
    real.chmod(0o640)
    Path("skaffold.yaml").symlink_to(real)
    assert run("schema.upgrade")[0] == 0
    assert Path("skaffold.yaml").is_symlink()
    assert real.read_bytes() == b"\xef\xbb\xbf" + NEW.replace("\n", "\r\n").encode()
    assert real.stat().st_mode & 0o777 == 0o640


def test_upgrade_with_backups(run: Run) -> None:
    for number, old in enumerate((OLD, DROPPED)):
        code, out, _ = run("schema.upgrade", "--backup", skaffold=old)
        assert code == 0
        name = f"skaffold.yaml.bak{number or ''}"
        assert out.splitlines()[0].endswith(f", the old file is {name}")
        assert Path(name).read_text(encoding="utf-8") == old


def test_a_backup_holds_the_text_that_was_upgraded(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when another run has replaced the file in between."""

    def another_run_is_faster(path: Path, data: bytes) -> Path:
        path.write_text(NEW, encoding="utf-8")
        return keep_old(path, data)

    monkeypatch.setattr(upgrading, "keep_old", another_run_is_faster)
    assert run("schema.upgrade", "--backup", skaffold=OLD)[0] == 0
    assert Path("skaffold.yaml.bak").read_text(encoding="utf-8") == OLD
    assert Path("skaffold.yaml").read_text(encoding="utf-8") == NEW


def test_a_file_that_cannot_be_written_leaves_no_backup(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, _data: bytes) -> None:
        raise CannotStart(f"{path} can't be written: No space left on device")

    monkeypatch.setattr(upgrading, "write_atomic", full)
    code, _, err = run("schema.upgrade", "--backup", skaffold=OLD)
    assert (code, err) == (2, f"{Path.cwd() / 'skaffold.yaml'} can't be written: No space left on device\n")
    assert [path.name for path in Path().iterdir()] == ["skaffold.yaml"]


def test_upgrade_to_a_version(run: Run) -> None:
    assert run("schema.upgrade", "--to", "v2beta29", skaffold=OLD)[0] == 0
    assert Path("skaffold.yaml").read_text(encoding="utf-8") == OLD.replace("v2beta28", "v2beta29")
    code, out, err = run("schema.upgrade", "--to", "skaffold/v2beta28")
    assert (code, out) == (5, "")
    assert err.startswith("skaffold.yaml:1:1: apiVersion: skaffold/v2beta29 is newer than skaffold/v2beta28, ")
    code, _, err = run("schema.upgrade", "--to", "v2beta99")
    assert (code, err.splitlines()[0]) == (2, "unknown apiVersion 'v2beta99'")


@pytest.mark.parametrize("flags", [("--check",), ("--diff",), ("--check", "--diff")])
def test_upgrade_that_writes_nothing(run: Run, flags: tuple[str, ...]) -> None:
    code, out, err = run("schema.upgrade", *flags, skaffold=OLD)
    said = "skaffold.yaml: would be upgraded from skaffold/v2beta28 to skaffold/v4beta14\n"
    assert code == ("--check" in flags)
    assert Path("skaffold.yaml").read_text(encoding="utf-8") == OLD
    assert said in (err if "--diff" in flags else out)
    if "--diff" in flags:
        assert out.splitlines()[:4] == [
            "--- skaffold.yaml (v2beta28)",
            "+++ skaffold.yaml (v4beta14)",
            "@@ -1,5 +1,6 @@",
            "-apiVersion: skaffold/v2beta28   # old",
        ]


def test_nothing_to_upgrade(run: Run) -> None:
    assert run("schema.upgrade", "--check", skaffold=NEWEST) == (
        0,
        "skaffold.yaml: is skaffold/v4beta14 already\n",
        "",
    )


def test_upgrade_honours_dry(run: Run) -> None:
    code, out, _ = run("--dry", "schema.upgrade", skaffold=OLD)
    assert (code, out) == (0, "skaffold.yaml: would be upgraded from skaffold/v2beta28 to skaffold/v4beta14\n")
    assert Path("skaffold.yaml").read_text(encoding="utf-8") == OLD


def test_upgrade_of_standard_input(run: Run) -> None:
    code, out, err = run("schema.upgrade", "--filename", "-", stdin=DROPPED.encode())
    assert (code, out) == (0, NARROWED)
    assert err.splitlines()[1].startswith("<stdin>:4:51: build.artifacts[0].docker.secret.dst: dropped dst: ")


def test_what_can_not_be_upgraded_leaves_the_others_alone(run: Run) -> None:
    code, out, err = run("schema.upgrade", "--filename", "*.yaml", a=REFUSED, b=OLD, c=TYPO, d=NEWEST)
    assert code == 5
    assert out.splitlines() == [
        "b.yaml: upgraded from skaffold/v2beta28 to skaffold/v4beta14",
        "d.yaml: is skaffold/v4beta14 already",
        "1 file upgraded, 1 was up to date, 2 could not be",
    ]
    assert [line.split(": ")[0] for line in err.splitlines()[:2]] == ["a.yaml:4:3", "c.yaml:3:1"]
    assert Path("a.yaml").read_text(encoding="utf-8") == REFUSED
    assert Path("b.yaml").read_text(encoding="utf-8") == NEW


def test_upgrade_of_what_is_no_config(run: Run) -> None:
    Path("skaffold.yaml").write_bytes(b"apiVersion: skaffold/v3\n\xff\xfe: 1\n")
    code, out, err = run("schema.upgrade")
    assert (code, out) == (2, "")
    assert err.startswith("skaffold.yaml:2:1: ")

"""What README and CONTRIBUTING promise of the repository is what CI runs, and the files of tools are valid."""

import os
import re
import shlex
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml

import buildx_tasks

ROOT = Path(__file__).parents[2]


def test_ci_runs_the_test_command_of_the_readme() -> None:
    commands = re.findall(r"^\$ (.*nox -s tests)$", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert len(commands) == 1
    assert commands[0] in (ROOT / ".ci" / "run").read_text()


def test_ci_runs_every_session_that_checks_something() -> None:
    script = (ROOT / ".ci" / "run").read_text()
    for session in ("lint", "types", "docs", "minimums", "release_check"):
        assert session in script
        assert f"def {session}(" in (ROOT / "noxfile.py").read_text()


def test_the_workflow_calls_ci_run_and_nothing_else(tmp_path: Path) -> None:
    file = ROOT / ".github/workflows/ci.yml"
    workflow = yaml.safe_load(file.read_text())
    (job,) = workflow["jobs"].values()
    assert [step.get("run") or step["uses"].partition("@")[0] for step in job["steps"]] == [
        "actions/checkout",
        ".ci/run",
    ]
    assert workflow["permissions"] == {"contents": "read"}
    assert job["steps"][0]["with"] == {"persist-credentials": False}
    assert "github.ref" in workflow["concurrency"]["group"]
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows"]
    broken = tmp_path / "broken.yml"
    broken.write_text(file.read_text().replace("runs-on", "runs-where"))
    assert subprocess.run([*command, file], check=False).returncode == 0
    assert subprocess.run([*command, broken], check=False, capture_output=True).returncode == 1


def test_the_configuration_of_the_hooks_is_valid(tmp_path: Path) -> None:
    file = ROOT / ".pre-commit-config.yaml"
    command = [sys.executable, "-m", "pre_commit", "validate-config"]
    broken = tmp_path / "broken.yaml"
    broken.write_text(file.read_text().replace("entry:", "entries:"))
    assert subprocess.run([*command, file], check=False).returncode == 0
    assert subprocess.run([*command, broken], check=False, capture_output=True).returncode == 1


def test_the_hooks_run_programs_that_nox_s_dev_installs() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    required = [
        *project["project"]["dependencies"],
        *(
            item
            for group in ("lint", "test", "types")
            for item in project["dependency-groups"][group]
            if isinstance(item, str)
        ),
    ]
    installed = {re.split(r"[<>=]", item)[0] for item in required}
    (repository,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert repository["repo"] == "local"
    for hook in repository["hooks"]:
        folder, _, program = shlex.split(hook["entry"])[0].rpartition("/")
        assert (folder, hook["language"]) == (".venv/bin", "system")
        assert program in installed


def test_the_recipes_name_files_tests_and_sessions_that_are_there() -> None:
    page = (ROOT / "CONTRIBUTING.md").read_text()
    spans = re.findall(r"`([^`\n]+)`", page)
    named = {
        word for span in spans for word in span.split() if re.fullmatch(r"\.?[a-z][\w./*-]*", word) and "/" in word
    }
    for path in named:
        if path.startswith(".venv/bin/"):  # there once its recipe was followed
            continue
        places = [ROOT, ROOT / "buildx_tasks"]
        assert any(list(place.glob(re.sub("[A-Z]+", "*", path))) for place in places), path
    assert len(named) > 20
    sessions = {name for span in spans if "nox -s " in span for name in span.partition("nox -s ")[2].split()}
    noxfile = (ROOT / "noxfile.py").read_text()
    assert sessions == {name for name in sessions if f"\ndef {name}(session" in noxfile}


def test_the_version_is_that_of_the_package() -> None:
    assert version("buildx-tasks") == buildx_tasks.__version__
    assert "version" in tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dynamic"]


@pytest.mark.skipif("BUILDX_TASKS_WHEEL" in os.environ, reason="only where the checkout is what is installed")
def test_the_release_check_sees_that_the_program_is_not_the_installed_one(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "tests/support/installed.py"), str(ROOT), "--version"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    # In the checkout itself, or in an environment of a session below it.
    assert done.stderr.startswith(f"the installed program opens {ROOT}/")
    assert "/buildx_tasks/" in done.stderr


@pytest.mark.skipif("BUILDX_TASKS_WHEEL" not in os.environ, reason="only where the built wheel is to be tested")
def test_the_wheel_is_tested_and_not_the_checkout() -> None:
    assert not Path(buildx_tasks.__file__).is_relative_to(ROOT / "buildx_tasks")

"""The action in `examples/`: its steps are run by bash as a runner does, with a docker that records."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from recording import DIGEST, Docker

import buildx_tasks

EXAMPLES = Path(__file__).parents[2] / "examples"
ACTION = yaml.safe_load((EXAMPLES / "github-action/action.yml").read_text())
CONFIG = """\
apiVersion: skaffold/v4beta13
kind: Config
build:
  artifacts: [{image: app, context: app}, {image: web}]
profiles: [{name: p, build: {tagPolicy: {envTemplate: {template: from-p}}}}]
"""
PYTHON = """\
#!/bin/sh
# python3 -m venv FOLDER, without a download: pip writes down what it is given.
mkdir -p "$3/bin"
printf '#!/bin/sh\\necho "$@" > "%s"\\n' "{pip}" > "$3/bin/pip"
printf '#!/bin/sh\\nexec "%s" -c "%s" "$@"\\n' "{python}" "from buildx_tasks.tasks.program import main; main()" \\
  > "$3/bin/buildx-tasks"
chmod +x "$3/bin/pip" "$3/bin/buildx-tasks"
"""


@dataclass
class Job:
    """A job of a CI service on this machine: a project, a recording docker, and a python3 that downloads nothing."""

    folder: Path
    env: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.docker = Docker(self.folder / "docker")
        self.project = self.folder / "checkout"
        (self.project / "app").mkdir(parents=True)
        for name in ("Dockerfile", "app/Dockerfile"):
            (self.project / name).write_text("FROM scratch\n")
        (self.project / "skaffold.yaml").write_text(CONFIG)
        python = self.docker.folder / "python3"
        python.write_text(PYTHON.format(pip=self.folder / "pip-arguments", python=sys.executable))
        python.chmod(0o755)

    def run(
        self, shell: tuple[str, ...], script: str, env: dict[str, str], cwd: Path
    ) -> subprocess.CompletedProcess[str]:
        """Run a script as the service's shell does."""
        self.docker.save()
        known = {
            "PATH": f"{self.docker.folder}:/usr/bin:/bin",
            "HOME": str(self.folder),
            "LC_ALL": "C.UTF-8",
            "DOCKER_HOST": f"unix://{self.folder}/none",
        }
        file = self.folder / "script.sh"
        file.write_text(script)
        return subprocess.run(
            [*shell, str(file)], env={**known, **self.env, **env}, cwd=cwd, capture_output=True, text=True, check=False
        )


class Action(Job):
    """The composite action, step by step; expressions are those that the file has: inputs, and one condition."""

    def use(self, **inputs: str) -> list[subprocess.CompletedProcess[str]]:
        """Run the steps with these inputs until one fails."""
        given = {name: str(item.get("default", "")) for name, item in ACTION["inputs"].items()}
        given |= {name.replace("_", "-"): value for name, value in inputs.items()}
        done: list[subprocess.CompletedProcess[str]] = []
        for step in ACTION["runs"]["steps"]:
            if "if" in step and step["if"] != f"inputs.validate == '{given['validate']}'":
                continue
            env = {name: self.filled(value, given) for name, value in step["env"].items()}
            folder = self.project / self.filled(step.get("working-directory", "."), given)
            # https://docs.github.com/actions/writing-workflows/workflow-syntax-for-github-actions: shell: bash
            shell = ("bash", "--noprofile", "--norc", "-eo", "pipefail")
            done.append(self.run(shell, step["run"], env, folder))
            if done[-1].returncode:
                break
        return done

    @staticmethod
    def filled(text: str, given: dict[str, str]) -> str:
        """A text with its inputs; any other expression is an error."""
        return re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda found: given[found[1]], text)


@pytest.fixture
def action(tmp_path: Path) -> Action:
    (tmp_path / "temp").mkdir()
    (tmp_path / "output").touch()
    return Action(
        tmp_path,
        {
            "GITHUB_ACTIONS": "true",
            "GITHUB_WORKSPACE": str(tmp_path / "checkout"),
            "GITHUB_OUTPUT": str(tmp_path / "output"),
            "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
            "RUNNER_TEMP": str(tmp_path / "temp"),
        },
    )


def outputs(action: Action) -> dict[str, str]:
    return dict(line.split("=", 1) for line in (action.folder / "output").read_text().splitlines())


def test_the_action_builds_and_hands_its_images_on(action: Action) -> None:
    done = action.use(default_repo="reg.example/team", push="true", args="--tag v1 --batch off")
    assert [step.returncode for step in done] == [0, 0, 0], done[-1].stderr
    assert (action.folder / "pip-arguments").read_text() == "install --quiet buildx-tasks\n"
    made = outputs(action)
    builds = json.loads(made["builds"])
    assert [item["tag"] for item in builds] == [f"reg.example/team/{name}:v1@{DIGEST}" for name in ("app", "web")]
    assert json.loads(Path(made["file"]).read_text())["builds"][0]["imageName"] == "app"
    assert "### Images: 2 built" in (action.folder / "summary.md").read_text()
    for name, output in ACTION["outputs"].items():
        assert output["value"] == f"${{{{ steps.build.outputs.{name} }}}}"
        assert name in made


def test_every_input_of_the_action_reaches_the_build(action: Action) -> None:
    (action.project / "sub").mkdir()
    for name in ("skaffold.yaml", "Dockerfile", "app"):
        (action.project / name).rename(action.project / "sub" / name.replace("skaffold", "other"))
    done = action.use(
        working_directory="sub",
        filename="other.yaml",
        profile="p",
        artifact="app",
        platform="linux/arm64",
        default_repo="reg.example",
        push="false",
        cache_mode="off",
        args="--no-cache",
        version="1.2.0",
    )
    assert done[-1].returncode == 0, done[-1].stderr
    assert (action.folder / "pip-arguments").read_text() == "install --quiet buildx-tasks==1.2.0\n"
    (build,) = action.docker.builds
    words = " ".join(build["argv"])
    assert "-t reg.example/app:from-p" in words
    assert "--platform linux/arm64" in words
    assert "--no-cache" in words
    assert "--push" not in words


def test_the_action_stops_at_a_config_that_is_invalid(action: Action) -> None:
    (action.project / "skaffold.yaml").write_text(CONFIG.replace("build:", "build:\n  tagPolice: {}", 1))
    done = action.use()
    assert [step.returncode for step in done] == [0, 1]
    assert "::error file=skaffold.yaml,line=4,col=3,title=unknown-key::" in done[-1].stdout
    assert not action.docker.builds
    assert [step.returncode for step in action.use(validate="false")] == [0, 2]


@pytest.mark.parametrize("text", ["$(touch gone)", "`touch gone`", '"; touch gone; "', "a b"])
def test_no_input_of_the_action_is_run(action: Action, text: str) -> None:
    names = [name for name in ACTION["inputs"] if name not in ("working-directory", "validate")]
    action.use(**{name.replace("-", "_"): text for name in names}, validate="false")
    assert not list(action.folder.rglob("gone"))


def test_scripts_of_the_action_hold_no_expression() -> None:
    steps: list[dict[str, Any]] = ACTION["runs"]["steps"]
    assert all("${{" not in step["run"] for step in steps)
    used = {name for step in steps for name in re.findall(r"inputs\.([\w-]+)", json.dumps(step))}
    assert used == set(ACTION["inputs"])


def test_flags_of_the_action_are_those_of_the_tasks() -> None:
    namespace = buildx_tasks.namespace()
    for step, task in zip(ACTION["runs"]["steps"][1:], ("schema.validate", "buildx.build"), strict=True):
        known = {f"--{item.name.strip('_').replace('_', '-')}" for item in namespace[task].get_arguments()}
        assert set(re.findall(r"(?<=[ (\"])--[a-z-]+", step["run"])) <= known

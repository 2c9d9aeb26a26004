"""The action and the component in `examples/`: their scripts run as a runner runs them, with a docker that records."""

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
COMPONENT = EXAMPLES / "gitlab-component/templates/build.yml"
SPEC, JOBS = COMPONENT.read_text().split("\n---\n")
GITLAB_SCHEMA = ("vendor.gitlab-ci", "--data-transform", "gitlab-ci")
INPUTS: dict[str, Any] = yaml.safe_load(SPEC)["spec"]["inputs"]
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


INJECTED = """$(touch gone)`touch gone`"; touch gone; "'; touch gone; '"""


def test_no_input_of_the_action_is_run(action: Action) -> None:
    names = [name for name in ACTION["inputs"] if name not in ("working-directory", "validate")]
    action.use(**{name.replace("-", "_"): INJECTED for name in names}, validate="false")
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


class Component(Job):
    """The job of the component, as GitLab's runner runs it."""

    def filled(self, **inputs: str) -> dict[str, Any]:
        """The job with its inputs in place, which GitLab does after it has read the YAML."""
        given = {name: str(item["default"]) for name, item in INPUTS.items()}
        given |= {name.replace("_", "-"): value for name, value in inputs.items()}

        def fill(node: Any) -> Any:
            if isinstance(node, dict):
                return {fill(key): fill(value) for key, value in node.items()}
            if isinstance(node, list):
                return [fill(item) for item in node]
            text = str(node)
            return re.sub(r"\$\[\[ inputs\.([\w-]+) \]\]", lambda found: given[found[1]], text)

        (job,) = fill(yaml.safe_load(JOBS)).values()
        return job  # type: ignore[no-any-return]

    def use(self, **inputs: str) -> subprocess.CompletedProcess[str]:
        """Run the script of the job: in one shell that ends at the first failure."""
        job = self.filled(**inputs)
        env = {**self.env}
        for name, value in job["variables"].items():
            env[name] = re.sub(r"\$(\w+)", lambda found: env.get(found[1], ""), value)
        script = "\n".join(("set -e", *job["before_script"], *job["script"]))
        return self.run(("sh",), script, env, self.project)

    def report(self, name: str) -> Path:
        return self.project / "images-report" / name


@pytest.fixture
def component(tmp_path: Path) -> Component:
    job = Component(
        tmp_path,
        {
            "GITLAB_CI": "true",
            "CI_PROJECT_DIR": str(tmp_path / "checkout"),
            "CI_REGISTRY": "reg.example",
            "CI_REGISTRY_IMAGE": "reg.example/group/project",
            "CI_REGISTRY_USER": "u",
            "CI_REGISTRY_PASSWORD": "registry-password",
        },
    )
    apk = job.docker.folder / "apk"
    apk.write_text("#!/bin/sh\n")
    apk.chmod(0o755)
    found = {"ruleName": "Rule", "detail": "odd", "location": {"ranges": [{"start": {"line": 1}}]}}
    for context in ("app", "."):
        file = job.project / context / "Dockerfile"
        check = f"buildx build {context} --file {file} --builder default --call"
        job.docker.table[check] = (0, json.dumps({"warnings": [found]}), "")
    job.docker.table["login"] = (0, "", "")
    return job


@pytest.mark.parametrize("text", [SPEC, JOBS], ids=["spec", "jobs"])
def test_the_component_follows_the_schema_of_gitlab(text: str, tmp_path: Path) -> None:
    file = tmp_path / "part.yml"
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", *GITLAB_SCHEMA, str(file)]
    file.write_text(re.sub(r"\$\[\[ inputs\.[\w-]+ \]\]", "x", text))
    assert subprocess.run(command, check=False).returncode == 0
    file.write_text(file.read_text().replace("inputs:", "inputs: 1\n  x:").replace("script:", "script: {}\n  x:"))
    assert subprocess.run(command, check=False, capture_output=True).returncode == 1


def test_the_component_builds_and_reports(component: Component) -> None:
    done = component.use(args="--tag v1 --batch off", push="true")
    assert done.returncode == 0, done.stderr
    assert "\x1b[0Ksection_start:" in done.stdout
    assert (component.folder / "pip-arguments").read_text() == "install -q buildx-tasks\n"
    variables = component.report("images.env").read_text().splitlines()
    assert variables[0] == f"IMAGE_APP=reg.example/group/project/app:v1@{DIGEST}"
    assert json.loads(component.report("config.json").read_text()) == []
    found = json.loads(component.report("dockerfiles.json").read_text())
    assert [item["location"]["path"] for item in found] == ["app/Dockerfile", "Dockerfile"]
    assert '<testcase classname="buildx.build" name="web"' in component.report("junit.xml").read_text()
    assert "registry-password" not in str([call["argv"] for call in component.docker.calls])
    artifacts = component.filled()["artifacts"]
    assert artifacts["when"] == "always"
    named = [artifacts["reports"][kind] for kind in ("junit", "dotenv")] + artifacts["reports"]["codequality"]
    assert all((component.project / name).is_file() for name in named)


def test_every_input_of_the_component_reaches_the_build(component: Component) -> None:
    (component.project / "sub").mkdir()
    for name in ("skaffold.yaml", "Dockerfile", "app"):
        (component.project / name).rename(component.project / "sub" / name.replace("skaffold", "other"))
    done = component.use(
        directory="sub",
        filename="other.yaml",
        profile="p",
        artifact="app",
        platform="linux/arm64",
        default_repo="other.example",
        push="false",
        cache_mode="off",
        args="--no-cache --batch off",
        check="false",
        dotenv="false",
        version="1.2.0",
    )
    assert done.returncode == 0, done.stderr
    assert (component.folder / "pip-arguments").read_text() == "install -q buildx-tasks==1.2.0\n"
    (build,) = component.docker.builds
    words = " ".join(build["argv"])
    assert "-t other.example/app:from-p" in words
    assert "--platform linux/arm64" in words
    assert "--no-cache" in words
    assert "--push" not in words
    assert not component.report("images.env").exists()
    assert not component.report("dockerfiles.json").exists()


def test_a_failed_job_of_the_component_has_its_reports(component: Component) -> None:
    component.docker.table["buildx build"] = (1, "", "ERROR: no\n")
    done = component.use(args="--batch off")
    assert done.returncode == 1
    assert "<failure message=" in component.report("junit.xml").read_text()
    (component.project / "skaffold.yaml").write_text(CONFIG.replace("build:", "build:\n  tagPolice: {}", 1))
    assert component.use().returncode == 1
    assert json.loads(component.report("config.json").read_text())[0]["check_name"] == "unknown-key"


def test_no_input_of_the_component_is_run(component: Component) -> None:
    names = [
        name for name in INPUTS if name not in ("job", "stage", "image", "directory") and "options" not in INPUTS[name]
    ]
    component.use(**{name.replace("-", "_"): INJECTED for name in names})
    component.use(args=f"{INJECTED} *")
    assert not list(component.folder.rglob("gone"))


def test_scripts_of_the_component_hold_no_input_and_every_input_is_used() -> None:
    (job,) = yaml.safe_load(JOBS).values()
    assert "inputs." not in "".join((*job["before_script"], *job["script"]))
    assert set(re.findall(r"inputs\.([\w-]+)", JOBS)) == set(INPUTS)
    assert all(item["default"] in item.get("options", [item["default"]]) for item in INPUTS.values())


def test_flags_of_the_component_are_those_of_the_tasks() -> None:
    namespace = buildx_tasks.namespace()
    known = {
        f"--{item.name.strip('_').replace('_', '-')}"
        for task in ("schema.validate", "buildx.check", "buildx.build")
        for item in namespace[task].get_arguments()
    }
    (job,) = yaml.safe_load(JOBS).values()
    flags = set(re.findall(r"(?<=[ \"])--[a-z]+[a-z-]*", "\n".join(job["script"])))
    assert flags <= known

"""What a config from somebody else makes a task do, as Python's own audit events tell: see docs/security.md."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from recording import Project, make_project

AUDIT = Path(__file__).parents[1] / "support" / "audit"
CONFIG = """\
apiVersion: skaffold/v4beta13
kind: Config
requires:
  - path: other
build:
  tagPolicy:
    customTemplate:
      template: "{{.A}}-{{.B}}-{{.C}}"
      components:
        - {name: A, inputDigest: {}}
        - {name: B, gitCommit: {}}
        - {name: C, envTemplate: {template: '{{cmd "touch" "ran-tag"}}'}}
  hooks: {before: [{command: [touch, ran-hook]}], after: [{command: [touch, ran-hook]}]}
  artifacts:
    - image: registry.invalid/app
      context: app
      docker:
        buildArgs: {A: '{{cmd "touch" "ran-argument"}}'}
        cacheFrom: ["registry.invalid/cache:x"]
        cacheTo: ["type=local,dest=../outside"]
        secrets: [{id: s, src: /etc/passwd}]
      hooks: {before: [{command: [touch, ran-hook]}], after: [{command: [touch, ran-hook]}]}
    - image: own
      context: app
      custom: {buildCommand: touch ran-custom, dependencies: {command: touch ran-list}}
deploy: {helm: {releases: [{name: r, chartPath: c}], hooks: {before: [{host: {command: [touch, ran-deploy]}}]}}}
profiles:
  - {name: p, activation: [{env: "HOME=.*"}]}
"""
BUILDER = ".buildx:\n  builder: b\n  builders:\n    b: {driver: remote, endpoint: 'tcp://127.0.0.1:9'}\n"
QUESTIONS = (
    "docker version",
    "docker info",
    "docker buildx version",
    "docker buildx inspect",
    "git rev-parse",
    "git status",
    "git describe",
    "git rev-list",
)
"""What is asked before a build; none of it changes anything."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """What a task did: programs it started, hosts and addresses it asked for or connected to, paths it changed."""

    code: int
    err: str
    ran: list[str]
    network: list[str]
    wrote: list[str]


def see(project: Project, *words: str) -> Seen:
    """Run a task with every start of a program, connection and change of a file noted."""
    log = project.folder.parent / "audit.log"
    log.unlink(missing_ok=True)
    temporary = project.folder.parent / "tmp"
    temporary.mkdir(exist_ok=True)
    project.env |= {"PYTHONPATH": str(AUDIT), "AUDIT_LOG": str(log), "TMPDIR": str(temporary)}
    project.env |= {"PYTHONDONTWRITEBYTECODE": "1"}
    done = project.invoke(*words)
    events = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
    ran = [" ".join((Path(program).name, *rest)) for kind, program, *rest in events if kind == "run"]
    return Seen(
        code=done.returncode,
        err=done.stderr,
        # The watchdog, which ends commands when this process is killed.
        ran=[line for line in ran if not line.startswith("sh -c trap '' HUP")],
        # The docker daemon is asked at its socket, a path.
        network=[rest[0] for kind, *rest in events if kind in ("connect", "resolve") and not rest[0].startswith("/")],
        wrote=[rest[0] for kind, *rest in events if kind == "write" and rest[0] != "/dev/null"],
    )


def outside(seen: Seen, *allowed: Path) -> list[str]:
    """What was changed besides the paths that may be."""
    return [path for path in seen.wrote if not any(Path(path) == one or one in Path(path).parents for one in allowed)]


def hostile(folder: Path, more: str = "") -> Project:
    project = make_project(folder, CONFIG + more)
    project.write("other/skaffold.yaml", "apiVersion: skaffold/v4beta13\nkind: Config\nbuild: {}\n")
    return project


def cache(project: Project) -> tuple[Path, Path]:
    """Our own cache, and the folders that lead to it."""
    folder = project.folder.parent / "home" / ".cache"
    return folder, folder / "buildx-tasks"


def ran(project: Project) -> list[Path]:
    """Files that a command of the config made."""
    return [*project.folder.rglob("ran-*"), *project.folder.rglob("outside")]


def test_the_audit_sees_programs_connections_and_files(tmp_path: Path) -> None:
    project = make_project(tmp_path, CONFIG)
    project.write(
        "tasks.py",
        "import os, socket, pathlib\nimport sh\nfrom invoke import task\n\n\n@task\ndef act(c):\n"
        "    sh.touch('by-sh')\n    c.run('touch by-run', pty=False)\n    pathlib.Path('by-us').write_text('')\n"
        "    socket.socket().connect_ex(('127.0.0.1', 9))\n",
    )
    seen = see(project, "act")
    assert seen.code == 0, seen.err
    by_sh, by_run = (line for line in seen.ran if "touch" in line)
    assert by_sh == "touch by-sh"
    # Invoke 2 calls bash by its whole path, Invoke 3 by its name.
    assert re.fullmatch(r"bash (/\S+/)?bash -c touch by-run", by_run)
    assert "('127.0.0.1', 9)" in seen.network
    assert "by-us" in seen.wrote


@pytest.mark.parametrize(
    "words",
    [
        ("schema.validate",),
        ("schema.validate", "--upstream"),
        ("schema.upgrade", "--check"),
        ("schema.upgrade", "--diff"),
    ],
)
def test_looking_at_a_config_runs_connects_to_and_writes_nothing(tmp_path: Path, words: tuple[str, ...]) -> None:
    project = hostile(tmp_path, BUILDER)
    seen = see(project, *words)
    assert "Traceback" not in seen.err
    assert (seen.ran, seen.network, outside(seen)) == ([], [], [])


def test_an_upgrade_writes_its_file_only(tmp_path: Path) -> None:
    project = hostile(tmp_path, BUILDER)
    seen = see(project, "schema.upgrade")
    assert (seen.code, seen.ran, seen.network) == (0, [], [])
    names = {Path(path).name.rpartition("-")[0] for path in seen.wrote if Path(path).name != "skaffold.yaml"}
    assert names == {".skaffold.yaml.buildx-tasks"}
    assert {Path(path).parent for path in seen.wrote} == {project.folder}
    assert sorted(path.name for path in project.folder.iterdir() if "skaffold" in path.name) == ["skaffold.yaml"]


@pytest.mark.parametrize(
    "words",
    [
        ("buildx.plan",),
        ("buildx.plan", "--explain"),
        ("buildx.plan", "--format=json"),
        ("buildx.plan", "--format=bake"),
        ("buildx.build", "--dry-run"),
        ("buildx.config.list",),
    ],
)
def test_a_plan_asks_docker_and_git_and_nobody_else(tmp_path: Path, words: tuple[str, ...]) -> None:
    project = hostile(tmp_path, BUILDER)
    seen = see(project, *words)
    assert seen.code == 0, seen.err
    assert [line for line in seen.ran if not line.startswith(QUESTIONS)] == []
    assert (seen.network, outside(seen, *cache(project)), ran(project)) == ([], [], [])


def test_a_check_runs_docker_alone(tmp_path: Path) -> None:
    project = hostile(tmp_path)
    seen = see(project, "buildx.check", "--artifact=registry.invalid/app")
    builds = [line for line in seen.ran if line.startswith("docker buildx build")]
    assert builds, seen.err
    assert all("--call=check" in line or "--call check" in line for line in builds), builds
    assert [line for line in seen.ran if not line.startswith((*QUESTIONS, "docker buildx build"))] == []
    assert (seen.network, ran(project)) == ([], [])
    assert outside(seen, *cache(project), tmp_path / "tmp") == []


def test_a_doctor_asks_the_builder_and_the_registries_that_the_config_names(tmp_path: Path) -> None:
    project = hostile(tmp_path, BUILDER)
    seen = see(project, "buildx.doctor")
    assert [line for line in seen.ran if not line.startswith(QUESTIONS)] == []
    assert set(seen.network) <= {"127.0.0.1", "('127.0.0.1', 9)", "registry.invalid"}
    assert {"127.0.0.1", "registry.invalid"} <= set(seen.network)
    assert (outside(seen, *cache(project)), ran(project)) == ([], [])


@pytest.mark.parametrize(
    "requirement",
    [
        "git: {repo: '--upload-pack=touch ran-git;'}",
        "git: {repo: 'ext::touch ran-git'}",
        "git: {repo: 'https://127.0.0.1:9/x', ref: '--upload-pack=touch ran-git'}",
        "git: {repo: 'https://127.0.0.1:9/x', path: ../../outside}",
    ],
)
@pytest.mark.parametrize("task", ["schema.validate", "buildx.plan"])
def test_a_required_repository_runs_git_and_nothing_else(tmp_path: Path, task: str, requirement: str) -> None:
    project = make_project(tmp_path, f"apiVersion: skaffold/v4beta13\nkind: Config\nrequires: [{{{requirement}}}]\n")
    seen = see(project, task)
    assert "Traceback" not in seen.err
    programs = {line.split()[0] for line in seen.ran}
    assert programs <= ({"git", "docker"} if task == "buildx.plan" else set())
    assert ran(project) == []
    assert list(tmp_path.rglob("ran-*")) == []

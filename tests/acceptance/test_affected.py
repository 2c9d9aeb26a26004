"""`buildx.affected` in real git repositories: the answer is that of comparing the keys of two checkouts."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from recording import Docker, Here, Project

import buildx_tasks
from buildx_tasks.execution.pipeline import not_run
from buildx_tasks.execution.shell import ShellRunner
from buildx_tasks.execution.sources.buildinputs import BuildInputs
from buildx_tasks.execution.sources.filehash import FileHashes
from buildx_tasks.execution.sources.gittree import GitTrees
from buildx_tasks.planning.build.variables import Expander
from buildx_tasks.planning.reuse.fingerprint import Required, fingerprint
from buildx_tasks.planning.reuse.rules import in_waves

HEAD = "apiVersion: skaffold/v4beta13\nkind: Config\n"
ROOT = f"""\
{HEAD}requires: [{{path: lib}}]
build:
  artifacts:
    - image: base
      context: base
    - image: app
      context: app
      requires: [{{image: base, alias: BASE}}, {{image: lib}}]
      docker: {{target: "", buildArgs: {{MODE: "1", VERSION: "{{{{.IMAGE_TAG}}}}"}}}}
    - image: web
      context: .
      docker: {{dockerfile: web/Dockerfile}}
    - image: app-tool
      context: base
      custom: {{buildCommand: "make", dependencies: {{paths: ["*.txt"]}}}}
profiles:
  - name: p
    build:
      artifacts:
        - image: base
          context: base
        - image: extra
          context: app
          requires: [{{image: base, alias: BASE}}]
          docker: {{buildArgs: {{MODE: "9"}}}}
"""
FILES = {
    "skaffold.yaml": ROOT,
    "tasks.py": "import buildx_tasks\n\nns = buildx_tasks.namespace()\n",
    "base/Dockerfile": "FROM scratch\nCOPY . /\n",
    "base/a.txt": "a\n",
    "base/sub/b.txt": "b\n",
    "base/.dockerignore": "*.log\n",
    "app/Dockerfile": "ARG BASE\nFROM $BASE\nARG MODE\nCOPY src /src\n",
    "app/src/main.c": "int main;\n",
    "app/notes.md": "not copied\n",
    "web/Dockerfile": "FROM scratch\nCOPY web/html /html\n",
    "web/html/index.html": "<p>\n",
    "lib/skaffold.yaml": f"{HEAD}build: {{artifacts: [{{image: lib}}]}}\n",
    "lib/Dockerfile": "FROM scratch\nCOPY . /\n",
    "lib/lib.c": "int lib;\n",
}
WHO = ("-c", "user.name=t", "-c", "user.email=t@example.invalid", "-c", "protocol.file.allow=always")


def git(folder: Path, *words: str) -> str:
    environ = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "LC_ALL": "C"}
    done = subprocess.run(["git", *WHO, *words], cwd=folder, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def commit(folder: Path, message: str = "more") -> str:
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "--allow-empty", "-m", message)
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path / "project", Docker(tmp_path / "docker"))
    for name, text in FILES.items():
        made.write(name, text)
    git(tmp_path, "init", "-q", "-b", "main", "project")
    commit(made.folder, "one")
    return made


def affected(here: Here, project: Project, since: str, *words: str) -> dict[str, Any]:
    done = here.invoke(project, "buildx.affected", "--since", since, "--format", "json", *words)
    assert done.code == 0, done.err
    return dict(json.loads(done.out))


def names(found: dict[str, Any]) -> list[str]:
    return [item["imageName"] for item in found["affected"]]


def why(found: dict[str, Any]) -> dict[str, str]:
    return {item["imageName"]: item["why"] for item in found["affected"]}


def keys(folder: Path, environ: dict[str, str], *profiles: str) -> dict[str, str]:
    """The key of every artifact of a checkout, as the artifact cache makes it; keys stand for digests."""
    plan = buildx_tasks.plan(cwd=folder, environ=environ, tag="v1", profile=profiles, warn=lambda _text: None)
    runner = ShellRunner(environ)
    expander = Expander(environ, now=datetime.now(UTC), cmd=not_run)
    look = BuildInputs(plan, FileHashes(None), folder, runner, expander, GitTrees(runner, environ))
    made: dict[str, str] = {}
    for wave in in_waves(plan):
        for step in wave:
            inputs = look.of(step)
            assert not inputs.unknown, (step.image, inputs.unknown)
            required = {image: Required(digest=made[image], reference=made[image]) for image in step.needs}
            made[step.image] = fingerprint(step, inputs, required, environ)
    return made


Change = Callable[[Path, random.Random], object]
PLACES = ("base/a.txt", "base/sub/b.txt", "app/src/main.c", "app/notes.md", "web/html/index.html", "lib/lib.c")


def _edit(folder: Path, chance: random.Random) -> None:
    path = folder / chance.choice(PLACES)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.write_text(f"{chance.randrange(3)}\n")


def _mode(folder: Path, chance: random.Random) -> None:
    path = folder / chance.choice(PLACES)
    if path.is_file():
        path.chmod(chance.choice((0o644, 0o755)))


def _remove(folder: Path, chance: random.Random) -> None:
    path = folder / chance.choice(("base/a.txt", "app/notes.md", "base/sub/b.txt", "lib/lib.c"))
    path.unlink(missing_ok=True)


def _rename(folder: Path, chance: random.Random) -> None:
    names = ["base/a.txt", "base/sub/b.txt", "base/c.txt"]
    chance.shuffle(names)
    if (folder / names[0]).exists():
        (folder / names[1]).parent.mkdir(exist_ok=True)
        (folder / names[0]).rename(folder / names[1])


def _link(folder: Path, chance: random.Random) -> None:
    path = folder / chance.choice(("lib/link", "base/link.txt"))
    path.unlink(missing_ok=True)
    path.symlink_to(chance.choice(("lib.c", "a.txt", "nowhere")))


def _ignore(folder: Path, chance: random.Random) -> None:
    path = folder / chance.choice(("base/.dockerignore", "lib/.dockerignore", "web/Dockerfile.dockerignore"))
    path.write_text(chance.choice(("", "*.log\n", "sub\n", "lib.c\n", "**/*.html\n", "a.txt\n")))


def _dockerfile(folder: Path, chance: random.Random) -> None:
    path = folder / chance.choice(("app/Dockerfile", "lib/Dockerfile", "web/Dockerfile"))
    first = FILES[path.relative_to(folder).as_posix()]
    path.write_text(f"{first}LABEL n={chance.randrange(3)}\n")


def _config(folder: Path, chance: random.Random) -> None:
    text = ROOT.replace('MODE: "1"', f'MODE: "{chance.randrange(3)}"').replace(
        'MODE: "9"', f'MODE: "{chance.randrange(7, 9)}"'
    )
    if chance.random() < 0.3:
        text = text.replace("    - image: web\n      context: .\n", "    - image: site\n      context: .\n")
    if chance.random() < 0.3:
        text = text.replace('buildCommand: "make"', 'buildCommand: "make it"')
    if chance.random() < 0.3:
        text = text.replace(", {image: lib}]", "]")
    (folder / "skaffold.yaml").write_text(text)


def _module(folder: Path, chance: random.Random) -> None:
    args = chance.choice(("", ", docker: {buildArgs: {A: b}}", ", docker: {target: x}"))
    (folder / "lib/skaffold.yaml").write_text(f"{HEAD}build: {{artifacts: [{{image: lib{args}}}]}}\n")


CHANGES: tuple[Change, ...] = (
    _edit,
    _edit,
    _mode,
    _remove,
    _rename,
    _link,
    _ignore,
    _dockerfile,
    _config,
    _config,
    _module,
)
ROUNDS = int(os.environ.get("BUILDX_TASKS_AFFECTED_ROUNDS", "40"))


@pytest.mark.timeout(300)
def test_the_answer_is_that_of_the_keys_of_two_checkouts(here: Here, project: Project, tmp_path: Path) -> None:
    chance, folder, seen = random.Random(11), project.folder, set[bool]()
    project.docker.save()
    environ = {**project.environment(), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    commits = [git(folder, "rev-parse", "HEAD")]
    before: dict[tuple[str, tuple[str, ...]], dict[str, str]] = {}
    for number in range(ROUNDS):
        for _ in range(chance.randrange(3)):
            chance.choice(CHANGES)(folder, chance)
        if chance.random() < 0.5:
            commits.append(commit(folder))
        since, profiles = chance.choice(commits[-4:]), chance.choice(((), (), ("p",)))
        if (since, profiles) not in before:
            other = tmp_path / "elsewhere" / since
            if not other.exists():
                git(tmp_path, "clone", "-q", str(folder), str(other))
                git(other, "checkout", "-q", since)
            before[since, profiles] = keys(other, environ, *profiles)
        was, now = before[since, profiles], keys(folder, environ, *profiles)
        found = affected(here, project, since, *(f"--profile={name}" for name in profiles))
        assert set(names(found)) == {image for image in now if was.get(image) != now[image]}, f"round {number}"
        assert set(found["unaffected"]) == {image for image in now if was.get(image) == now[image]}
        assert set(found["removed"]) == was.keys() - now.keys()
        assert all(why(found).values())
        seen.update(image in names(found) for image in now)
    assert seen == {True, False}


def test_nothing_changed_is_an_answer_without_docker(here: Here, project: Project) -> None:
    done = here.invoke(project, "buildx.affected", "--since", "HEAD")
    first = git(project.folder, "rev-parse", "--short=12", "HEAD")
    assert (done.code, done.err) == (0, "")
    assert done.out == f"0 of 5 artifacts affected since HEAD ({first})\n"
    assert project.docker.calls == []
    assert git(project.folder, "status", "--porcelain") == ""


POLICY = "  tagPolicy: {sha256: {}}\n"
CASES: dict[str, tuple[Callable[[Path], object], dict[str, str]]] = {
    "a file": (
        lambda root: (root / "app/src/main.c").write_text("x"),
        {"app": "src/main.c changed"},
    ),
    "a file that is not copied": (lambda root: (root / "app/notes.md").write_text("x"), {}),
    "an ignored file": (lambda root: (root / "base/x.log").write_text("x"), {}),
    "an untracked file of a required module": (
        lambda root: (root / "lib/new.c").write_text("x"),
        {"lib": "new.c added", "app": "required image lib is affected"},
    ),
    "a mode": (
        lambda root: (root / "base/a.txt").chmod(0o755),
        {
            "base": "a.txt changed",
            "app": "required image base is affected",
            "app-tool": "base/a.txt changed",
        },
    ),
    "a rename": (
        lambda root: (root / "lib/lib.c").rename(root / "lib/other.c"),
        {"lib": "other.c added, lib.c removed", "app": "required image lib is affected"},
    ),
    "an ignore file that is not copied": (
        lambda root: (root / "web/Dockerfile.dockerignore").write_text("**/*.html\n"),
        {"web": "web/html/index.html removed"},
    ),
    "a build arg": (
        lambda root: (root / "skaffold.yaml").write_text(ROOT.replace('MODE: "1"', 'MODE: "2"')),
        {"app": "build arg MODE changed"},
    ),
    "the tag policy": (
        lambda root: (root / "skaffold.yaml").write_text(ROOT.replace("build:\n", f"build:\n{POLICY}", 1)),
        {},
    ),
    "a profile that is not active": (
        lambda root: (root / "skaffold.yaml").write_text(ROOT.replace('MODE: "9"', 'MODE: "8"')),
        {},
    ),
    "another target": (
        lambda root: (root / "skaffold.yaml").write_text(ROOT.replace('target: ""', "target: final")),
        {"app": "target is new"},
    ),
    "the Dockerfile": (
        lambda root: (root / "web/Dockerfile").write_text(FILES["web/Dockerfile"] + "LABEL a=b\n"),
        {"web": "the Dockerfile changed"},
    ),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("committed", [False, True], ids=["uncommitted", "committed"])
def test_a_change_is_said_with_its_dependents(case: str, committed: bool, here: Here, project: Project) -> None:
    change, expected = CASES[case]
    first = git(project.folder, "rev-parse", "HEAD")
    change(project.folder)
    if committed:
        commit(project.folder)
    found = affected(here, project, first)
    assert why(found) == expected
    assert found["commit"] == first
    assert project.docker.calls == []


def test_the_value_of_a_secret_is_not_said(here: Here, project: Project) -> None:
    project.write("skaffold.yaml", ROOT.replace('MODE: "1"', "API_TOKEN: hunter1"))
    first = commit(project.folder)
    project.write("skaffold.yaml", ROOT.replace('MODE: "1"', "API_TOKEN: hunter2"))
    done = here.invoke(project, "buildx.affected", "--since", first)
    assert "build arg API_TOKEN changed" in done.out
    assert "hunter" not in done.out + done.err


def test_waves_are_what_a_matrix_and_a_child_pipeline_need(here: Here, project: Project) -> None:
    (project.folder / "base/a.txt").write_text("x")
    found = affected(here, project, "HEAD")
    assert [(item["imageName"], item["wave"], item["own"], item["requires"]) for item in found["affected"]] == [
        ("base", 0, True, []),
        ("app", 1, False, ["base"]),
        ("app-tool", 0, True, []),
    ]
    done = here.invoke(project, "buildx.affected", "--since", "HEAD", "--format", "github")
    assert done.out.count("\n") == 1
    assert json.loads(done.out) == {
        "count": 3,
        "artifacts": ["base", "app", "app-tool"],
        "waves": [{"artifact": ["base", "app-tool"]}, {"artifact": ["app"]}],
    }


@pytest.mark.parametrize("changed", [True, False])
def test_the_child_pipeline_follows_gitlabs_schema(changed: bool, here: Here, project: Project, tmp_path: Path) -> None:
    if changed:
        (project.folder / "base/a.txt").write_text("x")
    words = ("--set", "app.docker.target=x", "--platform=linux/amd64", "--no-propagate-profiles", "--artifact", "app")
    done = here.invoke(project, "buildx.affected", "--since", "HEAD", "--format", "gitlab", *words)
    file = tmp_path / "affected.yml"
    file.write_text(done.out)
    schema = ("--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci")
    assert subprocess.run([sys.executable, "-m", "check_jsonschema", *schema, file], check=False).returncode == 0
    pipeline = yaml.safe_load(done.out)
    jobs = {name: job for name, job in pipeline.items() if isinstance(job, dict) and "stage" in job}
    flags = "--no-propagate-profiles --set=app.docker.target=x --platform=linux/amd64"
    assert pipeline[".buildx-build"]["script"] == [f'buildx-tasks buildx.build --artifact "=$ARTIFACT" {flags}']
    if not changed:
        assert pipeline["stages"] == ["wave-1"]
        assert jobs == {
            "nothing is affected": {"stage": "wave-1", "rules": [{"when": "on_success"}], "script": ["true"]}
        }
        return
    assert pipeline["stages"] == ["wave-1", "wave-2"]
    assert jobs["build base"]["needs"] == []
    assert jobs["build app"] == {
        "extends": ".buildx-build",
        "stage": "wave-2",
        "variables": {"ARTIFACT": "app"},
        "needs": ["build base"],
    }


def test_one_artifact_is_selected_by_its_whole_name(here: Here, project: Project) -> None:
    for path in ("base/a.txt", "app/src/main.c"):
        (project.folder / path).write_text("x")
    assert names(affected(here, project, "HEAD", "--artifact", "app")) == ["base", "app", "app-tool"]
    assert names(affected(here, project, "HEAD", "--artifact", "=app")) == ["base", "app"]
    done = here.invoke(project, "buildx.affected", "--since", "HEAD", "--artifact", "=ap")
    assert done.code == 3


def test_added_and_removed_artifacts_are_said(here: Here, project: Project) -> None:
    project.write("skaffold.yaml", ROOT.replace("    - image: web\n", "    - image: site\n"))
    done = here.invoke(project, "buildx.affected", "--since", "HEAD")
    assert done.out.splitlines()[:2] == ["site: is new", "web: is removed"]


def test_a_commit_without_the_config_or_with_an_invalid_one(here: Here, project: Project) -> None:
    good = (project.folder / "skaffold.yaml").read_text()
    (project.folder / "skaffold.yaml").unlink()
    missing = commit(project.folder)
    project.write("skaffold.yaml", "apiVersion: skaffold/v4beta13\nkind: Config\nbild: {}\n")
    invalid = commit(project.folder)
    project.write("skaffold.yaml", good)
    assert set(why(affected(here, project, missing)).values()) >= {"is new"}
    done = here.invoke(project, "buildx.affected", "--since", invalid, "--artifact", "=app")
    assert done.code == 0
    assert f"app: it can't be compared with {invalid}, required image base, lib is affected" in done.out
    assert "every artifact counts as affected" in done.err
    assert "skaffold.yaml:3" in done.err


def test_a_dockerfile_that_was_missing_concerns_its_artifact_alone(here: Here, project: Project) -> None:
    (project.folder / "web/Dockerfile").unlink()
    first = commit(project.folder)
    project.write("web/Dockerfile", FILES["web/Dockerfile"])
    found = affected(here, project, first)
    assert names(found) == ["web"]
    assert "web/Dockerfile can't be read" in why(found)["web"]
    assert "buildx-tasks-since" not in why(found)["web"]


def test_what_is_built_every_time_is_always_affected(here: Here, project: Project) -> None:
    project.write("lib/Dockerfile", "FROM scratch\nADD https://example.invalid/x /\n")
    project.write("web/Dockerfile", "FROM scratch\nCOPY . /\n")
    project.write(
        "skaffold.yaml",
        ROOT.replace('{paths: ["*.txt"]}', "{command: touch ran}"),
    )
    commit(project.folder)
    found = why(affected(here, project, "HEAD"))
    assert "may change at any time" in found["lib"]
    assert "leave it out with a line in .dockerignore" in found["web"]
    assert "only a build runs" in found["app-tool"]
    assert not list(project.folder.rglob("ran"))


def test_a_folder_below_and_a_config_named_by_its_whole_path(here: Here, project: Project) -> None:
    project.write("deep/skaffold.yaml", ROOT.replace("path: lib", "path: ../lib").replace("context: ", "context: ../"))
    project.write("deep/tasks.py", FILES["tasks.py"])
    first = commit(project.folder)
    (project.folder / "app/src/main.c").write_text("x")
    (project.folder / "lib/lib.c").write_text("x")
    below = Project(project.folder / "deep", project.docker)
    assert names(affected(here, below, first)) == ["lib", "app"]
    project.write("skaffold.yaml", ROOT.replace('MODE: "1"', 'MODE: "2"'))
    whole = str(project.folder / "skaffold.yaml")
    found = why(affected(here, project, first, "--filename", whole))
    assert found["app"].startswith("src/main.c changed, build arg MODE changed")


def test_what_is_outside_of_the_checkout_counts_as_it_is(here: Here, project: Project, tmp_path: Path) -> None:
    shutil.copytree(project.folder / "lib", tmp_path / "lib")
    project.write("skaffold.yaml", ROOT.replace("path: lib", "path: ../lib"))
    first = commit(project.folder)
    (tmp_path / "lib/lib.c").write_text("x")
    assert names(affected(here, project, first)) == []
    (project.folder / "web/html/index.html").write_text("x")
    assert names(affected(here, project, first)) == ["web"]


def test_an_absolute_path_into_the_checkout_can_t_be_compared(here: Here, project: Project) -> None:
    project.write("skaffold.yaml", ROOT.replace("context: app\n", f"context: {project.folder}/app\n", 1))
    first = commit(project.folder)
    assert "can't be looked at as it was" in why(affected(here, project, first))["app"]


def test_skaffold_env_is_that_of_each_side(here: Here, project: Project) -> None:
    project.write("skaffold.yaml", ROOT.replace('MODE: "1"', 'MODE: "{{.MODE}}"'))
    project.write("skaffold.env", "MODE=1\n")
    first = commit(project.folder)
    project.write("skaffold.env", "MODE=2\n")
    assert why(affected(here, project, first)) == {"app": "build arg MODE changed"}
    project.env["MODE"] = "3"
    assert why(affected(here, project, first)) == {}


def test_artifacts_of_other_builders_are_left_out_or_always_affected(here: Here, project: Project) -> None:
    project.write(
        "skaffold.yaml", ROOT.replace('custom: {buildCommand: "make", dependencies: {paths: ["*.txt"]}}', "ko: {}")
    )
    first = commit(project.folder)
    assert names(affected(here, project, first, "--other-builders", "skip")) == []
    found = affected(here, project, first, "--other-builders", "skaffold")
    assert names(found) == ["app-tool"]
    done = here.invoke(project, "buildx.affected", "--since", first)
    assert done.code == 2
    assert "app-tool" in done.err


def test_variables_that_hide_what_is_built_make_all_affected(here: Here, project: Project) -> None:
    project.env["BUILDX_GIT_LABELS"] = "1"
    assert set(why(affected(here, project, "HEAD", "--artifact", "=base")).values()) == {"BUILDX_GIT_LABELS is set"}


def test_templates_run_nothing(here: Here, project: Project) -> None:
    project.write("skaffold.yaml", ROOT.replace('MODE: "1"', 'MODE: \'{{cmd "touch" "ran"}}\''))
    first = commit(project.folder)
    assert names(affected(here, project, first)) == []
    assert not (project.folder / "ran").exists()


def test_export_ignore_and_line_ends_make_no_difference(here: Here, project: Project) -> None:
    project.write(".gitattributes", "base/a.txt export-ignore\n* text=auto\n")
    first = commit(project.folder)
    git(project.folder, "config", "core.autocrlf", "true")
    assert names(affected(here, project, first)) == []


def test_hooks_and_filters_of_lfs_do_not_run(here: Here, project: Project) -> None:
    project.write(".gitattributes", "*.bin filter=lfs\n")
    project.write("base/x.bin", "pointer\n")
    first = commit(project.folder)
    for name, value in (("smudge", f"touch {project.folder}/ran; false"), ("clean", "cat"), ("required", "true")):
        git(project.folder, "config", f"filter.lfs.{name}", value)
    for hook in ("post-checkout", "post-index-change"):
        path = project.folder / ".git/hooks" / hook
        path.write_text(f"#!/bin/sh\ntouch {project.folder}/ran\n")
        path.chmod(0o755)
    before = sorted(path.relative_to(project.folder) for path in (project.folder / ".git").rglob("*"))
    assert names(affected(here, project, first)) == []
    assert sorted(path.relative_to(project.folder) for path in (project.folder / ".git").rglob("*")) == before
    assert not (project.folder / "ran").exists()


def test_a_shallow_clone_says_how_to_get_the_commit(here: Here, project: Project, tmp_path: Path) -> None:
    first = git(project.folder, "rev-parse", "HEAD")
    (project.folder / "app/src/main.c").write_text("x")
    commit(project.folder)
    git(project.folder, "config", "uploadpack.allowAnySHA1InWant", "true")
    clone = tmp_path / "shallow"
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{project.folder}", str(clone))
    git(project.folder, "branch", "stable", first)
    shallow = Project(clone, project.docker)
    for since, fetch, again in (
        (first, f"git fetch --depth=1 origin {first}", first),
        ("origin/stable", "git fetch --depth=1 origin stable:refs/remotes/origin/stable", "origin/stable"),
        ("stable", "git fetch --depth=1 origin stable", "FETCH_HEAD"),
        ("HEAD~1", "git fetch --unshallow", "HEAD~1"),
    ):
        done = here.invoke(shallow, "buildx.affected", "--since", since)
        assert done.code == 2
        assert f"--since {since}: there is no such commit in this shallow clone" in done.err
        assert fetch in done.err
        assert "fetch-depth: 0" in done.err
        git(clone, *fetch.split()[1:])
        assert names(affected(here, shallow, again)) == ["app"]
        shutil.rmtree(clone)
        git(tmp_path, "clone", "-q", "--depth", "1", f"file://{project.folder}", str(clone))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--since", "nowhere"), "commits that are here:  git log"),
        (("--since", "0" * 40), "for a new branch"),
        (("--since=--help",), "is not a commit"),
        ((), "--since is missing"),
        (("--since", "HEAD", "--format", "xml"), "one of: text, json, github, gitlab"),
        (("--since", "HEAD", "--filename", "-"), "standard input"),
        (("--since", "HEAD:app"), "there is no such commit"),
    ],
)
def test_what_can_t_be_answered_ends_with_2(words: tuple[str, ...], said: str, here: Here, project: Project) -> None:
    done = here.invoke(project, "buildx.affected", *words)
    assert (done.code, done.out) == (2, "")
    assert said in done.err


def test_outside_of_git_and_in_a_hook_of_git(here: Here, project: Project, tmp_path: Path) -> None:
    plain = Project(tmp_path / "plain", project.docker)
    for name, text in FILES.items():
        plain.write(name, text)
    done = here.invoke(plain, "buildx.affected", "--since", "HEAD")
    assert done.code == 2
    assert "is not in a git checkout" in done.err
    project.env["GIT_INDEX_FILE"] = ".git/index"
    done = here.invoke(project, "buildx.affected", "--since", "HEAD")
    assert done.code == 2
    assert "env -u GIT_INDEX_FILE" in done.err


def test_submodules_count_with_the_commit_that_is_pinned(here: Here, project: Project, tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    git(inner, "init", "-q", "-b", "main")
    (inner / "f").write_text("1")
    commit(inner)
    git(project.folder, "submodule", "add", "-q", str(inner), "lib/inner")
    first = commit(project.folder)
    assert names(affected(here, project, first)) == []
    (inner / "f").write_text("2")
    second = commit(inner)
    git(project.folder / "lib/inner", "fetch", "-q", "origin")
    git(project.folder / "lib/inner", "checkout", "-q", second)
    assert why(affected(here, project, first))["lib"] == "inner/f changed"
    commit(project.folder)
    assert why(affected(here, project, first))["lib"] == "inner/f changed"
    shutil.rmtree(project.folder / "lib/inner")
    shutil.rmtree(project.folder / ".git/modules")
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{inner}", str(project.folder / "lib/inner"))
    done = here.invoke(project, "buildx.affected", "--since", first)
    assert "so its files count as new" in done.err or "leave it out" in done.out


def test_a_linked_work_tree_is_a_checkout(here: Here, project: Project, tmp_path: Path) -> None:
    git(project.folder, "worktree", "add", "-q", "--detach", str(tmp_path / "linked"))
    linked = Project(tmp_path / "linked", project.docker)
    assert names(affected(here, linked, "main")) == []
    (linked.folder / "lib/lib.c").write_text("x")
    assert names(affected(here, linked, "main")) == ["lib", "app"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_stays_behind(number: signal.Signals, project: Project, tmp_path: Path) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    real = shutil.which("git")
    slow = project.docker.folder / "git"
    slow.write_text(f'#!/bin/sh\n{real} "$@"\ncase " $* " in *" read-tree "*) exec sleep 60;; esac\n')
    slow.chmod(0o755)
    project.env["TMPDIR"] = str(temporary)
    process = project.start("buildx.affected", "--since", "HEAD")
    deadline = time.monotonic() + 30
    while not list(temporary.glob("*/files/**/skaffold.yaml")) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert list(temporary.iterdir())
    process.send_signal(number)
    process.communicate(timeout=30)
    assert bool(list(temporary.iterdir())) is (number == signal.SIGKILL)
    slow.unlink()
    done = project.invoke("buildx.affected", "--since", "HEAD")
    assert done.returncode == 0, done.stderr
    assert list(temporary.iterdir()) == []

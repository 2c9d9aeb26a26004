"""The examples: every file is what it says it is, and every promise about a cache or a builder is kept by a plan."""

from __future__ import annotations

import os
import re
import shlex
import socket
import ssl
import subprocess
import sys
import threading
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from recording import Docker

import buildx_tasks
from buildx_tasks.execution.docker.endpoints import diagnose_endpoint
from buildx_tasks.planning.build.variables import Expander
from buildx_tasks.planning.builders.declared import parse_builders
from buildx_tasks.planning.builders.state import create_argv

EXAMPLES = Path(__file__).parents[2] / "examples"
ALL = sorted(path.parent.name for path in EXAMPLES.glob("*/skaffold.yaml"))
PARTS = ("github-action", "gitlab-component")
"""Examples of parts of a CI service, which build other projects."""
GITLAB = yaml.safe_load((EXAMPLES / "remote-rootless/.gitlab-ci.yml").read_text())
NATIVE_GITLAB = yaml.safe_load((EXAMPLES / "native-jobs/.gitlab-ci.yml").read_text())
NATIVE_GITHUB = yaml.safe_load((EXAMPLES / "native-jobs/.github/workflows/images.yml").read_text())
GITHUB = yaml.safe_load((EXAMPLES / "github-actions/.github/workflows/images.yml").read_text())


def plan_of(example: str, folder: Path, monkeypatch: pytest.MonkeyPatch, **environ: str) -> Any:
    """The plan that the example gives, with a docker that answers and builds nothing."""
    docker = Docker(folder / "docker")
    docker.save()
    known = {"PATH": f"{docker.folder}:/usr/bin:/bin", "HOME": str(folder), "DOCKER_HOST": f"unix://{folder}/none"}
    monkeypatch.chdir(EXAMPLES / example)
    settings: Any = {
        name.removeprefix("INVOKE_BUILDX_").lower(): environ.pop(name) for name in [*environ] if "INVOKE" in name
    }
    return buildx_tasks.plan(environ={**known, **environ}, cwd=EXAMPLES / example, warn=lambda _: None, **settings)


def test_there_are_no_other_examples() -> None:
    assert sorted([*ALL, *PARTS]) == sorted(path.name for path in EXAMPLES.iterdir() if path.is_dir())


@pytest.mark.parametrize("example", [*ALL, *PARTS])
def test_each_has_a_readme_of_a_page_whose_links_lead_somewhere(example: str) -> None:
    text = (EXAMPLES / example / "README.md").read_text()
    assert 5 < len(text.splitlines()) <= 60
    for target in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (EXAMPLES / example / target).exists(), target
    assert f"examples/{example}" in (EXAMPLES.parent / "README.md").read_text()


@pytest.mark.parametrize("example", ALL)
def test_each_has_a_config_that_loads(example: str) -> None:
    configs = buildx_tasks.load(EXAMPLES / example / "skaffold.yaml", environ={}, cwd=EXAMPLES / example)
    for artifact in (artifact for config in configs for artifact in config.artifacts):
        assert (EXAMPLES / example / artifact.context / "Dockerfile").is_file()


@pytest.mark.parametrize("example", ALL)
def test_each_is_valid_for_skaffold_too(example: str) -> None:
    for file in (EXAMPLES / example).rglob("skaffold.yaml"):
        # What a required config builds can't be seen from one text; loading, above, sees it.
        codes = [finding.code for finding in buildx_tasks.validate_text(file.read_text())]
        assert [code for code in codes if code != "unknown-dependency"] == [], file


def rule_for(environ: dict[str, str]) -> dict[str, str] | None:
    """The variables of the first rule of the job that holds, None when the job does not run."""
    for rule in GITLAB["build"]["rules"]:
        if holds(rule["if"], environ):
            return None if rule.get("when") == "never" else rule.get("variables", {})
    return None


def holds(condition: str, environ: dict[str, str]) -> bool:
    """GitLab's conditions, as far as the example uses them: variables that are set, `!=`, and `&&`."""
    for part in condition.split(" && "):
        left, _not_equal, right = part.partition(" != ")
        values = [environ.get(name.strip().removeprefix("$"), "") for name in (left, right) if name]
        if (len(values) == 2 and values[0] == values[1]) or (len(values) == 1 and not values[0]):
            return False
    return True


BRANCH = {"CI_COMMIT_BRANCH": "feature/x", "CI_COMMIT_REF_NAME": "feature/x", "CI_PROJECT_ID": "1"}
MERGE = {"CI_MERGE_REQUEST_IID": "7", "CI_COMMIT_REF_NAME": "feature/x", "CI_PROJECT_ID": "1"}
BOTH = ["cache-feature-x", "cache-main"]
TAG = {"CI_COMMIT_TAG": "v1.0", "CI_COMMIT_REF_NAME": "v1.0", "CI_PROJECT_ID": "1"}


@pytest.mark.parametrize(
    ("pipeline", "reads", "writes", "pushes"),
    [
        (BRANCH, ["cache-feature-x", "cache-main"], ["cache-feature-x"], True),
        (
            {**MERGE, "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "1"},
            ["cache-feature-x", "cache-main"],
            ["cache-feature-x"],
            True,
        ),
        ({**MERGE, "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "2"}, ["cache-feature-x", "cache-main"], [], False),
        (TAG, ["cache-v1.0", "cache-main"], [], True),
    ],
    ids=["branch", "merge request", "fork", "tag"],
)
def test_gitlab_jobs_write_only_where_that_is_safe(
    pipeline: dict[str, str],
    reads: list[str],
    writes: list[str],
    pushes: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    variables = rule_for(pipeline)
    assert variables is not None
    told = {**GITLAB["variables"], **variables, "SKAFFOLD_DEFAULT_REPO": "registry.example.com/team"}
    plan = plan_of("remote-rootless", tmp_path, monkeypatch, **pipeline, **told)
    step = plan.step("web")
    caches = (*step.request.cache_from, *step.request.cache_to)
    assert [use.spec.get("ref").rpartition(":")[2] for use in step.request.cache_from] == reads
    assert [use.spec.get("ref").rpartition(":")[2] for use in step.request.cache_to] == writes
    assert step.pushes is pushes
    assert all(use.spec.get("ignore-error") == "true" for use in step.request.cache_to)
    assert all("registry.example.com/team/web:" in use.spec.get("ref") for use in caches)


def test_gitlab_builds_a_branch_with_a_merge_request_once() -> None:
    assert rule_for({**BRANCH, "CI_OPEN_MERGE_REQUESTS": "x!7"}) is None


@pytest.mark.parametrize(
    ("file", "schema"),
    [
        ("github-actions/.github/workflows/images.yml", ("vendor.github-workflows",)),
        ("github-action/action.yml", ("vendor.github-actions",)),
        ("remote-rootless/.gitlab-ci.yml", ("vendor.gitlab-ci", "--data-transform", "gitlab-ci")),
        ("native-jobs/.github/workflows/images.yml", ("vendor.github-workflows",)),
        ("native-jobs/.gitlab-ci.yml", ("vendor.gitlab-ci", "--data-transform", "gitlab-ci")),
    ],
)
def test_the_files_of_ci_follow_the_schemas_of_their_services(
    file: str, schema: tuple[str, ...], tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", *schema]
    assert subprocess.run([*command, EXAMPLES / file], check=False).returncode == 0
    broken = tmp_path / "broken.yml"
    broken.write_text(
        (EXAMPLES / file)
        .read_text()
        .replace("script:", "scripts: 1\n  script:")
        .replace("runs-on", "x")
        .replace("runs:", "run:")
    )
    assert subprocess.run([*command, broken], check=False, capture_output=True).returncode == 1


def test_the_gitlab_file_has_the_shape_of_one() -> None:
    job = GITLAB["build"]
    assert set(GITLAB) == {"stages", "variables", "build"}
    assert job["stage"] in GITLAB["stages"]
    assert all(isinstance(line, str) for line in (*job["before_script"], *job["script"]))
    assert all(set(rule) <= {"if", "when", "variables"} for rule in job["rules"])
    values = [*GITLAB["variables"].values(), *job["variables"].values()]
    assert all(isinstance(value, str) for value in values)
    outside = ("BUILDKIT_TLS_DIR", "BUILDX_CONFIG", "DOCKER_CONFIG")
    assert all(job["variables"][name].startswith("$CI_PROJECT_DIR.tmp/") for name in outside)


def test_the_github_file_has_the_shape_of_one() -> None:
    events = GITHUB[True]  # YAML 1.1 reads the key `on` as true
    assert set(events) == {"push", "pull_request"}  # never pull_request_target, which hands secrets to forks
    assert GITHUB["permissions"] == {"contents": "read", "packages": "write"}
    for job in GITHUB["jobs"].values():
        assert job["runs-on"]
        assert all(("uses" in step) != ("run" in step) for step in job["steps"])
        assert all(re.fullmatch(r"[\w-]+/[\w-]+@v\d+", step["uses"]) for step in job["steps"] if "uses" in step)
    fork = "github.event.pull_request.head.repo.fork"
    assert fork in GITHUB["env"]["INVOKE_BUILDX_CACHE_MODE"]
    assert fork in GITHUB["env"]["SKAFFOLD_PUSH"]


def test_the_recipes_with_a_job_a_platform_have_the_shape_of_one() -> None:
    assert NATIVE_GITHUB[True] == {"push": {"branches": ["**"]}}  # a pull request from a fork can't push parts
    assert NATIVE_GITHUB["jobs"]["merge"]["needs"] == "build"
    for job in NATIVE_GITHUB["jobs"].values():
        assert all(re.fullmatch(r"[\w-]+/[\w-]+@v\d+", step["uses"]) for step in job["steps"] if "uses" in step)
    assert NATIVE_GITLAB["merge"]["needs"] == ["build"]
    assert NATIVE_GITLAB["build"]["stage"] in NATIVE_GITLAB["stages"]
    (config,) = buildx_tasks.load(EXAMPLES / "native-jobs/skaffold.yaml", environ={}, cwd=EXAMPLES / "native-jobs")
    machines = NATIVE_GITHUB["jobs"]["build"]["strategy"]["matrix"]["include"]
    assert [machine["platform"] for machine in machines] == list(config.platforms)
    names = [machine["NAME"] for machine in NATIVE_GITLAB["build"]["parallel"]["matrix"]]
    assert [f"linux/{name}" for name in names] == list(config.platforms)


def test_every_command_of_the_ci_files_is_a_task_with_these_flags() -> None:
    namespace = buildx_tasks.namespace()
    lines = [
        *GITLAB["build"]["script"],
        *(line for job in ("build", "merge") for line in NATIVE_GITLAB[job]["script"]),
        *(
            step.get("run", "")
            for file in (GITHUB, NATIVE_GITHUB)
            for job in file["jobs"].values()
            for step in job["steps"]
        ),
    ]
    words = [shlex.split(line) for line in lines if "buildx-tasks " in line]
    assert len(words) == 10
    for _program, task, *flags in words:
        known = {f"--{item.name.strip('_').replace('_', '-')}" for item in namespace[task].get_arguments()}
        assert {flag for flag in flags if flag.startswith("--")} <= known, task


@pytest.mark.parametrize("file", ["remote-rootless/buildkitd.toml", "kubernetes/buildkitd.toml"])
def test_buildkits_configuration_can_be_read(file: str) -> None:
    assert tomllib.loads((EXAMPLES / file).read_text())


def certificates(folder: Path, host: str) -> Path:
    script = EXAMPLES / "remote-rootless/make-certificates.sh"
    subprocess.run([script, folder, host], check=True, capture_output=True)
    return folder


def answer(server: socket.socket, context: ssl.SSLContext) -> None:
    """Take one TLS client and keep it for a moment, as BuildKit does."""
    plain, _address = server.accept()
    try:
        with context.wrap_socket(plain, server_side=True) as safe:
            safe.recv(1)
    except OSError:
        plain.close()


@pytest.mark.parametrize(
    ("given", "host", "said"),
    [
        (("ca", "cert", "key"), "127.0.0.1", ""),
        (("ca",), "127.0.0.1", "it requires a client certificate"),
        (("ca", "cert", "key"), "other.example", "its certificate is not for 127.0.0.1"),
    ],
    ids=["good", "no client certificate", "another host"],
)
def test_the_certificates_are_what_mutual_tls_needs(
    given: tuple[str, ...], host: str, said: str, tmp_path: Path
) -> None:
    made = certificates(tmp_path / "certs", host)
    assert all((made / name).stat().st_mode & 0o077 == 0 for name in ("ca-key.pem", "server-key.pem", "client/key.pem"))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=made / "ca.pem")
    context.load_cert_chain(made / "server-cert.pem", made / "server-key.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    options = {"cacert" if name == "ca" else name: str(made / "client" / f"{name}.pem") for name in given}
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=answer, args=(server, context))
        thread.start()
        found = diagnose_endpoint({"Endpoint": f"tcp://127.0.0.1:{server.getsockname()[1]}", "DriverOpts": options})
        thread.join()
    assert said in found
    assert bool(found) is bool(said)


def test_certificates_are_renewed_from_the_same_authority(tmp_path: Path) -> None:
    made = certificates(tmp_path / "certs", "build.example")
    authority, client = (made / "ca.pem").read_text(), (made / "client/cert.pem").read_text()
    certificates(made, "build.example")
    assert (made / "ca.pem").read_text() == authority
    assert (made / "client/cert.pem").read_text() != client


@pytest.mark.parametrize(("example", "name"), [("multi-node", "native"), ("kubernetes", "cluster")])
def test_the_declared_builders_are_created_node_by_node(example: str, name: str) -> None:
    (config,) = buildx_tasks.load(EXAMPLES / example / "skaffold.yaml", environ={}, cwd=EXAMPLES / example)
    declared: Any = config.buildx["builders"]
    spec = parse_builders(
        declared,
        cwd=str(EXAMPLES / example),
        home="/home/u",
        read=lambda path: Path(path).read_text(),
        expand=Expander({}, now=datetime.now(UTC), cmd=None),
    )[name]
    assert [node.platforms for node in spec.nodes] == [("linux/amd64",), ("linux/arm64",)]
    commands = [create_argv(spec, node, append=at > 0) for at, node in enumerate(spec.nodes)]
    assert "--append" in commands[1]
    assert "--append" not in commands[0]
    assert all("--platform" in command for command in commands)


def test_our_tasks_stand_beside_the_projects_own() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "invoke", "--list"],
        cwd=EXAMPLES / "compose-tasks",
        capture_output=True,
        text=True,
        check=True,
    )
    listed = set(re.findall(r"^ +([\w.-]+)", done.stdout, re.MULTILINE))
    assert {"message", "images", "buildx.build", "buildx.check", "buildx.doctor", "schema.validate"} <= listed


def test_a_task_of_the_project_builds_with_ours(tmp_path: Path) -> None:
    project = tmp_path / "project"
    (project / "app").mkdir(parents=True)
    for name in ("tasks.py", "skaffold.yaml", "app/Dockerfile"):
        (project / name).write_bytes((EXAMPLES / "compose-tasks" / name).read_bytes())
    docker = Docker(tmp_path / "docker")
    docker.save()
    environ = {"PATH": f"{docker.folder}:/usr/bin:/bin", "HOME": str(tmp_path), "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        [sys.executable, "-m", "invoke", "images"],
        cwd=project,
        env={**environ, "DOCKER_HOST": f"unix://{tmp_path}/none"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "app is app:" in done.stdout
    assert (project / "app/message").exists()
    assert len(docker.builds) == 1


def test_the_noxfile_has_its_sessions() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "nox", "--list"],
        cwd=EXAMPLES / "compose-tasks",
        env={**os.environ},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "* check ->" in done.stdout
    assert "- images ->" in done.stdout

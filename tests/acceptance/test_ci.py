"""What a CI service reads of a run: annotations, the job summary, outputs, JUnit XML and a dotenv report."""

from __future__ import annotations

import io
import json
import signal
import time
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from recording import DIGEST, IMAGE_ID, Here, Project, make_project

import buildx_tasks
from buildx_tasks.errors import WorkFailed
from buildx_tasks.execution.pipeline import host_platform

CONFIG = """\
apiVersion: skaffold/v4beta13
kind: Config
build:
  artifacts:
    - {image: app, context: app, docker: {cacheFrom: [app], cacheTo: ["app:cache"]}}
    - {image: team/web}
"""
BUILD = ("buildx.build", "--tag", "v1", "--default-repo", "reg.example", "--push", "--batch", "off", "--keep-going")
LOG = """\
#5 importing cache manifest from reg.example/app:v0
#5 DONE 0.2s

#6 [2/3] RUN make
#6 CACHED

#7 [3/3] RUN make test
#7 0.2 hello
#7 DONE 12.3s

#8 exporting to image
#8 DONE 1.3s

#9 exporting cache to registry
#9 DONE 2.3s

 \x1b[33m1 warning found (use docker --debug to expand):
\x1b[0m - JSONArgsRecommended: JSON arguments recommended for CMD (line 2)
"""
FAILED = """\
#5 [2/2] RUN false
#5 ERROR: process "/bin/sh -c false" did not complete successfully: exit code: 1
------
 > [2/2] RUN false:
------
Dockerfile:2
--------------------
   1 |     FROM scratch
   2 | >>> RUN false
--------------------
ERROR: failed to build: failed to solve: process "/bin/sh -c false" did not complete successfully: exit code: 1
"""
ERROR = (
    "::error file=project/Dockerfile,line=2,title=build of team/web failed::"
    "RUN false (Dockerfile:2) ended with exit code 1"
)
WARNING = "::warning file=project/app/Dockerfile,line=2,title=JSONArgsRecommended::JSON arguments recommended for CMD"


def on_github(project: Project) -> Project:
    """The project as a folder of a repository, in a step of a workflow that has written something before."""
    folder = project.folder.parent
    (folder / "summary.md").write_text("said before")
    (folder / "output").write_text("before=1\n")
    project.env |= {
        "GITHUB_ACTIONS": "true",
        "GITHUB_WORKSPACE": str(folder),
        "GITHUB_STEP_SUMMARY": str(folder / "summary.md"),
        "GITHUB_OUTPUT": str(folder / "output"),
    }
    return project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Two artifacts, of which one is built from a cache and the other fails."""
    project = on_github(make_project(tmp_path, CONFIG))
    project.docker.table |= {"buildx build app": (0, LOG, ""), "buildx build .": (1, "", FAILED)}
    return project


def written(project: Project, name: str) -> str:
    return (project.folder.parent / name).read_text()


def commands(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith(("::error", "::warning"))]


def test_github_shows_failures_and_checks_where_they_are(here: Here, project: Project) -> None:
    done = here.invoke(project, *BUILD)
    assert done.code == 1
    assert commands(done.err) == [ERROR, WARNING]
    assert commands(done.out) == []


def test_the_summary_is_added_to_that_of_the_step(here: Here, project: Project) -> None:
    here.invoke(project, *BUILD)
    summary = written(project, "summary.md")
    assert summary.startswith("said before\n### Images: 1 built, 1 failed · ")
    (row,) = [line for line in summary.splitlines() if line.startswith("| <code>app</code><br>")]
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[1:3] == ["built", f"<code>{DIGEST}</code>"]
    # The recording docker names no platform, so it is that of this machine.
    assert cells[3:5] == [str(host_platform()), "1/2"]
    assert cells[6:] == ["<code>reg.example/app:v0</code>", "<code>reg.example/app:cache</code>"]
    assert "#### <code>team/web</code> failed at <code>Dockerfile:2</code>" in summary
    assert "| 12 s | <code>app</code> | <code>&#91;3/3&#93; RUN make test</code> |" in summary


def test_outputs_are_added_to_those_of_the_step(here: Here, project: Project) -> None:
    here.invoke(project, *BUILD)
    first, *lines, builds = written(project, "output").splitlines()
    assert first == "before=1"
    assert lines == [f"image-app=reg.example/app:v1@{DIGEST}", f"digest-app={DIGEST}"]
    (item,) = json.loads(builds.removeprefix("builds="))
    assert (item["imageName"], item["digest"], item["status"]) == ("app", DIGEST, "built")


def test_off_writes_for_no_service(here: Here, project: Project) -> None:
    done = here.invoke(project, *BUILD, "--ci-service", "off")
    assert commands(done.out + done.err) == []
    assert "::group::" not in done.out
    assert (written(project, "summary.md"), written(project, "output")) == ("said before", "before=1\n")


def test_a_service_can_be_named(here: Here, project: Project) -> None:
    del project.env["GITHUB_ACTIONS"]
    assert commands(here.invoke(project, *BUILD).err) == []
    assert commands(here.invoke(project, *BUILD, "--ci-service", "github").err) == [ERROR, WARNING]
    assert "\x1b[0Ksection_start:" in here.invoke(project, *BUILD, "--ci-service", "gitlab").out


def test_a_quiet_run_keeps_standard_output_for_the_json(here: Here, project: Project) -> None:
    done = here.invoke(project, *BUILD, "--quiet")
    assert json.loads(done.out)["builds"][0]["imageName"] == "app"
    assert ERROR in done.err


def test_a_dry_run_reports_nothing(here: Here, project: Project) -> None:
    assert here.invoke(project, *BUILD, "--dry-run").code == 0
    assert written(project, "summary.md") == "said before"


def test_a_summary_that_cannot_be_written_is_a_warning(here: Here, project: Project) -> None:
    project.env |= {"GITHUB_STEP_SUMMARY": "/nowhere/x.md", "GITHUB_OUTPUT": str(project.folder)}
    done = here.invoke(project, *BUILD, "--artifact", "app")
    assert done.code == 0
    assert "WARNING: /nowhere/x.md can't be written: No such file or directory" in done.err
    assert f"WARNING: {project.folder} can't be written: Is a directory" in done.err


def test_a_summary_keeps_below_the_limit_with_what_is_there(here: Here, project: Project) -> None:
    (project.folder.parent / "summary.md").write_text("x" * 1_048_000)
    assert here.invoke(project, *BUILD).code == 1
    assert len(written(project, "summary.md")) == 1_048_000


@pytest.mark.parametrize(
    ("change", "code", "annotation"),
    [
        ("build:\n  tagPolice: {}", 2, "::error file=project/skaffold.yaml,line=4,col=3::build.tagPolice: unknown key"),
        ("build:\n  tagPolicy: {envTemplate: {template: '{{.A'}}", 2, "::error title=buildx.build::"),
    ],
    ids=["with a place", "without"],
)
def test_an_error_before_the_first_build(here: Here, project: Project, change: str, code: int, annotation: str) -> None:
    project.write("skaffold.yaml", CONFIG.replace("build:", change))
    done = here.invoke(project, *BUILD[:1], "--junit-output", "junit.xml")
    assert done.code == code
    assert [line for line in commands(done.err) if line.startswith(annotation)]
    assert "### Nothing was built\n" in written(project, "summary.md")
    case = ET.parse(project.folder / "junit.xml").getroot()[0][0]
    assert (case.get("name"), case[0].tag) == ("the run itself", "error")


def test_a_wrong_setting_is_reported_too(here: Here, project: Project) -> None:
    done = here.invoke(project, *BUILD, "--ci-service", "jenkins")
    assert (done.code, "ci-service in flag can't be 'jenkins'" in done.err) == (2, True)
    assert commands(done.err)[0].startswith("::error title=buildx.build::ci-service in flag")


def test_a_warning_of_a_config_is_shown_where_it_is(here: Here, project: Project) -> None:
    project.write("skaffold.yaml", CONFIG.replace("kind: Config\n", ""))
    first = commands(here.invoke(project, *BUILD).err)[0]
    assert first.startswith("::warning file=project/skaffold.yaml,line=1,col=1::kind: kind is missing")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_is_reported(project: Project, number: signal.Signals) -> None:
    slow = "custom: {buildCommand: 'touch begun && sleep 60'}"
    project.write("skaffold.yaml", CONFIG.replace("{image: team/web}", f"{{image: web, {slow}}}"))
    with project.start(*BUILD, "--concurrency", "1", "--junit-output", "junit.xml") as process:
        deadline = time.monotonic() + 30
        while not (project.folder / "begun").exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(number)
        process.communicate(timeout=30)
    assert process.returncode == 128 + number
    summary = written(project, "summary.md")
    assert "### Images: 1 built, 1 interrupted · " in summary
    assert f"digest-app={DIGEST}" in written(project, "output")
    suite = ET.parse(project.folder / "junit.xml").getroot()[0]
    assert [suite.get(name) for name in ("tests", "failures", "errors")] == ["2", "0", "1"]


def test_no_secret_gets_into_a_report(here: Here, project: Project) -> None:
    secret = "p<a&s|s'w\"ord*_secret"
    project.env["NPM_TOKEN"] = secret
    log = FAILED.replace("RUN false", f"RUN login {secret}").replace("ERROR: failed", f"ERROR: {secret} failed")
    project.docker.table |= {
        "buildx build .": (1, "", log),
        "buildx build app": (0, LOG.replace("RUN make test", f"RUN make {secret}"), ""),
    }
    files = {"--junit-output": "junit.xml", "--summary-output": "own.md", "--dotenv-output": "images.env"}
    done = here.invoke(project, *BUILD, *(word for pair in files.items() for word in pair))
    texts = [written(project, "summary.md"), written(project, "output"), done.out, done.err]
    texts += [(project.folder / name).read_text() for name in files.values()]
    assert "RUN login ***" in texts[0]
    assert "RUN make &#42;&#42;&#42;" in texts[0]
    for text in texts:
        assert "ord*_secret" not in text
        assert "&amp;s|s" not in text
        assert "&#124;s" not in text


def test_every_report_can_be_had_outside_of_ci(here: Here, project: Project) -> None:
    project.env.clear()
    files = ("--junit-output", "junit.xml", "--summary-output", "own.md", "--dotenv-output", "images.env")
    done = here.invoke(project, *BUILD, *files)
    assert done.code == 1
    assert (project.folder / "own.md").read_text().startswith("### Images: 1 built, 1 failed · ")
    assert (project.folder / "images.env").read_text().splitlines() == [
        f"IMAGE_APP=reg.example/app:v1@{DIGEST}",
        f"DIGEST_APP={DIGEST}",
    ]
    suite = ET.parse(project.folder / "junit.xml").getroot()[0]
    assert [(case.get("name"), [item.tag for item in case]) for case in suite] == [
        ("app", ["system-out"]),
        ("team/web", ["failure", "system-out"]),
    ]


def test_a_file_that_was_asked_for_and_cannot_be_written_is_an_error(here: Here, project: Project) -> None:
    done = here.invoke(project, *BUILD, "--junit-output", "nowhere/junit.xml")
    assert done.code == 2
    assert not project.docker.builds
    done = here.invoke(project, *BUILD, "--junit-output", "x", "--summary-output", "./x")
    assert "junit-output and summary-output are both x" in done.err or "are both ./x" in done.err


def test_the_python_api_reports_as_the_task_does(project: Project) -> None:
    project.docker.save()
    environ = project.environment()
    warned: list[str] = []
    arguments: dict[str, Any] = {
        "environ": environ,
        "cwd": project.folder,
        "warn": warned.append,
        "tag": "v1",
        "default_repo": "reg.example",
        "push": True,
        "batch": "off",
        "keep_going": True,
    }
    log = io.StringIO()
    with pytest.raises(WorkFailed):
        buildx_tasks.build(log=log, junit_output=project.folder / "junit.xml", dotenv_output="images.env", **arguments)
    assert commands(log.getvalue()) == [ERROR, WARNING]
    assert "### Images: 1 built, 1 failed · " in written(project, "summary.md")
    assert f"digest-app={DIGEST}" in written(project, "output")
    assert ET.parse(project.folder / "junit.xml").getroot()[0].get("failures") == "1"
    assert (project.folder / "images.env").read_text().startswith("IMAGE_APP=")
    with buildx_tasks.Project(**arguments, ci_service="off") as own:
        own.build(check=False, summary_output="own.md")
    assert written(project, "summary.md").count("### Images") == 1
    assert (project.folder / "own.md").read_text().startswith("### Images: ")
    with pytest.raises(buildx_tasks.errors.CannotStart):
        buildx_tasks.build(**{**arguments, "builder": "--odd"})
    assert written(project, "summary.md").count("### Nothing was built") == 1


TRACE = {
    "TRACEPARENT": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318",
    "OTEL_SERVICE_NAME": "images",
}


@pytest.mark.parametrize("batch", ["auto", "off"])
def test_traces_reach_buildx_and_do_not_count_for_the_artifact_cache(here: Here, tmp_path: Path, batch: str) -> None:
    project = make_project(tmp_path, CONFIG)
    project.docker.environment = tuple(TRACE)
    id_ = IMAGE_ID.partition(":")[2]
    names = [f"{image}:{tag}" for image in ("app", "team/web") for tag in ("v1", id_)]
    asked = "image inspect --format {{json .Id}} {{json .RepoTags}}"
    project.docker.table = {asked: (0, f"{json.dumps(IMAGE_ID)} {json.dumps(names)}\n", "")} | project.docker.table
    words = ("buildx.build", "--tag", "v1", "--batch", batch)
    project.env |= TRACE
    assert here.invoke(project, *words).code == 0
    calls = [*project.docker.builds, *project.docker.bakes]
    assert len(calls) == (1 if batch == "auto" else 2)
    assert all(call["env"] == {**call["env"], **TRACE} for call in calls)
    project.env["TRACEPARENT"] = "00-11111111111111111111111111111111-b7ad6b7169203331-01"
    done = here.invoke(project, *words)
    assert "2 unchanged" in done.out
    assert len([*project.docker.builds, *project.docker.bakes]) == len(calls)


def test_gitlab_gets_the_code_quality_of_configs(here: Here, project: Project) -> None:
    project.env = {"GITLAB_CI": "true", "CI_PROJECT_DIR": str(project.folder.parent)}
    words = ("schema.validate", "--codequality-output", "quality.json")
    assert here.invoke(project, *words).code == 0
    assert json.loads((project.folder / "quality.json").read_text()) == []
    project.write("skaffold.yaml", CONFIG.replace("build:", "build:\n  tagPolice: {}"))
    done = here.invoke(project, *words)
    assert (done.code, "skaffold.yaml:4:3: build.tagPolice: unknown key" in done.out) == (1, True)
    (item,) = json.loads((project.folder / "quality.json").read_text())
    assert item["location"] == {"path": "project/skaffold.yaml", "lines": {"begin": 4}}
    assert (item["severity"], item["check_name"]) == ("major", "unknown-key")
    done = here.invoke(project, "schema.validate", "--codequality-output", "nowhere/x.json")
    assert (done.code, "nowhere/x.json can't be written" in done.err) == (2, True)


def test_gitlab_gets_the_code_quality_of_dockerfiles(here: Here, project: Project) -> None:
    project.env = {"GITLAB_CI": "true", "CI_PROJECT_DIR": str(project.folder.parent)}
    found = {"ruleName": "JSONArgsRecommended", "detail": "use JSON", "location": {"ranges": [{"start": {"line": 2}}]}}
    project.docker.table = {"buildx build": (0, json.dumps({"warnings": [found]}), ""), **project.docker.table}
    done = here.invoke(project, "buildx.check", "--artifact", "app", "--codequality-output", "quality.json")
    assert done.code == 1, done.err
    (item,) = json.loads((project.folder / "quality.json").read_text())
    assert item["location"] == {"path": "project/app/Dockerfile", "lines": {"begin": 2}}
    assert (item["severity"], item["check_name"]) == ("minor", "JSONArgsRecommended")
    done = here.invoke(project, "buildx.check", "--artifact", "app", "--codequality-output", "nowhere/x.json")
    assert done.code == 2


@pytest.mark.parametrize("task", ["schema.validate", "buildx.check"])
def test_annotations_of_findings_are_where_the_repository_has_the_file(here: Here, project: Project, task: str) -> None:
    found = {"ruleName": "Rule", "detail": "odd", "location": {"ranges": [{"start": {"line": 2}}]}}
    project.docker.table = {"buildx build": (0, json.dumps({"warnings": [found]}), ""), **project.docker.table}
    if task == "schema.validate":
        project.write("skaffold.yaml", CONFIG.replace("build:", "build:\n  tagPolice: {}"))
    done = here.invoke(project, task, "--format", "github")
    file = "project/skaffold.yaml,line=4" if task == "schema.validate" else "project/app/Dockerfile,line=2"
    assert f" file={file}," in done.out


def test_the_record_has_times_and_caches_too(here: Here, project: Project) -> None:
    here.invoke(project, *BUILD, "--metadata-output", "record.json")
    app, web = json.loads((project.folder / "record.json").read_text())["builds"]
    assert {"name": "[3/3] RUN make test", "seconds": 12.3} in app["stepTimes"]
    assert app["cacheImported"] == ["reg.example/app:v0"]
    assert [text.rpartition("ref=")[2] for text in app["cacheExported"]] == ["reg.example/app:cache"]
    assert (web["steps"], web["cachedSteps"], web["cacheExported"]) == (1, 0, [])

"""What CI services read of real builds: step times, caches and findings as buildx prints them, and its traces."""

from __future__ import annotations

import json
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from lab_support import Completed, Sandbox

MONOREPO = Path(__file__).parents[2] / "examples/monorepo"
TASKS = "import buildx_tasks\n\nns = buildx_tasks.namespace()\n"
CONFIG = """\
apiVersion: skaffold/v4beta13
kind: Config
build:
  artifacts:
    - {image: app, context: app, docker: {cacheFrom: ["app:cache"], cacheTo: ["app:cache"]}}
    - {image: web, context: web}
"""
APP = "FROM busybox\nRUN sleep 1 && echo one > /one\nCMD echo hello\n"
WEB = "FROM busybox\nRUN sleep 2 && exit 3\n"
ATTEST = ("--attest", "none")


def project(sandbox: Sandbox) -> Path:
    """Two artifacts, of which one fails, in a folder of a repository in which a job of GitHub runs."""
    folder = sandbox.folder / "repo/images"
    folder.mkdir(parents=True)
    for name, dockerfile in (("app", APP), ("web", WEB)):
        (folder / name).mkdir()
        # No other test has built these steps.
        (folder / name / "Dockerfile").write_text(dockerfile.replace("&&", f"&& echo {sandbox.prefix} &&"))
    (folder / "skaffold.yaml").write_text(CONFIG)
    (folder / "tasks.py").write_text(TASKS)
    on_github(sandbox, folder.parent)
    return folder


def on_github(sandbox: Sandbox, workspace: Path) -> None:
    sandbox.env.update(
        {
            "GITHUB_ACTIONS": "true",
            "GITHUB_WORKSPACE": str(workspace),
            "GITHUB_STEP_SUMMARY": str(sandbox.folder / "summary.md"),
            "GITHUB_OUTPUT": str(sandbox.folder / "output"),
        }
    )


def built(sandbox: Sandbox, folder: Path, *words: str) -> Completed:
    repo = sandbox.image("x").removesuffix("/x")
    command = ("invoke", "buildx.build", "--default-repo", repo, "--push", "--tag", "v1", "--keep-going", *words)
    return sandbox.run(*command, *ATTEST, cwd=folder, check=False)


def taken(sandbox: Sandbox) -> tuple[str, dict[str, str]]:
    """The summary and the outputs so far, which are removed."""
    files = [sandbox.folder / "summary.md", sandbox.folder / "output"]
    summary, output = [file.read_text() for file in files]
    for file in files:
        file.unlink()
    return summary, dict(line.split("=", 1) for line in output.splitlines())


def cells(summary: str, image: str) -> list[str]:
    """The cells of an artifact's row, without the marks of code."""
    (row,) = [line for line in summary.splitlines() if line.startswith(f"| <code>{image}</code><br>")]
    return [re.sub(r"</?code>", "", cell.strip()) for cell in row.strip("|").split("|")]


@pytest.mark.parametrize("batch", ["auto", "off"])
@pytest.mark.parametrize("buildx", ["old", "new"])
def test_a_workflow_gets_what_buildx_says(new_sandbox: Callable[..., Sandbox], batch: str, buildx: str) -> None:
    sandbox = new_sandbox(engine="modern", buildx=buildx)
    folder = project(sandbox)
    done = built(sandbox, folder, "--batch", batch)
    assert done.code == 1, done.text
    commands = [line for line in done.err.splitlines() if line.startswith(("::error", "::warning"))]
    assert commands[0] == (
        "::error file=images/web/Dockerfile,line=2,title=build of web failed::"
        f"RUN sleep 2 && echo {sandbox.prefix} && exit 3 (web/Dockerfile:2) ended with exit code 3"
    )
    if buildx == "new":
        # buildx 0.13 does not print the line of a finding.
        assert commands[1].startswith("::warning file=images/app/Dockerfile,line=3,title=JSONArgsRecommended::JSON")
    summary, outputs = taken(sandbox)
    repo = sandbox.image("x").removesuffix("/x")
    digest = sandbox.lab.registry("open").manifest(f"{repo}/app", "v1").digest
    assert outputs["digest-app"] == digest
    assert outputs["image-app"] == f"{repo}/app:v1@{digest}"
    row = cells(summary, "app")
    assert (row[1], row[2], row[4], row[6], row[7]) == ("built", digest, "0/1", "", f"{repo}/app:cache")
    slowest = re.findall(r"^\| ([\d.]+) s \| <code>(\w+)</code> \| <code>(.*)</code> \|$", summary, re.MULTILINE)
    ran = {image: float(seconds) for seconds, image, name in slowest if "RUN" in name}
    assert ran["app"] >= 1.0
    assert cells(summary, "web")[1] == "failed"

    sandbox.docker("buildx", "prune", "--all", "--force")
    built(sandbox, folder, "--batch", batch, "--artifact", "app", "--no-cache-artifacts")
    row = cells(taken(sandbox)[0], "app")
    assert (row[1], row[4], row[6]) == ("built", "1/1", f"{repo}/app:cache")

    built(sandbox, folder, "--batch", batch, "--artifact", "app")
    summary, outputs = taken(sandbox)
    assert cells(summary, "app")[1:5] == ["unchanged", digest, "linux/amd64", "all"]
    assert outputs["digest-app"] == digest


def test_the_monorepo_has_a_summary_and_the_reports_of_gitlab(sandbox: Sandbox) -> None:
    folder = sandbox.folder / "monorepo"
    shutil.copytree(MONOREPO, folder)
    on_github(sandbox, folder)
    words = ("--junit-output", "junit.xml", "--dotenv-output", "images.env")
    repo = sandbox.image("x").removesuffix("/x")
    command = ("invoke", "buildx.build", "--default-repo", repo, "--push", *words, *ATTEST)
    done = sandbox.run(*command, cwd=folder)
    images = dict(re.findall(r"^ - (\S+) -> (\S+@sha256:[0-9a-f]{64})", done.out, re.MULTILINE))
    assert len(images) == 13
    summary, outputs = taken(sandbox)
    assert summary.startswith("### Images: 13 built · ")
    for image, reference in images.items():
        assert cells(summary, image)[2] == reference.partition("@")[2]
        assert outputs[f"image-{image}"] == reference
    assert len(json.loads(outputs["builds"])) == 13
    assert "<summary>Slowest steps</summary>" in summary
    suite = ET.parse(folder / "junit.xml").getroot()[0]
    assert [suite.get(name) for name in ("tests", "failures", "errors", "skipped")] == ["13", "0", "0", "0"]
    variables = dict(line.split("=", 1) for line in (folder / "images.env").read_text().splitlines())
    assert variables["IMAGE_OFFICE_WEB"] == images["office-web"]

    sandbox.env.update({"GITHUB_ACTIONS": "", "GITLAB_CI": "true", "CI_PROJECT_DIR": str(folder.parent)})
    del sandbox.env["GITHUB_WORKSPACE"]
    (folder / "shop/skaffold.yaml").write_text((folder / "shop/skaffold.yaml").read_text() + "tests: [1]\n")
    quality = ("--codequality-output", "quality.json")
    invalid = sandbox.run(
        "invoke", "schema.validate", "--filename", "**/skaffold.yaml", *quality, cwd=folder, check=False
    )
    assert invalid.code == 1
    found = json.loads((folder / "quality.json").read_text())
    errors = {item["location"]["path"] for item in found if item["severity"] == "major"}
    assert errors == {"monorepo/shop/skaffold.yaml"}, found


def test_the_checks_of_the_monorepo_make_a_code_quality_report(new_sandbox: Callable[..., Sandbox]) -> None:
    sandbox = new_sandbox(engine="modern")
    folder = sandbox.folder / "monorepo"
    shutil.copytree(MONOREPO, folder)
    dockerfile = folder / "shop/cart/Dockerfile"
    dockerfile.write_text(f"{dockerfile.read_text()}\nCMD echo a\n")
    words = ("--artifact", "=cart", "--codequality-output", "quality.json")
    done = sandbox.run("invoke", "buildx.check", *words, cwd=folder, check=False)
    assert done.code == 1, done.text
    (item,) = [
        one for one in json.loads((folder / "quality.json").read_text()) if one["check_name"].startswith("JSONArgs")
    ]
    assert item["location"]["path"] == "shop/cart/Dockerfile"
    assert item["severity"] == "minor"


TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.fixture
def collector() -> Iterator[tuple[str, list[bytes]]]:
    """An OpenTelemetry collector: its address, and the bodies of the traces that it gets."""
    traces: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path == "/v1/traces":
                traces.append(body)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing on standard error."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", traces
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("batch", ["auto", "off"])
def test_spans_of_buildx_are_part_of_the_trace_of_the_pipeline(
    sandbox: Sandbox, collector: tuple[str, list[bytes]], batch: str
) -> None:
    address, traces = collector
    folder = project(sandbox)
    (folder / "web/Dockerfile").write_text(APP)
    sandbox.env.update(
        {
            "TRACEPARENT": f"00-{TRACE}-b7ad6b7169203331-01",
            "OTEL_EXPORTER_OTLP_ENDPOINT": address,
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            "OTEL_TRACES_EXPORTER": "otlp",
        }
    )
    assert built(sandbox, folder, "--batch", batch).code == 0
    assert any(bytes.fromhex(TRACE) in body for body in traces)

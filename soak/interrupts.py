"""Signals at every moment of a build: the right exit status, no traceback, and nothing that goes on or stays."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

from benchmarks.measure import Row
from buildx_tasks.testing import RecordingDocker
from soak.findings import Finding, Findings
from soak.processes import command, environment, left_behind, start

CONFIG = """\
apiVersion: skaffold/v4beta13
kind: Config
build:
  tagPolicy: {envTemplate: {template: "{{cmd \\"printf\\" \\"v1\\"}}"}}
  artifacts:
    - image: app
      context: app
      hooks:
        before: [{command: [sleep, "0.2"]}]
        after: [{command: [sleep, "0.2"]}]
    - {image: own, context: app, custom: {buildCommand: "sleep 0.3"}}
    - {image: last, context: app, requires: [{image: app}]}
"""
STATUS = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129, signal.SIGKILL: -9}
EARLIEST = 0.01
"""Seconds after which the program has begun to handle what Python raises."""
PATIENCE = 30
"""Seconds that a signalled build may take to end."""


def interrupts(count: int, folder: Path, findings: Findings) -> list[Row]:
    """Send `count` signals to builds, spread evenly over the time that a build takes."""
    docker = RecordingDocker(folder / "docker", duration=0.3)
    # Its log makes the build take its time, as `duration` asks for.
    docker.table["buildx build"] = (0, "", "#1 [1/1] RUN true\n")
    docker.save()
    project = folder / "project"
    (project / "app").mkdir(parents=True)
    (project / "skaffold.yaml").write_text(CONFIG, encoding="utf-8")
    (project / "app" / "Dockerfile").write_text("FROM scratch\n", encoding="utf-8")
    path = os.pathsep.join((str(docker.folder), os.defpath))
    seconds, _code = _signalled(folder, project, path, None, 0, findings)
    codes: Counter[str] = Counter()
    for number in range(count):
        sent = list(STATUS)[number % len(STATUS)]
        _seconds, code = _signalled(folder, project, path, sent, seconds * number / count, findings)
        codes[f"{sent.name} {code}"] += 1
    note = f"over {seconds:.1f} s: " + ", ".join(f"{name}: {times}" for name, times in sorted(codes.items()))
    return [
        Row(what="signals during a build", value=codes.total(), limit=count, least=True, note=note),
        Row(what="wrong ends, tracebacks, leftovers", value=findings.of("interrupts"), limit=0),
    ]


def _signalled(
    folder: Path, project: Path, path: str, sent: signal.Signals | None, after: float, findings: Findings
) -> tuple[float, int]:
    """Build, send a signal `after` seconds, and check what is left; the seconds and the exit status."""
    mark = f"interrupts {sent} {after:.3f}"
    home = folder / "home"
    env = environment(home, path, mark)
    begun = folder / "begun"
    argv = command(begun, "buildx.build", "--no-cache-artifacts", "--no-push")
    with start(argv, project, env) as process:
        while not begun.exists() and process.poll() is None:
            time.sleep(0.002)
        begin = time.monotonic()
        if sent is not None:
            time.sleep(EARLIEST + after)
            process.send_signal(sent)
        try:
            _out, err = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            _out, err = process.communicate()
            _found(findings, "a signalled build ends in time", mark)
    seconds = time.monotonic() - begin
    begun.unlink()
    # The build may be over when the signal comes: 0, or what Python does by default while it ends.
    wanted = {0} if sent is None else {0, STATUS[sent], *([] if sent == signal.SIGINT else [-sent])}
    if process.returncode not in wanted:
        _found(findings, "the exit status names the signal", f"{mark}: status {process.returncode}\n{err}")
    if "Traceback" in err:
        _found(findings, "no traceback", f"{mark}\n{err}")
    for what in left_behind(mark):
        _found(findings, "no process goes on", f"{mark}: {what}")
    temporary = Path(env["TMPDIR"])
    for file in [file for file in temporary.rglob("*") if file.is_file()]:
        if sent != signal.SIGKILL:
            _found(findings, "no temporary file stays", f"{mark}: {file.relative_to(temporary)}")
        file.unlink()
    return seconds, process.returncode


def _found(findings: Findings, rule: str, detail: str) -> None:
    findings.add(Finding(instrument="interrupts", rule=rule, detail=detail))

"""Many builds in one process, through the Python API: processes, descriptors, threads, files and memory stay level."""

from __future__ import annotations

import gc
import json
import os
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import buildx_tasks
from benchmarks.measure import Row
from buildx_tasks.testing import RecordingDocker
from soak.findings import Finding, Findings
from soak.fuzz import resident_megabytes
from soak.processes import environment, left_behind

CONFIG = """\
apiVersion: skaffold/v4beta13
kind: Config
build:
  artifacts:
    - image: soak-base
      context: app
    - image: soak-app
      context: app
      requires: [{image: soak-base, alias: BASE}]
      docker: {buildArgs: {ROUND: "{{.ROUND}}"}}
"""
DOCKERFILE = "ARG BASE=scratch\nFROM scratch\nARG ROUND\nCOPY file /file\n"
LEAK = 20.0
"""Megabytes by which many builds may let the process grow after the first ones."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Level:
    """What a process holds at one moment."""

    descriptors: int
    threads: int
    temporary: int
    megabytes: float

    @classmethod
    def now(cls, temporary: Path) -> Level:
        """The level of this process; `temporary` is the folder of its temporary files."""
        gc.collect()
        folder = Path("/proc/self/fd" if sys.platform == "linux" else "/dev/fd")
        return cls(
            descriptors=len(list(folder.iterdir())),
            threads=threading.active_count(),
            temporary=sum(1 for path in temporary.rglob("*") if not path.is_dir()),
            megabytes=resident_megabytes(),
        )


def builds(count: int, folder: Path, findings: Findings) -> list[Row]:
    """Build `count` times with a recording docker, and in the lab when it is up."""
    docker = RecordingDocker(folder / "docker")
    docker.save()
    path = os.pathsep.join((str(docker.folder), os.defpath))
    rows = _builds(count, folder / "recorded", path, {}, findings, "recording docker")
    lab = lab_parts()
    if lab is None:
        note = "NOT RUN: they need the lab (`invoke lab.up --only=containerd,base`)"
        return [*rows, Row(what="builds with a real engine", value=0, limit=0, note=note)]
    home = folder / "docker-config"
    (home / "cli-plugins").mkdir(parents=True)
    (home / "cli-plugins" / "docker-buildx").symlink_to(lab["clients"]["buildx-new"]["plugin"])
    path = os.pathsep.join((str(Path(lab["clients"]["docker"]).parent), os.defpath))
    env = {"DOCKER_HOST": lab["containerd"]["host"], "DOCKER_CONFIG": str(home)}
    return rows + _builds(count, folder / "real", path, env, findings, "real engine")


def lab_parts() -> Mapping[str, Any] | None:
    """The facts of the lab's parts when what a build needs is up."""
    state = Path(os.environ.get("BUILDX_TASKS_LAB", "/tmp/buildx-tasks-lab"), "state.json")
    if not state.exists():
        return None
    parts: Mapping[str, Any] = json.loads(state.read_text(encoding="utf-8"))["parts"]
    return parts if {"clients", "containerd"} <= set(parts) else None


def _builds(count: int, folder: Path, path: str, more: Mapping[str, str], findings: Findings, name: str) -> list[Row]:
    """Two builds of two artifacts in a round: one that has to build, one that has nothing to do."""
    project = folder / "project"
    (project / "app").mkdir(parents=True)
    (project / "skaffold.yaml").write_text(CONFIG, encoding="utf-8")
    (project / "app" / "Dockerfile").write_text(DOCKERFILE, encoding="utf-8")
    (project / "app" / "file").write_text("soak\n", encoding="utf-8")
    env = {**environment(folder / "home", path, f"builds {name}"), **more}
    temporary = Path(env["TMPDIR"])
    warm_up = max(2, count // 5)
    before = None
    for number in range(count):
        if number == warm_up:
            before = Level.now(temporary)
        _build(project, {**env, "ROUND": str(number // 2)}, findings, name)
    after = Level.now(temporary)
    assert before is not None
    for what in left_behind(env["BUILDX_TASKS_SOAK"], patience=5):
        findings.add(Finding(instrument=f"builds: {name}", rule="no process stays", detail=what))
    rest = f"after {warm_up} builds, until build {count}"
    return [
        Row(what=f"builds with a {name}", value=count, limit=count, least=True, note="in one process, two artifacts"),
        Row(what="more descriptors", value=after.descriptors - before.descriptors, limit=0, note=rest),
        Row(what="more threads", value=after.threads - before.threads, limit=0, note=rest),
        Row(what="temporary files", value=after.temporary, limit=0),
        Row(what="more memory", value=after.megabytes - before.megabytes, limit=LEAK, unit="MB", note=rest),
        Row(what="processes and failures", value=findings.of(f"builds: {name}"), limit=0),
    ]


def _build(project: Path, env: Mapping[str, str], findings: Findings, name: str) -> None:
    from buildx_tasks.errors import BuildxTasksError

    try:
        buildx_tasks.build(cwd=project, environ=env, push=False, tag=f"r{env['ROUND']}", warn=lambda _text: None)
    except BuildxTasksError as error:
        findings.add(Finding(instrument=f"builds: {name}", rule="every build succeeds", detail=str(error)))

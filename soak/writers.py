"""Twenty writers of one file at the same time: no change is lost, nobody fails, nothing stays behind."""

from __future__ import annotations

import os
from pathlib import Path

import yaml

from benchmarks.measure import Row
from benchmarks.projects import old_config
from buildx_tasks import upgrade_text
from soak.findings import Finding, Findings
from soak.processes import command, environment, start

WRITERS = 20


def writers(folder: Path, findings: Findings, count: int = WRITERS) -> list[Row]:
    """Let `count` processes set a key each of the global config, and upgrade the same file."""
    env = environment(folder, os.defpath, "writers")
    before = len(findings)
    _set_keys(folder, env, findings, count)
    _upgrade(folder, env, findings, count)
    return [Row(what=f"problems with {count} parallel writers", value=len(findings) - before, limit=0)]


def _together(folder: Path, env: dict[str, str], findings: Findings, lines: list[tuple[str, ...]]) -> None:
    """Run tasks at the same time; each must succeed."""
    running = [start(command(folder / "begun", *words), folder, env) for words in lines]
    for words, process in zip(lines, running, strict=True):
        _out, err = process.communicate()
        if process.returncode:
            _found(findings, "every writer succeeds", f"{' '.join(words)}: status {process.returncode}\n{err}", b"")
    (folder / "begun").unlink()


def _set_keys(folder: Path, env: dict[str, str], findings: Findings, count: int) -> None:
    hosts = [f"registry-{number}.example" for number in range(count)]
    _together(folder, env, findings, [("buildx.config.set", "--global", "insecure-registries", host) for host in hosts])
    config = folder / ".config" / "buildx-tasks" / "config.yaml"
    data = config.read_bytes()
    kept = yaml.safe_load(data)["global"]["insecure-registries"]
    if sorted(kept) != sorted(hosts):
        _found(findings, "no change is lost", f"missing: {sorted(set(hosts) - set(kept))}", data)
    _only(config.parent, {"config.yaml", ".config.yaml.lock"}, findings)


def _upgrade(folder: Path, env: dict[str, str], findings: Findings, count: int) -> None:
    project = folder / "upgraded"
    project.mkdir()
    old = old_config(3)
    file = project / "skaffold.yaml"
    file.write_text(old, encoding="utf-8")
    words = ("schema.upgrade", "--backup", f"--filename={file}")
    _together(folder, env, findings, [words] * count)
    if file.read_text(encoding="utf-8") != upgrade_text(old):
        _found(findings, "the file is upgraded", file.name, file.read_bytes())
    backups = sorted(project.glob("skaffold.yaml.bak*"))
    if not backups:
        _found(findings, "a backup holds the old text", "there is none", b"")
    for path in backups:
        if path.read_text(encoding="utf-8") != old:
            _found(findings, "a backup holds the old text", path.name, path.read_bytes())
    _only(project, {"skaffold.yaml", *(path.name for path in backups)}, findings)


def _only(folder: Path, names: set[str], findings: Findings) -> None:
    for name in sorted({path.name for path in folder.iterdir()} - names):
        _found(findings, "nothing stays behind", name, b"")


def _found(findings: Findings, rule: str, detail: str, data: bytes) -> None:
    findings.add(Finding(instrument="writers", rule=rule, detail=detail, data=data))

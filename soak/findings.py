"""What a soak found: one finding for each rule that was violated, with the input that shows it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """A violated rule: in which instrument, which rule, the details, and the input as bytes when there is one."""

    instrument: str
    rule: str
    detail: str
    data: bytes = b""


@dataclass(frozen=True, slots=True)
class Findings:
    """All findings of a run; each input is written to a file in `folder`, which is made for the first one."""

    folder: Path
    all: list[Finding] = field(default_factory=list)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.all)

    def __len__(self) -> int:
        return len(self.all)

    def add(self, finding: Finding) -> Path:
        """Keep a finding and write its input and details; returns the file of the input."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.all.append(finding)
        name = re.sub(r"[^a-z0-9]+", "-", f"{finding.instrument} {finding.rule}".lower()).strip("-")
        path = self.folder / f"{name}-{len(self.all)}.yaml"
        path.write_bytes(finding.data)
        path.with_suffix(".txt").write_text(f"{finding.rule}\n\n{finding.detail}\n", encoding="utf-8", errors="replace")
        return path

    def of(self, instrument: str) -> int:
        """How many findings an instrument has."""
        return sum(finding.instrument == instrument for finding in self.all)

    def text(self, most: int = 20) -> str:
        """The first findings for people: a line each with the file that holds the input."""
        lines = []
        for number, finding in enumerate(self.all[:most], 1):
            last = finding.detail.strip().splitlines()[-1:] or [""]
            lines.append(f"{number}. {finding.instrument}: {finding.rule}: {last[0]}")
        if len(self.all) > most:
            lines.append(f"and {len(self.all) - most} more")
        if lines:
            lines.append(f"inputs and details: {self.folder}")
        return "\n".join(lines)

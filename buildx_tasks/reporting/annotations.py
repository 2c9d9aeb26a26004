"""Annotations of GitHub Actions: workflow commands that show a message beside a line of a change.

Syntax and escapes are those of GitHub's toolkit (packages/core/src/command.ts): ``%``, CR and LF everywhere, and ``:``
and ``,`` in properties.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator

from buildx_tasks.model.result import ArtifactResult, Results

Locate = Callable[[str], str]
"""Gives the path of a file relative to the workspace, "" for a file outside of it."""

_PLACED = re.compile(r"([^\s:][^\n:]*):(\d+):(?:(\d+):)? (.+)")


def annotation(severity: str, message: str, *, file: str = "", line: int = 0, column: int = 0, title: str = "") -> str:
    """One command, such as ``::error file=app/Dockerfile,line=3,title=app::it failed``; what is empty is left out."""
    place = {"file": file, "line": line or "", "col": column or "", "title": title} if file else {"title": title}
    properties = ",".join(f"{key}={_escaped(str(value), ',:')}" for key, value in place.items() if value)
    return f"::{severity}{f' {properties}' if properties else ''}::{_escaped(message)}"


def result_annotations(results: Results, locate: Locate) -> list[str]:
    """An error for each failure, and a warning for each finding of BuildKit's checks on a Dockerfile."""
    lines = [_failure(build, locate) for build in results.failed if build.failure]
    if results.failure:
        lines.append(annotation("error", _joined(results.failure.message, results.failure.hint), title="buildx.build"))
    for build in results.builds:
        for item in build.findings:
            file = locate(item.file)
            where = "" if file else f"{item.file}:{item.line}: "
            text = f"{where}{item.message}"
            lines.append(annotation("warning", text, file=file, line=item.line, title=item.code or build.image))
    return list(dict.fromkeys(lines))


def text_annotations(severity: str, text: str, locate: Locate) -> list[str]:
    """An annotation for each line of a message that begins with a place, ``skaffold.yaml:3:5: `` as in a finding."""
    return [
        annotation(severity, said, file=file, line=line, column=at) for file, line, at, said in _placed(text, locate)
    ]


def error_annotations(messages: Iterable[str], locate: Locate) -> list[str]:
    """The annotations of errors that ended a run before its first build; one without a place gets none."""
    lines: list[str] = []
    for text in messages:
        lines += text_annotations("error", text, locate) or [annotation("error", text, title="buildx.build")]
    return list(dict.fromkeys(lines))


def _failure(build: ArtifactResult, locate: Locate) -> str:
    failure = build.failure
    assert failure is not None
    line = failure.place.rpartition(":")[2]
    file = locate(failure.file) if failure.file and line.isdigit() else ""
    where = f"{failure.place}: " if failure.place and not file and failure.place not in failure.message else ""
    text = _joined(f"{where}{failure.message}", failure.hint)
    return annotation("error", text, file=file, line=int(line) if file else 0, title=f"build of {build.image} failed")


def _placed(text: str, locate: Locate) -> Iterator[tuple[str, int, int, str]]:
    for line in text.splitlines():
        found = _PLACED.fullmatch(line)
        if found and (file := locate(posixpath.normpath(found[1]))):
            yield file, int(found[2]), int(found[3] or 0), found[4]


def _joined(*parts: str) -> str:
    return "\n".join(part for part in parts if part)


def _escaped(text: str, more: str = "") -> str:
    for char in f"%\r\n{more}":
        text = text.replace(char, f"%{ord(char):02X}")
    return text

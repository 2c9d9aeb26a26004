"""What is wrong with a document's apiVersion, if anything."""

from __future__ import annotations

import difflib
import re
from typing import Any

from buildx_tasks.document.yaml.problem import Problem
from buildx_tasks.document.yaml.scalars import as_text
from buildx_tasks.model.apiversion import NEWEST, PREFIX, VERSIONS, find_version, position
from buildx_tasks.model.taskname import task_command

_FORM = re.compile(r"skaffold/v(\d)(?:(alpha|beta)([1-9]?[0-9]))?")
_NEWEST = f"the newest is {PREFIX}{NEWEST}; all: {task_command('schema.versions')}"


def version_of(data: Any) -> int | None:
    """The position of a document's version; None when it has no known one."""
    version = find_version(as_text(data.get("apiVersion"))) if isinstance(data, dict) else None
    return None if version is None else position(version)


def version_problem(data: Any) -> Problem:
    """Why `version_of` gave None."""
    if data is None:
        return _problem("the document is empty", "remove the --- that begins it", "empty-document", ())
    if not isinstance(data, dict):
        return _problem("a config is a mapping", _NEWEST, "not-a-mapping", ())
    value = data.get("apiVersion")
    if isinstance(value, dict | list):
        return _problem("the version must be a string", _NEWEST, "unknown-version")
    text = as_text(value)
    if not text:
        return _problem("apiVersion is missing", _NEWEST, "missing-version", ())
    if _is_newer(text):
        return _problem(
            f"{text!r} is newer than {PREFIX}{NEWEST}, the newest known here",
            "update buildx-tasks",
            "newer-version",
        )
    known = [PREFIX + version for version in VERSIONS]
    near = difflib.get_close_matches(text, known, n=1, cutoff=0.75)
    hint = f"did you mean {near[0]!r}? {_NEWEST}" if near else _NEWEST
    return _problem(f"unknown version {text!r}", hint, "unknown-version")


def _problem(message: str, hint: str, code: str, path: tuple[str, ...] = ("apiVersion",)) -> Problem:
    return Problem(path=path, message=message, hint=hint, code=code)


def _is_newer(text: str) -> bool:
    found, newest = _FORM.fullmatch(text), _FORM.fullmatch(PREFIX + NEWEST)
    return bool(found and newest and _order(found) > _order(newest))


def _order(found: re.Match[str]) -> tuple[int, str, int]:
    return int(found[1]), found[2] or "ga", int(found[3] or 0)

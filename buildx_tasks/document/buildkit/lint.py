"""Reads what ``docker buildx build --call=check,format=json`` prints."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from buildx_tasks.model.finding import Finding


def read_lint(output: str, *, file: str, image: str) -> tuple[Finding, ...] | None:
    """The findings of one Dockerfile, in its order; None when the output holds no result.

    A rule that is not kept is a warning with the rule as `code`; what makes a build impossible is an error. `file` is
    what to call the Dockerfile, as BuildKit knows only its last name.
    """
    result = _result(output)
    if result is None:
        return None
    found = [_finding(item, file, image) for item in result["warnings"] or []]
    error = result.get("buildError")
    if isinstance(error, dict) and error.get("message"):
        message, line = str(error["message"]), _line(error)
        found.append(Finding(message=message, file=file, line=line, path=image, code="build-error"))
    return tuple(sorted(found, key=lambda item: item.line))


def _result(output: str) -> dict[str, Any] | None:
    """The one JSON object in the output that is a result; what stands around it is not looked at."""
    decoder = json.JSONDecoder()
    at = output.find("{")
    while at >= 0:
        try:
            value, _end = decoder.raw_decode(output, at)
        except ValueError:
            value = None
        if isinstance(value, dict) and "warnings" in value:
            return value
        at = output.find("{", at + 1)
    return None


def _finding(item: Mapping[str, Any], file: str, image: str) -> Finding:
    rule = str(item.get("ruleName") or "check")
    said = item.get("detail") or item.get("description") or "rule violated"
    return Finding(
        message=str(said),
        hint=str(item.get("url") or ""),
        file=file,
        line=_line(item),
        path=image,
        code=rule,
        severity="warning",
    )


def _line(item: Mapping[str, Any]) -> int:
    """Where the thing begins; a finding on the whole file has no place and stands on its first line."""
    ranges = (item.get("location") or {}).get("ranges") or [{}]
    return int((ranges[0].get("start") or {}).get("line") or 1)

"""What must hold for every input, whatever it is."""

from __future__ import annotations

import json
import re
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

import yaml

from buildx_tasks.document.migrations.upgrade import upgrade_text
from buildx_tasks.document.validate import validate_text
from buildx_tasks.errors import BuildxTasksError, ConfigInvalid, UpgradeRefused
from buildx_tasks.reporting.bake import bake_json
from buildx_tasks.reporting.plan import full_plan_text, plan_json, plan_text
from soak.stands import Stand

T = TypeVar("T")


class TooLong(BaseException):
    """The time of one input is over; a base exception, which no handler of errors takes."""


@dataclass(slots=True)
class Verdict:
    """What became of one input: violated rules with details, how far it came, and CPU seconds of the checks alone."""

    violations: list[tuple[str, str]] = field(default_factory=list)
    reached: set[str] = field(default_factory=set)
    checking: float = 0.0

    def add(self, rule: str, detail: str) -> None:
        """Note a violated rule."""
        self.violations.append((rule, detail))


def judge(text: str, stand: Stand) -> Verdict:
    """Validate, upgrade, plan and bake `text`. `TooLong` and `MemoryError` end it early and are violations."""
    verdict = Verdict()
    with stand.guarded():
        try:
            _upgrades(text, verdict)
            _plans(text, stand, verdict)
        except TooLong:
            verdict.add("ends in time", traceback.format_exc())
        except MemoryError:
            verdict.add("keeps to its memory", traceback.format_exc())
    for what in stand.left():
        verdict.add("runs nothing and connects to nothing", what)
    for name in stand.strangers():
        verdict.add("writes nothing", name)
    return verdict


def _upgrades(text: str, verdict: Verdict) -> None:
    errors = _attempt("validate", lambda: _errors(text), verdict)
    if errors == []:
        verdict.reached.add("valid")
    after = _attempt(
        "upgrade", lambda: upgrade_text(text), verdict, (UpgradeRefused, *([ConfigInvalid] if errors else []))
    )
    if after is None:
        return
    verdict.reached.add("upgraded")
    again = _attempt("upgrade again", lambda: upgrade_text(after), verdict)
    if again is not None and again != after:
        verdict.add("an upgrade twice is an upgrade once", again)
    begin = time.process_time()
    lost = comments(text) - comments(after)
    verdict.checking = time.process_time() - begin
    if lost:
        verdict.add("an upgrade keeps comments", f"lost: {list(lost.elements())}")
    if errors == [] and (new := _attempt("validate the upgrade", lambda: _errors(after), verdict)):
        verdict.add("what is valid stays valid", "\n".join(new))


def _errors(text: str) -> list[str]:
    validate_text(text, file="f", upstream=True, warnings=True, elsewhere=None)
    return [str(item) for item in validate_text(text) if item.severity == "error"]


def _plans(text: str, stand: Stand, verdict: Verdict) -> None:
    run = stand.run(text)
    prepared = _attempt("plan", lambda: run.prepare(building=False), verdict, (BuildxTasksError,))
    if prepared is None:
        return
    verdict.reached.add("planned")
    plan = prepared.plan
    _attempt("show the plan", lambda: plan_text(plan, width=80) + full_plan_text(plan), verdict)
    shown = _attempt("plan as JSON", lambda: plan_json(plan), verdict)
    baked = _attempt("bake", lambda: bake_json(plan, str(stand.project))[0], verdict, (BuildxTasksError,))
    for name, result in (("plan", shown), ("bake file", baked)):
        if result is not None:
            _attempt(f"read the {name}", lambda result=result: json.loads(result), verdict)  # type: ignore[misc]
    _attempt("dry run", run.tags, verdict, (BuildxTasksError,))


def _attempt(
    name: str, action: Callable[[], T], verdict: Verdict, expected: tuple[type[Exception], ...] = ()
) -> T | None:
    """The result of `action`, None when it raised: an exception that is not `expected` is a violation."""
    try:
        return action()
    except MemoryError:
        raise
    except expected:
        return None
    except Exception:  # noqa: BLE001 - finding those is the purpose
        verdict.add(f"{name}: no exception", traceback.format_exc())
        return None


def comments(text: str) -> Counter[str]:
    """The comments of a YAML text: what begins with ``#`` between its tokens. None when it is not YAML."""
    try:
        return Counter(_comments(text.removeprefix("\ufeff")))
    except (yaml.YAMLError, ValueError):
        return Counter()


def _comments(text: str) -> Iterator[str]:
    at = 0
    for token in yaml.scan(text, Loader=yaml.SafeLoader):
        yield from re.findall(r"#[^\r\n\x85\u2028\u2029]*", text[at : token.start_mark.index])
        at = token.end_mark.index
    yield from re.findall(r"#[^\r\n\x85\u2028\u2029]*", text[at:])

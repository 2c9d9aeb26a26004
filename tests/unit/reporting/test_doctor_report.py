"""The doctor's words: a line a check, what helps below it, numbers at the end."""

from __future__ import annotations

import json

from buildx_tasks.model.check import ok, problem, skipped, warning
from buildx_tasks.reporting.doctor import doctor_json, doctor_text

CHECKS = (
    ok("disk", "room enough"),
    skipped("load", "of no use here"),
    warning("proxy", "half set", "set both"),
    problem("builder", "dead: because\nof this", "first do this\nthen that"),
)


def test_text_lines_up_and_puts_what_helps_below() -> None:
    assert doctor_text(CHECKS).splitlines() == [
        "ok       disk     room enough",
        "skipped  load     of no use here",
        "warning  proxy    half set",
        "                  -> set both",
        "PROBLEM  builder  dead: because",
        "                  of this",
        "                  -> first do this",
        "                  -> then that",
        "1 problem, 1 warning",
    ]


def test_json_has_every_field() -> None:
    report = json.loads(doctor_json(CHECKS))
    assert [check["verdict"] for check in report["checks"]] == ["ok", "skipped", "warning", "problem"]
    assert report["checks"][2] == {"id": "proxy", "verdict": "warning", "text": "half set", "fix": "set both"}

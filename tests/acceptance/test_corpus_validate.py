"""Skaffold's verdict on hundreds of real configs is the measure; collected only with $BUILDX_TASKS_CORPUS."""

from __future__ import annotations

import csv
import gzip
import json

from corpus_support import corpus_file

from buildx_tasks.document.schema.structure import structure_problems
from buildx_tasks.document.schema.versioning import version_of
from buildx_tasks.document.validate import validate_text
from buildx_tasks.document.yaml.source import parse

KINDER = {
    "v4beta14-bfa19642f9",  # `skaffold fix` does not judge files of the newest version, `skaffold build` would refuse
}
"""Where another verdict is right; docs/schema.md says why."""


def test_the_same_verdict_as_skaffold() -> None:
    with corpus_file("history.tsv").open(encoding="utf-8") as table:
        rows = list(csv.DictReader(table, delimiter="\t", quoting=csv.QUOTE_NONE))
    different = {
        row["id"]
        for row in rows
        if row["verdict"] != "panic"
        and bool(validate_text(corpus_file("history", f"{row['id']}.yaml").read_text(encoding="utf-8")))
        != (row["verdict"] != "ok")
    }
    assert different - KINDER == set()


def test_every_field_of_every_version_is_read() -> None:
    with gzip.open(corpus_file("fields.jsonl.gz"), "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            (document,) = parse(row["input"])
            at = version_of(document.data)
            assert at is not None
            found = [item for item in structure_problems(document.data, at) if item.severity == "error"]
            assert not found, f"{row['version']} {row['where']} {row['path']}: {found[0].message}"

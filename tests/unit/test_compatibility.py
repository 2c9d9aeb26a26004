"""The table of what holds of Skaffold is whole and true: every field, flag and variable, and tests that exist."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from buildx_tasks.document.schema.catalogue import fields
from buildx_tasks.model.apiversion import NEWEST, position
from buildx_tasks.model.settings import SKAFFOLD_ENVIRONMENT, WITHOUT_EFFECT
from buildx_tasks.tasks.options import BUILD, RESULT, SELECTION
from buildx_tasks.tasks.outputoptions import VARIABLES

ROOT = Path(__file__).parents[2]
TABLE: dict[str, Any] = yaml.safe_load((ROOT / "tests" / "data" / "skaffold_compatibility.yaml").read_text("utf-8"))
VERDICTS = ("same", "differs", "refused", "nothing")
ROWS = [row for section in ("fields", "flags", "variables") for row in TABLE[section]]
FLAGS = (
    "filename module profile profile-auto-activation propagate-profiles default-repo tag platform push build-image "
    "build-concurrency cache-artifacts cache-file insecure-registry detect-minikube dry-run quiet output file-output "
    "config kube-context kubeconfig namespace mute-logs skip-tests disable-multi-platform-build "
    "check-cluster-node-platforms remote-cache-dir sync-remote-cache verbosity color timestamps interactive "
    "update-check"
)


def name_of(row: dict[str, Any]) -> str:
    return str(row.get("field") or row.get("flag") or row["variable"])


def known_fields() -> list[str]:
    """The fields of the newest version, without our own block."""
    newest = position(NEWEST)
    paths = dict.fromkeys(item.path for item in fields() if newest in item.span)
    return [path for path in paths if not path.startswith(".buildx")]


def test_every_field_has_a_row() -> None:
    whole = {row["field"] for row in TABLE["fields"] if row.get("below")}
    named = {row["field"] for row in TABLE["fields"]}
    missing = [
        path
        for path in known_fields()
        if path not in named and not any(path.startswith((f"{above}.", f"{above}[", f"{above}{{")) for above in whole)
    ]
    assert not missing


def test_every_row_is_a_field() -> None:
    assert not {row["field"] for row in TABLE["fields"]} - set(known_fields())


def test_no_row_stands_twice() -> None:
    names = [name_of(row) for row in ROWS]
    assert len(names) == len(set(names))


def test_every_flag_of_skaffold_has_a_row() -> None:
    assert [row["flag"] for row in TABLE["flags"]] == [f"--{name}" for name in FLAGS.split()]


def test_a_flag_is_taken_when_its_row_says_so() -> None:
    taken = {option.flag for option in (*SELECTION, *BUILD, *RESULT)}
    for row in TABLE["flags"]:
        assert (row["flag"] in taken) is (row["is"] in ("same", "differs")), row["flag"]


def test_every_variable_that_is_read_has_a_row() -> None:
    rows = {row["variable"]: row["is"] for row in TABLE["variables"]}
    assert not {*SKAFFOLD_ENVIRONMENT, *VARIABLES.values(), *WITHOUT_EFFECT} - set(rows)
    assert {name for name, verdict in rows.items() if verdict == "refused"} == set(WITHOUT_EFFECT)


@pytest.mark.parametrize("row", ROWS, ids=name_of)
def test_a_row_says_all_that_it_must(row: dict[str, Any]) -> None:
    assert row["is"] in VERDICTS
    if row["is"] in ("same", "differs"):
        assert row.get("test"), "what is supported names the test that shows it"
    if row["is"] == "differs":
        assert row.get("note"), "a difference is told"
    assert ("says" in row) is (row["is"] == "refused")
    if row["is"] == "nothing":
        assert row.get("note")


@pytest.mark.parametrize(
    "test", sorted({TABLE["tests"].get(row["test"], row["test"]) for row in ROWS if row.get("test")})
)
def test_the_named_tests_exist(test: str) -> None:
    file, *names = test.split("::")
    assert tuple(names) in defined(file), f"there is no {test}"


def test_every_short_name_is_used() -> None:
    assert set(TABLE["tests"]) == {row["test"] for row in ROWS if row.get("test")} & set(TABLE["tests"])


@cache
def defined(file: str) -> frozenset[tuple[str, ...]]:
    """The tests of a file by their names, those of classes with the class."""
    tree = ast.parse((ROOT / "tests" / file).read_text(encoding="utf-8"))
    found: set[tuple[str, ...]] = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            found.add((node.name,))
        elif isinstance(node, ast.ClassDef):
            found.update((node.name, item.name) for item in node.body if isinstance(item, ast.FunctionDef))
    return frozenset(found)

"""The schema held against a table of every field of every version; collected only with $BUILDX_TASKS_SCHEMA_FIELDS."""

from __future__ import annotations

import csv
import os
from pathlib import Path

from schema_fields import our_fields

from buildx_tasks.model.apiversion import VERSIONS, position

STRICTER_THAN_THE_TABLE = {
    "build.artifacts[].buildpacks.volumes",
    "build.artifacts[].kaniko.env[]",
    "build.artifacts[].kaniko.volumeMounts[]",
    "build.cluster.tolerations[]",
    "build.cluster.volumes[]",
    "deploy.helm.releases[].artifactOverrides",
    "deploy.helm.releases[].overrides",
    "deploy.helm.releases[].setValueTemplates",
    "deploy.helm.releases[].setValues",
    "manifests.helm.releases[].overrides",
    "manifests.helm.releases[].setValueTemplates",
    "manifests.helm.releases[].setValues",
    "manifests.transform",
    "manifests.validate",
    "profiles[].patches",
    "verify[].container",
}
"""Where the published schemas say "anything" and Skaffold's parser wants a mapping or a list; we follow the parser."""


def table_fields() -> dict[str, dict[int, str]]:
    found: dict[str, dict[int, str]] = {}
    with Path(os.environ["BUILDX_TASKS_SCHEMA_FIELDS"]).open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
            if not row["path"].startswith("profiles[].test["):
                for at in range(position(row["first_version"]), position(row["last_version"]) + 1):
                    found.setdefault(row["path"], {})[at] = row["types"]
    return found


def test_the_same_fields_in_the_same_versions_as_the_table() -> None:
    ours, table = our_fields(), table_fields()
    below = tuple(f"{path}{mark}" for path in STRICTER_THAN_THE_TABLE for mark in "[.")
    assert set(table) - set(ours) == set()
    assert {path for path in set(ours) - set(table) if not path.startswith(below)} == set()
    different = {path for path in set(ours) & set(table) if set(ours[path]) != set(table[path])}
    assert {path for path in different if not path.startswith(below)} == set()


def test_the_same_types_as_the_table() -> None:
    ours = our_fields()
    for path, versions in table_fields().items():
        for at, kind in versions.items():
            if kind == "any" and path in STRICTER_THAN_THE_TABLE:
                assert ours[path][at] in ("object", "array"), path
            elif kind != "-absent-in-json-schema-":
                assert ours[path][at] == kind, f"{path} in {VERSIONS[at]}"

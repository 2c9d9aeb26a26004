"""Each step with code against a file before and after it, comments and all, in tests/data/upgrade/<version>/."""

from __future__ import annotations

from pathlib import Path

import pytest

from buildx_tasks.document.migrations.table import STEPS
from buildx_tasks.document.migrations.upgrade import upgrade, upgrade_data, upgrade_text
from buildx_tasks.document.schema.structure import structure_problems
from buildx_tasks.document.validate import validate_text
from buildx_tasks.document.yaml.source import parse
from buildx_tasks.model.apiversion import NEWEST, position

FOLDER = Path(__file__).parents[2] / "data" / "upgrade"
FOLDERS = sorted(FOLDER.iterdir(), key=lambda folder: position(folder.name))

WITH_KPT = ("v2beta8",)
"""No file with deploy.kpt passes v3alpha1."""


def test_every_step_has_a_folder() -> None:
    assert {folder.name for folder in FOLDERS} == set(STEPS)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_step(folder: Path) -> None:
    before = (folder / "before.yaml").read_text(encoding="utf-8")
    notes = folder / "notes.txt"
    result = upgrade(before, folder.name, file="before.yaml")
    assert result.text == (folder / "after.yaml").read_text(encoding="utf-8")
    assert "".join(f"{note}\n" for note in result.notes) == (
        notes.read_text(encoding="utf-8") if notes.exists() else ""
    )
    assert upgrade_data(parse(before)[0].data, folder.name) == parse(result.text)[0].data
    assert not structure_problems(parse(result.text)[0].data, position(folder.name))


@pytest.mark.parametrize(
    "folder", [folder for folder in FOLDERS if folder.name not in WITH_KPT], ids=lambda folder: folder.name
)
def test_the_whole_way(folder: Path) -> None:
    text = (folder / "before.yaml").read_text(encoding="utf-8")
    once = upgrade_text(text)
    assert upgrade_text(once) == once
    assert upgrade_text(upgrade_text(text, folder.name)) == once


EMPTY_IGNORES = """\
apiVersion: skaffold/{version}
kind: Config
build:
  artifacts:
    - image: app
      custom:
        buildCommand: ./build.sh
        dependencies:
          command: ./list.sh
          # nothing yet
{empty}    - image: web
      custom:
        buildCommand: ./build.sh
        dependencies:
          paths: ["src/**"]
          ignore: []
profiles:
  - name: p
    test:
      - image: app
        custom:
          - command: ./test.sh
            dependencies:
              command: ./list.sh
{inner}"""


@pytest.mark.parametrize("version", ["v2beta24", "v4beta13"])
def test_an_empty_ignore_that_a_new_file_may_not_have_goes(version: str) -> None:
    before = EMPTY_IGNORES.format(version=version, empty=f"{' ' * 10}ignore: []\n", inner=f"{' ' * 14}ignore: []\n")
    assert not validate_text(before)
    after = upgrade_text(before)
    assert after == EMPTY_IGNORES.format(version=NEWEST, empty="", inner="")
    assert not validate_text(after)

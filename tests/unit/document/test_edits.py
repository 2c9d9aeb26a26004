"""What an upgrade does to the text around what it changes: tests/data/edits/, in several spellings of a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from buildx_tasks.document.migrations.upgrade import upgrade, upgrade_text
from buildx_tasks.document.yaml.source import parse
from buildx_tasks.errors import UpgradeRefused

DATA = Path(__file__).parents[2] / "data"
PAIRS = [
    *((folder, None) for folder in sorted((DATA / "edits").iterdir())),
    *((folder, folder.name) for folder in sorted((DATA / "upgrade").iterdir())),
]

SPELLINGS: dict[str, Callable[[str], str]] = {
    "as it is": lambda text: text,
    "CRLF": lambda text: text.replace("\n", "\r\n"),
    "CR": lambda text: text.replace("\n", "\r"),
    "BOM": lambda text: "\ufeff" + text,
    "no break at the end": lambda text: text.removesuffix("\n"),
    "document markers": lambda text: f"%YAML 1.1\n---\n{text.removesuffix(chr(10))}\n...\n# behind\n",
}


@pytest.mark.parametrize(("folder", "to"), PAIRS, ids=lambda value: getattr(value, "name", value))
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_edit(folder: Path, to: str | None, spelling: str) -> None:
    if spelling == "document markers" and folder.name == "documents":
        return
    write = SPELLINGS[spelling]
    before = write((folder / "before.yaml").read_text(encoding="utf-8"))
    after = write((folder / "after.yaml").read_text(encoding="utf-8"))
    if folder.name == "block_scalars" and spelling == "no break at the end":
        after = after.replace("script: |2", "script: |-2")  # its last line has no break, also where lines follow
    assert upgrade_text(before, to) == after
    assert upgrade_text(after, to) == after


@pytest.mark.parametrize(
    "line",
    [
        "apiVersion: skaffold/v2beta24",
        "apiVersion:    skaffold/v2beta24   # why",
        "'apiVersion' : 'skaffold/v2beta24'",
        '"apiVersion":\n  "skaffold/v2beta24"',
        "? apiVersion\n: skaffold/v2beta24",
        "apiVersion: |-\n  skaffold/v2beta24",
        "apiVersion: &v skaffold/v2beta24\nkind: Config",
        "apiVersion: !!str skaffold/v2beta24",
    ],
)
def test_only_the_version_changes(line: str) -> None:
    rest = "build:\n    artifacts:   [ {image: x   ,context: '.'} ]\n\n\n\nmetadata: {name: a b}\t \n"
    after = upgrade_text(f"{line}\n{rest}")
    assert after.endswith(rest)
    assert parse(after)[0].data["apiVersion"] == "skaffold/v4beta14"
    assert [place for place in ("# why", '"', "'") if place in line] == [
        place for place in ("# why", '"', "'") if place in after.removesuffix(rest)
    ]


def test_version_that_others_name() -> None:
    text = ".v: &v skaffold/v4beta1\napiVersion: *v   # shared\nkind: Config\nmetadata:\n  annotations: {was: *v}\n"
    assert upgrade_text(text) == text.replace("apiVersion: *v", "apiVersion: skaffold/v4beta14")


def test_nothing_to_do_returns_the_text() -> None:
    text = "apiVersion:   'skaffold/v4beta14'\nkind: Config\nunknown: {a: 1}\n"
    result = upgrade(text)
    assert (result.text, result.changed, result.before) == (text, False, ("v4beta14",))


def test_file_that_ends_inside_a_block_scalar() -> None:
    head = "apiVersion: skaffold/v1beta13\nkind: Config\nbuild:\n  artifacts:\n  - jibGradle:\n      project: "
    after = upgrade_text(f"{head}|   # two\n        a\n        b")
    assert parse(after)[0].data["build"]["artifacts"] == [{"jib": {"project": "a\nb", "type": "gradle"}}]
    assert after.endswith("      project: |-   # two\n        a\n        b\n      type: gradle")


def test_what_can_not_be_proved_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(*_: object) -> tuple[int, int, str]:
        return 0, 0, "a: [\n"

    monkeypatch.setattr("buildx_tasks.document.migrations.rewrite.edited", wrong)
    with pytest.raises(UpgradeRefused) as caught:
        upgrade("apiVersion: skaffold/v3\nkind: Config\ndeploy: {kubectl: {remoteManifests: [a]}}\n", file="x.yaml")
    assert caught.value.message.startswith("x.yaml: can't be rewritten")
    assert caught.value.hint

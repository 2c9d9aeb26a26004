"""`docs/skaffold-compatibility.md`: what becomes of all that Skaffold builds with."""

from __future__ import annotations

from typing import Any

from tasks.pages.settings import ROOT

SOURCE = ROOT / "tests" / "data" / "skaffold_compatibility.yaml"
VERDICTS = {"same": "supported", "differs": "supported, differs", "refused": "refused", "nothing": "not applicable"}

HEAD = """\
# What holds of Skaffold

<!-- Made by `invoke docs.generate` from tests/data/skaffold_compatibility.yaml: change it there. -->

Every field, flag and environment variable that `skaffold build` knows, and what becomes of it here. What is supported
does what it does in Skaffold, and the test beside it shows that; where something differs, the note says how, and
[the decisions](decisions.md) why. What is refused says so before anything is built. A name with `…` stands for all
that is below it.

"""
FIELDS = """\
## Fields of skaffold.yaml

Those of the newest apiVersion; older files are upgraded in memory first. The `.buildx:` block, which Skaffold skips,
adds to them what buildx can do beyond that.

"""
FLAGS = """\
## Flags of skaffold build

By their long names; a boolean may be `--flag`, `--flag=true` or `--flag=false`. Short flags
work after the task's name in the program `buildx-tasks`; `invoke` owns these letters, and each gets a message with the
long flag. An option that is not taken ends with Invoke's message about it.

"""
VARIABLES = "## Environment variables\n\n"


def compatibility_page() -> str:
    """The page's text."""
    data = read_table()
    parts = [("fields", "field", FIELDS), ("flags", "flag", FLAGS), ("variables", "variable", VARIABLES)]
    pages = [text + _table(name, data[section], data["tests"]) for section, name, text in parts]
    return HEAD + "\n".join(pages)


def read_table() -> dict[str, Any]:
    """The source: `tests` by short name, and the rows of `fields`, `flags` and `variables`."""
    import yaml

    data = yaml.safe_load(SOURCE.read_text(encoding="utf-8"))
    assert isinstance(data, dict)
    return data


def _table(name: str, rows: list[dict[str, Any]], tests: dict[str, str]) -> str:
    lines = [f"| {name} | verdict | note | test |", "|---|---|---|---|"]
    for row in rows:
        shown = f"`{row[name]}{'…' if row.get('below') else ''}`"
        note = "; ".join(text for text in (f"“{row['says']}”" if "says" in row else "", row.get("note", "")) if text)
        test = row.get("test", "")
        test = tests.get(test, test).rpartition("/")[2]
        lines.append(f"| {shown} | {VERDICTS[row['is']]} | {note} | {f'`{test}`' if test else ''} |")
    return "\n".join(lines) + "\n"

"""`docs/skaffold-compatibility.md`: every field, flag and variable of Skaffold with its support here."""

from __future__ import annotations

from typing import Any

from tasks.pages.settings import ROOT

SOURCE = ROOT / "tests" / "data" / "skaffold_compatibility.yaml"
VERDICTS = {"same": "supported", "differs": "supported, differs", "refused": "refused", "nothing": "not applicable"}

HEAD = """\
# Compatibility with Skaffold

<!-- Made by `invoke docs.generate` from tests/data/skaffold_compatibility.yaml: change it there. -->

Look up a field, flag or environment variable of `skaffold build` here before you switch a project. "Supported" means
that it works as in Skaffold, which the test in the last column shows. "Supported, differs" has a note with the
difference; [the decisions](decisions.md) say why. "Refused" is an error before anything is built. A name that ends
with `…` includes everything below it. `invoke buildx.plan` shows what your own config results in.

"""
FIELDS = """\
## Fields of skaffold.yaml

These are the fields of the newest apiVersion; older files are upgraded in memory first. The `.buildx:` block, which
Skaffold ignores, adds what buildx offers beyond that.

"""
FLAGS = """\
## Flags of skaffold build

Flags are listed by their long names. A boolean may be `--flag`, `--flag=true` or `--flag=false`. Short flags
work after the task's name in the program `buildx-tasks`. `invoke` uses these letters itself; it answers each with the
long flag. A flag that is not supported is an error of Invoke.

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

"""`docs/errors.md`: the catalogue of errors, from the table that diagnoses them."""

from __future__ import annotations

import re

from buildx_tasks.planning.failures.symptoms import BUILDER, CLIENT, REGISTRY, SOURCE, STEP, Symptom
from tasks.pages.spelling import as_invoke

HEAD = """\
# When a build fails

<!-- Made by `invoke docs.generate` from buildx_tasks/planning/failures/symptoms.py: change it there. -->

A failed build ends with the step that failed, the last twenty lines it printed, its lines of the Dockerfile and
docker's own words, once and below everything else; then, on standard error, the cause in a line and the command that
helps. The cause is found in what docker, buildx, BuildKit and registries themselves say: what a program in a RUN step
prints is shown and never judged, but for two signs that are looked for in the failed step's log. What the catalogue
does not know is told in docker's own words. In the file of `--metadata-output` a failure has the entry's id.

**Tried again.** Entries marked ↻ are a registry's hiccups. A build that ends with one is tried again, `retries` times
(3) with waits that double from a second to thirty, each more or less a half; a registry that says how long to wait
(Retry-After) is heard, up to two minutes. BuildKit's cache makes another try cheap. A failing RUN is never tried again.

**Caches.** A cache that could not be read, or a derived one that could not be written, is a warning: the image stands.
An explicit `cacheTo` that fails is an error, which says that the image is pushed; `ignore-error=true` makes it a
warning.
"""

TABLES = {
    "Steps": STEP,
    "Docker and its plugin": CLIENT,
    "The builder": BUILDER,
    "Registries": REGISTRY,
    "Dockerfile and images": SOURCE,
}


def errors_page() -> str:
    """The whole page."""
    return HEAD + "".join(_section(title, symptoms) for title, symptoms in TABLES.items())


def _section(title: str, symptoms: tuple[Symptom, ...]) -> str:
    rows = "\n".join(_row(symptom) for symptom in symptoms)
    return f"\n## {title}\n\n| id | cause | what helps |\n|---|---|---|\n{rows}\n"


def _row(symptom: Symptom) -> str:
    mark = " ↻" if symptom.transient else ""
    return f"| `{symptom.id}`{mark} | {_text(symptom.cause)} | {_text(symptom.hint)} |"


def _text(template: str) -> str:
    """A template for reading: places in capitals, indents kept, no characters that a table takes for its own."""
    # Several groups of one pattern give the same thing, and only one of them gives anything.
    once = re.sub(r"\{(\w+?)\}\{\1\d\}", r"{\1}", template)
    named = re.sub(r"(?<!\{)\{(\w+?)\d?(?:!r)?\}", lambda place: place[1].upper(), once)
    named = as_invoke(named.replace("{{", "{").replace("}}", "}"))
    return "<br>".join(_line(line) for line in named.splitlines()).replace("|", "\\|")


def _line(line: str) -> str:
    indent = len(line) - len(line.lstrip())
    return "&nbsp;" * indent + re.sub(r" {2,}", " ", line.strip())

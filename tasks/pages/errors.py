"""`docs/errors.md`: the catalogue of errors, from the table that diagnoses them."""

from __future__ import annotations

import re

from buildx_tasks.planning.failures.symptoms import BUILDER, CLIENT, REGISTRY, SOURCE, STEP, Symptom
from tasks.pages.spelling import as_invoke

HEAD = """\
# When a build fails: troubleshooting

<!-- Made by `invoke docs.generate` from buildx_tasks/planning/failures/symptoms.py: change it there. -->

A failed build ends with the failed step, the last twenty lines of its output, its lines in the Dockerfile and
docker's own error message. Standard error then has the cause in one line, and a command that helps:

```
build [billing] failed: RUN make (billing/Dockerfile:6) ended with exit code 2
the whole log:  docker buildx history logs --builder ci qylwvv4mzzjqhnsb8t490m9ne
```

If the cause is in the setup (docker, a builder, a registry), `invoke buildx.doctor` checks all of it:
[doctor](doctor.md).

The cause is recognized in the messages of docker, buildx, BuildKit and registries. The output of a program in a RUN
step is shown, but not interpreted, with two exceptions: a full disk and a program of another platform. An error that
is not in the tables below is shown with docker's own message. With `--metadata-output`, the record of a failure has
the `id`.

**Retries.** Entries marked ↻ are temporary failures of a registry. Such a build is retried up to `retries` times (3),
after 1 to 30 seconds, doubling each time, varied by up to a half. `Retry-After` of the registry is respected, up to
two minutes. A retry reuses BuildKit's cache. A RUN step that fails is never retried.

**Caches.** A cache that could not be read, or a derived cache that could not be written, is a warning: the image is
complete. An explicit `cacheTo` that fails is an error, which says that the image is pushed; `ignore-error=true` makes
it a warning.
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
    return f"\n## {title}\n\n| id | cause | remedy |\n|---|---|---|\n{rows}\n"


def _row(symptom: Symptom) -> str:
    mark = " ↻" if symptom.transient else ""
    remedy = _text(symptom.hint)
    if symptom.without_daemon:
        remedy += f"<br>without a docker daemon:<br>{_text(symptom.without_daemon)}"
    return f"| `{symptom.id}`{mark} | {_text(symptom.cause)} | {remedy} |"


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

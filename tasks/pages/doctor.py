"""`docs/doctor.md`: what the doctor looks at, from its own list."""

from __future__ import annotations

from buildx_tasks.planning.doctor.checks import CHECKS, FEATURES
from tasks.pages.findings import findings
from tasks.pages.spelling import as_invoke

HEAD = """\
# The doctor

<!-- Made by `invoke docs.generate` from buildx_tasks/planning/doctor/checks.py: change it there. -->

`invoke buildx.doctor` says in about a second what stands in the way of a build: each finding with its evidence and
the command that helps. It takes the flags of `buildx.build`, and plans the very build that these would start: what
the build would refuse is a problem here, and what it would warn of a warning. `--format json` is for programs. The
exit status is 4 when there is a problem, 0 otherwise; warnings are no problems, unless `--strict` makes them some, and
what is skipped could not be looked at or is of no use here. A config that can't be read is a finding like any other:
what does not depend on it is looked at all the same.

A builder that does not answer is knocked at: the doctor connects to its endpoints, and where the builder has
certificates it does the TLS handshake itself. So it can tell a wrong CA, a missing, expired or foreign client
certificate and a wrong server name apart, which buildx all calls "inactive". It is never the list of all builders
that is asked for. What answers and is no BuildKit is told from what says nothing.

Whether a platform has to be offered depends on the Dockerfile: where no `RUN` of a stage that the result needs runs on
the platform that is built (the stages are `FROM --platform=$BUILDPLATFORM`, or only copy), any builder will do.

What is cheap or needed anyway is also looked at by every `buildx.build` before it starts: docker, buildx, the
builder, platforms and outputs that the builder can't do, contexts, Dockerfiles, the files and variables of
secrets, the ssh agent.

## What is looked at

Registries are those of the images and of the caches. Each is asked at its door, with the login that docker has for it.

| check | what | the usual way out |
|---|---|---|
"""


FOUND = """
## What it can say

| check | verdict | finding | what helps |
|---|---|---|---|
"""


def doctor_page() -> str:
    """The whole page."""
    rows = "".join(f"| `{id_}` | {what} | {fix} |\n" for id_, (what, fix) in CHECKS.items())
    features = "".join(f"| {name} | {since} |\n" for name, since in FEATURES)
    found = "".join(
        f"| `{check.id}` | {check.verdict} | {_cell(check.text)} | {_cell(check.fix)} |\n" for check in findings()
    )
    newer = f"## What needs a newer buildx\n\n| feature | since |\n|---|---|\n{features}"
    return as_invoke(f"{HEAD}{rows}{FOUND}{found}\n{newer}")


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", "<br>")

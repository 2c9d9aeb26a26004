"""`docs/doctor.md`: what the doctor checks, from its own list."""

from __future__ import annotations

from buildx_tasks.planning.doctor.checks import CHECKS, FEATURES
from tasks.pages.findings import findings
from tasks.pages.spelling import as_invoke

HEAD = """\
# Check the setup: the doctor

<!-- Made by `invoke docs.generate` from buildx_tasks/planning/doctor/checks.py: change it there. -->

`invoke buildx.doctor` checks docker, the builder, registries, credentials and the config before a build, in about a
second. Use it on a new machine or CI runner, and for troubleshooting when a build does not start:

```console
$ invoke buildx.doctor
$ invoke buildx.doctor --builder ci --platform linux/arm64 --push     # check exactly this build
$ invoke buildx.doctor --format json                                  # for programs
```

Each finding has its evidence and a command that helps. The exit status is 4 when there is a problem, else 0. Warnings
do not change it unless `--strict` turns them into problems. A check is skipped when it does not apply or could not
run.

* **Flags.** The doctor takes the flags of `buildx.build` and plans that build. What the build would reject is a
  problem; what it would warn about is a warning.
* **A config that can't be read** is one finding. Checks that do not depend on the config still run.
* **Builders.** The doctor connects to the endpoints of a builder that does not answer. Where the builder has
  certificates, it also does the TLS handshake. So it can name the cause where buildx only reports "inactive": an
  untrusted CA, a missing, expired or rejected client certificate, a wrong server name, or a server that is not a
  BuildKit. The doctor never runs `docker buildx ls`, which waits for every builder.
* **Platforms.** A platform must be available on the builder only if the Dockerfile runs commands on it. If no stage
  that the result needs has a `RUN` on the target platform (the stages are `FROM --platform=$BUILDPLATFORM`, or only
  copy), every builder can build it.
* **Registries** are those of the images and the caches. Each gets one request to `/v2/`, with the credentials that
  docker has for it.

`buildx.build` does the quick checks itself before it starts: docker, buildx, the builder, unsupported platforms and
outputs, build contexts, Dockerfiles, the files and variables of secrets, the ssh agent.

## Checks

| check | what is checked | usual remedy |
|---|---|---|
"""


FOUND = """
## Findings

| check | verdict | finding | remedy |
|---|---|---|---|
"""


def doctor_page() -> str:
    """The whole page."""
    rows = "".join(f"| `{id_}` | {what} | {fix} |\n" for id_, (what, fix) in CHECKS.items())
    features = "".join(f"| {name} | {since} |\n" for name, since in FEATURES)
    found = "".join(
        f"| `{check.id}` | {check.verdict} | {_cell(check.text)} | {_cell(check.fix)} |\n" for check in findings()
    )
    newer = f"## Features that need a newer buildx\n\n| feature | since |\n|---|---|\n{features}"
    return as_invoke(f"{HEAD}{rows}{FOUND}{found}\n{newer}")


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", "<br>")

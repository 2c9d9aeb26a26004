"""The raw progress of a bake as a log for each target."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from buildx_tasks.document.buildkit.progress import BuildLog
from buildx_tasks.document.buildkit.rawprogress import RawProgress

BEGAN = "2026-11-24T19:29:35.500000000Z"
ENDED = "2026-11-24T19:29:37.000000000Z"
DIGEST = "sha256:" + "d" * 64


def vertex(name: str, digest: str = "", **more: object) -> dict[str, Any]:
    return {"vertexes": [{"digest": digest or name, "name": name, **more}]}


def began(name: str, digest: str = "") -> dict[str, Any]:
    return vertex(name, digest, started=BEGAN)


def ended(name: str, digest: str = "", **more: object) -> dict[str, Any]:
    return vertex(name, digest, started=BEGAN, completed=ENDED, **more)


def logged(digest: str, text: str, at: str = ENDED) -> dict[str, Any]:
    return {"logs": [{"vertex": digest, "data": base64.b64encode(text.encode()).decode(), "timestamp": at}]}


def status(digest: str, what: str, **more: object) -> dict[str, Any]:
    return {"statuses": [{"id": what, "vertex": digest, "current": 0, **more}]}


class Logs:
    """Reads progress for the targets ``app`` and ``web``."""

    def __init__(self) -> None:
        self.texts = {"app": "", "web": ""}
        self.progress = RawProgress(self.texts, self.write)

    def write(self, name: str, text: str) -> None:
        self.texts[name] += text

    def take(self, *objects: dict[str, Any], indent: int | None = None) -> Logs:
        for item in objects:
            for line in json.dumps(item, indent=indent).splitlines(keepends=True):
                self.progress.feed(f"{line.rstrip()}\n")
        return self


@pytest.mark.parametrize("indent", [None, 2])
def test_each_target_has_the_log_of_a_build_of_its_own(indent: int | None) -> None:
    """buildx 0.13 writes an object over several lines."""
    logs = Logs().take(
        began("[internal] load local bake definitions"),
        began("[web internal] load .dockerignore"),
        began("[app 2/3] COPY f /f", "copy"),
        ended("[app 2/3] COPY f /f", "copy", cached=True),
        began("[app 3/3] RUN make", "make"),
        logged("make", "one\ntwo\n"),
        ended("[app 3/3] RUN make", "make"),
        began("[app] exporting to image", "export"),
        indent=indent,
    )
    assert logs.texts["app"] == (
        "#1 [2/3] COPY f /f\n#1 CACHED\n"
        "#2 [3/3] RUN make\n#2 1.500 one\n#2 1.500 two\n#2 DONE 1.5s\n"
        "#3 exporting to image\n"
    )
    assert logs.texts["web"] == "#1 [internal] load .dockerignore\n"
    assert logs.progress.said == []


def test_a_shared_step_is_in_the_logs_of_all_who_share_it_and_each_line_once() -> None:
    logs = Logs().take(
        began("[app 2/2] RUN make", "make"),
        began("[web 2/2] RUN make", "make"),
        logged("make", "hi\n"),
        logged("make", "hi\n"),
        ended("[app 2/2] RUN make", "make"),
        ended("[web 2/2] RUN make", "make"),
    )
    assert logs.texts["app"] == logs.texts["web"] == "#1 [2/2] RUN make\n#1 1.500 hi\n#1 DONE 1.5s\n"


def test_what_a_program_prints_is_never_taken_for_progress() -> None:
    logs = Logs().take(
        began("[app 2/2] RUN make", "make"),
        logged("make", 'x\n#9 CACHED\n{"vertexes": []}\nERROR: target web: no\n'),
    )
    log = BuildLog()
    log.feed(logs.texts["app"])
    assert (log.steps, log.cached_steps) == (1, 0)
    assert logs.progress.said == []
    assert logs.progress.failed("") == ""


def test_a_step_that_is_begun_anew_is_shown_once() -> None:
    logs = Logs().take(ended("[app internal] load x"), began("[app internal] load x"), ended("[app internal] load x"))
    assert logs.texts["app"] == "#1 [internal] load x\n#1 DONE 1.5s\n"


def test_a_push_that_ended_is_known_by_reference_and_digest() -> None:
    reference = f"reg/app:v1@{DIGEST}"
    logs = Logs().take(
        began("[app] exporting to image", "export"),
        status("export", "pushing layers", started=BEGAN),
        status("export", f"pushing manifest for {reference}", started=BEGAN),
    )
    target = logs.progress.targets["app"]
    assert (target.pushed, target.exported) == (set(), False)
    logs.take(
        status("export", f"pushing manifest for {reference}", started=BEGAN, completed=ENDED),
        ended("[app] exporting to image", "export"),
        ended("[app] exporting cache to registry", "cache"),
    )
    assert (target.pushed, target.exported, target.cache_exported) == ({reference}, True, True)
    assert "#1 pushing layers\n" in logs.texts["app"]
    assert not logs.progress.targets["web"].exported


FAILED = 'process "/bin/sh -c make" did not complete successfully: exit code: 2'


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (f"ERROR: target web: failed to solve: {FAILED}\n", "web"),
        ("x\nERROR: failed to build: target web: no\n", "web"),
        (f"ERROR: failed to solve: {FAILED}\n", "app"),
        ("ERROR: failed to solve: no route to host\n", ""),
        ("ERROR: target other: failed\n", ""),
    ],
)
def test_which_target_ended_the_bake(words: str, name: str) -> None:
    """Newer plugins name it; else it is the one whose step has docker's own words for its error."""
    logs = Logs().take(
        ended("[app 2/2] RUN make", "make", error=FAILED),
        ended("[web 2/2] RUN long", "long", error=f"{FAILED}: context canceled"),
    )
    assert logs.progress.failed(words) == name
    assert logs.texts["app"].endswith(f"#1 ERROR: {FAILED}\n")
    assert logs.texts["web"].endswith("#1 CANCELED\n")


def test_a_cache_that_is_not_there_is_no_failure() -> None:
    error = "failed to configure registry cache importer: reg/app:c: not found"
    logs = Logs().take(ended("[app] importing cache manifest from reg/app:c", "import", error=error))
    assert logs.progress.targets["app"].error == ""
    log = BuildLog()
    log.feed(logs.texts["app"])
    assert log.import_errors == {"reg/app:c": error}


def test_warnings_of_the_dockerfile() -> None:
    short = base64.b64encode(b"JSONArgsRecommended: use JSON").decode()
    logs = Logs().take(
        began("[app internal] load build definition", "load"),
        {"warnings": [{"vertex": "load", "short": short, "range": [{"start": {"line": 3}}]}]},
    )
    assert logs.texts["app"].endswith(" - JSONArgsRecommended: use JSON (line 3)\n")


def test_docker_s_last_words_are_kept() -> None:
    logs = Logs()
    for line in ("Dockerfile:3\n", "ERROR: target app: no\n"):
        logs.progress.feed(line)
    assert logs.progress.said == ["Dockerfile:3\n", "ERROR: target app: no\n"]

"""The summary in Markdown: rendered, it says what the results say; it never grows above its limit."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from buildx_tasks.model.result import (
    BUILT,
    CACHED,
    FAILED,
    INTERRUPTED,
    NOT_STARTED,
    ArtifactResult,
    Failure,
    Results,
    StepTime,
)
from buildx_tasks.reporting.jobsummary import summary_markdown
from buildx_tasks.reporting.markdown import block, code, inline, row, table_head

ROOM = 1_000_000
DIGEST = f"sha256:{'a' * 64}"
APP = ArtifactResult(
    image="app",
    tag="reg.example/app:1",
    status=BUILT,
    digest=DIGEST,
    platforms=("linux/amd64", "linux/arm64"),
    steps=5,
    cached_steps=3,
    seconds=12.4,
    cache_imported=("reg.example/app:main",),
    cache_exported=("type=registry,mode=max,ref=reg.example/app:cache", "type=gha,scope=app"),
    step_times=(StepTime(name="[2/3] RUN make", seconds=9.5), StepTime(name="exporting to image", seconds=11.0)),
)
FAILURE = Failure(
    message="RUN make ended with exit code 2",
    hint="look at it",
    step="[3/3] RUN make",
    tail=("one", "```", "two"),
    place="app/Dockerfile:3",
    log_command="docker buildx history logs x",
)


class _Cells(HTMLParser):
    """The text of every table cell, rows apart, and of everything else."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.text = ""
        self.tags: list[str] = []
        self.in_cell = False

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")
            self.in_cell = True
        elif tag == "br":
            self.handle_data(" ")

    def handle_endtag(self, tag: str) -> None:
        self.in_cell = self.in_cell and tag not in ("td", "th")

    def handle_data(self, data: str) -> None:
        self.text += data
        if self.in_cell:
            self.rows[-1][-1] += data


def rendered(markdown: str) -> _Cells:
    parser = _Cells()
    parser.feed(MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(markdown))
    return parser


def test_the_table_of_artifacts() -> None:
    same = ArtifactResult(image="web", tag="web:1", status=CACHED, digest=DIGEST)
    left = ArtifactResult(image="api", tag="api:1", status=NOT_STARTED, reason="needs web")
    page = rendered(summary_markdown(Results(builds=(APP, same, left)), 48, ROOM))
    assert page.text.startswith("Images: 1 built, 1 unchanged, 1 not started · 48 s")
    assert page.rows[:4] == [
        ["artifact", "result", "digest", "platforms", "steps cached", "time", "cache imported", "cache exported"],
        [
            "app reg.example/app:1",
            "built",
            DIGEST,
            "linux/amd64 linux/arm64",
            "3/5",
            "12 s",
            "reg.example/app:main",
            "reg.example/app:cache type=gha,scope=app",
        ],
        ["web web:1", "unchanged", DIGEST, "", "all", "", "", ""],
        ["api api:1", "not started (needs web)", "", "", "", "", "", ""],
    ]
    assert page.rows[4:] == [
        ["time", "artifact", "step"],
        ["11 s", "app", "exporting to image"],
        ["9.5 s", "app", "[2/3] RUN make"],
    ]


def test_a_failure_with_its_log() -> None:
    build = replace(APP, status=FAILED, failure=FAILURE)
    stopped = ArtifactResult(image="web", tag="web:1", status=INTERRUPTED, seconds=2.0)
    page = rendered(summary_markdown(Results(builds=(build, stopped), interrupted=True), 48, ROOM))
    assert "1 failed, 1 interrupted · 48 s (interrupted)" in page.text
    assert "app failed at app/Dockerfile:3" in page.text
    assert "RUN make ended with exit code 2\nlook at it\nthe whole log:  docker buildx history logs x\n" in page.text
    assert "one\n```\ntwo\n" in page.text


def test_a_run_that_built_nothing() -> None:
    page = rendered(summary_markdown(Results(failure=Failure(message="no builder ci")), 0.3, ROOM))
    assert page.text.startswith("Nothing was built")
    assert "no builder ci" in page.text
    assert page.rows == []


NASTY = st.text(alphabet=st.characters(codec="utf-8")) | st.text(alphabet="|`\\<>*_[]&#;!~$@:/w. a1\n\x1b[31m\x00")


@given(st.lists(NASTY, min_size=1, max_size=3))
def test_no_text_breaks_a_table(texts: list[str]) -> None:
    names = [f"c{number}" for number in range(len(texts) + 1)]
    page = rendered(table_head(names) + row([*(code(text) for text in texts), inline(texts[0])]))
    assert [len(cells) for cells in page.rows] == [len(names)] * 2
    assert set(page.tags) <= {"table", "thead", "tbody", "tr", "th", "td", "code"}
    for cell, text in zip(page.rows[1], [*texts, texts[0]], strict=True):
        shown = " ".join(cell.split())
        assert [char for char in shown if char.isprintable()] == [
            char for char in " ".join(plain_words(text)) if char.isprintable()
        ]


def plain_words(text: str) -> list[str]:
    from buildx_tasks.reporting.markdown import plain

    return plain(text).split()


@given(NASTY)
def test_a_block_ends_where_it_should(text: str) -> None:
    page = rendered(f"{block(text)}after\n")
    assert page.tags == ["pre", "code", "p"]
    assert page.text.rstrip().endswith("after")


@pytest.mark.parametrize("room", [0, 40, 60, 200, 300, 1_000, 5_000, 50_000])
def test_the_limit_holds_for_a_thousand_artifacts_and_failures(room: int) -> None:
    build = replace(APP, status=FAILED, failure=replace(FAILURE, tail=("ä" * 900,) * 20))
    builds = tuple(replace(build, image=f"app-{number}") for number in range(1000))
    text = summary_markdown(Results(builds=builds), 48, room)
    assert len(text.encode()) <= room
    assert bool(text) is (room >= 40)
    if room >= 5_000:
        assert "more artifacts" in text
        assert "more failures, see the log" in text


def test_all_of_a_hundred_artifacts_fits_into_what_github_takes() -> None:
    builds = tuple(replace(APP, image=f"app-{number}") for number in range(100))
    text = summary_markdown(Results(builds=builds), 48, ROOM)
    assert text.count("<code>app-") == 100 + 10
    assert "more artifacts" not in text

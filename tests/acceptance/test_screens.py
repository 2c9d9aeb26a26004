"""How the screen looks when thirty builds have ended, with failures or by Ctrl-C: what matters is on it."""

from __future__ import annotations

import json
import re
import signal
from pathlib import Path

import pytest
from recording import Project, make_project
from terminal import on_terminal

SAID = "#1 [1/3] FROM busybox\n#2 [2/3] COPY . .\n#3 [3/3] RUN make\n#3 0.1 cc -c main.c\n"
FAILURE = """\
#1 [1/3] FROM busybox
#2 [2/3] COPY . .
#3 [3/3] RUN make
#3 0.1 cc -c {name}.c
#3 0.2 {name}.c:12:5: error: unknown type name 'money'
#3 ERROR: process "/bin/sh -c make" did not complete successfully: exit code: 2
------
 > [3/3] RUN make:
0.1 cc -c {name}.c
0.2 {name}.c:12:5: error: unknown type name 'money'
------
Dockerfile:3
--------------------
   1 |     FROM busybox
   2 |     COPY . .
   3 | >>> RUN make
--------------------
ERROR: failed to build: failed to solve: process "/bin/sh -c make" did not complete successfully: exit code: 2
"""
PLAIN = [f"service-{number:02}" for number in range(1, 27)]
NEEDS = {"gateway": "billing", "portal": "gateway"}
SIZES = pytest.mark.parametrize(("columns", "lines"), [(80, 24), (200, 50)])
BUILD = ("buildx.build", "--batch", "off", "--tag", "v1", "--no-cache-artifacts", "--file-output", "build.json")


@pytest.fixture
def thirty(tmp_path: Path) -> Project:
    """Thirty artifacts, of which two fail and two need one of those."""
    names = [*PLAIN[:6], "billing", *PLAIN[6:12], "payments", *PLAIN[12:], "gateway", "portal"]
    more = {name: f", requires: [{{image: {needed}}}]" for name, needed in NEEDS.items()}
    entries = [f"    - {{image: {name}, context: {name}{more.get(name, '')}}}\n" for name in names]
    head = "apiVersion: skaffold/v4beta13\nkind: Config\nbuild:\n  artifacts:\n"
    project = make_project(tmp_path, head + "".join(entries))
    for name in names:
        project.write(f"{name}/Dockerfile", "FROM busybox\nCOPY . .\nRUN make\n")
    failing = {f"buildx build {name}": (1, "", FAILURE.format(name=name)) for name in ("billing", "payments")}
    project.docker.table = {**failing, "buildx build": (0, "", SAID), **project.docker.table}
    return project


@SIZES
def test_thirty_builds_of_which_two_failed(thirty: Project, columns: int, lines: int) -> None:
    seen = on_terminal(thirty, *BUILD, "--keep-going", columns=columns, lines=lines)
    assert seen.code == 1
    assert re.fullmatch(r"26 built, 2 failed, 2 not started · [\d.]+ s", seen.rows[-3])
    assert seen.rows[-2:] == [
        f"build [{name}] failed: RUN make ({name}/Dockerfile:3) ended with exit code 2"
        for name in ("billing", "payments")
    ]
    for name in ("billing", "payments"):
        at = seen.rows.index(f"[{name}] [3/3] RUN make")
        assert seen.rows[at + 2 : at + 4] == [
            f"  {name}.c:12:5: error: unknown type name 'money'",
            f"  {name}/Dockerfile:3",
        ]
        uri = (thirty.folder / name / "Dockerfile").as_uri()
        assert re.search(rf"\x1b\]8;[^;]*;{re.escape(uri)}\x1b\\{name}/Dockerfile:3\x1b\]8;;\x1b\\", seen.text)
    assert "Not started (needs billing): gateway" in seen.rows
    assert "Not started (needs gateway): portal" in seen.rows
    assert "Building 30 artifacts in parallel, 4 at a time" in seen.text
    digests = [row for row in seen.rows if row.startswith(" - ")]
    assert all(len(row) < columns for row in digests)
    assert all(("1" * 64 in row) is (columns == 200) for row in digests)
    assert not seen.screen.cursor.hidden


@SIZES
def test_ctrl_c_after_some_builds(thirty: Project, columns: int, lines: int) -> None:
    """Four builds run on as the interrupt comes; what is on the screen then is what happened."""
    thirty.docker.table = {
        **{f"buildx build {name}": (0, "", SAID) for name in PLAIN[:4]},
        "buildx build": (-1, "", SAID),
        **{name: answer for name, answer in thirty.docker.table.items() if not name.startswith("buildx build")},
    }

    def eight_began(text: str) -> bool:
        return text.count("succeeded") >= 4 and len(thirty.docker.builds) >= 8

    seen = on_terminal(thirty, *BUILD, columns=columns, lines=lines, interrupt_when=eight_began)
    assert seen.code == 130
    assert seen.rows[-1] == "interrupted: the running builds were stopped"
    assert re.fullmatch(r"4 built, 4 interrupted, 2 not started, 20 skipped · [\d.]+ s", seen.rows[-2])
    stopped = [row for row in seen.rows if re.fullmatch(r"Build \[[\w-]+\] interrupted \(\d+\.\d s\)", row)]
    assert len(stopped) == 4
    at = next(
        at for at, row in enumerate(seen.rows) if row.startswith("Skipped (the run was interrupted): service-08, ")
    )
    assert all(row.startswith("  service-") for row in seen.rows[at + 1 : -2])
    assert "Not started (needs billing): gateway" in seen.rows
    built = json.loads((thirty.folder / "build.json").read_text())["builds"]
    assert [item["imageName"] for item in built] == PLAIN[:4]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_log_says_the_same_and_a_good_file_stays(thirty: Project, number: signal.Signals) -> None:
    """Nothing is built yet: the result file of an earlier run is left as it was."""
    thirty.docker.table["buildx build"] = (-1, "", SAID)
    good = '{"builds":[{"imageName":"billing","tag":"billing:v0"}]}'
    thirty.write("build.json", good)
    with thirty.start(*BUILD, "--metadata-output", "record.json") as process:
        while len(thirty.docker.builds) < 4:
            assert process.poll() is None
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 128 + number
    by = " by SIGTERM" if number == signal.SIGTERM else ""
    assert err == f"interrupted{by}: the running builds were stopped\n"
    assert re.search(r"\n4 interrupted, 26 skipped · [\d.]+ s\n$", out)
    assert out.count("] interrupted (") == 4
    assert (thirty.folder / "build.json").read_text() == good
    record = {item["imageName"]: item for item in json.loads((thirty.folder / "record.json").read_text())["builds"]}
    assert record["service-01"]["status"] == "interrupted"
    assert record["service-01"]["seconds"] > 0
    assert (record["service-20"]["status"], record["service-20"]["reason"]) == ("skipped", "the run was interrupted")


@pytest.mark.parametrize(
    ("env", "coloured"),
    [
        ({}, True),
        ({"NO_COLOR": "1"}, False),
        ({"CLICOLOR": "0"}, False),
        ({"TERM": "dumb"}, False),
        ({"TERM": "dumb", "FORCE_COLOR": "1"}, True),
    ],
)
def test_colour_on_a_terminal(thirty: Project, env: dict[str, str], coloured: bool) -> None:
    thirty.env |= env
    seen = on_terminal(thirty, *BUILD, "--artifact", "billing")
    assert ("\x1b[1;31m" in seen.text) is coloured
    assert "\x1b]8;" in seen.text or env.get("TERM") == "dumb"


def test_a_plan_of_thirty_is_a_table(thirty: Project) -> None:
    lines = thirty.invoke("buildx.plan", "--tag", "v1").stdout.splitlines()
    assert lines[1] == "# 30 artifacts, 4 at a time, 27 of them by 3 bakes"
    assert lines[3].split() == ["ARTIFACT", "TAG", "OUTPUT", "BUILDER", "PLATFORMS", "CACHES", "NEEDS", "BATCH"]
    assert [line.split()[0] for line in lines[4:34]][-2:] == ["gateway", "portal"]
    assert lines[32].startswith("gateway     gateway:v1     load    default ")
    assert lines[32].split()[-2:] == ["billing", "-"]
    assert [line.split()[-1] for line in lines[4:7]] == ["1", "1", "1"]
    assert lines[-1] == "# every command and why:  --format full, or --artifact service-01"
    assert "docker buildx build" in thirty.invoke("buildx.plan", "--format", "full").stdout
    one = thirty.invoke("buildx.plan", "--artifact", "billing").stdout
    assert "# 1 artifact\n" in one
    assert "docker buildx build" in one
    narrow = on_terminal(thirty, "buildx.plan", columns=40, lines=200, both=False)
    assert all(len(row) <= 40 for row in narrow.rows)
    assert any(row.startswith("# every command") for row in narrow.rows)


@pytest.mark.parametrize(
    ("env", "coloured"), [({}, False), ({"CLICOLOR_FORCE": "1"}, True), ({"FORCE_COLOR": "1"}, True)]
)
def test_colour_in_a_log(thirty: Project, env: dict[str, str], coloured: bool) -> None:
    thirty.env |= env
    done = thirty.invoke(*BUILD, "--artifact", "billing")
    assert ("\x1b[1;31m1 failed\x1b[0m" in done.stdout) is coloured
    assert ("\x1b[1;31mbuild [billing] failed" in done.stderr) is coloured
    assert "\x1b]8;" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    "words", [("--list",), (*BUILD, "--keep-going"), ("buildx.plan", "--format=json"), (*BUILD, "--quiet")]
)
def test_without_a_terminal_rich_is_not_imported(thirty: Project, words: tuple[str, ...]) -> None:
    thirty.env["PYTHONPROFILEIMPORTTIME"] = "1"
    done = thirty.invoke(*words)
    assert "buildx_tasks.tasks" in done.stderr
    assert not re.findall(r"\| +rich\S*$", done.stderr, re.MULTILINE)

from __future__ import annotations

from buildx_tasks.document.buildkit.inspect import parse_inspect
from buildx_tasks.document.buildkit.progress import BuildLog
from buildx_tasks.model.command import without_colour
from buildx_tasks.model.result import StepTime

LOG = """\
#1 [internal] load build definition from Dockerfile
#1 DONE 0.0s
#5 [1/3] FROM localhost:5000/busybox:latest@sha256:54ab
#5 CACHED
#7 [2/3] COPY hello /hello
#7 CACHED
#8 [linux/arm64 builder 3/3] RUN cat /hello
#8 0.154 #9 CACHED is what the program says
#8 DONE 0.2s
#9 exporting to image
#4 importing cache manifest from localhost:5000/app:cache
#4 ERROR: failed to configure registry cache importer: localhost:5000/app:cache: not found
#10 exporting cache to registry
#10 writing layer sha256:9c82 done
#10 ERROR: failed to push: connection refused
"""


def test_counts_steps_and_cached_steps_without_from() -> None:
    log = BuildLog()
    for line in LOG.splitlines(keepends=True):
        log.feed(line)
    assert (log.steps, log.cached_steps) == (2, 1)


def test_knows_which_caches_could_not_be_read_or_written() -> None:
    log = BuildLog()
    log.feed(LOG)
    assert log.export_error == "failed to push: connection refused"
    assert list(log.import_errors) == ["localhost:5000/app:cache"]


def test_colour_is_taken_out() -> None:
    assert without_colour("\x1b[2K\x1b[1;34mtext\x1b[0m") == "text"


INSPECT = """\
Name:          two
Driver:        remote
Last Activity: 2026-01-01 00:00:00 +0000 UTC

Nodes:
Name:             two0
Endpoint:         tcp://127.0.0.1:1234
Driver Options:   cacert="/a" cert="/b"
Status:           running
BuildKit version: v0.12.5
Platforms:        linux/amd64*, linux/386
Labels:
 org.mobyproject.buildkit.worker.executor: oci
GC Policy rule#0:
 All:           false

Name:      two1
Endpoint:  tcp://127.0.0.1:1235
Error:     connect refused
Status:    inactive
Platforms: linux/arm64*
"""


def test_reads_a_builder_with_its_nodes() -> None:
    builder = parse_inspect(INSPECT)
    assert (builder.name, builder.driver, len(builder.nodes)) == ("two", "remote", 2)
    first, second = builder.nodes
    assert (first.status, first.buildkit, first.platforms) == ("running", "v0.12.5", ("linux/amd64", "linux/386"))
    assert (second.status, second.error, second.endpoint) == ("inactive", "connect refused", "tcp://127.0.0.1:1235")
    assert builder.platforms == ("linux/amd64", "linux/386", "linux/arm64")


def test_reads_the_daemons_own_builder() -> None:
    builder = parse_inspect("Name:   default\nDriver: docker\n\nNodes:\nName:      default\nStatus: running\n")
    assert (builder.name, builder.driver, builder.nodes[0].status) == ("default", "docker", "running")


def test_a_cache_that_is_not_there_yet_does_not_look_like_a_fault() -> None:
    log = BuildLog()
    lines = [
        "#4 importing cache manifest from r/app:cache\n",
        "#4 ERROR: failed to configure registry cache importer: r/app:cache: not found\n",
        "#5 ERROR: process not found\n",
        "#4 ERROR: failed to do request: refused\n",
    ]
    shown = []
    for line in lines:
        log.feed(line)
        shown.append(log.readable(line))
    assert shown == [lines[0], "#4 this cache does not exist yet\n", *lines[2:]]


def read(*lines: str) -> BuildLog:
    log = BuildLog()
    for line in lines:
        log.feed(f"{line}\n")
    return log


def test_the_time_of_everything_that_took_some() -> None:
    log = read(
        "#5 [1/3] FROM busybox",
        "#5 CACHED",
        "#6 [2/3] RUN make",
        "#6 0.101 #9 DONE 99.0s",
        "#6 DONE 1.5s",
        "#6 DONE 0.0s",
        "#7 [3/3] COPY a b",
        "#7 DONE 0.0s",
        "#8 exporting to image",
        "#8 exporting layers 0.1s done",
        "#8 DONE 12.3s",
    )
    assert log.step_times == (
        StepTime(name="[2/3] RUN make", seconds=1.5),
        StepTime(name="exporting to image", seconds=12.3),
    )


def test_which_caches_were_read_and_written() -> None:
    log = read(
        "#5 importing cache manifest from r.example/app:here",
        "#5 DONE 0.1s",
        "#6 importing cache manifest from r.example/app:not-there",
        "#6 ERROR: failed to configure registry cache importer: r.example/app:not-there: not found",
        "#9 exporting cache to registry",
    )
    assert log.imported == ("r.example/app:here",)
    assert not log.has_exported
    log.feed("#9 DONE 0.3s\n")
    assert log.has_exported
    log.feed("#10 exporting cache to registry\n#10 ERROR: denied\n")
    assert not log.has_exported


def test_what_the_checks_of_buildkit_say_in_the_end() -> None:
    log = read(
        "#6 0.101  - Fake: of a program (line 1)",
        " \x1b[33m2 warnings found (use docker --debug to expand):",
        "\x1b[0m - JSONArgsRecommended: JSON arguments recommended for CMD (line 3)",
        " - JSONArgsRecommended: JSON arguments recommended for CMD (line 3)",
        " - an old warning: without a rule (line 4)",
        " - NoLine: cannot be placed",
    )
    assert [(item.code, item.message, item.line) for item in log.findings("app/Dockerfile", "app")] == [
        ("JSONArgsRecommended", "JSON arguments recommended for CMD", 3),
        ("", "an old warning: without a rule", 4),
    ]

from __future__ import annotations

from buildx_tasks.document.buildkit.inspect import parse_inspect
from buildx_tasks.document.buildkit.progress import BuildLog, without_colour

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

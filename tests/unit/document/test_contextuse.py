"""What a Dockerfile reads of its context: never less than it does."""

from __future__ import annotations

import pytest

from buildx_tasks.document.formats.contextuse import ContextUse, context_use
from buildx_tasks.document.formats.dockerfile import parse_dockerfile

WHOLE = None
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def use(body: str, head: str = "") -> ContextUse:
    return context_use(parse_dockerfile(f"{head}FROM busybox\n{body}\n"))


@pytest.mark.parametrize(
    ("body", "sources"),
    [
        ("RUN true", ()),
        ("COPY . /", (".",)),
        ("COPY / /", (".",)),
        ("COPY ./a ../b c/../d /x/", ("a", "b", "d")),
        ("ADD a.tar /", ("a.tar",)),
        ('COPY ["a", "b", "/"]', ("a", "b")),
        ("COPY *.go src/?.c /", ("*.go", "src/?.c")),
        ("COPY --chown=1:1 --link a /", ("a",)),
        ("COPY --from=other a /", ()),
        ("FROM x\nCOPY a /\nFROM y\nCOPY a b /", ("a", "b")),
        ("COPY <<EOF /x\nCOPY notread /\nEOF\nCOPY a /", ("a",)),
        ("ADD --checksum=sha256:1 https://h/x /\nCOPY a /", ("a",)),
        # What is not plain text may be anything.
        ("ARG A=a\nCOPY $A /", WHOLE),
        ("COPY ${A:-b} /", WHOLE),
        ('COPY "a" /', WHOLE),
        ("COPY a\\ b /", WHOLE),
        ("COPY [ab].c /", WHOLE),
        ("COPY a/**/b /", WHOLE),
        ("COPY --parents a/b /", WHOLE),
        ("COPY a /\nCOPY $B /", WHOLE),
        ("ONBUILD COPY a /", WHOLE),
        # Bind mounts show the context, other mounts do not.
        ("RUN --mount=type=bind,target=/src make", (".",)),
        ("RUN --mount=target=/src make", (".",)),
        ("RUN --mount=type=bind,source=sub,target=/src make", ("sub",)),
        ("RUN --mount=type=bind,src=sub/x,target=/src --mount=type=bind,source=y,target=/y make", ("sub/x", "y")),
        ("RUN --mount=type=bind,source=$X,target=/src make", WHOLE),
        ("RUN --mount=type=bind,from=other,target=/src make", ()),
        ("RUN --mount=type=cache,target=/c --mount=type=secret,id=x --mount=type=ssh make", ()),
        ("RUN --mount=type=unheard,target=/c make", WHOLE),
        ("RUN --network=none make", ()),
    ],
)
def test_sources(body: str, sources: tuple[str, ...] | None) -> None:
    assert use(body).sources == sources


@pytest.mark.parametrize(
    ("syntax", "sources"),
    [
        ("docker/dockerfile:1", ("a",)),
        ("docker.io/docker/dockerfile:1.7-labs@sha256:1", ("a",)),
        ("docker/dockerfile-upstream:master", ("a",)),
        ("example/other-frontend", WHOLE),
        ("docker/dockerfilex", WHOLE),
    ],
)
def test_another_frontend_may_read_anything(syntax: str, sources: tuple[str, ...] | None) -> None:
    assert use("COPY a /", f"# syntax={syntax}\n").sources == sources


@pytest.mark.parametrize(
    ("line", "remote"),
    [
        ("ADD https://h/x /", "https://h/x"),
        ("ADD --checksum=sha256:1 https://h/x /", ""),
        ("ADD a https://h/x.git#main /", "https://h/x.git#main"),
        (f"ADD https://h/x.git#{COMMIT} /", ""),
        (f"ADD git@h:x.git#{COMMIT}:sub /", ""),
        (f"ADD git@h:x.git#{COMMIT[:8]} /", "git@h:x.git#01234567"),
        ("ADD git@h:x.git /", "git@h:x.git"),
        ("COPY a /", ""),
    ],
)
def test_a_source_in_the_network_may_change_unless_it_is_pinned(line: str, remote: str) -> None:
    assert use(line).remote == remote


def test_triggers_are_for_those_who_build_on_it() -> None:
    assert use("ONBUILD COPY a /").triggers
    assert not use("COPY a /").triggers

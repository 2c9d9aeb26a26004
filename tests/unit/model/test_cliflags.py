"""What ``cliFlags`` say, in every spelling that the docker CLI takes."""

from __future__ import annotations

import pytest

from buildx_tasks.model.cliflags import OPTIONS, SHORT, SWITCHES, has_flag, parse_cli_flags


@pytest.mark.parametrize(
    ("words", "flags"),
    [
        (("--build-arg", "A=1"), [("build-arg", "A=1")]),
        (("--build-arg=A=1",), [("build-arg", "A=1")]),
        (("--build-arg", "--push"), [("build-arg", "--push")]),
        (("--label",), [("label", "")]),
        (("-f", "Other"), [("file", "Other")]),
        (("-f=Other",), [("file", "Other")]),
        (("-fOther",), [("file", "Other")]),
        (("-qt", "a:b"), [("quiet", "true"), ("tag", "a:b")]),
        (("-qotype=oci,dest=x",), [("quiet", "true"), ("output", "type=oci,dest=x")]),
        (("-q=false",), [("quiet", "false")]),
        (("--pull", "x"), [("pull", "true"), ("", "x")]),
        (("--pull=false",), [("pull", "false")]),
        (("--sbom", "true"), [("sbom", "true")]),
        (("--new-to-us", "x"), [("new-to-us", ""), ("", "x")]),
        (("--new-to-us=x",), [("new-to-us", "x")]),
        (("--", "--push"), [("", "--push")]),
        (("-",), [("", "-")]),
        (("",), [("", "")]),
        ((), []),
    ],
)
def test_every_spelling(words: tuple[str, ...], flags: list[tuple[str, str]]) -> None:
    assert [(flag.name, flag.value) for flag in parse_cli_flags(words)] == flags


@pytest.mark.parametrize(
    ("words", "spelled"), [(("-fx",), "-f"), (("--file=x",), "--file"), (("--file", "x"), "--file"), (("x",), "x")]
)
def test_a_message_can_name_it_as_it_is_spelled(words: tuple[str, ...], spelled: str) -> None:
    assert [flag.spelled for flag in parse_cli_flags(words)] == [spelled]


@pytest.mark.parametrize(
    ("words", "has"),
    [
        (("--push",), True),
        (("--push=true",), True),
        (("--push=1",), True),
        (("--push=false",), False),
        (("--push=0",), False),
        (("--label", "--push"), False),
        (("-q", "--push"), True),
        ((), False),
    ],
)
def test_a_switch_is_there_when_it_is_on(words: tuple[str, ...], has: bool) -> None:
    assert has_flag(parse_cli_flags(words), "push") is has


def test_an_option_is_there_with_any_value() -> None:
    assert has_flag(parse_cli_flags(("-o", "0")), "output", "builder")


def test_one_word_says_the_same() -> None:
    (flag,) = parse_cli_flags(("--target", "first"))
    assert flag.word == "--target=first"
    assert parse_cli_flags((flag.word,))[0].value == "first"


def test_the_tables_agree() -> None:
    assert not SWITCHES & OPTIONS
    assert set(SHORT.values()) <= SWITCHES | OPTIONS

"""The digest of source files: names, parts, build args."""

from __future__ import annotations

import hashlib

import pytest

from buildx_tasks.planning.tags.inputdigest import combined_digest, file_digest, relative_name, scan_build_args


@pytest.mark.parametrize(
    ("context", "path", "expected"),
    [
        (".", "main.go", "main.go"),
        ("", "main.go", "main.go"),
        ("app", "app/main.go", "main.go"),
        ("app", "app/sub/../main.go", "main.go"),
        ("app", "Dockerfile", "../Dockerfile"),
        ("a/b", "c/d", "../../c/d"),
        ("app", "app", "."),
        ("app", "application/x", "../application/x"),
        ("./app/", "app/x", "x"),
        ("/abs/app", "/abs/base/Dockerfile", "../base/Dockerfile"),
        ("/", "/x", "x"),
        ("/abs/app", "Dockerfile", "Dockerfile"),
        ("app", "/abs/x", "/abs/x"),
        ("../app", "../app/x", "x"),
        ("../app", "x", "x"),
        ("../app", "../base/x", "../base/x"),
    ],
)
def test_names(context: str, path: str, expected: str) -> None:
    assert relative_name(context, path) == expected


def test_a_file() -> None:
    assert file_digest("temp.file", [b"hello\n", b"go\n"]) == "3cced2dec96a8b41b22875686d8941a9"


def test_nothing() -> None:
    assert combined_digest([]) == "38e0b9de817f645c4bec37c0d4a3e58baecccb040f5718dc069a72c7385a0bed"


def test_four_empty_files() -> None:
    parts = [file_digest(name, ()) for name in ("BUILD", "WORKSPACE", "dep1", "dep2")]
    assert combined_digest(parts) == "bd2d2b76b8f1b5bf54d8a2183a697cc3acd9b314e0e7102f4672123cda0b45db"
    assert combined_digest(parts[:1]) == hashlib.sha256(f'["{parts[0]}"]\n'.encode()).hexdigest()


def test_the_name_counts() -> None:
    assert file_digest("a", [b"x"]) != file_digest("b", [b"x"])
    assert file_digest("\udcff", ()) == hashlib.md5(b"\xff").hexdigest()


@pytest.mark.parametrize(
    ("given", "declared", "aliases", "expected"),
    [
        ((), (), (), {}),
        (
            (),
            ("SKAFFOLD_RUN_MODE", "BASE", "X"),
            ("BASE", "OTHER"),
            {"SKAFFOLD_RUN_MODE": "build", "BASE": "image:latest"},
        ),
        ((("FOO", "<x>"), ("BAR", None)), (), (), {"FOO": "<x>!", "BAR": None}),
        ((("BASE", "own"),), ("BASE",), ("BASE",), {"BASE": "own!"}),
    ],
)
def test_build_args(
    given: tuple[tuple[str, str | None], ...],
    declared: tuple[str, ...],
    aliases: tuple[str, ...],
    expected: dict[str, str | None],
) -> None:
    assert scan_build_args(given, declared, lambda text: text + "!", aliases) == expected

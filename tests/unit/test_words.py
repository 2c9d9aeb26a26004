"""Text that users read is plain: none of the figures of speech below is in messages, help, docs or the changelog."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import buildx_tasks

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "buildx_tasks"
PAGES = (ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md")))
HELP_WIDTH = 60

PLAIN = {
    r"knock\w*": "connect to, check",
    r"greet(?:s|ed|ing)?": "answers, responds",
    r"h[au]ngs? up": "closes the connection",
    r"stands(?: twice)?": "is, is defined, means",
    r"(?:is|are|was|were) told": "is reported",
    r"anew": "recreate, again",
    r"lets? (?:us|you) in": "accepts the credentials",
    r"sends? us": "redirects",
    r"tak(?:es|e|ing) the call": "accepts the connection",
    r"(?<!there )(?<!There )(?:is|are|was|were) no (?!longer\b|more\b|less\b)": "is not a",
    r"nobody": "no process, no endpoint",
    r"all the same": "anyway",
    r"for want of": "because ... is missing",
    r"did not take": "rejected",
    r"(?:gives|give) no access": "authentication failed",
    r"makes? (?:them|it) some": "turns into",
    r"any ?more": "no longer",
    r"(?:in|out of) the way of": "check, prevents",
    r"ways? out": "remedy",
    r"(?:let|lets) .{1,30} pass": "allow the connection",
    r", for it\b": "because it",
    r"\bcome out right": "is not kept",
    r"in trouble": "unavailable",
    r"(?:is|are) gone": "was removed",
    r"at (?:its|the) door": "at the endpoint",
    r"ours?|us": "name it: buildx-tasks, the artifact's, the global config",
}
"""What is not written, and what to write in place of it."""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pages(page: Path) -> None:
    assert list(pictures(page.read_text(encoding="utf-8"))) == []


def test_messages_and_help() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {picture}"
        for path in sorted(PACKAGE.rglob("*.py"))
        for line, text in texts(ast.parse(path.read_text(encoding="utf-8")))
        if " " in text  # what has no blank is a name, not a sentence
        for picture in pictures(text)
    ]
    assert found == []


def test_help_of_tasks() -> None:
    """A task's line in `invoke --list` fits into one line and begins with a verb."""
    namespace = buildx_tasks.namespace()
    for name in namespace.task_names:
        task = namespace[name]
        (line,) = (task.__doc__ or "").strip().splitlines()
        assert len(line) <= HELP_WIDTH, name
        assert re.match(r"[A-Z][a-z]+ .*\.\Z", line), name
        assert list(pictures(line)) == [], name


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("the builder is knocked at", 1),
        ("'a:b' is no tag", 1),
        ("'a:b' is not a valid tag", 0),
        ("there is no builder named x", 0),
        ("the file is no longer read", 0),
        ("make it\nanew with --repair", 1),
        ("alias stands twice in this file", 1),
        ("let its firewall pass us", 2),
        ("a bus runs an hour", 0),
    ],
)
def test_what_counts(text: str, count: int) -> None:
    assert len(list(pictures(text))) == count


def pictures(text: str) -> Iterator[str]:
    """Each figure of speech in a text, with its plain form; what is quoted as code does not count."""
    words = re.sub(r"```.*?```|`[^`\n]*`", " ", text, flags=re.DOTALL)
    words = " ".join(words.split())
    for pattern, plain in PLAIN.items():
        for found in re.finditer(
            rf"(?<![\w|-])(?:{pattern})(?<=\s)|(?<![\w|-])(?:{pattern})(?![\w|-])", words, re.IGNORECASE
        ):
            near = words[max(0, found.start() - 30) : found.end() + 30]
            yield f"{found[0]!r} (write: {plain}) in: …{near}…"


def texts(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and text of every string that is not a docstring; the holes of f-strings are ``{}``."""
    silent: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            silent.add(id(node.value))
        if isinstance(node, ast.JoinedStr):
            silent.update(id(part) for part in node.values)
            yield (
                node.lineno,
                "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values),
            )
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in silent:
            yield node.lineno, node.value

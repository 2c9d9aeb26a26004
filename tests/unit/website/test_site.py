"""The site: a way to every page, and checks that find what is broken."""

from __future__ import annotations

from pathlib import Path

import pytest

from website.checks import problems as site_problems
from website.navigation import problems, sections

INDEX = """\
# Home

See [b](b.md).

## How-to

- [A](a.md): first
- [Basic](../examples/basic/README.md)

## Else

Text.
"""


def test_every_page_has_a_way_to_it() -> None:
    assert problems() == []


def test_the_lists_of_the_index_are_the_ways() -> None:
    assert sections(INDEX) == {"How-to": ["docs/a.md", "examples/basic/README.md"]}


def test_what_is_wrong_with_the_ways_is_named(tmp_path: Path) -> None:
    for name in ("docs/a.md", "docs/b.md", "examples/basic/README.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("# Page\n")
    (tmp_path / "docs/index.md").write_text(f"{INDEX}\n- [A](a.md)\n- [C](c.md)\n")
    assert problems(tmp_path) == [
        "docs/b.md has no way to it: add it to a list of docs/index.md",
        "docs/index.md lists docs/c.md, which is not a page",
        "docs/index.md lists docs/a.md twice",
    ]


@pytest.mark.parametrize(
    ("html", "said"),
    [
        ('<a href="b.html#there">b</a><a href="#here" id="here">a</a><a href="https://x.example/">x</a>', []),
        ('<a href="c.html">c</a>', ["a.html: link to c.html: there is no such file"]),
        ('<a href="b.html#gone">b</a>', ["a.html: link to b.html#gone: the page has no such anchor"]),
        ('<img src="c.svg">', ["a.html: link to c.svg: there is no such file"]),
        (
            '<script src="https://cdn.example/x.js"></script>',
            ["a.html: https://cdn.example/x.js is fetched from elsewhere"],
        ),
        ('<link rel="stylesheet" href="//cdn.example/x">', ["a.html: //cdn.example/x is fetched from elsewhere"]),
    ],
)
def test_broken_links_and_foreign_files_are_found(html: str, said: list[str], tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(html)
    (tmp_path / "b.html").write_text('<h2 id="there">b</h2>')
    assert list(site_problems(tmp_path)) == said


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.css", "@import 'https://cdn.example/a.css';"),
        ("a.css", "a { src: url(//cdn.example/f.woff2); }"),
        ("a.svg", '<svg xmlns="http://www.w3.org/2000/svg"><image href="https://cdn.example/a.png"/></svg>'),
    ],
)
def test_style_sheets_and_pictures_fetch_nothing_from_elsewhere(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    assert len(list(site_problems(tmp_path))) == 1

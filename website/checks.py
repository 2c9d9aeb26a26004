"""What a made site must keep: every link and anchor leads somewhere, and nothing is fetched from elsewhere.

`python -m website.checks FOLDER` prints what is wrong and ends with 1 then.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

# Elements that a browser fetches by itself, and the attribute with the address; links are followed only by people.
FETCHED = {"link": "href", "script": "src", "img": "src", "source": "src", "iframe": "src", "object": "data"}
_FETCHED = re.compile(r"""(?:url\(|@import|href=)\s*["']?((?:https?:)?//[^"')\s]+)""")


@dataclass(slots=True)
class _Page(HTMLParser):
    """The anchors, links and fetched files of one page."""

    anchors: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        HTMLParser.__init__(self)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = {name: value for name, value in attrs if value is not None}
        self.anchors |= {known[name] for name in ("id", "name") if name in known}
        if tag == "a" and "href" in known:
            self.links.append(known["href"])
        if tag in FETCHED and FETCHED[tag] in known and known.get("rel") != "canonical":
            self.fetched.append(known[FETCHED[tag]])


def problems(folder: Path) -> Iterator[str]:
    """What is wrong with the site in a folder, one sentence each."""
    pages = {path: _parsed(path) for path in sorted(folder.rglob("*.html"))}
    for path, page in pages.items():
        name = path.relative_to(folder)
        for address in (*page.links, *page.fetched):
            yield from (f"{name}: {said}" for said in _broken(path, address, pages))
        for address in page.fetched:
            if urlsplit(address).netloc:
                yield f"{name}: {address} is fetched from elsewhere"
    for path in (path for path in sorted(folder.rglob("*")) if path.suffix in (".css", ".svg")):
        for address in _FETCHED.findall(path.read_text(encoding="utf-8")):
            yield f"{path.relative_to(folder)}: {address} is fetched from elsewhere"


def _parsed(path: Path) -> _Page:
    page = _Page()
    page.feed(path.read_text(encoding="utf-8"))
    return page


def _broken(path: Path, address: str, pages: Mapping[Path, _Page]) -> Iterator[str]:
    parts = urlsplit(address)
    if parts.scheme or parts.netloc:
        return
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if not target.is_file():
        yield f"link to {address}: there is no such file"
    elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].anchors:
        yield f"link to {address}: the page has no such anchor"


def main() -> int:
    """Print what is wrong with the site in the folder that the command line names."""
    found = list(problems(Path(sys.argv[1]).resolve()))
    print("\n".join(found) or "every link and anchor of the site leads somewhere; nothing is fetched from elsewhere")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())

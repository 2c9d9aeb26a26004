"""Find the distribution's own archive in a machine's apt sources, and write sources for other suites of it."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tasks.lab.errors import LabError

# Names of the release besides its codename that a source may use.
MOVING_SUITES = frozenset({"stable", "oldstable", "oldoldstable", "testing", "unstable"})
# Options of a source that decide whether apt believes it; they hold for every suite of the archive.
TRUST_OPTIONS = ("Signed-By", "Trusted", "Check-Valid-Until", "Allow-Insecure")
_ONE_LINE = re.compile(r"^deb\s+(?:\[(?P<options>[^]]*)\]\s+)?(?P<uri>\S+)\s+(?P<suite>\S+)\s+(?P<components>.+)$")


@dataclass(frozen=True, kw_only=True, slots=True)
class Archive:
    """Where packages come from: its addresses, and how apt is told to trust it."""

    uris: tuple[str, ...]
    trust: Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Entry:
    uris: tuple[str, ...]
    suites: tuple[str, ...]
    components: tuple[str, ...]
    trust: Mapping[str, str]


def read_sources(folder: Path = Path("/etc/apt")) -> dict[str, str]:
    """The texts of a machine's apt sources by file name, in apt's order."""
    files = [folder / "sources.list", *sorted((folder / "sources.list.d").glob("*"))]
    return {
        str(file): file.read_text(errors="replace")
        for file in files
        if file.suffix in (".list", ".sources") and file.is_file()
    }


def find_archive(sources: Mapping[str, str], codename: str) -> Archive:
    """The distribution's own archive: the first source that offers the release's `main` and no third party signed.

    Raises `LabError` when the sources name none.
    """
    for name, text in sources.items():
        entries = _parse_stanzas(text) if name.endswith(".sources") else _parse_lines(text)
        for entry in entries:
            offers = {codename, *MOVING_SUITES} & set(entry.suites)
            if offers and "main" in entry.components and entry.uris and _is_own_key(entry.trust):
                return Archive(uris=entry.uris, trust=entry.trust)
    raise LabError(f"no apt source offers {codename} main; looked at {', '.join(sources) or 'no file'}")


def format_source(
    archive: Archive, *, suites: Iterable[str], components: Iterable[str], architectures: Iterable[str]
) -> str:
    """A deb822 stanza for other suites of an archive."""
    fields = {
        "Types": "deb",
        "URIs": " ".join(archive.uris),
        "Suites": " ".join(suites),
        "Components": " ".join(components),
        "Architectures": " ".join(architectures),
        **archive.trust,
    }
    return "".join(f"{key}: {value}\n" for key, value in fields.items())


def _is_own_key(trust: Mapping[str, str]) -> bool:
    """Whether a source is signed by the distribution's keyring; without a key named it is, by apt's defaults."""
    key = trust.get("Signed-By", "")
    return not key.startswith("/") or Path(key).name.startswith(("debian-archive", "ubuntu-archive"))


def _parse_lines(text: str) -> Iterator[_Entry]:
    for line in text.splitlines():
        found = _ONE_LINE.match(line.partition("#")[0].strip())
        if found is None:
            continue
        pairs = (option.partition("=") for option in (found["options"] or "").split())
        options = {key.title(): value for key, _, value in pairs}
        yield _Entry(
            uris=_usable([found["uri"]]),
            suites=(found["suite"],),
            components=tuple(found["components"].split()),
            trust={key: options[key] for key in TRUST_OPTIONS if key in options},
        )


def _parse_stanzas(text: str) -> Iterator[_Entry]:
    for block in re.split(r"\n\s*\n", text):
        fields: dict[str, str] = {}
        key = ""
        for line in block.splitlines():
            if line.startswith("#"):
                continue
            if line[:1].isspace():  # the value goes on, as an inline key does
                fields[key] = f"{fields.get(key, '')}\n{line}"
            elif ":" in line:
                key, _, value = line.partition(":")
                key = key.strip().title()
                fields[key] = value.strip()
        if "deb" in fields.get("Types", "").split() and fields.get("Enabled", "yes").lower() != "no":
            yield _Entry(
                uris=_usable(fields.get("Uris", "").split()),
                suites=tuple(fields.get("Suites", "").split()),
                components=tuple(fields.get("Components", "").split()),
                trust={key: fields[key] for key in TRUST_OPTIONS if key in fields},
            )


def _usable(uris: Iterable[str]) -> tuple[str, ...]:
    return tuple(uri for uri in uris if not uri.startswith("cdrom:"))

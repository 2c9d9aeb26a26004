"""The distribution's own archive is found in whatever form the machine's apt sources have, and no third party's."""

import pytest

from tasks.lab.errors import LabError
from tasks.lab.sources import Archive, find_archive, format_source

MIRROR = "http://mirror.test/debian"
KEY = "/usr/share/keyrings/debian-archive-keyring.gpg"
STANZA = f"""\
Types: deb deb-src
# URIs: http://commented.test/debian
URIs: {MIRROR} cdrom:[disc]/
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: {KEY}
"""
THIRD_PARTY = """\
Types: deb
URIs: http://vendor.test/apt
Suites: bookworm
Components: main
Signed-By: /usr/share/keyrings/vendor.gpg
"""
INLINE_KEY = f"""\
Types: deb
URIs: {MIRROR}
Suites: bookworm
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 abc
"""


@pytest.mark.parametrize(
    ("name", "text", "trust"),
    [
        ("debian.sources", STANZA, {"Signed-By": KEY}),
        ("debian.sources", f"{THIRD_PARTY}\n{STANZA}", {"Signed-By": KEY}),
        ("debian.sources", STANZA.replace("Suites: bookworm ", "Suites: stable "), {"Signed-By": KEY}),
        ("debian.sources", INLINE_KEY, {"Signed-By": "\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abc"}),
        ("sources.list", f"deb {MIRROR} bookworm main contrib", {}),
        ("sources.list", f"# deb http://no.test bookworm main\ndeb {MIRROR} bookworm main # ours", {}),
        ("sources.list", f"deb-src http://no.test bookworm main\ndeb {MIRROR} bookworm main", {}),
        (
            "sources.list",
            f"deb [arch=amd64 signed-by={KEY} trusted=yes] {MIRROR} bookworm main",
            {"Signed-By": KEY, "Trusted": "yes"},
        ),
        ("a.list", f"deb [signed-by=/keys/v.gpg] http://v.test bookworm main\ndeb {MIRROR} bookworm main", {}),
        ("a.list", f"deb http://docker.test bookworm stable\ndeb {MIRROR} bookworm main", {}),
    ],
)
def test_the_own_archive_is_found(name: str, text: str, trust: dict[str, str]) -> None:
    assert find_archive({name: text}, "bookworm") == Archive(uris=(MIRROR,), trust=trust)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("third.sources", THIRD_PARTY),
        ("debian.sources", f"Enabled: no\n{STANZA}"),
        ("debian.sources", STANZA.replace("Components: main contrib", "Components: contrib")),
        ("debian.sources", STANZA.replace("Suites: bookworm ", "Suites: bullseye ")),
        ("sources.list", "deb cdrom:[disc]/ bookworm main"),
        ("sources.list", ""),
    ],
)
def test_no_archive_is_an_error_that_names_where_it_was_sought(name: str, text: str) -> None:
    with pytest.raises(LabError, match=f"no apt source offers bookworm main; looked at {name}"):
        find_archive({name: text}, "bookworm")


def test_another_suite_keeps_address_and_trust() -> None:
    archive = Archive(uris=(MIRROR, "file:/mirror"), trust={"Signed-By": KEY, "Check-Valid-Until": "no"})
    text = format_source(archive, suites=["trixie"], components=["main"], architectures=["amd64", "arm64"])
    assert text == (
        f"Types: deb\nURIs: {MIRROR} file:/mirror\nSuites: trixie\nComponents: main\nArchitectures: amd64 arm64\n"
        f"Signed-By: {KEY}\nCheck-Valid-Until: no\n"
    )

from __future__ import annotations

from pathlib import Path

import pytest

from buildx_tasks.document.formats.toml import toml_facts

DATA = Path(__file__).parents[2] / "data" / "toml"


def test_what_buildx_stores_says_the_same_but_for_the_certificates_places() -> None:
    """`stored.toml` is what buildx 0.13 and 0.29 both made of `declared.toml`."""
    declared = toml_facts((DATA / "declared.toml").read_text())
    stored = toml_facts((DATA / "stored.toml").read_text())
    assert len(declared) == len(stored) == 26
    assert {fact.partition(" =")[0] for fact in declared ^ stored} == {
        "registry.docker.io.ca",
        "registry.docker.io.keypair#0.cert",
        "registry.docker.io.keypair#0.key",
    }


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a = 1", "a=1 # why"),
        ("a = 'x'", 'a = "x"'),
        ("a = [1, 2,]", "a = [\n  1, # one\n  2\n]"),
        ("a = 1_000", "a = 1000"),
        ('[a."b.c"]\nd = true', '[a]\n  [a."b.c"]\n  d = true'),
        ("[a]\nb = 1\nc = 2", "[a]\nc = 2\nb = 1"),
        ("a.b = 1", "[a]\nb = 1"),
        ('a = """\nx"""', 'a = "x"'),
        ("", "# nothing\n\n"),
    ],
)
def test_spelling_does_not_count(one: str, other: str) -> None:
    assert toml_facts(one) == toml_facts(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a = 1", "a = 2"),
        ("a = 'x # y'", "a = 'x # z'"),
        ("a = ['b c']", "a = ['bc']"),
        ("[a]\nb = 1", "[c]\nb = 1"),
        ("[[a]]\nb = 1\n[[a]]\nb = 2", "[[a]]\nb = 2\n[[a]]\nb = 1"),
        ("a = true", ""),
    ],
)
def test_meaning_does(one: str, other: str) -> None:
    assert toml_facts(one) != toml_facts(other)

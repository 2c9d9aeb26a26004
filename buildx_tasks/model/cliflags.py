"""What ``docker.cliFlags`` say: the only place that reads flags of ``docker build`` and ``docker buildx build``.

The rules are those of the docker CLI (pflag): ``--name value`` and ``--name=value``, ``-t value``, ``-t=value`` and
``-tvalue``, switches with ``=false``, several short switches in one word, and ``--`` before what is no flag.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

SWITCHES = frozenset(
    (
        "check",
        "compress",
        "debug",
        "detach",
        "disable-content-trust",
        "force-rm",
        "help",
        "load",
        "no-cache",
        "pull",
        "push",
        "quiet",
        "rm",
        "squash",
    )
)
"""Flags without a value, unless it follows a ``=``."""

OPTIONS = frozenset(
    (
        "add-host",
        "allow",
        "annotation",
        "attest",
        "build-arg",
        "build-context",
        "builder",
        "cache-from",
        "cache-to",
        "call",
        "cgroup-parent",
        "cpu-period",
        "cpu-quota",
        "cpu-shares",
        "cpuset-cpus",
        "cpuset-mems",
        "file",
        "iidfile",
        "invoke",
        "isolation",
        "label",
        "memory",
        "memory-swap",
        "metadata-file",
        "network",
        "no-cache-filter",
        "output",
        "platform",
        "policy",
        "print",
        "progress",
        "provenance",
        "root",
        "sbom",
        "secret",
        "security-opt",
        "server-config",
        "shm-size",
        "ssh",
        "tag",
        "target",
        "ulimit",
    )
)
"""Flags with a value, after a ``=`` or as the next word."""

SHORT: Mapping[str, str] = {
    "D": "debug",
    "c": "cpu-shares",
    "f": "file",
    "h": "help",
    "m": "memory",
    "o": "output",
    "q": "quiet",
    "t": "tag",
}

FALSE = frozenset(("0", "f", "F", "false", "FALSE", "False"))
"""How Go spells false."""


class CliFlag(NamedTuple):
    """One flag: its long `name` without dashes ("" for a word that is none), its `value`, and how it was `spelled`.

    The value of a switch is "true" when nothing else is said; an option whose value is missing has "". A flag that is
    not in the tables has the value after its ``=`` alone.
    """

    name: str
    value: str
    spelled: str

    @property
    def is_on(self) -> bool:
        """Whether a switch is on."""
        return self.value not in FALSE

    @property
    def word(self) -> str:
        """The flag as one word with its long name."""
        return f"--{self.name}={self.value}"


def parse_cli_flags(words: Iterable[str]) -> tuple[CliFlag, ...]:
    """The flags of a command line; a word that is no flag, and belongs to none, comes with the name ""."""
    return tuple(_parse(iter(words)))


def has_flag(flags: Iterable[CliFlag], *names: str) -> bool:
    """Whether one of these flags is given, in whatever spelling; a switch only when it is on."""
    return any(flag.name in names and (flag.name not in SWITCHES or flag.is_on) for flag in flags)


def _parse(words: Iterator[str]) -> Iterator[CliFlag]:
    for word in words:
        if word == "--":
            yield from (CliFlag("", rest, rest) for rest in words)
        elif word.startswith("--"):
            yield _long(word, words)
        elif word.startswith("-") and word != "-":
            yield from _short(word, words)
        else:
            yield CliFlag("", word, word)


def _long(word: str, words: Iterator[str]) -> CliFlag:
    spelled, equals, value = word.partition("=")
    name = spelled.removeprefix("--")
    if not equals and name in OPTIONS:
        value = next(words, "")
    elif not equals and name in SWITCHES:
        value = "true"
    return CliFlag(name, value, spelled)


def _short(word: str, words: Iterator[str]) -> Iterator[CliFlag]:
    """The letters of a word: switches, and an option whose value is the rest or the next word."""
    letters = word[1:]
    while letters:
        letter, letters = letters[0], letters[1:]
        name = SHORT.get(letter, letter)
        if letters.startswith("="):
            yield CliFlag(name, letters[1:], f"-{letter}")
            return
        if name in OPTIONS:
            yield CliFlag(name, letters or next(words, ""), f"-{letter}")
            return
        yield CliFlag(name, "true" if name in SWITCHES else "", f"-{letter}")

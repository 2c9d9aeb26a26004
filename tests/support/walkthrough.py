"""Runs a page of docs/ as a reader does: writes its files, types its commands, and compares what they print.

A fenced block after a line that ends with a name in backticks and a colon ("Write `skaffold.yaml`:") is a file. In a
block `console`, a line that begins with `$ ` is a command, and the lines below it are what it prints: `…` is any text,
and a line `…` any number of lines.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"`([^`\s]+)`:\s*\Z")
_END = "end-of-a-command"


@dataclass(frozen=True, kw_only=True, slots=True)
class File:
    """A file that the page shows, and its line in the page."""

    line: int
    name: str
    language: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """A command that the page shows, what it prints, and its line in the page."""

    line: int
    text: str
    output: str


def steps(page: str) -> Iterator[File | Command]:
    """The files and the commands of a page, in its order."""
    for block in _BLOCK.finditer(page):
        language, text = block.groups()
        line = page.count("\n", 0, block.start()) + 2
        if language == "console":
            yield from _commands(text, line)
        elif named := _FILE.search(page[: block.start()]):
            yield File(line=line, name=named[1], language=language, text=text)


def _commands(text: str, line: int) -> Iterator[Command]:
    for part in re.split(r"^(?=\$ )", text, flags=re.MULTILINE):
        if not part.strip():
            continue
        words, _, output = part.removeprefix("$ ").partition("\n")
        yield Command(line=line, text=words, output=output)
        line += part.count("\n")


def matches(shown: str, printed: str) -> bool:
    """Whether a command printed what a page shows."""
    pattern = "".join(
        r"(?:.*\n)*?" if line == "…" else ".*?".join(map(re.escape, line.split("…"))) + "\n"
        for line in shown.splitlines()
    )
    text = "".join(f"{line.rstrip()}\n" for line in printed.splitlines())
    return re.fullmatch(pattern, text) is not None


class Shell:
    """One shell for all commands of a page, so that `cd`, `export` and `.` last."""

    def __init__(self, folder: Path, env: Mapping[str, str]) -> None:
        self._place = folder
        self._process = subprocess.Popen(
            ["bash", "--norc", "--noprofile"],
            cwd=folder,
            env=dict(env),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def __enter__(self) -> Shell:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def run(self, command: str) -> tuple[int, str]:
        """The exit status of a command, and all that it printed."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f'{command} </dev/null\necho "{_END} $? $PWD"\n')
        self._process.stdin.flush()
        printed = ""
        for line in self._process.stdout:
            # What a command prints may end without a line end.
            before, end, after = line.partition(_END)
            printed += before
            if end:
                code, _, place = after.strip().partition(" ")
                self._place = Path(place)
                return int(code), printed
        raise AssertionError(f"the shell ended with: {command}\n{printed}")

    def follow(self, page: Path, spelled: Mapping[str, str]) -> None:
        """Do every step of a page; `spelled` has what a text of the page is called here, such as a free port."""
        for step in steps(page.read_text(encoding="utf-8")):
            if isinstance(step, File):
                self.write(step, spelled)
                continue
            code, printed = self.run(_replaced(step.text, spelled))
            printed = _replaced(printed, {here: there for there, here in spelled.items()})
            assert code == 0, f"{page.name}:{step.line}: {step.text}\n{printed}"
            assert matches(step.output, printed), f"{page.name}:{step.line}: {step.text}\n{printed}"

    def write(self, file: File, spelled: Mapping[str, str]) -> None:
        """Write a file of the page in the folder where the shell is."""
        path = self._place / file.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_replaced(file.text, spelled), encoding="utf-8")


def _replaced(text: str, spelled: Mapping[str, str]) -> str:
    for there, here in spelled.items():
        text = text.replace(there, here)
    return text

"""Inputs of the fuzzing: seeds, and mutations that know the structure of a config. Each has a number and is the same
on every machine with the same seeds."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from copy import deepcopy
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml
from corpus_support import CORPUS
from yamlmaker import Maker, Writer

from buildx_tasks.model.apiversion import PREFIX, VERSIONS
from soak import ROOT
from soak.hostile import KEYS, PIECES, TEXTS, VALUES

LARGEST = 60_000
"""Bytes of a seed; mutations of larger ones would take most of the time."""

Box = dict[Any, Any] | list[Any]


def seed_texts() -> tuple[str, ...]:
    """The configs of the examples, and those of the corpus where $BUILDX_TASKS_CORPUS names it, in a fixed order."""
    files = sorted((ROOT / "examples").rglob("skaffold.y*ml"))
    if CORPUS is not None:
        files += sorted(CORPUS.joinpath("history").glob("*.yaml"))
    return tuple(_read(file) for file in files if file.stat().st_size <= LARGEST)


def _read(file: Path) -> str:
    return file.read_bytes().decode("utf-8", "surrogateescape")


class Inputs:
    """The inputs by number: first the fixed hostile ones, then random ones of `seed`."""

    def __init__(self, seeds: Sequence[str], seed: int) -> None:
        self.seeds = seeds
        self.seed = seed

    def __getitem__(self, number: int) -> str:
        if number < len(TEXTS):
            return TEXTS[number]
        source = random.Random(f"{self.seed}:{number}")
        return _Mutation(source, self.seeds).text()


class _Mutation:
    def __init__(self, source: random.Random, seeds: Sequence[str]) -> None:
        self.random = source
        self.seeds = seeds

    def text(self) -> str:
        kind = self.random.choices(("made", "data", "lines"), (2, 5, 5))[0]
        if kind == "made":
            return self._made()
        if kind == "data":
            return self._changed_data()
        text = self._changed_lines(self.random.choice(self.seeds) if self.random.random() < 0.8 else self._made())
        return text if self.random.random() < 0.8 else self._splice(text)

    def _made(self) -> str:
        """A valid config of any version in any style of YAML."""
        maker = Maker(self.random.getrandbits(31), self.random.choice(VERSIONS))
        return maker.text(maker.config(), anchors=self.random.random() < 0.5)

    # --- data

    def _changed_data(self) -> str:
        data = self._parsed(self.random.choice(self.seeds))
        for _ in range(self.random.choice((1, 1, 2, 3, 6))):
            self._change(data)
        if self.random.random() < 0.3:
            data["apiVersion"] = PREFIX + self.random.choice(VERSIONS)
        if self.random.random() < 0.5:
            return yaml.dump(data, Dumper=yaml.SafeDumper, sort_keys=False, allow_unicode=self.random.random() < 0.5)
        try:
            return Writer(self.random, anchors=self.random.random() < 0.5, comments=True).document(data)
        except (AttributeError, TypeError):  # it writes keys that are texts
            return yaml.dump(data, Dumper=yaml.SafeDumper, sort_keys=False)

    def _parsed(self, text: str) -> dict[str, Any]:
        try:
            data = yaml.safe_load(text)
        except (yaml.YAMLError, ValueError, TypeError):
            data = None
        if isinstance(data, dict) and data:
            return data
        maker = Maker(self.random.getrandbits(31), self.random.choice(VERSIONS))
        return maker.config()

    def _change(self, data: dict[str, Any]) -> None:
        boxes: list[Box] = []
        _collect(data, boxes)
        box = self.random.choice(boxes)
        if isinstance(box, dict):
            self._change_mapping(box)
        else:
            self._change_list(box)

    def _change_mapping(self, box: dict[Any, Any]) -> None:
        key = self.random.choice(list(box)) if box else self.random.choice(KEYS)
        how = self.random.randrange(5)
        if how == 0:
            box.pop(key, None)
        elif how == 1:
            box[self.random.choice(KEYS)] = box.pop(key, None)
        elif how == 2:
            box[self._known_key] = self._value()
        else:
            box[key] = self._value()

    def _change_list(self, box: list[Any]) -> None:
        how = self.random.randrange(4)
        if how == 0 and box:
            box.pop(self.random.randrange(len(box)))
        elif how == 1 and box:
            box.extend([self.random.choice(box)] * self.random.choice((1, 2, 40)))
        else:
            box.insert(self.random.randint(0, len(box)), self._value())

    @cached_property
    def _other(self) -> list[Box]:
        found: list[Box] = []
        _collect(self._parsed(self.random.choice(self.seeds)), found)
        return found

    @property
    def _known_key(self) -> Any:
        boxes = [box for box in self._other if isinstance(box, dict) and box]
        return self.random.choice(list(self.random.choice(boxes))) if boxes else "build"

    def _value(self) -> Any:
        """A hostile value, or a part of another seed."""
        if self.random.random() < 0.3 and self._other:
            return deepcopy(self.random.choice(self._other))
        return deepcopy(self.random.choice(VALUES))

    # --- text

    def _changed_lines(self, text: str) -> str:
        for _ in range(self.random.choice((1, 1, 2, 3, 8))):
            change: Callable[[str], str] = self.random.choice(
                (self._cut, self._insert, self._move_line, self._indent, self._repeat, self._line_ends, self._version)
            )
            text = change(text)
        return text[:LARGEST]

    def _cut(self, text: str) -> str:
        start = self.random.randint(0, len(text))
        return text[:start] + text[start + self.random.choice((1, 2, 5, 40)) :]

    def _insert(self, text: str) -> str:
        at = self.random.randint(0, len(text))
        return text[:at] + self.random.choice(PIECES) + text[at:]

    def _move_line(self, text: str) -> str:
        lines = text.splitlines(keepends=True)
        if not lines:
            return text
        line = lines.pop(self.random.randrange(len(lines)))
        for _ in range(self.random.choice((0, 1, 1, 2))):
            lines.insert(self.random.randint(0, len(lines)), line)
        return "".join(lines)

    def _indent(self, text: str) -> str:
        lines = text.splitlines(keepends=True)
        if not lines:
            return text
        start = self.random.randrange(len(lines))
        for at in range(start, min(len(lines), start + self.random.choice((1, 3, 10)))):
            lines[at] = (
                lines[at][1:] if self.random.random() < 0.4 else self.random.choice((" ", "  ", "\t")) + lines[at]
            )
        return "".join(lines)

    def _repeat(self, text: str) -> str:
        lines = text.splitlines(keepends=True)
        start = self.random.randint(0, len(lines))
        part = lines[start : start + self.random.choice((1, 2, 6))]
        return "".join([*lines[:start], *part * self.random.choice((2, 3, 30)), *lines[start:]])

    def _line_ends(self, text: str) -> str:
        return text.replace("\n", self.random.choice(("\r\n", "\n", "\n\n", "\n", "\r")))

    def _version(self, text: str) -> str:
        old = self.random.choice(VERSIONS)
        return text.replace(f"{PREFIX}{old}", PREFIX + self.random.choice(VERSIONS))

    def _splice(self, text: str) -> str:
        other = self.random.choice(self.seeds)
        return text[: self.random.randint(0, len(text))] + other[self.random.randint(0, len(other)) :]


def _collect(value: Any, boxes: list[Box], depth: int = 0) -> None:
    if depth > 30 or len(boxes) > 500:
        return
    if isinstance(value, (dict, list)):
        boxes.append(value)
        for inner in value.values() if isinstance(value, dict) else value:
            _collect(inner, boxes, depth + 1)

"""Texts without the secrets of one run: those that look like secrets, and values that are known to be some."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from urllib.parse import quote

from buildx_tasks.errors import BuildxTasksError
from buildx_tasks.model.secrets import HIDDEN, REFERENCES, looks_secret, masked, secrets_in, secrets_in_word

SHORTEST = 6
"""Characters of a value that is looked for in texts; a shorter one would hide words that are no secret."""
SAFE_LENGTH = 10
"""From this length on a value is hidden also as a part of a longer word."""
COMMON = frozenset(("default", "disabled", "enabled", "latest", "password", "required", "secret", "unknown"))


@dataclass(frozen=True)
class Mask:
    """`values` are hidden wherever they are, also as JSON, an address or a shell has them."""

    values: frozenset[str] = frozenset()

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Mask:
        """The mask of everything in an environment that looks secret by name, or stands in an address."""
        return cls(frozenset(_worth_hiding(_secrets_of(environ))))

    def with_values(self, values: Iterable[str]) -> Mask:
        """The same with more values."""
        return replace(self, values=self.values.union(_worth_hiding(values)))

    def text(self, text: str) -> str:
        """`text` without secrets."""
        if self.values:
            text = self._pattern.sub(HIDDEN, text)
        return masked(text)

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        forms = {form for value in self.values for form in _forms(value)}
        return re.compile("|".join(_matching(form) for form in sorted(forms, key=lambda form: (-len(form), form))))

    def hide_in(self, error: BuildxTasksError) -> None:
        """Take the secrets out of an error's texts."""
        for part in {id(item): item for item in (error, *error.parts)}.values():
            part.message, part.hint = self.text(part.message), self.text(part.hint)
            part.args = (part.message,)


def secrets_of(value: object) -> Iterator[str]:
    """The secrets in the texts of a value: values under names that look secret, attributes, parts of addresses.

    Dataclasses and tuples are searched, in which a pair of texts is a name and its value.
    """
    if isinstance(value, str):
        yield from secrets_in_word(value)
    elif isinstance(value, (list, tuple)):
        if len(value) == 2 and all(isinstance(item, str) for item in value) and looks_secret(value[0]):
            yield value[1]
        for item in value:
            yield from secrets_of(item)
    else:
        for name in getattr(value, "__dataclass_fields__", ()):
            if part := getattr(value, name):
                yield from secrets_of(part)


def secret_variables(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables of an environment that are secret by name, and whose values are looked for in texts."""
    return {name: text for name, text in environ.items() if looks_secret(name) and text in set(_worth_hiding((text,)))}


def _secrets_of(environ: Mapping[str, str]) -> Iterator[str]:
    for name, value in environ.items():
        if looks_secret(name):
            yield value
        if "@" in value or "?" in value:
            yield from secrets_in(value if "://" in value or not name.lower().endswith("_proxy") else f"http://{value}")


def _worth_hiding(values: Iterable[str]) -> Iterator[str]:
    """What is long enough and no everyday word; of several lines each, because logs come by lines."""
    for value in values:
        for line in (value, *value.splitlines()) if "\n" in value else (value,):
            text = line.strip()
            if text.startswith(REFERENCES):
                continue
            if len(text) >= SHORTEST and text.lower() not in COMMON and not text.startswith("-----"):
                yield text


def _forms(value: str) -> Iterator[str]:
    yield value
    yield json.dumps(value, ensure_ascii=False)[1:-1]
    yield quote(value, safe="")
    yield value.replace("'", "'\"'\"'")
    yield value.replace('"', '""')


def _matching(form: str) -> str:
    text = re.escape(form)
    return text if len(form) >= SAFE_LENGTH else rf"(?<![\w]){text}(?![\w])"

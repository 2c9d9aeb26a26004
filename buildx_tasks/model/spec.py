"""One shape for everything pluggable in a build: caches, exporters, attestations are a type and attributes.

buildx reads such a spec as one CSV record, so values with commas or quotes need CSV quoting; this is the only
place that reads or writes it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from buildx_tasks.errors import CannotStart

_FIELD = re.compile(r'"([^"]*(?:""[^"]*)*)"|([^",\r\n]*)')
_QUOTES = 'put quotes around the whole field and double those inside: "key=a""b"'

CACHE_TYPES = ("registry", "local", "inline", "gha", "s3", "azblob")


@dataclass(frozen=True, slots=True)
class Spec:
    """`type` and the other attributes in the order given, keys in lower case."""

    type: str
    attrs: tuple[tuple[str, str], ...] = ()

    def get(self, name: str, default: str = "") -> str:
        """The last value of an attribute, as buildx takes it."""
        return dict(self.attrs).get(name, default)

    def has(self, name: str) -> bool:
        """Whether the attribute is given."""
        return any(key == name for key, _value in self.attrs)

    def with_attr(self, name: str, value: str) -> Spec:
        """The same with one attribute set: in its place when it is there, else at the end."""
        if self.has(name):
            return replace(self, attrs=tuple((key, value if key == name else old) for key, old in self.attrs))
        return replace(self, attrs=(*self.attrs, (name, value)))

    def __str__(self) -> str:
        return write_csv((f"type={self.type}", *(f"{key}={value}" for key, value in self.attrs)))


def parse_cache_entry(text: str) -> Spec:
    """A cache importer or exporter: a plain reference, or attributes with a ``type``.

    A record without any ``=`` is a registry reference, as in buildx. Raises `CannotStart` for anything else.
    """
    fields = read_csv(text)
    if not any("=" in item for item in fields):
        if len(fields) != 1 or not fields[0] or fields[0].startswith("-"):
            raise CannotStart(f"cache entry {text!r} is neither a reference nor attributes", "one entry per cache")
        return Spec("registry", (("ref", fields[0]),))
    spec = _spec(fields, text)
    if not spec.type:
        raise CannotStart(f"cache entry {text!r} has no type", f"add type=…, one of: {', '.join(CACHE_TYPES)}")
    if spec.type == "registry" and not spec.get("ref"):
        raise CannotStart(f"cache entry {text!r} has no ref", "add ref=REGISTRY/IMAGE:TAG")
    return spec


def parse_output(text: str) -> Spec:
    """An exporter: ``type=…,dest=…``, or a bare path (a local folder; ``-`` is a tar on standard output).

    Raises `CannotStart` for a template, and for an exporter without a type.
    """
    fields = read_csv(text)
    if text.lstrip().startswith("{{json") or ".Builds" in text:
        raise CannotStart(f"output {text!r} is not an exporter", "a template of the result is given with --template")
    if len(fields) == 1 and "=" not in fields[0]:
        return Spec("tar" if fields[0] == "-" else "local", (("dest", fields[0]),))
    spec = _spec(fields, text)
    if not spec.type:
        raise CannotStart(f"output {text!r} has no type", "add type=…: image, registry, oci, docker, local or tar")
    return spec


def _spec(fields: list[str], text: str) -> Spec:
    kind = ""
    attrs: list[tuple[str, str]] = []
    for item in fields:
        key, equals, value = item.partition("=")
        key = key.strip().lower()
        if not equals or not key:
            raise CannotStart(f"{item!r} in {text!r} is not of the form key=value")
        if key == "type":
            kind = value.strip()
        else:
            attrs.append((key, value))
    return Spec(kind, tuple(attrs))


def read_csv(text: str) -> list[str]:
    """The fields of one CSV record, as buildx reads it; a line end behind it does not count.

    Raises `CannotStart` when it is not exactly one, or has a quote inside a field that does not begin with one.
    """
    record = text.removesuffix("\n").removesuffix("\r") if text.endswith("\n") else text
    found: list[str] = []
    at = 0
    while record and at <= len(record):
        field = _FIELD.match(record, at)
        if field is None or (field.end() < len(record) and record[field.end()] != ","):
            raise CannotStart(f"{text!r} is not one CSV record", _QUOTES if '"' in text else "write it in one line")
        found.append(field[2] if field[1] is None else field[1].replace('""', '"'))
        at = field.end() + 1
    if not found:
        raise CannotStart(f"{text!r} is not one CSV record")
    return found


def write_csv(fields: tuple[str, ...]) -> str:
    """One CSV record without a line end; only fields that need quotes get them."""
    return ",".join(_quoted(item) for item in fields)


def _quoted(item: str) -> str:
    if any(char in item for char in ',"\r\n') or item[:1].isspace():
        return '"' + item.replace('"', '""') + '"'
    return item

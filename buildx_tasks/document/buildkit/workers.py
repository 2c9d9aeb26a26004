"""What BuildKit says of its workers: the answer to `ListWorkers` of its API, a protobuf message, as a value."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from buildx_tasks.model.platform import Platform, canonical

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
RECORD = 1
"""Of `ListWorkersResponse`."""
PLATFORMS, BUILDKIT = 3, 5
"""Of `WorkerRecord`."""
ARCHITECTURE, OPERATING_SYSTEM, VARIANT = 1, 2, 3
"""Of `pb.Platform`."""
VERSION = 2
"""Of `BuildkitVersion`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Workers:
    """What the workers of one BuildKit can build, as buildx spells platforms, and BuildKit's version."""

    platforms: tuple[str, ...]
    buildkit: str = ""


def parse_workers(message: bytes) -> Workers:
    """Read a `ListWorkersResponse`, with what is not known passed over. Raises `ValueError` for anything else."""
    platforms: list[str] = []
    versions: list[str] = []
    for record in _texts(message, RECORD):
        platforms += [_platform(said) for said in _texts(record, PLATFORMS)]
        versions += [_word(said, VERSION) for said in _texts(record, BUILDKIT)]
    if not platforms:
        raise ValueError("it names no platform")
    return Workers(platforms=tuple(dict.fromkeys(platforms)), buildkit=next(filter(None, versions), ""))


def _platform(message: bytes) -> str:
    said = Platform(
        os=_word(message, OPERATING_SYSTEM), arch=_word(message, ARCHITECTURE), variant=_word(message, VARIANT)
    )
    if not said.os or not said.arch:
        raise ValueError("a platform has no operating system or architecture")
    return str(canonical(said))


def _word(message: bytes, field: int) -> str:
    """A text field, whose last value counts; "" when it is not there."""
    return [b"", *_texts(message, field)][-1].decode("utf-8")


def _texts(message: bytes, field: int) -> list[bytes]:
    """The values of a field that holds bytes, a text or a message."""
    return [value for number, value in _fields(message) if number == field]


def _fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """Number and value of each field that holds bytes."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        kind = key & 7
        if kind == VARINT:
            _number, at = _varint(message, at)
            continue
        if kind == BYTES:
            size, at = _varint(message, at)
        elif kind in (FIXED64, FIXED32):
            size = 8 if kind == FIXED64 else 4
        else:
            raise ValueError(f"a field of kind {kind} is not known")
        if at + size > len(message):
            raise ValueError("it ends within a field")
        if kind == BYTES:
            yield key >> 3, message[at : at + size]
        at += size


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """A number of seven bits a byte, least ones first, and where it ends."""
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(message):
            break
        value |= (message[at] & 0x7F) << shift
        at += 1
        if not message[at - 1] & 0x80:
            return value, at
    raise ValueError("it ends within a number")

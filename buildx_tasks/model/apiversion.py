"""The config versions: which exist, in which order."""

from __future__ import annotations

PREFIX = "skaffold/"

VERSIONS: tuple[str, ...] = (
    *(f"v1alpha{n}" for n in range(1, 6)),
    *(f"v1beta{n}" for n in range(1, 18)),
    "v1",
    *(f"v2alpha{n}" for n in range(1, 5)),
    *(f"v2beta{n}" for n in range(1, 30)),
    "v3alpha1",
    "v3",
    *(f"v4beta{n}" for n in range(1, 15)),
)
"""All known versions without their prefix, oldest first."""

NEWEST = VERSIONS[-1]

SAME_SHAPE_SINCE = "v4beta8"
"""From here to the newest, versions only added fields: a config of any of them has the newest shape as it is."""

_POSITIONS = {version: at for at, version in enumerate(VERSIONS)}


def position(version: str) -> int:
    """Where a known version stands in the line, from 0; raises `KeyError` for an unknown one."""
    return _POSITIONS[version.removeprefix(PREFIX)]


def find_version(api_version: object) -> str | None:
    """The short version (``v4beta13``) of a full ``skaffold/v4beta13``, or None when it is not a known one.

    Case matters and the text must match whole, as in Skaffold's own registry.
    """
    if not isinstance(api_version, str) or not api_version.startswith(PREFIX):
        return None
    short = api_version.removeprefix(PREFIX)
    return short if short in _POSITIONS else None

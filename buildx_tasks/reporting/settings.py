"""Settings for people and programs: every effective value, and where it comes from."""

from __future__ import annotations

import json
from collections.abc import Mapping

from buildx_tasks.model.layers import ENVIRONMENT
from buildx_tasks.model.settings import ALIASES, CONFIG_KEYS, KEYS, SKAFFOLD_ENVIRONMENT, Settings

DEFAULT = "default"
ROWS: tuple[str, ...] = (*CONFIG_KEYS, *(key for key in KEYS if key not in {ALIASES.get(k, k) for k in CONFIG_KEYS}))
"""What a list shows: the keys of a global config first and by their names there, then all others."""


def effective(settings: Settings, key: str) -> object:
    """The value of `key`, which may be a name that only a global config file has."""
    value = getattr(settings, ALIASES.get(key, key).replace("-", "_"))
    return list(value) if isinstance(value, tuple) else value


def origin(settings: Settings, key: str, environ: Mapping[str, str]) -> str:
    """Which layer gave the value of `key`; for the environment with the variable."""
    setting = ALIASES.get(key, key)
    layer = settings.origins.get(setting, DEFAULT)
    if layer == ENVIRONMENT:
        names = [name for name, of in SKAFFOLD_ENVIRONMENT.items() if of == setting and name in environ]
        return f"{layer} {names[-1]}" if names else layer
    return layer


def settings_text(settings: Settings, environ: Mapping[str, str]) -> str:
    """A table of key, value and origin."""
    from buildx_tasks.reporting.paint import terminal_width
    from buildx_tasks.reporting.table import table_text

    rows = [(key, value_text(effective(settings, key)), origin(settings, key, environ)) for key in ROWS]
    return table_text(rows, width=terminal_width()).removesuffix("\n")


def settings_json(settings: Settings, environ: Mapping[str, str]) -> str:
    """An object with one member a key: its value, and where that comes from."""
    return json.dumps({key: as_json(settings, key, environ) for key in ROWS}, indent=2)


def as_json(settings: Settings, key: str, environ: Mapping[str, str]) -> dict[str, object]:
    """One key's value and origin."""
    return {"value": effective(settings, key), "from": origin(settings, key, environ)}


def value_text(value: object) -> str:
    """A value in one line; a dash when there is none."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ",".join(str(item) for item in value) or "-"
    if isinstance(value, Mapping):
        return json.dumps(value) if value else "-"
    return "-" if value in (None, "") else str(value)

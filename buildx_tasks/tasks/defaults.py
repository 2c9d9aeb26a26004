"""Our key in the Invoke config: every setting is declared, none has a value until the user gives one.

Invoke's traps are why: it takes variables such as INVOKE_BUILDX_CACHE_TAG only for declared keys, reads "false"
as true where the default is a boolean, refuses a variable where it is a list, and refuses to merge a mapping
into what is none.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from invoke.context import Context

from buildx_tasks.errors import CannotStart
from buildx_tasks.model.settings import INVOKE, KEYS, Layer, kind_of

SECTION = "buildx"

DEFAULTS: dict[str, Any] = {SECTION: {key.replace("-", "_"): {} if kind_of(key) == "mapping" else None for key in KEYS}}


def invoke_layer(c: Context, environ: Mapping[str, str] | None = None) -> Layer:
    """What ``buildx:`` in the Invoke config sets: config files, ``configure``, and INVOKE_BUILDX_* variables.

    The variables are looked up here once more: a root collection that configures ``buildx`` replaces our
    declarations, and Invoke then ignores them. As with Skaffold's variables, an empty value sets nothing
    except for default_repo.
    """
    section = c.config.get(SECTION) or {}
    if not isinstance(section, Mapping):
        raise CannotStart(f"{SECTION} in the Invoke config must be a mapping, not {section!r}")
    values: dict[str, object] = {str(key).replace("_", "-"): value for key, value in section.items()}
    values |= _variables(c, os.environ if environ is None else environ)
    said = {key: plain(value) for key, value in values.items()}
    return Layer(INVOKE, {key: value for key, value in said.items() if value not in ("", {}) or key == "default-repo"})


def variable(key: str, prefix: str = "INVOKE_") -> str:
    """The variable that sets `key`."""
    return f"{prefix}{SECTION}_{key}".replace("-", "_").upper()


def plain(value: object) -> object:
    """Invoke's config proxies as plain data."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list | tuple) else value


def _variables(c: Context, environ: Mapping[str, str]) -> dict[str, object]:
    prefix = f"{getattr(c.config, 'env_prefix', None) or c.config.prefix}_".upper()
    names = {key: variable(key, prefix) for key in KEYS}
    return {key: environ[name] for key, name in names.items() if name in environ}

"""Our key in the Invoke config. We declare nothing there: what is configured is the user's alone.

Invoke takes variables such as INVOKE_BUILDX_CACHE_TAG only for declared keys, so they are read here; a declaration
would make Invoke end with a traceback where a config file says ``buildx: text``.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from invoke.context import Context

from buildx_tasks.errors import CannotStart
from buildx_tasks.model.layers import INVOKE, Layer
from buildx_tasks.model.settings import KEYS

SECTION = "buildx"

OWN_SECTION = "buildx_tasks"
"""The key under which a collection of ours says that its settings have another section."""


def invoke_layer(c: Context, environ: Mapping[str, str] | None = None) -> Layer:
    """What ``buildx:`` in the Invoke config sets: config files, ``configure``, and INVOKE_BUILDX_* variables.

    As with Skaffold's variables, an empty value sets nothing except for default_repo.
    """
    name = str(c.config.get(OWN_SECTION, {}).get("section", SECTION))
    section = c.config.get(name) or {}
    if not isinstance(section, Mapping):
        raise CannotStart(f"{name} in the Invoke config must be a mapping, not {section!r}")
    values: dict[str, object] = {str(key).replace("_", "-"): value for key, value in section.items()}
    values |= _variables(c, os.environ if environ is None else environ, name)
    said = {key: plain(value) for key, value in values.items()}
    return Layer(INVOKE, {key: value for key, value in said.items() if value not in ("", {}) or key == "default-repo"})


def variable(key: str, prefix: str = "INVOKE_", section: str = SECTION) -> str:
    """The variable that sets `key`."""
    return f"{prefix}{section}_{key}".replace("-", "_").upper()


def plain(value: object) -> object:
    """Invoke's config proxies as plain data."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list | tuple) else value


def _variables(c: Context, environ: Mapping[str, str], section: str) -> dict[str, object]:
    prefix = f"{getattr(c.config, 'env_prefix', None) or c.config.prefix}_".upper()
    names = {key: variable(key, prefix, section) for key in KEYS}
    return {key: environ[name] for key, name in names.items() if name in environ}

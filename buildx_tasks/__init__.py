"""Build the docker artifacts of a skaffold.yaml through ``docker buildx``, and upgrade old configs.

This is the face of the package: nothing heavy is imported until a name is used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # what `EXPORTS` says, for type checkers and editors
    from buildx_tasks.api import Project, build, load, plan
    from buildx_tasks.document.migrations.upgrade import upgrade_text
    from buildx_tasks.document.validate import validate_text
    from buildx_tasks.tasks import namespace
    from buildx_tasks.tasks.buildx import ns as buildx
    from buildx_tasks.tasks.schema import ns as schema

__version__ = "0.1.0"
__all__ = ["Project", "build", "buildx", "load", "namespace", "plan", "schema", "upgrade_text", "validate_text"]

EXPORTS: dict[str, str] = {
    "Project": "buildx_tasks.api:Project",
    "build": "buildx_tasks.api:build",
    "buildx": "buildx_tasks.tasks.buildx:ns",
    "load": "buildx_tasks.api:load",
    "namespace": "buildx_tasks.tasks:namespace",
    "plan": "buildx_tasks.api:plan",
    "schema": "buildx_tasks.tasks.schema:ns",
    "upgrade_text": "buildx_tasks.document.migrations.upgrade:upgrade_text",
    "validate_text": "buildx_tasks.document.validate:validate_text",
}
"""Public name -> "module:attribute", imported when the name is first used."""


def __getattr__(name: str) -> Any:
    if name not in EXPORTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, _, attribute = EXPORTS[name].partition(":")
    value = getattr(import_module(module), attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted((*globals(), *EXPORTS))

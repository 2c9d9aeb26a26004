"""Layer 5: the Invoke surface. Translates arguments, calls the layers below, reports.

The only importer of invoke. `namespace` is what a ``tasks.py`` mounts and what the program runs.
"""

from __future__ import annotations

from importlib import import_module

from invoke.collection import Collection

from buildx_tasks.tasks.invokeconfig import explain_refusals

COLLECTIONS = ("buildx", "schema")
"""Modules of this package whose `ns` is a collection of tasks."""


def namespace() -> Collection:
    """All our tasks, for ``ns = buildx_tasks.namespace()`` or ``ns.add_collection(…)`` in a ``tasks.py``."""
    explain_refusals()
    ns = Collection()
    for name in COLLECTIONS:
        ns.add_collection(import_module(f"{__name__}.{name}").ns)
    return ns

"""Layer 5: the Invoke surface. Translates arguments, calls the layers below, reports.

The only importer of invoke. `namespace` is what a ``tasks.py`` mounts and what the program runs.
"""

from __future__ import annotations

from buildx_tasks.tasks.mounting import namespace

__all__ = ["namespace"]

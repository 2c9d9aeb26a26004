"""What Skaffold's validation wants beyond the structure, judged on configs in the newest shape.

Each rule takes plain data and yields problems; a rule never assumes that the data is well-formed. `RULES` are
for one config, `files.check_configs` for all configs that are built together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from buildx_tasks.document.schema.rules import artifacts, pipeline
from buildx_tasks.document.yaml.problem import Problem

Rule = Callable[[Mapping[str, Any]], Iterator[Problem]]

RULES: tuple[Rule, ...] = (*artifacts.RULES, *pipeline.RULES)

"""The Go template that shapes the machine output: Skaffold's ``--output``, here ``--template``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType

from buildx_tasks.errors import CannotStart
from buildx_tasks.golang.template import ast as nodes
from buildx_tasks.golang.template.builtins import BUILTINS
from buildx_tasks.golang.template.errors import GoError
from buildx_tasks.golang.template.functions import CallContext, Function, fn
from buildx_tasks.golang.template.parser import parse
from buildx_tasks.golang.template.run import Evaluation
from buildx_tasks.golang.template.sprig import SPRIG
from buildx_tasks.golang.template.template import Template
from buildx_tasks.golang.template.values import Value

FIELDS = {"imageName": "ImageName", "tag": "Tag", "runtimeType": "RuntimeType"}
"""The keys of a build in the JSON, and what they are called in a template."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ResultTemplate:
    """A template over ``.Builds``, whose items have ``.ImageName``, ``.Tag`` and ``.RuntimeType``."""

    text: str
    tree: tuple[nodes.TemplateNode, ...] = field(repr=False)

    def render(self, builds: Sequence[Mapping[str, str]]) -> str:
        """The text for `builds`, items of the result JSON. Raises `TemplateError`."""
        data = {"Builds": [{name: build.get(key, "") for key, name in FIELDS.items()} for build in builds]}
        world = CallContext(environ={}, now=datetime.fromtimestamp(0, tz=UTC), cmd=None)
        run = Evaluation(template=self.text, data=data, functions=_FUNCTIONS, world=world, strict=True)
        return run.text(self.tree)


def parse_result_template(text: str) -> ResultTemplate:
    """Read a template; raises `TemplateError` for a mistake and `CannotStart` for fields that a result never has."""
    tree = parse(text, _FUNCTIONS.keys())
    known = ("Builds", *FIELDS.values())
    unknown = [name for name in Template(text=text, tree=tree).fields() if name not in known]
    if unknown:
        fields = ", ".join(f".{name}" for name in known)
        raise CannotStart(f"template {text!r}: a result has no .{unknown[0]}", f"it has {fields}")
    return ResultTemplate(text=text, tree=tree)


def _json(value: Value) -> str:
    return json.dumps(_plain(value), separators=(",", ":"), ensure_ascii=False)


def _plain(value: Value) -> Value:
    """The data under the names that the JSON has; what is optional there is left out when empty."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "Builds" in value:
        return {"builds": _plain(value["Builds"]) or None}
    return {key: value[name] for key, name in FIELDS.items() if value[name] or key != "runtimeType"}


def _join(texts: Value, separator: str) -> str:
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise GoError("join takes a list of texts")
    return separator.join(texts)


_FUNCTIONS: Mapping[str, Function] = MappingProxyType(
    {
        **BUILTINS,
        "json": fn(_json, "any"),
        "join": fn(_join, "any", "string"),
        "title": SPRIG["title"],
        "lower": SPRIG["lower"],
        "upper": SPRIG["upper"],
    }
)

"""What one version step may do: look into a pipeline, say what was dropped, refuse."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from buildx_tasks.document.yaml.nodes import Mark
from buildx_tasks.document.yaml.scalars import BOOL_WORDS
from buildx_tasks.document.yaml.source import Path
from buildx_tasks.document.yaml.tree import Child, Leaf, Map, OddShape, Value
from buildx_tasks.model.apiversion import position

KANIKO_LENIENT = position("v2beta11")
"""From here on Skaffold skips unknown keys in kaniko blocks."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Note:
    """Something to tell the user about one place of the file; `mark` is None when there is no text."""

    message: str
    hint: str = ""
    path: Path = ()
    mark: Mark | None = None


@dataclass(slots=True)
class Hop:
    """One step for one document: `version` is the one it leads to, `target` the end of the journey."""

    version: str
    target: str
    notes: list[Note] = field(default_factory=list)
    refusals: list[Note] = field(default_factory=list)

    def tell(self, child: Child, message: str, hint: str = "") -> None:
        """Report a loss or something to look at; say it before the child is detached."""
        self.notes.append(Note(message=message, hint=hint, path=child.path(), mark=child.mark()))

    def refuse(self, child: Child, message: str, hint: str) -> None:
        """Say that this can't be upgraded and what to do by hand; nothing will be written."""
        self.refusals.append(Note(message=message, hint=hint, path=child.path(), mark=child.mark()))

    def drop(self, box: Map, key: str, why: str = "") -> None:
        """Drop an entry that has no successor, and say so when it held something."""
        child = box.find(key)
        if child is None:
            return
        if not is_empty(child):
            self.tell(child, f"dropped {key}" + (f": {why}" if why else ""))
        box.drop(child)

    def drop_ignored(self, kaniko: Map, key: str, why: str) -> None:
        """The same in a kaniko block; an entry that says nothing stays where Skaffold skips unknown keys."""
        child = kaniko.find(key)
        if child is None or not says_nothing(child.value):
            self.drop(kaniko, key, why)
        elif position(self.target) < KANIKO_LENIENT:
            kaniko.drop(child)
        else:
            self.tell(child, f"{key} is empty, and Skaffold skips it", "remove it")


Migration = Callable[[Map, Hop], None]
"""Applied to the root pipeline and to each profile, one after another."""


def is_empty(child: Child) -> bool:
    """Whether Skaffold reads the value as if it were not there: null, "", false, 0, an empty list or mapping."""
    value = child.value
    return not value.value if isinstance(value, Leaf) else not len(value)


def says_nothing(value: Value) -> bool:
    """Whether a value holds only what Skaffold reads as if it were not there."""
    if isinstance(value, Leaf):
        return not value.value
    return all(says_nothing(child.value) for child in value.real())


def as_switch(child: Child) -> bool | None:
    """A boolean as Skaffold reads it, YAML 1.1 words included; None for null, `OddShape` for anything else."""
    value = child.value.value if isinstance(child.value, Leaf) else child.value
    if isinstance(value, str):
        value = BOOL_WORDS.get(value, value)
    if value is not None and not isinstance(value, bool):
        raise OddShape(child, "true or false")
    return value


def is_on(child: Child | None) -> bool:
    """Whether a switch is there and on."""
    return child is not None and as_switch(child) is True


def artifacts(pipeline: Map) -> Iterator[Map]:
    """The artifacts of a pipeline's build section."""
    build = pipeline.map("build")
    return build.maps("artifacts") if build is not None else iter(())


def releases(pipeline: Map) -> Iterator[Map]:
    """The helm releases of a pipeline's deploy section."""
    helm = section(pipeline, "deploy", "helm")
    return helm.maps("releases") if helm is not None else iter(())


def section(box: Map, *keys: str) -> Map | None:
    """The mapping below `box` at these keys, None when one of them is absent or null."""
    found: Map | None = box
    for key in keys:
        if found is not None:
            found = found.map(key)
    return found


def tidy(box: Map, key: str) -> None:
    """Remove a section that is left without data; its comments stay."""
    child = box.find(key)
    if child is not None and isinstance(child.value, Map) and not len(child.value):
        box.drop(child)

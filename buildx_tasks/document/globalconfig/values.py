"""A user's global config file as values: the ``global`` section and one entry per kube-context.

Skaffold's file and ours have the same shape; unknown keys are left alone, they are somebody else's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from buildx_tasks.document.yaml.nodes import Mapping, Mark, Node, Scalar, Sequence, YamlProblem, resolve
from buildx_tasks.document.yaml.scalars import BOOL_WORDS, FALSES, TRUES, plain_value
from buildx_tasks.document.yaml.source import Path, is_merge, key_text, parse
from buildx_tasks.golang.matching import matches
from buildx_tasks.model.finding import Finding, dotted
from buildx_tasks.model.layers import kind_of
from buildx_tasks.model.settings import CONFIG_KEYS

GLOBAL = "global"
CONTEXTS = "kubeContexts"
CONTEXT = "kube-context"

_BOOLEANS = {**dict.fromkeys(TRUES, True), **dict.fromkeys(FALSES, False), **BOOL_WORDS}


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """One section: `context` is the pattern of its kube-context, None for the global section.

    `values` holds the known keys that are set: text, booleans, tuples of text.
    """

    context: str | None = None
    values: dict[str, object] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """How messages call it: "global" or "kube-context minikube"."""
        return GLOBAL if self.context is None else f"{CONTEXT} {self.context or '*'}"


@dataclass(frozen=True, kw_only=True, slots=True)
class GlobalConfig:
    """One file; `problems` is empty when all of it could be read."""

    everywhere: Section = field(default_factory=Section)
    contexts: tuple[Section, ...] = ()
    problems: tuple[Finding, ...] = ()


def read(text: str) -> GlobalConfig:
    """Read the first document of `text`; never raises, everything wrong with it is in `problems`."""
    try:
        documents = parse(text)
        root = documents[0].root if documents else None
        reader = _ValuesReader(
            [_twice(item.path, item.mark) for document in documents[:1] for item in document.duplicates]
        )
        return reader.file(root)
    except YamlProblem as problem:
        return GlobalConfig(problems=(_finding(problem.message, problem.mark),))


def lookup(config: GlobalConfig, kube_context: str, *, false_counts: bool = True) -> tuple[Section, ...]:
    """The sections that hold for `kube_context` ("" for none), strongest first.

    The last entry whose pattern matches is the only one that counts, and the global section fills in what it
    leaves open; lists add up, the entry's items first. `false_counts` says whether an entry's explicit false
    stands against a true in the global section: here it does, while Skaffold takes true.
    """
    at = matching(config, kube_context)
    if at is None:
        return (config.everywhere,)
    entry, everywhere = config.contexts[at], config.everywhere.values
    values = {
        key: (*value, *_items(everywhere.get(key))) if isinstance(value, tuple) else value
        for key, value in entry.values.items()
        if false_counts or value is not False or not everywhere.get(key)
    }
    return Section(context=entry.context, values=values), config.everywhere


def matching(config: GlobalConfig, kube_context: str) -> int | None:
    """Which entry of `config.contexts` holds for `kube_context`: the last whose pattern matches."""
    if not kube_context:
        return None
    found = [at for at, entry in enumerate(config.contexts) if matches(entry.context or "", kube_context)]
    return found[-1] if found else None


def _items(value: object) -> tuple[object, ...]:
    return value if isinstance(value, tuple) else ()


class _ValuesReader:
    """Turns nodes into sections and notes what does not fit."""

    def __init__(self, problems: list[Finding]) -> None:
        self.problems = problems

    def file(self, root: Node | None) -> GlobalConfig:
        top = self._pairs(root, ())
        everywhere = Section(values=self._values(top.get(GLOBAL), (GLOBAL,)))
        entries = self._sequence(top.get(CONTEXTS), (CONTEXTS,), "a list of sections")
        contexts = tuple(self._entry(item, (CONTEXTS, at)) for at, item in enumerate(entries))
        problems = sorted(self.problems, key=lambda finding: (finding.line, finding.column))
        return GlobalConfig(everywhere=everywhere, contexts=contexts, problems=tuple(problems))

    def _entry(self, node: Node, path: Path) -> Section:
        pattern = self._text(self._pairs(node, path).get(CONTEXT), (*path, CONTEXT))
        return Section(context=pattern or "", values=self._values(node, path))

    def _values(self, node: Node | None, path: Path) -> dict[str, object]:
        values: dict[str, object] = {}
        pairs = self._pairs(node, path)
        for key in CONFIG_KEYS:
            value = self._value(key, pairs.get(key), (*path, key))
            if value not in (None, "", ()):
                values[key] = value
        return values

    def _value(self, key: str, node: Node | None, path: Path) -> object:
        kind = kind_of(key)
        if kind == "list":
            items = self._sequence(node, path, "a list of texts")
            texts = [self._text(item, (*path, at)) for at, item in enumerate(items)]
            return tuple(text for text in texts if text)
        text = self._text(node, path)
        if kind == "text" or not text:
            return text
        if text not in _BOOLEANS:
            self._note("must be true or false", node, path)
        return _BOOLEANS.get(text)

    def _text(self, node: Node | None, path: Path) -> str | None:
        """A scalar as it is written, so that a tag of 1.10 stays one; None for null or nothing."""
        target = None if node is None else resolve(node)
        if target is None or (isinstance(target, Scalar) and plain_value(target.value, target.style) is None):
            return None
        if isinstance(target, Scalar):
            return target.value
        self._note("must be a single value", node, path)
        return None

    def _sequence(self, node: Node | None, path: Path, wanted: str) -> list[Node]:
        target = None if node is None else resolve(node)
        if isinstance(target, Sequence):
            return target.items
        if not is_null(target):
            self._note(f"must be {wanted}", node, path)
        return []

    def _pairs(self, node: Node | None, path: Path) -> dict[str, Node]:
        target = None if node is None else resolve(node)
        if isinstance(target, Mapping):
            return dict(reversed(list(_all_pairs(target))))
        if not is_null(target):
            self._note("must be a mapping", node, path)
        return {}

    def _note(self, message: str, node: Node | None, path: Path) -> None:
        assert node is not None
        finding = _finding(message, node.start, path)
        if finding not in self.problems:
            self.problems.append(finding)


def is_null(node: Node | None) -> bool:
    """Whether there is nothing, or the scalar that says so."""
    return node is None or (isinstance(node, Scalar) and plain_value(node.value, node.style) is None)


def _all_pairs(mapping: Mapping) -> Iterator[tuple[str, Node]]:
    """The pairs of a mapping and then those that ``<<`` merges in: the first of a key counts."""
    merged: list[Node] = []
    for key, value in mapping.pairs:
        if is_merge(key):
            target = resolve(value)
            merged += target.items if isinstance(target, Sequence) else [target]
        else:
            yield key_text(key), value
    for source in merged:
        target = resolve(source)
        if isinstance(target, Mapping):
            yield from _all_pairs(target)


def _twice(path: Path, mark: Mark) -> Finding:
    return _finding("is defined twice", mark, path)


def _finding(message: str, mark: Mark, path: Path = ()) -> Finding:
    return Finding(message=message, line=mark.line, column=mark.column, path=dotted(path))

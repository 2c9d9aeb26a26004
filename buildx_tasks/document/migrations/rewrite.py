"""One file's text on its way to another apiVersion: edited, read again, and held against the plain migration."""

from __future__ import annotations

from typing import Any

from buildx_tasks.document.migrations.hop import Note
from buildx_tasks.document.migrations.table import Journey, migrate
from buildx_tasks.document.yaml.edits import edited
from buildx_tasks.document.yaml.edits.layout import Text, document_end
from buildx_tasks.document.yaml.nodes import Mapping, Node, Scalar, Sequence, YamlProblem
from buildx_tasks.document.yaml.source import Document, Path, key_text, parse
from buildx_tasks.document.yaml.texttree import Tree
from buildx_tasks.document.yaml.tree import Child, Leaf, Map, plain
from buildx_tasks.errors import UpgradeRefused
from buildx_tasks.model.apiversion import PREFIX
from buildx_tasks.model.finding import Finding, dotted


class Unproved(UpgradeRefused):
    """The new text would not say what the migration gave."""


class Rewrite:
    """All documents of a file on their way: plain data says what must come out, the tree brings the text there."""

    def __init__(self, text: str, documents: list[Document], before: tuple[str, ...], target: str, file: str) -> None:
        self.text = text
        self.documents = documents
        self.before = before
        self.target = target
        self.file = file
        self.notes: list[Finding] = []
        self.refusals: list[Finding] = []
        self.wanted: list[Any] = []
        self.edits: list[tuple[int, int, str]] = []
        self.lines: Text | None = None
        self.open_end = not text.endswith(("\n", "\r"))

    def result(self) -> str:
        """The new text with its notes. Raises `UpgradeRefused` with everything that can't be kept, and `Unproved`."""
        for number in range(len(self.documents)):
            self._document(number)
        if self.refusals:
            raise UpgradeRefused("\n".join(map(str, self.refusals)))
        self.notes.sort(key=lambda finding: finding.line)
        new = self._applied()
        if self.lines is None:
            return new
        self._prove(new)
        bare = new.rstrip("\r\n")
        if bare == new or not self.open_end:
            return new
        # The file had no break at its end; a block scalar that stands there now may need it.
        return bare if self._difference(bare) is None else new

    def _applied(self) -> str:
        parts: list[str] = []
        at = 0
        for start, end, part in self.edits:
            parts += [self.text[at:start], part]
            at = end
        return "".join([*parts, self.text[at:]])

    def _document(self, number: int) -> None:
        document = self.documents[number]
        root = Map(document.data)
        journey = migrate(root, self.before[number], self.target)
        self.wanted.append(plain(root) if not journey.refusals else None)
        told = bool(journey.notes or journey.refusals)
        place_of_version = None if told or not only_version(root) else plain_version(document.root)
        if place_of_version is not None:
            if self.before[number] != self.target:
                self.edits.append(_version_edit(place_of_version, self.target))
            return
        assert isinstance(document.root, Mapping)
        tree = Tree(document.root)
        journey = migrate(tree.root, self.before[number], self.target)
        self._tell(journey)
        if not journey.refusals:
            self.lines = self.lines or Text(self.text)
            following = self.documents[number + 1].start.index if number + 1 < len(self.documents) else len(self.text)
            end = document_end(self.lines, document.root, following)
            self.edits.append(edited(self.lines, tree, end))

    def _tell(self, journey: Journey) -> None:
        self.notes += [self._finding(note, "warning") for note in journey.notes]
        self.refusals += [self._finding(note, "error") for note in journey.refusals]

    def _finding(self, note: Note, severity: str) -> Finding:
        return Finding(
            message=note.message,
            hint=note.hint,
            file=self.file,
            line=note.mark.line if note.mark else 1,
            column=note.mark.column if note.mark else 1,
            path=dotted(note.path),
            code="upgrade",
            severity=severity,
        )

    def _prove(self, new: str) -> None:
        """Read the new text again: what it says must be what the migration of plain data gave."""
        try:
            path = self._difference(new)
        except YamlProblem as problem:
            raise self._unproved(f"line {problem.mark.line} would not be valid YAML: {problem.message}") from None
        if path is not None:
            raise self._unproved(f"{dotted(path[1:]) or 'the number of documents'} would not keep its value")

    def _difference(self, new: str) -> Path | None:
        return difference([document.data for document in parse(new)], self.wanted)

    def _unproved(self, what: str) -> Unproved:
        name = f"{self.file}: " if self.file else ""
        return Unproved(
            f"{name}can't be rewritten without changing what it means: {what}",
            "write anchors, merges (<<) and unusual quoting there plainly, then upgrade again",
        )


def only_version(root: Map) -> bool:
    """Whether a migration changed nothing but the apiVersion."""
    return all(
        isinstance(child, Child)
        and (
            child.key == "apiVersion"
            or not (child.changed or (not isinstance(child.value, Leaf) and child.value.touched))
        )
        for child in root.children
    )


def plain_version(root: Node | None) -> Scalar | None:
    """The scalar of a document's apiVersion when it stands there by itself and on one line."""
    for key, value in root.pairs if isinstance(root, Mapping) else ():
        if key_text(key) == "apiVersion":
            simple = isinstance(value, Scalar) and not value.anchor and not value.tag and value.style in ("", "'", '"')
            return value if simple and value.start.line == value.end.line else None  # type: ignore[return-value]
    return None


def closed(text: str, root: Node | None) -> str | None:
    """A text that ends inside a block scalar, without a break, ended so that lines may follow it; else None."""
    last: Node | None = root
    while isinstance(last, (Mapping, Sequence)) and not last.flow:
        last = last.pairs[-1][1] if isinstance(last, Mapping) else last.items[-1]
    if not isinstance(last, Scalar) or last.style not in ("|", ">") or last.value.endswith("\n"):
        return None
    header = text[last.start.index :].splitlines()[0].split(" #")[0]
    if "-" in header or text.endswith("\n"):
        return None
    at = last.start.index + header.rindex(last.style) + 1
    return text[:at] + "-" + text[at:] + "\n"


def _version_edit(node: Scalar, target: str) -> tuple[int, int, str]:
    return node.start.index, node.end.index, f"{node.style}{PREFIX}{target}{node.style}"


def difference(found: Any, wanted: Any, path: Path = ()) -> Path | None:
    """The path of the first difference between two plain values, None when they are the same."""
    if isinstance(found, dict) and isinstance(wanted, dict):
        if missing := [key for key in (*found, *wanted) if key not in found or key not in wanted]:
            return (*path, missing[0])
        parts = [difference(found[key], wanted[key], (*path, key)) for key in found]
    elif isinstance(found, list) and isinstance(wanted, list):
        if len(found) != len(wanted):
            return path
        parts = [
            difference(mine, theirs, (*path, at)) for at, (mine, theirs) in enumerate(zip(found, wanted, strict=True))
        ]
    else:
        same = type(found) is type(wanted) and (found == wanted or (found != found and wanted != wanted))
        return None if same else path
    return next((part for part in parts if part is not None), None)

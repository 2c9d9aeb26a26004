"""The comment that names a document's JSON Schema to editors: ``# yaml-language-server: $schema=FILE``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from buildx_tasks.document.schema.versioning import version_of, version_problem
from buildx_tasks.document.yaml.locations import place
from buildx_tasks.document.yaml.nodes import YamlProblem
from buildx_tasks.document.yaml.reading import MAX_TEXT, yaml_finding
from buildx_tasks.document.yaml.source import BOM, Document, parse
from buildx_tasks.errors import CannotStart, ConfigInvalid
from buildx_tasks.model.apiversion import VERSIONS

_MODELINE = re.compile(r"(#\s*yaml-language-server\s*:.*?\$schema=)(\S*)(.*)", re.DOTALL)
_LINE = re.compile(r"[^\r\n\x85\u2028\u2029]*(?:\r\n|[\r\n\x85\u2028\u2029])|[^\r\n\x85\u2028\u2029]+")
"""A line with its end, as YAML counts lines."""
_MARKER = re.compile(r"---(?:\s|$)")


@dataclass(frozen=True, slots=True)
class Modelined:
    """A text with its modelines, the versions of its documents, and how many modelines were written or changed."""

    text: str
    versions: tuple[str, ...]
    changes: int


def modeline(reference: str) -> str:
    """The comment that points to the schema at `reference`, a path from the config's folder or a web address."""
    return f"# yaml-language-server: $schema={reference}"


def with_modelines(text: str, reference: Callable[[str], str], file: str = "") -> Modelined:
    """`text` with a modeline in every document for the schema that `reference` gives for its version.

    A modeline that is there is changed, a new one comes first in its document; everything else stays as it is. Raises
    `ConfigInvalid` for text that is not YAML and for documents without a known apiVersion.
    """
    if len(text) > MAX_TEXT:
        raise CannotStart(f"{file} has more than {MAX_TEXT} characters")
    try:
        documents = parse(text)
    except YamlProblem as problem:
        raise ConfigInvalid(str(yaml_finding(problem, text, file))) from None
    problems = [
        str(place(version_problem(document.data), document, file))
        for document in documents
        if version_of(document.data) is None
    ]
    if problems or not documents:
        raise ConfigInvalid("\n".join(problems) or f"{file}: contains no config")
    versions = tuple(VERSIONS[at] for document in documents if (at := version_of(document.data)) is not None)
    bom = BOM if text.startswith(BOM) else ""
    lines = _LINE.findall(text.removeprefix(BOM))
    changes = 0
    for (begin, stop), version in reversed(list(zip(_heads(lines, documents), versions, strict=True))):
        changes += _place(lines, begin, stop, reference(version))
    new = bom + "".join(lines)
    if [document.data for document in parse(new)] != [document.data for document in documents]:
        raise CannotStart(f"{file} can't have a modeline", "write each --- on a line of its own")
    return Modelined(new, versions, changes)


def _heads(lines: Sequence[str], documents: Sequence[Document]) -> Iterator[tuple[int, int]]:
    """For each document the lines, from 0, between its beginning and its first value.

    Editors look for the comment there. The first document begins with the text, any other behind its ``---``.
    """
    markers = [number for number, line in enumerate(lines) if _MARKER.match(line)]
    for document in documents:
        stop = document.start.line - 1
        begin = max((number + 1 for number in markers if number <= stop), default=0) if document.index else 0
        yield begin, stop


def _place(lines: list[str], begin: int, stop: int, reference: str) -> bool:
    """Set the modeline among these lines, and say whether that changed something."""
    for number in range(begin, stop):
        if found := _MODELINE.fullmatch(lines[number]):
            lines[number] = f"{found[1]}{reference}{found[3]}"
            return found[2] != reference
    end = "\r\n" if lines[0].endswith("\r\n") else "\n"
    lines.insert(begin, f"{modeline(reference)}{end}")
    return True

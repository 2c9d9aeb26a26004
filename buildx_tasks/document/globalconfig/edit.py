"""Setting and unsetting one key in the text of a global config file; every other character stays.

The edit is made in the text and checked on the data: when the new text does not say exactly what was asked
for (anchors that are used elsewhere, merged keys), nothing is changed and the user is told.
"""

from __future__ import annotations

import copy
import difflib
from typing import Any, TypeAlias

from buildx_tasks.document.globalconfig.values import CONTEXT, CONTEXTS, GLOBAL, is_null, matching, read
from buildx_tasks.document.yaml.nodes import Alias, Mapping, Mark, Node, Scalar, Sequence, YamlProblem, resolve
from buildx_tasks.document.yaml.render import block_lines, flow, scalar
from buildx_tasks.document.yaml.source import BOM, key_text, parse
from buildx_tasks.errors import CannotStart
from buildx_tasks.model.layers import as_boolean, kind_of
from buildx_tasks.model.settings import CONFIG_KEYS

Pair: TypeAlias = "tuple[Node, Node]"


def edit(text: str, key: str, value: str | None, kube_context: str | None) -> str:
    """`text` with `key` set, or unset when `value` is None or empty; `kube_context` None is the global section.

    As in Skaffold a list grows by `value`, a boolean is read from its usual spellings, and the entry of the
    kube-context is added when none matches; of several that match only the one that counts is changed.
    Raises `CannotStart` for an unknown key or an unfit value, `YamlProblem` when the text can't be edited.
    """
    wanted = parse_value(key, value or "")
    bom, body = (BOM, text[1:]) if text.startswith(BOM) else ("", text)
    config = read(text)
    if config.problems:
        raise YamlProblem(config.problems[0].message, Mark(0, config.problems[0].line, config.problems[0].column))
    at = None if kube_context is None else matching(config, kube_context)
    documents = parse(body)
    root, data = (documents[0].root, documents[0].data) if documents else (None, None)
    expected = _changed(data, key, wanted, kube_context, at)
    if _normal(expected) == _normal(data):
        return text
    editor = _Editor(body)
    editor.change(root, key, wanted, expected, kube_context, at)
    edited = editor.text()
    if not _says(edited, expected):
        place = documents[0].place(()) if documents else Mark(0, 1, 1)
        raise YamlProblem(f"{key} can't be changed without touching what else uses this place", place)
    return bom + edited


def parse_value(key: str, value: str) -> object:
    """What `value` means for `key`: text, a boolean, or None when it is empty. Raises `CannotStart`."""
    if key not in CONFIG_KEYS:
        near = difflib.get_close_matches(key, CONFIG_KEYS, 1)
        known = f"known keys: {', '.join(CONFIG_KEYS)}"
        raise CannotStart(f"unknown key {key!r}", f"did you mean {near[0]}? {known}" if near else known)
    if not value:
        return None
    return as_boolean(value, key) if kind_of(key) == "boolean" else value


def _changed(data: Any, key: str, wanted: object, kube_context: str | None, at: int | None) -> Any:
    """The file's data after the change."""
    data = copy.deepcopy(data) or {}
    if kube_context is None:
        data[GLOBAL] = data.get(GLOBAL) or {}
        section = data[GLOBAL]
    elif at is not None:
        data[CONTEXTS][at] = data[CONTEXTS][at] or {}
        section = data[CONTEXTS][at]
    elif wanted is None:
        return data
    else:
        section = {CONTEXT: kube_context}
        data[CONTEXTS] = [*(data.get(CONTEXTS) or []), section]
    if wanted is None:
        section.pop(key, None)
    else:
        section[key] = [*(section.get(key) or []), wanted] if kind_of(key) == "list" else wanted
    return data


def _normal(data: Any) -> Any:
    """The data with all ways to say "nothing" made one."""
    if isinstance(data, dict):
        kept = {key: _normal(value) for key, value in data.items()}
        return {key: value for key, value in kept.items() if value is not None} or None
    if isinstance(data, list):
        return [_normal(item) for item in data] or None
    return data


def _says(text: str, expected: Any) -> bool:
    try:
        documents = parse(text)
    except YamlProblem:
        return False
    return not documents[0].duplicates and _normal(documents[0].data) == _normal(expected)


class _Editor:
    """Collects text changes against the nodes of one text, and applies them from the back."""

    def __init__(self, text: str) -> None:
        self.source = text
        self.newline = "\r\n" if "\r\n" in text else "\n"
        self.changes: list[tuple[int, int, str]] = []

    def text(self) -> str:
        result = self.source
        for start, end, new in sorted(self.changes, reverse=True):
            result = result[:start] + new + result[end:]
        return result

    def change(
        self, root: Node | None, key: str, wanted: object, expected: Any, kube_context: str | None, at: int | None
    ) -> None:
        """Bring the tree at `root` to say what `expected` says, by one change to one section."""
        name = GLOBAL if kube_context is None else CONTEXTS
        pair = None if root is None else _find(root, name)
        holder = None if pair is None else resolve(pair[1])
        if kube_context is not None and at is not None:
            assert isinstance(holder, Sequence)
            section: Node | None = resolve(holder.items[at])
        else:
            section = holder
        if wanted is None:
            assert section is not None
            self._remove(section, key)
        elif kube_context is not None and at is None and isinstance(section, Sequence) and section.items:
            self._append(section, expected[CONTEXTS][-1])
        elif isinstance(section, Mapping) and section.pairs:
            data = expected[GLOBAL] if at is None else expected[CONTEXTS][at]
            self._put(section, key, data[key], wanted)
        elif at is not None:
            assert section is not None
            self.changes.append((section.start.index, section.end.index, flow({key: wanted})))
        elif pair is not None and root is not None:
            self._fill(root, pair, expected[name])
        else:
            self._add(root, name, expected[name])

    def _put(self, mapping: Mapping, key: str, data: Any, wanted: object) -> None:
        """Give `key` the value `data`; a list that is there grows by `wanted`."""
        pair = _find(mapping, key)
        if pair is None:
            self._add(mapping, key, data)
        elif is_null(resolve(pair[1])) or (isinstance(pair[1], Sequence) and not pair[1].items):
            self._fill(mapping, pair, data)
        elif isinstance(pair[1], Sequence):
            self._append(pair[1], wanted)
        else:
            value = pair[1]
            style = value.style if isinstance(value, Scalar) else ""
            new = flow(data) if isinstance(data, list) else scalar(data, style)
            if value.end.index and self.source[value.end.index - 1] == "\n":
                new += self.newline
            self.changes.append((value.start.index, value.end.index, new))

    def _add(self, mapping: Node | None, key: str, data: Any) -> None:
        """A new last pair."""
        if mapping is None:
            self._insert_lines(len(self.source), block_lines({key: data}, 0))
        elif isinstance(mapping, Mapping) and mapping.flow:
            last = mapping.pairs[-1][1].end.index if mapping.pairs else mapping.end.index - 1
            comma = ", " if mapping.pairs else ""
            self.changes.append((last, last, comma + flow({key: data})[1:-1]))
        else:
            self._insert_lines(self._end(mapping), block_lines({key: data}, mapping.start.column - 1))

    def _fill(self, mapping: Node, pair: Pair, data: Any) -> None:
        """Give a value to a key that has none, or an empty one."""
        key, value = pair
        start, end = value.start.index, value.end.index
        space = "" if self.source[start - 1] == " " else " "
        if isinstance(mapping, Mapping) and mapping.flow:
            self.changes.append((start, end, space + flow(data)))
        elif not isinstance(data, dict | list):
            self.changes.append((start, end, space + scalar(data)))
        else:
            before = self.source[:start]
            self.changes.append((len(before.rstrip(" ")), end, ""))
            self._insert_lines(end, block_lines(data, key.start.column - 1 + 2))

    def _append(self, sequence: Sequence, data: Any) -> None:
        """A new last item."""
        if sequence.flow:
            last = sequence.items[-1].end.index
            self.changes.append((last, last, f", {flow(data)}"))
        else:
            self._insert_lines(self._end(sequence), block_lines([data], sequence.start.column - 1))

    def _remove(self, mapping: Node, key: str) -> None:
        pair = _find(mapping, key)
        if pair is None:  # merged in from elsewhere: the check of the result refuses
            return
        assert isinstance(mapping, Mapping)
        at = mapping.pairs.index(pair)
        start, end = pair[0].start.index, self._end(pair[1])
        follower = mapping.pairs[at + 1][0].start.index if at + 1 < len(mapping.pairs) else None
        if mapping.flow:
            before = self._end(mapping.pairs[at - 1][1]) if at and follower is None else start
            self.changes.append((before, follower or end, ""))
            return
        line = self.source.rfind("\n", 0, start) + 1
        if not self.source[line:start].strip():
            self.changes.append((line, self._line_end(end), ""))
        elif follower is None:
            self.changes.append((start, end, "{}" + (self.newline if self.source[end - 1] == "\n" else "")))
        else:
            line_end = self._line_end(end)
            if not self.source[line_end:follower].strip():
                self.changes.append((start, follower, ""))
            else:  # comments stand between: the dash stays alone on its line
                dash = len(self.source[:start].rstrip(" "))
                self.changes.append((dash, line_end, self.newline))

    def _insert_lines(self, index: int, lines: list[str]) -> None:
        at = self._line_end(index)
        missing = self.newline if at and self.source[at - 1] != "\n" else ""
        self.changes.append((at, at, missing + "".join(line + self.newline for line in lines)))

    def _line_end(self, index: int) -> int:
        """Where the line that holds `index` is over: behind its line break."""
        if index and self.source[index - 1] == "\n":
            return index
        found = self.source.find("\n", index)
        return len(self.source) if found < 0 else found + 1

    def _end(self, node: Node) -> int:
        """Where the last character of a node stands; the end mark of a block also spans what follows it."""
        if isinstance(node, Mapping) and not node.flow and node.pairs:
            return self._end(node.pairs[-1][1])
        if isinstance(node, Sequence) and not node.flow and node.items:
            return self._end(node.items[-1])
        return node.end.index


def _find(mapping: Node, key: str) -> Pair | None:
    """The pair of `key` that stands in the mapping itself."""
    target = resolve(mapping)
    if not isinstance(target, Mapping):
        return None
    return next((pair for pair in target.pairs if not isinstance(pair[0], Alias) and key_text(pair[0]) == key), None)

"""Random configs for property tests: valid data of any version, written in every style YAML knows."""

from __future__ import annotations

import json
import random
from typing import Any

from buildx_tasks.document.schema.catalogue import project

WORDS = ("app", "web", "1.10", "a b", "k8s/*.yaml", "{{.TAG}}", "x: y", "# no", "'q'", "yes", "", "ünï", "**/*.js", "-")
KEPT = "a\n\n"
BARE = "one\n two # no comment"
LONG = "first line\nsecond line\n\n  third # no comment\n"


class Maker:
    """Draws one config; `data` is what its `text` says."""

    def __init__(self, seed: int, version: str) -> None:
        self.random = random.Random(seed)
        self.version = version
        self.schema = project(version)
        self.pool: dict[str, list[Any]] = {}

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    # --- data

    def config(self) -> dict[str, Any]:
        root = self.schema["$defs"]["SkaffoldConfig"]
        data = self._object(root, 0)
        data.pop(".buildx", None)
        data["apiVersion"] = f"skaffold/{self.version}"
        data["kind"] = "Config"
        shared = [value for values in self.pool.values() for value in values if value]
        if shared and self.chance(0.4):
            data[".shared"] = self.random.sample(shared, min(3, len(shared)))
        keys = list(data)
        if self.chance(0.3):
            self.random.shuffle(keys)
        else:
            keys.sort(key=lambda key: key not in ("apiVersion", "kind", ".shared"))
        return {key: data[key] for key in keys}

    def _value(self, schema: dict[str, Any], depth: int) -> Any:
        if "$ref" in schema:
            name = schema["$ref"].rsplit("/", 1)[1]
            known = self.pool.setdefault(name, [])
            if known and self.chance(0.25):
                return self.random.choice(known)
            value = self._object(self.schema["$defs"][name], depth)
            if known and self.chance(0.3):
                value = {**self.random.choice(known), **value}
            known.append(value)
            return value
        if self.chance(0.02):
            return None
        kinds = schema.get("type", "object")
        kind = kinds if isinstance(kinds, str) else self.random.choice(kinds)
        if "enum" in schema:
            return self.random.choice([item for item in schema["enum"] if item is not None])
        if kind == "object":
            return self._object(schema, depth)
        if kind == "array":
            return [self._value(schema.get("items", {"type": "string"}), depth + 1) for _ in range(self._count(depth))]
        if kind == "boolean":
            return self.chance(0.5)
        if kind == "integer":
            return self.random.choice([0, 1, 8080])
        return self.random.choice((LONG, KEPT, BARE)) if self.chance(0.04) else self.random.choice(WORDS)

    def _object(self, schema: dict[str, Any], depth: int) -> dict[str, Any]:
        properties = schema.get("properties", {})
        if not properties:
            inner = schema.get("additionalProperties")
            if inner is False:
                return {}
            inner = inner if isinstance(inner, dict) else {"type": "string"}
            return {f"k{number}": self._value(inner, depth + 1) for number in range(self._count(depth))}
        single = [item["required"][0] for item in schema.get("oneOf", ()) if "required" in item]
        chosen = self.random.choice(single) if single else None
        share = 0.6 if depth < 3 else 0.35 if depth < 6 else 0.15
        data = {}
        for key, inner in properties.items():
            if key.startswith(".") or (key in single and key != chosen):
                continue
            if key in ("kpt", "acr", "apiVersion", "kind") or not (
                self.chance(share) or key in schema.get("required", ())
            ):
                continue
            data[key] = self._value(inner, depth + 1)
        return data

    def _count(self, depth: int) -> int:
        return self.random.choice([0, 1, 1, 2, 2, 3]) if depth < 6 else self.random.choice([0, 1])

    # --- text

    def text(self, data: dict[str, Any], *, anchors: bool = False, comments: bool = True) -> str:
        return Writer(self.random, anchors=anchors, comments=comments).document(data)


class Writer:
    """Writes data as YAML, in a style that changes from place to place."""

    def __init__(self, source: random.Random, *, anchors: bool, comments: bool) -> None:
        self.random = source
        self.with_anchors = anchors
        self.with_comments = comments
        self.step = source.choice([2, 2, 4, 3])
        self.dash = source.choice([0, 0, 2])
        self.gap = source.choice([1, 1, 3])
        self.flows = source.choice([0.0, 0.1, 0.4])
        self.comment_count = 0
        self.anchor_count = 0
        self.anchors: list[tuple[str, Any]] = []

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def document(self, data: dict[str, Any]) -> str:
        if self.chance(0.05):
            return self.flow(data, 0, 0) + "\n"
        lines = self.block(data, 0)
        return "".join(line + "\n" for line in [*self.above(0), *lines, *self.above(0)])

    # comments

    def comment(self) -> str:
        self.comment_count += 1
        return f"#{self.random.choice(['', ' ', '  - '])}c{self.comment_count}."

    def above(self, column: int) -> list[str]:
        lines = []
        while self.with_comments and self.chance(0.25):
            if self.chance(0.3):
                lines.append(self.random.choice(["", "  "]))
            else:
                lines.append(" " * max(0, column + self.random.choice([0, 0, 0, 2, -2])) + self.comment())
        return lines

    def behind(self) -> str:
        return f"  {self.comment()}" if self.with_comments and self.chance(0.2) else ""

    # block style: lines of which the first one continues what opens them

    def block(self, value: Any, column: int) -> list[str]:
        lines: list[str] = []
        if isinstance(value, dict):
            for key, inner, merged in self.entries(value):
                lines += self.above(column)
                pad = " " * column
                if merged:
                    lines.append(f"{pad}<<: {merged}{self.behind()}")
                elif self.chance(0.01):
                    lines.append(f"{pad}? {self.key(key)}")
                    lines += self.opened(f"{pad}:", inner, column, self.step)
                else:
                    colon = " :" if self.chance(0.02) else ":"
                    lines += self.opened(f"{pad}{self.key(key)}{colon}", inner, column, self.step)
            return lines
        for inner in value:
            lines += self.above(column)
            lines += self.opened(" " * column + "-", inner, column, 1 + self.gap)
        return lines

    def entries(self, value: dict[str, Any]) -> list[tuple[str, Any, str]]:
        if self.with_anchors and self.chance(0.5):
            for name, known in self.random.sample(self.anchors, len(self.anchors)):
                if isinstance(known, dict) and len(known) > 0 and known is not value and set(known) <= set(value):
                    own = [key for key in value if key not in known or not same(known[key], value[key])]
                    if len(own) < len(value):
                        entries = [(key, value[key], "") for key in own]
                        entries.insert(self.random.randint(0, len(entries)), ("<<", None, f"*{name}"))
                        return entries
        return [(key, inner, "") for key, inner in value.items()]

    def opened(self, head: str, value: Any, column: int, step: int) -> list[str]:
        """The lines of an entry or item whose key or dash is `head`."""
        if alias := self.alias(value):
            return [f"{head} {alias}{self.behind()}"]
        is_box = isinstance(value, (dict, list)) and value
        if not is_box or self.chance(self.flows):
            return self.inline(head, value, column)
        anchor = self.anchor(value)
        is_item = head.endswith("-")
        inner = column + (self.dash if isinstance(value, list) and not is_item else step)
        lines = self.block(value, inner)
        self.close(anchor, value)
        if is_item and not anchor and self.chance(0.8) and lines[0].strip()[:1] not in ("#", ""):
            return [head + " " * self.gap + lines[0].lstrip(), *lines[1:]]
        return [f"{head}{anchor}{self.behind()}", *lines]

    def inline(self, head: str, value: Any, column: int) -> list[str]:
        anchor = self.anchor(value)
        lines = self._inline(head, anchor, value, column)
        self.close(anchor, value)
        return lines

    def _inline(self, head: str, anchor: str, value: Any, column: int) -> list[str]:
        if value in (LONG, KEPT, BARE) and self.chance(0.7):
            depth = self.random.choice([1, 2, 4])
            header = "|+" if value == KEPT else "|-" if value == BARE else "|"
            header += self.random.choice(["", str(depth)])
            body = [(" " * (column + depth) + line) if line else "" for line in value.removesuffix("\n").split("\n")]
            return [f"{head}{anchor} {header}{self.behind()}", *body]
        if value == "a b" and self.chance(0.2):
            pad = " " * (column + 2)
            return [f"{head}{anchor} >-{self.behind()}", f"{pad}a", f"{pad}b"]
        if value == "x: y" and self.chance(0.3):
            return [f'{head}{anchor} "x:\\', f'{" " * (column + 1)}\\ y"{self.behind()}']
        if isinstance(value, str) and value == "a b" and self.chance(0.3):
            return [f"{head}{anchor} a", " " * (column + 1) + "b" + self.behind()]
        if value is None and not anchor and self.chance(0.5):
            return [head + self.behind()]
        if not anchor and isinstance(value, str) and self.chance(0.03):
            anchor = " !!str"
        text = self.flow(value, column, 0)
        blank = self.random.choice([" ", " ", " ", "   "])
        return [*f"{head}{anchor}{blank}{text}{self.behind()}".split("\n")]

    # flow style

    def flow(self, value: Any, column: int, depth: int) -> str:
        if depth and (alias := self.alias(value)):
            return alias + " "
        if isinstance(value, dict):
            parts = [
                f"<<: {merged} " if merged else f"{self.key(key)}: {self.flow(inner, column, depth + 1)}"
                for key, inner, merged in self.entries(value)
            ]
        elif isinstance(value, list):
            parts = [self.flow(inner, column, depth + 1) for inner in value]
        else:
            return self.scalar(value, flow=depth > 0)
        start, end = "{}" if isinstance(value, dict) else "[]"
        if parts and self.chance(0.3):
            pad = "\n" + " " * (column + 2)
            joined = "".join(
                f"{pad}{part}{',' if at + 1 < len(parts) or self.chance(0.2) else ''}{self.behind()}"
                for at, part in enumerate(parts)
            )
            return f"{start}{joined}\n{' ' * (column + 1)}{end}"
        return start + ", ".join(parts) + end

    def key(self, key: str) -> str:
        return f'"{key}"' if self.chance(0.05) else key

    def scalar(self, value: Any, *, flow: bool) -> str:
        if value is None:
            return self.random.choice(["null", "~"])
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, int):
            return str(value)
        text = str(value)
        safe = text.isalnum() and text.isascii() and not text.isdigit() and text != "yes"
        if (safe and self.chance(0.7)) or (not flow and text in ("k8s/*.yaml", "a b")):
            return text
        if self.chance(0.5) and "\n" not in text:
            return "'" + text.replace("'", "''") + "'"
        return json.dumps(text, ensure_ascii=False)

    # anchors

    def anchor(self, value: Any) -> str:
        """An anchor for a value that begins here; `close` makes it known."""
        if not self.with_anchors or not isinstance(value, (dict, list, str)) or not self.chance(0.3):
            return ""
        self.anchor_count += 1
        name = f"a{self.anchor_count}" if not self.anchors or self.chance(0.95) else self.anchors[-1][0]
        self.anchors = [(known, kept) for known, kept in self.anchors if known != name]
        return f" &{name}"

    def close(self, anchor: str, value: Any) -> None:
        if anchor:
            self.anchors.append((anchor[2:], value))

    def alias(self, value: Any) -> str:
        if not self.with_anchors or not isinstance(value, (dict, list, str)) or not self.chance(0.6):
            return ""
        found = [name for name, known in self.anchors if same(known, value)]
        return f"*{self.random.choice(found)}" if found else ""


def same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and repr(one) == repr(other)

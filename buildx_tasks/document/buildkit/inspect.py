"""The text that ``docker buildx inspect`` prints, as a value."""

from __future__ import annotations

from buildx_tasks.model.engine import Builder, BuilderNode


def parse_inspect(text: str) -> Builder:
    """Read the output of ``docker buildx inspect``: a head with name and driver, then a block per node.

    Platforms marked with ``*`` are those that the user gave the node. Unknown lines are passed over, so that newer
    versions with more to say can still be read.
    """
    head, _mark, rest = text.partition("\nNodes:")
    fields = _fields(head)
    nodes: list[BuilderNode] = []
    for block in _blocks(rest):
        values = _fields(block)
        platforms = [part.strip() for part in values.get("platforms", "").split(",") if part]
        nodes.append(
            BuilderNode(
                name=values.get("name", ""),
                endpoint=values.get("endpoint", ""),
                status=values.get("status", ""),
                buildkit=values.get("buildkit version", values.get("buildkit", "")),
                platforms=tuple(part.rstrip("*") for part in platforms),
                claimed=tuple(part.rstrip("*") for part in platforms if part.endswith("*")),
                error=values.get("error", ""),
            )
        )
    return Builder(name=fields.get("name", ""), driver=fields.get("driver", ""), nodes=tuple(nodes))


def _blocks(text: str) -> list[str]:
    """One text per node; each begins with its Name line."""
    blocks: list[list[str]] = []
    for line in text.splitlines():
        if line.startswith("Name:"):
            blocks.append([])
        if blocks:
            blocks[-1].append(line)
    return ["\n".join(block) for block in blocks]


def _fields(text: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    for line in text.splitlines():
        if line[:1].isspace():
            continue
        key, colon, value = line.partition(":")
        if colon:
            fields.setdefault(key.strip().lower(), value.strip())
    return fields

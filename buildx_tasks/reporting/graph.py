"""A build plan as a graph for Mermaid and Graphviz: an arrow leads from an artifact to what is built from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from buildx_tasks.model.plan import BuildPlan, BuildStep
from buildx_tasks.model.request import BUILDX
from buildx_tasks.reporting.plan import UNCHANGED

Why = Mapping[str, str] | None
"""Why each artifact would be built, by image; None to leave that out."""


@dataclass(frozen=True, slots=True)
class _Node:
    """One artifact: `lines` are its label, the image first; an artifact that is not built is `left_out`."""

    id: str
    image: str
    lines: tuple[str, ...]
    left_out: bool = False


@dataclass(frozen=True, slots=True)
class _Edge:
    """From an artifact to one that needs it, by their ids; `label` is the build arg or the named context."""

    start: str
    end: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class _Graph:
    """Nodes by module; one module without a title stands for all where there is only one."""

    modules: tuple[tuple[str, tuple[_Node, ...]], ...]
    edges: tuple[_Edge, ...]


def mermaid_text(plan: BuildPlan, why: Why = None) -> str:
    """A flowchart of Mermaid, as forges show it in Markdown; with `why`, each artifact says why it would be built."""
    graph = _graph(plan, why)
    lines = ["flowchart LR"]
    for number, (title, nodes) in enumerate(graph.modules):
        space = "    " if title else "  "
        if title:
            lines.append(f'  subgraph m{number}["{_mermaid(title)}"]')
        lines += [f'{space}{node.id}["{"<br>".join(map(_mermaid, node.lines))}"]' for node in nodes]
        if title:
            lines.append("  end")
    for edge in graph.edges:
        label = f'|"{_mermaid(edge.label)}"|' if edge.label else ""
        lines.append(f"  {edge.start} -->{label} {edge.end}")
    lines += [
        f"  style {node.id} stroke-dasharray: 5 5" for _title, nodes in graph.modules for node in nodes if node.left_out
    ]
    return "\n".join(lines) + "\n"


def dot_text(plan: BuildPlan, why: Why = None) -> str:
    """The same as a digraph of Graphviz."""
    graph = _graph(plan, why)
    lines = ["digraph builds {", "  rankdir=LR;", "  node [shape=box];"]
    for number, (title, nodes) in enumerate(graph.modules):
        space = "    " if title else "  "
        if title:
            lines += [f"  subgraph cluster_{number} {{", f"    label={_dot(title)};"]
        lines += [f"{space}{node.id} [{_dot_attributes(node)}];" for node in nodes]
        if title:
            lines.append("  }")
    for edge in graph.edges:
        label = f" [label={_dot(edge.label)}]" if edge.label else ""
        lines.append(f"  {edge.start} -> {edge.end}{label};")
    return "\n".join([*lines, "}"]) + "\n"


def _dot_attributes(node: _Node) -> str:
    label = f"label={_dot(chr(10).join(node.lines))}"
    return f"{label}, style=dashed" if node.left_out else label


def _graph(plan: BuildPlan, why: Why) -> _Graph:
    nodes = {node.image: node for node in _nodes(plan, why)}
    named = [(config.name or config.file, config.images) for config in plan.configs]
    modules = [(title, tuple(nodes[image] for image in images if image in nodes)) for title, images in named]
    placed = {node.image for _title, inside in modules for node in inside}
    modules.append(("", tuple(node for node in nodes.values() if node.image not in placed)))
    modules = [(title, inside) for title, inside in modules if inside]
    if len(modules) == 1:
        modules = [("", modules[0][1])]
    edges = [
        _Edge(nodes[image].id, nodes[step.image].id, _edge_label(step, image))
        for step in plan.steps
        for image in step.needs
        if image in nodes
    ]
    return _Graph(tuple(modules), tuple(edges))


def _nodes(plan: BuildPlan, why: Why) -> Iterator[_Node]:
    """The artifacts in the order of the plan."""
    batches = {image: number for number, batch in enumerate(plan.batches, start=1) for image in batch}
    steps = {step.image: step for step in plan.steps}
    left_out = {result.image: result.reason for result in plan.left_out}
    for number, image in enumerate(plan.order or tuple(steps)):
        if step := steps.get(image):
            yield _Node(f"n{number}", image, (image, *_facts(step, batches.get(image, 0), why)))
        elif image in left_out:
            yield _Node(f"n{number}", image, (image, f"not built: {left_out[image]}"), left_out=True)


def _facts(step: BuildStep, batch: int, why: Why) -> Sequence[str]:
    """What is below the image: its platforms, what builds it if buildx does not, its batch, and why it is built."""
    facts = [", ".join(step.platforms) or step.native]
    facts.append("" if step.tool == BUILDX else step.tool)
    facts.append(f"batch {batch}" if batch else "")
    facts.append("" if why is None else why.get(step.image, UNCHANGED))
    return [fact for fact in facts if fact]


def _edge_label(step: BuildStep, image: str) -> str:
    """How the artifact takes what it needs: the build arg, else the name under which FROM finds it, else nothing."""
    aliases = [item.alias for item in step.artifact.requires if item.image == image and item.alias != image]
    contexts = [name for name, source in step.artifact.extras.build_contexts if source == f"artifact://{image}"]
    return ", ".join([*aliases, *(name for name in contexts if name != image)])


def _mermaid(text: str) -> str:
    """Text for a label in quotes: what Mermaid or HTML would take for its own is given by its number."""
    return "".join(char if char.isalnum() or char in " -_./,:=+@()" else f"#{ord(char)};" for char in text)


def _dot(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'

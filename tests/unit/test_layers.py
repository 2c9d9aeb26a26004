"""The house is one-way: a module imports only from its own layer and those below, and so in the rooms of a layer."""

from __future__ import annotations

import ast
import re
from itertools import pairwise
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "buildx_tasks"
LAYERS = {"errors": 0, "model": 1, "golang": 2, "document": 3, "planning": 4, "execution": 5, "tasks": 6}
ROOMS = {
    "golang": ("globs regex timelayout", "matching", "template"),
    "document": ("yaml", "buildkit formats globalconfig schema", "migrations", "validate"),
    "planning": (
        "advice facts tagprefix trust",
        "builders config failures tags",
        "mounts",
        "build",
        "doctor init merge prune reuse",
    ),
    "execution": (
        "paths private tempfiles tempfolders wakeup watchdog",
        "signals",
        "files shell verdicts world",
        "cluster http sources",
        "config docker",
        "registry",
        "cache mounts run",
        "pipeline",
        "assumed doctor dockerchecks dockerfiles listing merge ocilayouts prune reportfiles",
        "affected locking verifying",
    ),
}
"""The rooms of a layer and the modules at its root, from the lowest; those in one text do not import one another."""
DOORS = {
    "sh": {"execution/shell.py"},
    "jsonschema": {"document/schema/structure.py"},
    "rich": {"reporting/board.py", "reporting/paint.py", "reporting/table.py"},
    "urllib3": {"execution/http/client.py", "execution/http/failures.py"},
    "subprocess": set[str](),
}
MODULES = sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py"))


def imported(module: str) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse((PACKAGE / module).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            folder = PACKAGE.parent / node.module.replace(".", "/")
            inner = [f"{node.module}.{alias.name}" for alias in node.names if folder.is_dir()]
            names.update(inner or [node.module])
    return names


def layer(dotted: str) -> str:
    return dotted.split(".")[1] if dotted.count(".") else ""


def is_face(module: str) -> bool:
    return module in ("__init__.py", "api.py", "testing.py")


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_down(module: str) -> None:
    own = module.split("/", maxsplit=1)[0].removesuffix(".py")
    for name in imported(module):
        target = layer(name) if name.startswith("buildx_tasks.") else ""
        if not target or target == "__version__" or is_face(module):
            continue
        if own == "reporting":
            assert target in ("errors", "model", "reporting"), f"{module} imports {name}"
        elif target == "reporting":
            assert own == "tasks", f"{module} imports {name}"
        else:
            assert LAYERS[target] <= LAYERS[own], f"{module} imports {name}"


@pytest.mark.parametrize("module", MODULES)
def test_each_door_has_one_key(module: str) -> None:
    for name in imported(module):
        top = name.split(".")[0]
        assert top not in DOORS or module in DOORS[top], f"{module} imports {name}"
        assert top != "invoke" or module.startswith("tasks/"), f"{module} imports {name}"


def rank(layer: str, room: str) -> int:
    """How high a room is in its layer."""
    for number, names in enumerate(ROOMS[layer]):
        if room in names.split():
            return number
    raise AssertionError(f"{layer}/{room} has no place in ROOMS")


@pytest.mark.parametrize("module", [name for name in MODULES if name.count("/") and name.split("/")[0] in ROOMS])
def test_rooms_of_a_layer_point_down(module: str) -> None:
    layer_, room, *_ = module.removesuffix(".py").split("/")
    if room == "__init__":
        return
    for name in imported(module):
        parts = name.split(".")[1:]
        if not name.startswith("buildx_tasks.") or parts[0] != layer_ or len(parts) < 2 or parts[1] == room:
            continue
        assert rank(layer_, parts[1]) < rank(layer_, room), f"{module} imports {name}"


def test_the_page_describes_every_room_from_the_lowest() -> None:
    page = (PACKAGE.parent / "docs/architecture.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `(\w+)/(\w+)` \|", page, re.MULTILINE)
    rooms = {tuple(module.split("/")[:2]) for module in MODULES if module.count("/") > 1}
    assert sorted(listed) == sorted(rooms)
    order = [(LAYERS[layer_], rank(layer_, room)) for layer_, room in listed]
    assert order == sorted(order)
    picture = (PACKAGE.parent / "docs/pictures/layers.svg").read_text(encoding="utf-8")
    texts = re.findall(r"<text [^>]*>([^<]+)</text>", picture)
    drawn = {name: below.split(", ") for name, below in pairwise(texts) if name in ROOMS}
    assert drawn == {layer_: [room for other, room in listed if other == layer_] for layer_ in ROOMS}


def test_one_class_has_one_name() -> None:
    homes: dict[str, list[str]] = {}
    for module in MODULES:
        for node in ast.walk(ast.parse((PACKAGE / module).read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                homes.setdefault(node.name, []).append(module)
    assert {name: places for name, places in homes.items() if len(places) > 1} == {}

"""The house is one-way: a module may import only from its own layer and from those below."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "buildx_tasks"
LAYERS = {"errors": 0, "model": 1, "golang": 2, "document": 3, "planning": 4, "execution": 5, "tasks": 6}
DOORS = {
    "sh": {"execution/shell.py"},
    "jsonschema": {"document/schema/validate.py"},
    "subprocess": set[str](),
}
MODULES = sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py"))


def imported(module: str) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse((PACKAGE / module).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names if node.module == "buildx_tasks")
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

"""The package's face: lazy, and everything it promises is there."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import buildx_tasks

HEAVY = ("yaml", "jsonschema", "sh", "invoke")


def test_importing_the_package_imports_nothing_heavy() -> None:
    code = f"import sys, buildx_tasks; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_mounting_the_tasks_imports_neither_sh_nor_jsonschema() -> None:
    code = (
        "import sys, buildx_tasks; buildx_tasks.namespace(); print({'sh', 'jsonschema', 'invoke'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "{'invoke'}"


@pytest.mark.parametrize("name", sorted(buildx_tasks.EXPORTS))
def test_every_exported_name_resolves(name: str) -> None:
    assert getattr(buildx_tasks, name) is not None
    assert name in dir(buildx_tasks)


def test_type_checkers_see_the_same_names() -> None:
    tree = ast.parse(Path(buildx_tasks.__file__).read_text(encoding="utf-8"))
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    seen = {
        alias.asname or alias.name: f"{node.module}:{alias.name}"
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert seen == buildx_tasks.EXPORTS
    assert sorted(buildx_tasks.__all__) == sorted(buildx_tasks.EXPORTS)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'biuldx'"):
        _ = buildx_tasks.biuldx

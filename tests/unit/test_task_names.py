"""Messages name tasks through one function, and whoever prints them may spell the names otherwise."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import buildx_tasks
from buildx_tasks.errors import ConfigInvalid
from buildx_tasks.model.taskname import HELP, respell, task_command

PACKAGE = Path(buildx_tasks.__file__).parent
LITERAL = re.compile(
    r"\b(invoke|inv|buildx-tasks) (--help|(buildx|schema)\.)|\b(buildx|schema)\.(build|upgrade|validate) "
)


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_no_message_spells_a_command_itself(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    documentation = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    texts = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation
    ]
    assert not [text for text in texts if LITERAL.search(text)]


def test_every_command_in_a_text_is_spelled_anew_and_nothing_else_is() -> None:
    text = f"run: {task_command('buildx.config.set')} --global x, or `{task_command('schema.upgrade')}`; {HELP} TASK"
    spelled = respell(f"buildx-tasks is installed, {text}", lambda words: f"inv ci/{words}")
    assert spelled == (
        "buildx-tasks is installed, run: inv ci/buildx.config.set --global x, or `inv ci/schema.upgrade`; "
        "inv ci/--help TASK"
    )


def test_the_python_api_names_the_program_which_is_there_for_everybody() -> None:
    with pytest.raises(ConfigInvalid, match=r"the newest is .*; all: buildx-tasks schema\.versions"):
        buildx_tasks.upgrade_text("apiVersion: 7\nkind: Config\n")

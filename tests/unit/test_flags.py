"""Flags of a build are text in the two renderers and the plan's report only; everybody else reads fields."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from buildx_tasks.model.cliflags import OPTIONS, SWITCHES

PACKAGE = Path(__file__).parents[2] / "buildx_tasks"
LAYERS = ("model", "planning", "execution", "reporting")
MODULES = sorted(
    path.relative_to(PACKAGE).as_posix()
    for path in PACKAGE.rglob("*.py")
    if path.relative_to(PACKAGE).parts[0] in LAYERS
)

FLAGS = {f"--{name}" for name in SWITCHES | OPTIONS} | {"-f", "-o", "-t"}
SPELLERS = {
    "model/argv.py": "renders a request as a command",
    "model/baketarget.py": "renders a request as a bake target",
    "reporting/plan.py": "shows what is rendered",
}
OTHER_COMMANDS = {
    "planning/builders/state.py": {"--platform"},  # docker buildx create
    "execution/config/gitcache.py": {"--quiet"},  # git
    "execution/cluster/kube.py": {"--output"},  # kubectl get
    "execution/cluster/minikube.py": {"-o"},  # minikube profile list
    "execution/dockerfiles.py": {"--quiet"},  # git
    "execution/docker/images.py": {"--platform", "--quiet"},  # docker pull
    "execution/run/batch.py": {"--allow", "--builder", "--file", "--help", "--metadata-file", "--progress"},  # bake
    "execution/run/failedbuild.py": {"--builder"},  # docker buildx history logs
    "execution/run/step.py": {"--platform", "--quiet"},  # docker pull
    "reporting/bake.py": {"--builder", "--file"},  # docker buildx bake
}
"""Modules that spell flags of other commands, which they run or show."""

RENDERED = {"argv", "check_argv", "flags"}
READERS = {
    "execution/mounts/helperbuilds.py": {"argv"},  # runs its own
    "execution/run/step.py": {"argv"},  # runs it
    "planning/build/arguments.py": {"flags"},  # measures it
    "planning/build/dockerchecks.py": {"check_argv"},  # plans to run it
    "reporting/plan.py": {"flags"},
}


def tree(module: str) -> ast.Module:
    return ast.parse((PACKAGE / module).read_text(encoding="utf-8"))


def texts(module: str) -> set[str]:
    found = (node.value for node in ast.walk(tree(module)) if isinstance(node, ast.Constant))
    return {value.partition("=")[0] for value in found if isinstance(value, str)}


@pytest.mark.parametrize("module", [module for module in MODULES if module not in SPELLERS])
def test_nobody_else_spells_a_flag(module: str) -> None:
    assert texts(module) & FLAGS <= OTHER_COMMANDS.get(module, set())


@pytest.mark.parametrize("module", MODULES)
def test_a_rendered_command_is_run_or_shown_and_nothing_else(module: str) -> None:
    taken = {
        alias.name
        for node in ast.walk(tree(module))
        if isinstance(node, ast.ImportFrom) and node.module == "buildx_tasks.model.argv"
        for alias in node.names
    }
    assert taken & RENDERED <= READERS.get(module, set())


def test_the_lists_name_what_is_there() -> None:
    assert {*SPELLERS, *OTHER_COMMANDS, *READERS} <= set(MODULES)

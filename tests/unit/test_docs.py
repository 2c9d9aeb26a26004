"""The generated pages say what the code says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from walkthrough import File, steps

import buildx_tasks
from buildx_tasks.model.settings import KEYS

ROOT = Path(__file__).parents[2]


def test_the_generated_pages_are_fresh() -> None:
    command = [sys.executable, "-m", "invoke", "docs.generate", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_setting_is_described_and_placed() -> None:
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `([a-z0-9-]+)` \|", page, re.MULTILINE) == [*KEYS, *KEYS]


def test_links_between_pages_lead_somewhere() -> None:
    for page in (ROOT / "docs").glob("*.md"):
        for target in re.findall(r"\]\(([\w./-]+\.md)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


CI_PAGES = ("docs/affected.md", "docs/ci.md", "examples/github-action/README.md", "examples/gitlab-component/README.md")
GITHUB = ("vendor.github-workflows",)
GITLAB = ("vendor.gitlab-ci", "--data-transform", "gitlab-ci")


def ci_files() -> list[tuple[str, str, str]]:
    """The files of CI services that pages show: the page, the path in the file's first line, and its text."""
    texts = [(page, (ROOT / page).read_text(encoding="utf-8")) for page in CI_PAGES]
    return [
        (page, found.splitlines()[0].lstrip("# "), found)
        for page, text in texts
        for found in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    ]


@pytest.mark.parametrize(("page", "file", "text"), ci_files(), ids=lambda value: value if len(value) < 50 else "")
def test_the_files_of_ci_in_the_pages_follow_the_schemas(page: str, file: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / "ci.yml"
    schema = GITHUB if file.startswith(".github/") else GITLAB
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", *schema, str(path)]
    # A hidden job may be anything.
    text = text.replace(".buildx-build:", "build:\n  script: make")
    path.write_text(text, encoding="utf-8")
    assert subprocess.run(command, check=False).returncode == 0
    path.write_text(text.replace("script:", "script: {}\n  x:").replace("runs-on", "x"), encoding="utf-8")
    assert subprocess.run(command, check=False, capture_output=True).returncode == 1


def test_every_command_of_these_files_is_a_task_with_these_flags() -> None:
    namespace = buildx_tasks.namespace()
    files = "".join(text for _page, _file, text in ci_files())
    commands = re.findall(r"buildx-tasks ((?:buildx|schema)\.\w+)([^\n)>]*)", files)
    assert len(commands) >= 6
    for task, flags in commands:
        known = {f"--{item.name.strip('_').replace('_', '-')}" for item in namespace[task].get_arguments()}
        assert set(re.findall(r" (--[\w-]+)", flags)) <= known


def test_flags_that_several_tasks_share_are_on_the_page_of_tasks_once() -> None:
    page = (ROOT / "docs" / "tasks.md").read_text(encoding="utf-8")
    assert len(re.findall(r"^\| `--cache-mode=…` \|", page, re.MULTILINE)) == 1
    sections = dict(part.split("\n", 1) for part in page.split("\n## ")[1:])
    namespace = buildx_tasks.namespace()
    for name in namespace.task_names:
        linked = re.findall(r"\]\(#([\w-]+)\)", sections[name])
        shown = "".join([sections[name], *(sections[link.replace("-", " ").capitalize()] for link in linked)])
        words = {item for item in namespace[name].get_arguments() if len(item.names[0]) > 1}
        flags = {f"--{item.name.strip('_').replace('_', '-')}" for item in words if not item.positional}
        assert {flag for flag in flags if not re.search(rf"`{flag}[`=\[]", shown)} == set(), name


def shown_files() -> list[tuple[str, File]]:
    """The files that the pages of docs/ show, with the page of each."""
    pages = sorted((ROOT / "docs").glob("*.md"))
    return [
        (page.name, step)
        for page in pages
        for step in steps(page.read_text(encoding="utf-8"))
        if isinstance(step, File)
    ]


def test_the_configs_of_the_pages_are_valid() -> None:
    """Every block of YAML that is a whole config, also one that no test builds."""
    checked = 0
    for page in sorted((ROOT / "docs").glob("*.md")):
        for block in re.findall(r"```yaml\n(apiVersion: skaffold/.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
            assert buildx_tasks.validate_text(block, warnings=True) == [], page.name
            checked += 1
    assert checked >= 10


@pytest.mark.parametrize(
    ("page", "file"),
    [(page, file) for page, file in shown_files() if file.name.endswith(".yml")],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
def test_the_pipelines_of_the_pages_follow_the_schemas(page: str, file: File, tmp_path: Path) -> None:
    schema = (
        ("vendor.gitlab-ci", "--data-transform", "gitlab-ci") if "gitlab" in file.name else ("vendor.github-workflows",)
    )
    (path := tmp_path / "ci.yml").write_text(file.text, encoding="utf-8")
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", *schema, str(path)]
    assert subprocess.run(command, check=False).returncode == 0, page


def test_every_command_of_the_pages_is_a_task_with_these_flags() -> None:
    """Also in pages whose commands no test runs, and in the files of CI services."""
    namespace = buildx_tasks.namespace()
    checked = 0
    pages = [*sorted((ROOT / "docs").glob("*.md")), ROOT / "README.md", *sorted(ROOT.glob("examples/*/README.md"))]
    for page in pages:
        text = page.read_text(encoding="utf-8")
        for name, rest in re.findall(r"(?:invoke|buildx-tasks) ((?:buildx|schema)\.[\w.]+)([^\n|`;#\"')]*)", text):
            known = {f"--{item.name.strip('_').replace('_', '-')}" for item in namespace[name].get_arguments()}
            assert set(re.findall(r" (--[\w-]+)", rest.partition("<br>")[0])) <= known, f"{page.name}: {name}{rest}"
            checked += 1
    assert checked > 150

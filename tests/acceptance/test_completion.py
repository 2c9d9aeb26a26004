"""What a shell completes: values through the program, and through a real bash."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from buildx_tasks.model.settings import CONFIG_KEYS
from buildx_tasks.tasks.completion import completed_values
from buildx_tasks.tasks.program import with_file_names

HEAD = "apiVersion: skaffold/v4beta13\nkind: Config\n"
MAIN = f"""{HEAD}metadata: {{name: shop}}
requires: [{{path: lib}}]
build:
  artifacts: [{{image: reg.example/web}}, {{image: api}}]
profiles: [{{name: dev}}, {{name: prod}}]
.buildx: {{builders: {{ci: {{driver: remote}}}}}}
"""
LIB = f"""{HEAD}metadata: {{name: lib}}
build: {{artifacts: [{{image: base}}]}}
profiles: [{{name: dev}}, {{name: slim}}]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "lib").mkdir()
    (tmp_path / "skaffold.yaml").write_text(MAIN)
    (tmp_path / "lib" / "skaffold.yaml").write_text(LIB)
    (tmp_path / "other.yaml").write_text(f"{HEAD}build:\n  artifacts: [{{image: other}}]\n")
    return tmp_path


@pytest.mark.parametrize(
    ("line", "values"),
    [
        ("buildx.build --artifact ", ["reg.example/web", "api", "base"]),
        ("buildx.build --artifact re", ["reg.example/web", "api", "base"]),
        ("buildx.build --artifact=a", ["--artifact=reg.example/web", "--artifact=api", "--artifact=base"]),
        ("buildx.build --artifact = a", ["reg.example/web", "api", "base"]),
        ("buildx.build --filename other.yaml --artifact ", ["other"]),
        ("buildx.build --filename lib --artifact ", ["base"]),
        ("buildx.plan --profile ", ["dev", "prod", "slim"]),
        ("buildx.plan --module ", ["shop", "lib"]),
        ("buildx.plan --format ", ["text", "full", "json", "bake", "mermaid", "dot"]),
        ("buildx.doctor --format ", ["text", "json"]),
        ("buildx.list --format ", ["text", "json"]),
        ("buildx.affected --format ", ["text", "json", "github", "gitlab"]),
        ("buildx.list --artifact ", ["reg.example/web", "api", "base"]),
        # Bash and zsh leave the empty word at the end out.
        ("buildx.build --artifact", ["reg.example/web", "api", "base"]),
        ("buildx.plan --format", ["text", "full", "json", "bake", "mermaid", "dot"]),
        ("buildx.build --push", None),
        ("buildx.config.set", ["buildx.config.set", *CONFIG_KEYS]),
        ("buildx.init --filename ", None),
        ("buildx.init", None),
        ("buildx.build --cache-mode ", ["auto", "read", "write", "off"]),
        ("buildx.build --push=", ["--push=true", "--push=false"]),
        ("buildx.build --builder ", ["ci", "default", "off"]),
        ("buildx.config.set ", [*CONFIG_KEYS]),
        ("buildx.build --tag ", None),
        ("buildx.build --bui", None),
        ("buildx.bu", None),
        ("", None),
        ("buildx.build 'open", None),
    ],
)
def test_values(folder: Path, line: str, values: list[str] | None) -> None:
    environ = {"HOME": str(folder), "DOCKER_CONFIG": str(folder / "docker")}
    assert completed_values(line, environ, folder) == values


@pytest.mark.parametrize("text", ["a: [", "- 1\n", "build: 3\nprofiles: x\nrequires: 7\n", "\0"])
def test_a_config_that_cannot_be_read_completes_nothing(folder: Path, text: str) -> None:
    (folder / "skaffold.yaml").write_text(text)
    assert completed_values("buildx.build --artifact ", {}, folder) == []


SHELLS = {
    "bash": (
        'source <(buildx-tasks --print-completion-script bash); COMP_WORDS=(buildx-tasks "$@"); COMP_CWORD=$#; '
        '_complete_buildx-tasks buildx-tasks "${@: -1}" "${@: -2:1}"; printf "%s\\n" "${COMPREPLY[@]}"'
    ),
    "zsh": (
        'source <(buildx-tasks --print-completion-script zsh); words=(buildx-tasks "$@"); _complete_buildx-tasks; '
        'for word in $reply; do [[ $word == "${@[-1]}"* ]] && print -r -- $word; done'
    ),
    "fish": 'buildx-tasks --print-completion-script fish | source; complete --do-complete "buildx-tasks $argv"',
}
"""What a shell does as somebody presses the tabulator after these words, the last of which may be empty."""


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("buildx.build", "--artifact", "a"), ["api"]),
        (("buildx.list", "--artifact", ""), ["reg.example/web", "api", "base"]),
        (("buildx.plan", "--format", "m"), ["mermaid"]),
        (("buildx.plan", "--profile", ""), ["dev", "prod", "slim"]),
        (("buildx.in",), ["buildx.init"]),
        (("schema.mo",), ["schema.modeline"]),
        (("buildx.init", "--no-"), ["--no-modeline"]),
    ],
)
@pytest.mark.parametrize("shell", SHELLS)
def test_a_real_shell_completes(folder: Path, shell: str, words: tuple[str, ...], expected: list[str]) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    program = Path(sys.executable).with_name("buildx-tasks")
    environ = {**os.environ, "PATH": f"{program.parent}:{os.environ['PATH']}", "HOME": str(folder)}
    options = {"bash": ("-c",), "zsh": ("-f", "-c"), "fish": ("--no-config", "-c")}[shell]
    argv = (shell, *options, SHELLS[shell], *(() if shell == "fish" else (shell,)), *words)
    done = subprocess.run(argv, cwd=folder, env=environ, capture_output=True, text=True, check=False)
    assert sorted(done.stdout.split()) == sorted(expected), done.stderr


def test_files_behind_a_task_are_its_filenames(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    assert with_file_names(["schema.validate", "skaffold.yaml", "--format", "json", "other.yaml"]) == [
        "schema.validate",
        "--filename",
        "skaffold.yaml",
        "--format",
        "json",
        "--filename",
        "other.yaml",
    ]
    same = ["schema.upgrade", "--filename", "skaffold.yaml", "buildx.build", "missing.yaml"]
    assert with_file_names(same) == same
    merge = ["buildx.merge", "a.json", "part*.json", "--file-output", "build.json", "buildx.doctor"]
    assert with_file_names(merge) == ["buildx.merge", "--part", "a.json", "--part", *merge[2:]]
    assert with_file_names(["buildx.build", "skaffold.yaml"]) == ["buildx.build", "skaffold.yaml"]

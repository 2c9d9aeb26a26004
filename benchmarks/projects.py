"""Projects to measure with: many small artifacts, each with a context of its own."""

from __future__ import annotations

import subprocess
from pathlib import Path

TASKS = "import buildx_tasks\n\nns = buildx_tasks.namespace()\n"
OTHER_TASKS = """\
from invoke import Collection, task


@task
def other(c):
    'Do something else.'


ns = Collection(other)
"""
MOUNTED_TASKS = f"{OTHER_TASKS}import buildx_tasks\nns.add_collection(buildx_tasks.namespace(), 'images')\n"
FILES_EACH = 8


def make_project(folder: Path, count: int, *, base: str = "busybox", steps: int = 1) -> Path:
    """A git repository with a config of `count` artifacts, all its files committed."""
    folder.mkdir(parents=True)
    lines = ["apiVersion: skaffold/v4beta13", "kind: Config", "build:", "  artifacts:"]
    for number in range(count):
        name = f"service-{number}"
        source = folder / name / "src"
        source.mkdir(parents=True)
        runs = "".join(f"RUN echo {number} {step} > /made-{step}\n" for step in range(steps))
        (folder / name / "Dockerfile").write_text(f"FROM {base}\nCOPY src /src\n{runs}")
        for part in range(FILES_EACH):
            (source / f"file-{part}.txt").write_text(f"{number} {part}\n" * 20)
        lines += [f"    - image: {name}", f"      context: {name}"]
    (folder / "skaffold.yaml").write_text("\n".join(lines) + "\n")
    (folder / "tasks.py").write_text(TASKS)
    (folder / ".gitignore").write_text("__pycache__/\n*.json\n")
    git = ("git", "-c", "user.name=bench", "-c", "user.email=bench@localhost", "-c", "init.defaultBranch=main")
    for words in (("init", "-q"), ("add", "-A"), ("commit", "-q", "-m", "all")):
        subprocess.run((*git, *words), cwd=folder, check=True)
    return folder


def old_config(artifacts: int) -> str:
    """A config of an old apiVersion with comments, anchors and profiles; about twelve lines an artifact."""
    lines = ["# the build of everything", "apiVersion: skaffold/v1beta2", "kind: Config", "build:", "  artifacts:"]
    for number in range(artifacts):
        lines += [
            f"    # service {number}: what it is for",
            f"    - image: registry.example.com/team/service-{number}  # pushed by CI",
            f"      context: services/{number}",
            "      docker:",
            f"        dockerfile: build/Dockerfile.{number}",
            "        buildArgs:",
            f"          VERSION: 'v{number}'",
            '          BRANCH: "{{.BRANCH}}"',
            "        cacheFrom:",
            f"          - registry.example.com/team/service-{number}:main",
            "",
        ]
    return "\n".join(
        [*lines, "deploy:", "  kubectl:", "    manifests: [k8s/*.yaml]", "profiles:", *_profiles(artifacts)]
    )


def _profiles(artifacts: int) -> list[str]:
    lines: list[str] = []
    for number in range(max(1, artifacts // 20)):
        lines += [f"  - name: profile-{number}", "    build:", "      tagPolicy:", "        sha256: {}"]
    return [*lines, ""]

"""Plans as graphs, read by Mermaid and Graphviz themselves."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from recording import Project, make_project

DATA = Path(__file__).parents[1] / "data" / "node"
HEAD = "apiVersion: skaffold/v4beta14\nkind: Config\n"
ODD = f"""{HEAD}metadata: {{name: 'a "shop"; [x] #1 <b> \\ `end`'}}
requires: [{{path: lib}}]
build:
  artifacts:
    - {{image: reg.example:5000/team/web, context: app, requires: [{{image: base, alias: BASE}}]}}
    - {{image: end, context: app}}
    - {{image: graph, context: app}}
    - {{image: legacy, jib: {{}}}}
"""
LIB = f"{HEAD}metadata: {{name: lib}}\nbuild: {{artifacts: [{{image: base, context: ../app}}]}}\n"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = make_project(tmp_path, ODD)
    made.write("lib/skaffold.yaml", LIB)
    return made


@pytest.mark.timeout(300)
def test_mermaid_and_graphviz_read_them(project: Project, node: Path, node_modules: Path, tmp_path: Path) -> None:
    graphs: dict[str, list[str]] = {"mermaid": [], "dot": []}
    for words in ((), ("--artifact", "=end"), ("--explain",)):
        for form, texts in graphs.items():
            done = project.invoke(
                "buildx.plan",
                "--format",
                form,
                "--other-builders",
                "skip",
                "--platform",
                "linux/amd64,linux/arm64",
                *words,
            )
            assert done.returncode == 0, done.stderr
            texts.append(done.stdout)
    (tmp_path / "data.json").write_text(json.dumps(graphs))
    shutil.copy(DATA / "graphs.mjs", node_modules.parent)
    argv = (str(node), "graphs.mjs", str(tmp_path / "data.json"))
    read = subprocess.run(argv, cwd=node_modules.parent, capture_output=True, text=True, check=False)
    assert read.returncode == 0, read.stderr
    whole, one, _explained = json.loads(read.stdout)
    labels = [item["label"].split("\\n")[0] for item in whole["objects"]]
    assert 'a "shop"; [x] #1 <b> \\\\ `end`' in labels
    assert {"lib", "reg.example:5000/team/web", "end", "graph", "legacy", "base"} <= set(labels)
    assert [edge["label"] for edge in whole["edges"]] == ["BASE"]
    assert [item["label"] for item in one["objects"]] == ["end\\nlinux/amd64, linux/arm64"]

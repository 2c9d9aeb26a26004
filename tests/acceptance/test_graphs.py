"""``buildx.plan --format mermaid`` and ``dot``: artifacts, what needs what, batches, platforms, modules."""

from __future__ import annotations

from pathlib import Path

import pytest
from recording import Here, Project, make_project

HEAD = "apiVersion: skaffold/v4beta14\nkind: Config\n"
MAIN = f"""{HEAD}metadata: {{name: shop}}
requires: [{{path: lib}}]
build:
  artifacts:
    - {{image: web, context: app, requires: [{{image: base, alias: BASE}}]}}
    - {{image: api, context: app, platforms: [linux/arm64], requires: [{{image: base}}]}}
    - {{image: certs, context: app, custom: {{buildCommand: make}}}}
    - {{image: legacy, jib: {{}}}}
.buildx: {{artifacts: {{api: {{buildContexts: {{assets: "artifact://web"}}}}}}}}
"""
LIB = f"{HEAD}build: {{artifacts: [{{image: base, context: ../app}}]}}\n"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = make_project(tmp_path, MAIN)
    made.write("lib/skaffold.yaml", LIB)
    return made


def test_a_flowchart_of_mermaid(here: Here, project: Project) -> None:
    words = (
        "--platform",
        "linux/amd64,linux/arm64",
        "--other-builders",
        "skip",
        "--push",
        "--default-repo",
        "r.example",
    )
    done = here.invoke(project, "buildx.plan", "--format", "mermaid", *words)
    assert done.code == 0, done.err
    assert (
        done.out
        == """\
flowchart LR
  subgraph m0["lib/skaffold.yaml"]
    n0["base<br>linux/amd64, linux/arm64"]
  end
  subgraph m1["shop"]
    n1["web<br>linux/amd64, linux/arm64"]
    n2["api<br>linux/arm64"]
    n3["certs<br>linux/amd64, linux/arm64<br>custom"]
  end
  n4["legacy<br>not built: built by jib"]
  n0 -->|"BASE"| n1
  n0 --> n2
  n1 -->|"assets"| n2
  style n4 stroke-dasharray: 5 5
"""
    )


def test_a_digraph_of_graphviz(here: Here, project: Project) -> None:
    done = here.invoke(
        project, "buildx.plan", "--format", "dot", "--artifact", "web", "--platform", "linux/amd64", "--tag", "v1"
    )
    assert (done.code, done.err) == (0, "")
    assert (
        done.out
        == """\
digraph builds {
  rankdir=LR;
  node [shape=box];
  subgraph cluster_0 {
    label="lib/skaffold.yaml";
    n0 [label="base\\nlinux/amd64"];
  }
  subgraph cluster_1 {
    label="shop";
    n1 [label="web\\nlinux/amd64"];
  }
  n0 -> n1 [label="BASE"];
}
"""
    )


def test_one_module_needs_no_frame_and_batches_have_numbers(here: Here, project: Project) -> None:
    artifacts = ", ".join(f"{{image: part{number}, context: app}}" for number in range(3))
    project.write("skaffold.yaml", f"{HEAD}build: {{platforms: [linux/amd64], artifacts: [{artifacts}]}}\n")
    done = here.invoke(project, "buildx.plan", "--format", "mermaid")
    assert done.out.splitlines()[:2] == ["flowchart LR", '  n0["part0<br>linux/amd64<br>batch 1"]']
    done = here.invoke(project, "buildx.plan", "--format", "dot", "--batch", "off", "--explain")
    assert '  n2 [label="part2\\nlinux/amd64\\n' in done.out
    assert "subgraph" not in done.out
    assert "batch" not in done.out


def test_the_reason_of_a_build_is_in_its_node(here: Here, project: Project) -> None:
    project.write(
        "skaffold.yaml", f"{HEAD}build: {{platforms: [linux/amd64], artifacts: [{{image: app, context: app}}]}}\n"
    )
    words = ("buildx.plan", "--format", "mermaid", "--tag", "v1")
    before = here.invoke(project, *words, "--explain")
    assert before.out.startswith('flowchart LR\n  n0["app<br>linux/amd64<br>')
    assert before.out != here.invoke(project, *words).out


def test_an_empty_plan_is_an_empty_graph(here: Here, project: Project) -> None:
    project.write("skaffold.yaml", HEAD)
    assert here.invoke(project, "buildx.plan", "--format", "mermaid").out == "flowchart LR\n"
    assert here.invoke(project, "buildx.plan", "--format", "svg").code == 2


def test_a_bake_file_gives_no_reasons(here: Here, project: Project) -> None:
    done = here.invoke(project, "buildx.plan", "--format", "bake", "--explain")
    assert (done.code, done.out) == (2, "")
    assert done.err.splitlines() == [
        "--explain has no place in a bake file",
        "see why:  buildx-tasks buildx.plan --explain",
    ]

from __future__ import annotations

import pytest

from buildx_tasks.document.globalconfig.values import lookup, read


def effective(text: str, kube_context: str, *, false_counts: bool = True) -> dict[str, object]:
    config = read(text)
    assert config.problems == ()
    merged: dict[str, object] = {}
    for section in reversed(lookup(config, kube_context, false_counts=false_counts)):
        merged |= section.values
    return merged


REGISTRIES = """\
global:
  insecure-registries: [good.io, better.io]
kubeContexts:
- kube-context: dev
  insecure-registries:
  - bad.io
  - worse.io
"""
FILLED = """\
global: {local-cluster: false, default-repo: repo, multi-level-repo: false}
kubeContexts: [{kube-context: dev}]
"""
OVERRIDDEN = """\
global: {local-cluster: false, default-repo: global, multi-level-repo: false}
kubeContexts:
  - {kube-context: dev, local-cluster: true, default-repo: mine, multi-level-repo: true}
"""
TWO_MATCH = """\
kubeContexts:
  - kube-context: dev
    default-repo: first
    cache-repo: only-first
  - kube-context: "^d"
    default-repo: second
"""
NEGATED = """\
kubeContexts:
  - kube-context: "!prod"
    default-repo: not-prod
"""
ANY = """\
global: {default-repo: all, cache-tag: t}
kubeContexts:
  - default-repo: every
"""


@pytest.mark.parametrize(
    ("text", "context", "expected"),
    [
        ("", "dev", {}),
        ("# nothing\n", "", {}),
        ("global:\nkubeContexts:\n", "dev", {}),
        ("global: {default-repo: g}\n", "dev", {"default-repo": "g"}),
        (REGISTRIES, "dev", {"insecure-registries": ("bad.io", "worse.io", "good.io", "better.io")}),
        (REGISTRIES, "", {"insecure-registries": ("good.io", "better.io")}),
        (FILLED, "dev", {"local-cluster": False, "default-repo": "repo", "multi-level-repo": False}),
        (OVERRIDDEN, "dev", {"local-cluster": True, "default-repo": "mine", "multi-level-repo": True}),
        (OVERRIDDEN, "other", {"local-cluster": False, "default-repo": "global", "multi-level-repo": False}),
        (TWO_MATCH, "dev", {"default-repo": "second"}),
        (TWO_MATCH, "prod", {}),
        (NEGATED, "prod-eu", {}),
        (NEGATED, "dev", {"default-repo": "not-prod"}),
        (NEGATED, "", {}),
        (ANY, "dev", {"default-repo": "every", "cache-tag": "t"}),
        (ANY, "", {"default-repo": "all", "cache-tag": "t"}),
    ],
)
def test_the_last_matching_entry_counts_and_global_fills_in(
    text: str, context: str, expected: dict[str, object]
) -> None:
    assert effective(text, context) == expected


@pytest.mark.parametrize(("false_counts", "expected"), [(True, False), (False, True)])
def test_an_entrys_false_against_a_global_true(false_counts: bool, expected: bool) -> None:
    text = "global: {local-cluster: true}\nkubeContexts: [{kube-context: dev, local-cluster: false}]\n"
    assert effective(text, "dev", false_counts=false_counts) == {"local-cluster": expected}


def test_an_entrys_false_counts_for_skaffold_too_when_global_is_silent() -> None:
    text = "kubeContexts: [{kube-context: dev, local-cluster: false}]\n"
    assert effective(text, "dev", false_counts=False) == {"local-cluster": False}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("cache-tag: 1.10", {"cache-tag": "1.10"}),
        ("cache-tag: '{{.BRANCH}}'", {"cache-tag": "{{.BRANCH}}"}),
        ("cache-tag: ''", {}),
        ("cache-tag: ~", {}),
        ("cache-tag:", {}),
        ("local-cluster: yes", {"local-cluster": True}),
        ("local-cluster: 'off'", {"local-cluster": False}),
        ("local-cluster:", {}),
        ("cache-flags: []", {}),
        ("cache-flags: [type=registry, mode=max]", {"cache-flags": ("type=registry", "mode=max")}),
        ("buildx-builder: default", {"buildx-builder": "default"}),
        ("survey: {disable-prompt: true}", {}),
        ("unknown: [1, 2]", {}),
    ],
)
def test_values_are_what_is_written(line: str, expected: dict[str, object]) -> None:
    assert effective(f"global:\n  {line}\n", "") == expected


def test_anchors_and_merges_are_followed() -> None:
    text = """\
kubeContexts:
  - &base
    kube-context: one
    default-repo: shared
    cache-tag: base
  - <<: *base
    kube-context: two
    cache-tag: own
"""
    assert effective(text, "two") == {"default-repo": "shared", "cache-tag": "own"}


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("global: [\n", ["2:1: "]),
        ("- a\n", ["1:1: must be a mapping"]),
        ("global: x\n", ["1:9: global: must be a mapping"]),
        ("kubeContexts: {a: b}\n", ["1:15: kubeContexts: must be a list of sections"]),
        ("kubeContexts:\n- dev\n", ["2:3: kubeContexts[0]: must be a mapping"]),
        ("kubeContexts:\n- kube-context: [a]\n", ["2:17: kubeContexts[0].kube-context: must be a single value"]),
        (
            "global:\n  local-cluster: maybe\n  default-repo: [a]\n  cache-flags: x\n",
            [
                "2:18: global.local-cluster: must be true or false",
                "3:17: global.default-repo: must be a single value",
                "4:16: global.cache-flags: must be a list of texts",
            ],
        ),
        ("global:\n  cache-tag: a\n  cache-tag: b\n", ["3:3: global.cache-tag: is defined twice"]),
        ("a: &x [*x]\n", ["1:8: "]),
    ],
)
def test_every_problem_has_its_place(text: str, problems: list[str]) -> None:
    found = [str(problem) for problem in read(text).problems]
    assert len(found) == len(problems)
    for said, expected in zip(found, problems, strict=True):
        assert said.startswith(expected)


def test_sections_have_titles() -> None:
    assert [section.title for section in lookup(read(ANY), "dev")] == ["kube-context *", "global"]
    assert [section.title for section in lookup(read(TWO_MATCH), "dev")] == ["kube-context ^d", "global"]

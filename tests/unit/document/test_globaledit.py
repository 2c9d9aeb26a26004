from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildx_tasks.document.globalconfig.edit import edit
from buildx_tasks.document.globalconfig.values import lookup, read
from buildx_tasks.document.yaml.nodes import YamlProblem
from buildx_tasks.errors import CannotStart

FULL = """\
# my settings
global:
  # the registry of my team
  default-repo: gcr.io/me  # not yours
  survey:
    disable-prompt: true

  # flags
  cache-flags:
    - type=registry   # always
    - 'mode=max'
    # more to come
kubeContexts:
# at home
- kube-context: minikube
  local-cluster: true  # sure

- default-repo: gcr.io/work  # work
  kube-context: "gke_.*"
  insecure-registries: [a.io, b.io]
# the end
"""


@pytest.mark.parametrize(
    ("before", "key", "value", "context", "after"),
    [
        ("", "default-repo", "x", None, "global:\n  default-repo: x\n"),
        ("# mine\n", "default-repo", "x", None, "# mine\nglobal:\n  default-repo: x\n"),
        ("# mine", "default-repo", "x", None, "# mine\nglobal:\n  default-repo: x\n"),
        ("---\n", "default-repo", "x", None, "---\nglobal:\n  default-repo: x\n"),
        ("{}\n", "default-repo", "x", None, "{global: {default-repo: x}}\n"),
        ("global:\n", "default-repo", "x", None, "global:\n  default-repo: x\n"),
        ("global: {}\n", "cache-flags", "x", None, "global:\n  cache-flags:\n    - x\n"),
        ("global: {} # c\na: b", "cache-tag", "x", None, "global: # c\n  cache-tag: x\na: b"),
        ("global: ~\n", "default-repo", "x", None, "global:\n  default-repo: x\n"),
        ("global: {cache-tag: a}\n", "default-repo", "x", None, "global: {cache-tag: a, default-repo: x}\n"),
        ("{global: , a: b}\n", "default-repo", "x", None, "{global: {default-repo: x}, a: b}\n"),
        ("global:\n  default-repo: # c\n", "default-repo", "x", None, "global:\n  default-repo: x # c\n"),
        ("global:\n  default-repo: ~\n", "default-repo", "x", None, "global:\n  default-repo: x\n"),
        ("global:\n  default-repo: 'a' # c\n", "default-repo", "b", None, "global:\n  default-repo: 'b' # c\n"),
        ("global:\n  cache-tag: |\n    a\n  a: b\n", "cache-tag", "b", None, "global:\n  cache-tag: b\n  a: b\n"),
        ("global:\n  a: |\n    a\n# c\n", "cache-tag", "b", None, "global:\n  a: |\n    a\n  cache-tag: b\n# c\n"),
        ("global:\n  cache-flags:\n", "cache-flags", "x", None, "global:\n  cache-flags:\n    - x\n"),
        ("global:\n  cache-flags: []\n", "cache-flags", "x", None, "global:\n  cache-flags:\n    - x\n"),
        ("global:\n  cache-flags: [a]\n", "cache-flags", "x,y", None, "global:\n  cache-flags: [a, 'x,y']\n"),
        ("global:\n  cache-flags:\n  - a\n", "cache-flags", "a", None, "global:\n  cache-flags:\n  - a\n  - a\n"),
        ("global:\n  cache-flags:\n  - a", "cache-flags", "x", None, "global:\n  cache-flags:\n  - a\n  - x\n"),
        ("global:\r\n  a: b\r\n", "cache-tag", "x", None, "global:\r\n  a: b\r\n  cache-tag: x\r\n"),
        ("\ufeffglobal:\n", "cache-tag", "x", None, "\ufeffglobal:\n  cache-tag: x\n"),
        ("", "local-cluster", "T", "dev", "kubeContexts:\n  - kube-context: dev\n    local-cluster: true\n"),
        ("", "multi-level-repo", "0", None, "global:\n  multi-level-repo: false\n"),
        ("", "cache-tag", "true", None, "global:\n  cache-tag: 'true'\n"),
        (
            "kubeContexts: []\n",
            "cache-flags",
            "x",
            "a@b",
            "kubeContexts:\n  - kube-context: a@b\n    cache-flags:\n      - x\n",
        ),
        (
            "kubeContexts: [{kube-context: a}]\n",
            "cache-tag",
            "x",
            "dev",
            "kubeContexts: [{kube-context: a}, {kube-context: dev, cache-tag: x}]\n",
        ),
        (
            "kubeContexts:\n- kube-context: a\n# c\nglobal: {}\n",
            "cache-tag",
            "x",
            "dev",
            "kubeContexts:\n- kube-context: a\n- kube-context: dev\n  cache-tag: x\n# c\nglobal: {}\n",
        ),
        ("kubeContexts:\n- {}\n", "cache-tag", "x", "dev", "kubeContexts:\n- {cache-tag: x}\n"),
    ],
)
def test_set(before: str, key: str, value: str, context: str | None, after: str) -> None:
    assert edit(before, key, value, context) == after


@pytest.mark.parametrize(
    ("before", "key", "context", "after"),
    [
        ("", "cache-tag", None, ""),
        ("", "cache-tag", "dev", ""),
        ("global:\n  cache-tag: x # c\n", "cache-tag", None, "global:\n"),
        ("global: {cache-tag: x}\n", "cache-tag", None, "global: {}\n"),
        ("global: {cache-tag: x, a: b}\n", "cache-tag", None, "global: {a: b}\n"),
        ("global: {a: b, cache-tag: x}\n", "cache-tag", None, "global: {a: b}\n"),
        (
            "global:\n  a: b\n  cache-flags:\n    - x\n    # c\n    - y\nb: c\n",
            "cache-flags",
            None,
            "global:\n  a: b\nb: c\n",
        ),
        ("global:\n  cache-tag: |\n    x\n  # c\n", "cache-tag", None, "global:\n  # c\n"),
        ("global:\n  cache-tag: x", "cache-tag", None, "global:\n"),
        ("kubeContexts:\n- kube-context: C\n  cache-tag: x\n", "cache-tag", "C", "kubeContexts:\n- kube-context: C\n"),
        ("kubeContexts:\n- cache-tag: x\n  kube-context: C\n", "cache-tag", "C", "kubeContexts:\n- kube-context: C\n"),
        ("kubeContexts:\n- cache-tag: x\n", "cache-tag", "C", "kubeContexts:\n- {}\n"),
        ("kubeContexts:\n- cache-tag: |\n    x\n", "cache-tag", "C", "kubeContexts:\n- {}\n"),
        (
            "kubeContexts:\n- cache-tag: x # c\n  # d\n  kube-context: C\n",
            "cache-tag",
            "C",
            "kubeContexts:\n-\n  # d\n  kube-context: C\n",
        ),
    ],
)
def test_unset(before: str, key: str, context: str | None, after: str) -> None:
    assert edit(before, key, None, context) == after
    assert edit(before, key, "", context) == after


@pytest.mark.parametrize(
    ("key", "value", "context", "old", "new"),
    [
        ("default-repo", "x", None, "default-repo: gcr.io/me  #", "default-repo: x  #"),
        ("buildx-builder", "b", None, "    - 'mode=max'\n", "    - 'mode=max'\n  buildx-builder: b\n"),
        ("cache-flags", "c=d", None, "    - 'mode=max'\n", "    - 'mode=max'\n    - c=d\n"),
        ("local-cluster", "false", "minikube", "local-cluster: true  #", "local-cluster: false  #"),
        ("local-cluster", None, "minikube", "  local-cluster: true  # sure\n", ""),
        ("default-repo", None, "gke_1", "- default-repo: gcr.io/work  # work\n  kube", "- kube"),
        ("insecure-registries", "c.io", "gke_1", "[a.io, b.io]", "[a.io, b.io, c.io]"),
        ("insecure-registries", None, "gke_1", "  insecure-registries: [a.io, b.io]\n", ""),
        ("cache-tag", "t", "gke_1", "[a.io, b.io]\n", "[a.io, b.io]\n  cache-tag: t\n"),
        ("cache-tag", "t", "other", "b.io]\n", "b.io]\n- kube-context: other\n  cache-tag: t\n"),
    ],
)
def test_everything_else_stays(key: str, value: str | None, context: str | None, old: str, new: str) -> None:
    assert FULL.count(old) == 1
    assert edit(FULL, key, value, context) == FULL.replace(old, new)


def test_of_several_matching_entries_the_one_that_counts_is_changed() -> None:
    text = "kubeContexts:\n- kube-context: dev\n- kube-context: ^d\n- kube-context: prod\n"
    edited = edit(text, "default-repo", "x", "dev")
    assert edited == text.replace("^d\n", "^d\n  default-repo: x\n")
    assert lookup(read(edited), "dev")[0].values == {"default-repo": "x"}


@pytest.mark.parametrize(
    "text",
    [
        "base: &b {default-repo: a}\nglobal: *b\n",
        "global: &g\n  default-repo: a\nkubeContexts:\n- *g\n",
        "global: {default-repo: &r a, cache-repo: *r}\n",
    ],
)
def test_shared_places_are_not_changed(text: str) -> None:
    with pytest.raises(YamlProblem):
        edit(text, "default-repo", "b", None)


def test_a_merged_key_is_overridden_but_cannot_be_unset() -> None:
    text = "base: &b {default-repo: a}\nglobal:\n  <<: *b\n"
    assert edit(text, "default-repo", "b", None) == f"{text}  default-repo: b\n"
    with pytest.raises(YamlProblem):
        edit(text, "default-repo", None, None)


def test_a_list_shared_with_another_place_is_written_out() -> None:
    text = "base: &b [x]\nglobal:\n  cache-flags: *b\n"
    assert edit(text, "cache-flags", "z", None) == "base: &b [x]\nglobal:\n  cache-flags: [x, z]\n"


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("local-cluster", "not-a-bool", "local-cluster must be true or false, not 'not-a-bool'"),
        ("not_a_real_value", "x", "unknown key 'not_a_real_value'\nknown keys: buildx-builder, cache-tag"),
        ("builder", "x", "did you mean buildx-builder?"),
        ("default_repo", "x", "did you mean default-repo?"),
        ("omitempty", "x", "unknown key"),
        ("kube-context", "x", "unknown key"),
        ("survey", "x", "unknown key"),
    ],
)
def test_unfit_keys_and_values(key: str, value: str, said: str) -> None:
    with pytest.raises(CannotStart) as caught:
        edit("", key, value, None)
    assert said in str(caught.value)


@pytest.mark.parametrize(("text", "line"), [("a: b\nglobal: [\n", 3), ("a: b\nglobal: [x]\n", 2), ("- a\n", 1)])
def test_an_unreadable_file_is_not_touched(text: str, line: int) -> None:
    with pytest.raises(YamlProblem) as caught:
        edit(text, "cache-tag", "x", None)
    assert caught.value.mark.line == line


CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["default-repo", "cache-tag", "cache-flags", "insecure-registries", "local-cluster"]),
        st.sampled_from(["true", "0", None]),
        st.sampled_from([None, "minikube", "gke_1", "other"]),
    ),
    max_size=12,
)


@given(st.sampled_from(["", FULL, "{}", "global: {}\nkubeContexts: []"]), CHANGES)
def test_any_row_of_changes_adds_up(text: str, changes: list[tuple[str, str | None, str | None]]) -> None:
    for key, value, context in changes:
        text = edit(text, key, value, context)
        found = lookup(read(text), context or "")
        values = found[0].values if (found[0].context is None) == (context is None) else {}
        stored = values.get(key)
        if value is None:
            assert stored is None or (context and key in found[-1].values)
        else:
            assert stored in (value, value == "true") or (isinstance(stored, tuple) and value in stored)
    for comment in ("# my settings", "# at home", "# the end", "# the registry of my team"):
        assert (comment in text) == (comment in FULL and "disable-prompt" in text)

"""What holds for the upgrade of any valid config, written in any style."""

from __future__ import annotations

import contextlib
import re
from collections import Counter

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from yamlmaker import Maker

from buildx_tasks.document.migrations.rewrite import difference
from buildx_tasks.document.migrations.upgrade import upgrade, upgrade_data, upgrade_text
from buildx_tasks.document.schema.structure import structure_problems
from buildx_tasks.document.yaml.edits.layout import Text, true_end
from buildx_tasks.document.yaml.nodes import Mapping, YamlProblem
from buildx_tasks.document.yaml.source import key_text, parse
from buildx_tasks.errors import ConfigInvalid, UpgradeRefused
from buildx_tasks.model.apiversion import VERSIONS, position

seeds = st.integers(min_value=0, max_value=2**31)
often = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])


def made(seed: int, *, anchors: bool) -> tuple[Maker, str]:
    """A config of some version and its text, which says just that."""
    maker = Maker(seed, VERSIONS[seed % len(VERSIONS)])
    data = maker.config()
    text = maker.text(data, anchors=anchors)
    if maker.chance(0.2):
        text = text.replace("\n", "\r\n")
    try:
        documents = parse(text)
    except YamlProblem:
        assume(False)
    assume(difference([document.data for document in documents], [data]) is None)
    return maker, text


def upgraded(text: str, to: str | None = None) -> str:
    """The upgrade; what Skaffold refuses too is no example, what only we can't rewrite is a failure."""
    try:
        return upgrade_text(text, to)
    except UpgradeRefused as refusal:
        if "can't be rewritten" not in refusal.message:
            assume(False)
        raise


def comments(text: str) -> Counter[str]:
    return Counter(re.findall(r"#[ -]*c\d+\.", text))


@often
@given(seed=seeds, anchors=st.booleans())
def test_upgrade(seed: int, anchors: bool) -> None:
    _, text = made(seed, anchors=anchors)
    after = upgraded(text)
    assert not comments(text) - comments(after)
    assert upgrade_text(after) == after
    (document,) = parse(after)
    assert [
        item for item in structure_problems(document.data, position(VERSIONS[-1])) if item.severity == "error"
    ] == []
    assert difference(document.data, upgrade_data(parse(text)[0].data)) is None


@often
@given(seed=seeds)
def test_sections_that_mean_the_same_read_the_same(seed: int) -> None:
    _, text = made(seed, anchors=False)
    after = upgraded(text)
    (before_document,), (after_document,) = parse(text), parse(after)
    root = before_document.root
    assert isinstance(root, Mapping)
    assume(not root.flow)
    for key, value in root.pairs:
        name = key_text(key)
        if before_document.data[name] == after_document.data.get(name, ...):
            assert text[key.start.index : true_end(Text(text), value, key.end.index)] in after


@often
@given(seed=seeds)
def test_a_stop_on_the_way_changes_nothing(seed: int) -> None:
    maker, text = made(seed, anchors=False)
    stop = maker.random.choice(VERSIONS[position(maker.version) :])
    there = upgraded(text, stop)
    assert parse(there)[0].data["apiVersion"] == f"skaffold/{stop}"
    once, twice = parse(upgraded(text))[0].data, parse(upgraded(there))[0].data
    assert difference(without_ignored(once), without_ignored(twice)) is None


def without_ignored(data: object) -> object:
    """A config without the empty settings of kaniko that may stay: Skaffold skips them since v2beta11."""
    if isinstance(data, dict):
        return {
            key: without_ignored(value) for key, value in data.items() if key not in ("buildContext", "flags", "noPush")
        }
    return [without_ignored(item) for item in data] if isinstance(data, list) else data


@often
@given(seeds=st.lists(seeds, min_size=2, max_size=3))
@example(seeds=[0, 1286])
def test_documents_do_not_touch_each_other(seeds: list[int]) -> None:
    texts = [made(seed, anchors=False)[1] for seed in seeds]
    # No line more than the text alone has: a block scalar that keeps its last lines would keep that one too.
    texts = [text if text.endswith("\n") else f"{text}\n" for text in texts]
    together = upgraded("---\n".join(texts))
    assert [item.data for item in parse(together)] == [item.data for text in texts for item in parse(upgraded(text))]


@often
@given(
    text=st.text(max_size=60)
    | st.lists(
        st.sampled_from(
            ["a: ", "- ", "&x ", "*x", "<<: ", "{", "}", "[", "]", ", ", "\n", "  ", "#c\n", "|\n", "? ", "''", "---\n"]
        ),
        max_size=25,
    ).map("".join)
)
def test_any_text_is_upgraded_or_refused(text: str) -> None:
    for whole in (text, f"apiVersion: skaffold/v1beta6\n{text}"):
        with contextlib.suppress(ConfigInvalid, UpgradeRefused):
            upgrade(whole)


@pytest.mark.parametrize(
    "part", ["", "# only a comment\n", "\ufeff", "\t", "a: b: c", "a: 1\na: 2\n", "\x00", "\ud800"]
)
def test_no_config(part: str) -> None:
    with pytest.raises(ConfigInvalid):
        upgrade_text(part)

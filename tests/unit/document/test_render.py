from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildx_tasks.document.yaml.render import block_lines, flow, scalar
from buildx_tasks.document.yaml.source import parse

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
LEAVES = TEXTS | st.booleans()
DATA = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner), max_leaves=8)


@pytest.mark.parametrize(
    ("value", "style", "expected"),
    [
        ("gcr.io/me", "", "gcr.io/me"),
        ("localhost:5000", "", "localhost:5000"),
        ("type=registry", "", "type=registry"),
        ("123456.dkr.ecr.eu-1.amazonaws.com", "", "123456.dkr.ecr.eu-1.amazonaws.com"),
        ("127.0.0.1:5000", "", "'127.0.0.1:5000'"),
        ("1.10", "", "'1.10'"),
        ("12_000", "", "'12_000'"),
        ("true", "", "'true'"),
        ("off", "", "'off'"),
        ("null", "", "'null'"),
        ("a: b", "", "'a: b'"),
        ("it's", "", "'it''s'"),
        ("cache-{{.BRANCH}}", "", "'cache-{{.BRANCH}}'"),
        ("a,b", "", "'a,b'"),
        ("plain", '"', '"plain"'),
        ("plain", "'", "'plain'"),
        ("two\nlines", "'", '"two\\nlines"'),
        (True, "", "true"),
        (False, "'", "false"),
    ],
)
def test_scalars_are_quoted_only_where_needed(value: object, style: str, expected: str) -> None:
    assert scalar(value, style) == expected


@given(DATA)
def test_flow_reads_back(data: Any) -> None:
    assert parse(f"value: {flow(data)}\n")[0].data == {"value": data}


@given(st.dictionaries(TEXTS, DATA, min_size=1) | st.lists(DATA, min_size=1), st.sampled_from([0, 2, 3]))
def test_blocks_read_back(data: Any, indent: int) -> None:
    text = "value:\n" + "\n".join(block_lines(data, indent + 1))
    assert parse(text)[0].data == {"value": data}

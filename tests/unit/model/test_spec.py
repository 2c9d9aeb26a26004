from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildx_tasks.errors import CannotStart
from buildx_tasks.model.spec import Spec, parse_cache_entry, parse_output, read_csv, write_csv


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("app", Spec("registry", (("ref", "app"),))),
        ("localhost:5000/app:cache", Spec("registry", (("ref", "localhost:5000/app:cache"),))),
        ("type=registry,ref=r/a:b,mode=max", Spec("registry", (("ref", "r/a:b"), ("mode", "max")))),
        ('type=local,"dest=/tmp/a,b"', Spec("local", (("dest", "/tmp/a,b"),))),
        ("type=inline", Spec("inline")),
        ('"type=local","dest=a""b"', Spec("local", (("dest", 'a"b'),))),
        ("type=inline\r\n", Spec("inline")),
        ("TYPE=gha,Scope=x", Spec("gha", (("scope", "x"),))),
        ("ref=a,type=registry", Spec("registry", (("ref", "a"),))),
        ("type=s3,name=sha;branch", Spec("s3", (("name", "sha;branch"),))),
    ],
)
def test_a_cache_entry_is_a_reference_or_attributes(text: str, spec: Spec) -> None:
    assert parse_cache_entry(text) == spec


@pytest.mark.parametrize(
    "text",
    [
        *("", "a,b", "ref=a", "type=registry", "type=registry,ref", 'type=local,"dest=a', "type=a\nb", "=x,type=a"),
        *('a"b', 'type=local,dest=a"b', '"type=local"x', ' "type=local"', "type=a\r,b=c"),
    ],
)
def test_an_unreadable_cache_entry_is_refused(text: str) -> None:
    with pytest.raises(CannotStart):
        parse_cache_entry(text)


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("out", Spec("local", (("dest", "out"),))),
        ("-", Spec("tar", (("dest", "-"),))),
        ("type=oci,dest=a.tar", Spec("oci", (("dest", "a.tar"),))),
    ],
)
def test_an_output_is_a_path_or_attributes(text: str, spec: Spec) -> None:
    assert parse_output(text) == spec


def test_setting_an_attribute_keeps_its_place() -> None:
    spec = Spec("registry", (("ref", "a"), ("mode", "min")))
    assert str(spec.with_attr("ref", "b").with_attr("x", "1")) == "type=registry,ref=b,mode=min,x=1"


@given(st.lists(st.text('ab=," \n\r\té', min_size=1), min_size=1))
def test_written_csv_reads_back(fields: list[str]) -> None:
    assert read_csv(write_csv(tuple(fields))) == fields

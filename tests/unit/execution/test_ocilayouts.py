"""What differs between two OCI layouts: the first layer and path, else the first field of the config."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from buildx_tasks.errors import WorkFailed
from buildx_tasks.execution.ocilayouts import first_difference, read_images

Files = dict[str, dict[str, Any]]
"""The paths of a layer, each with fields of its header and its `data`."""
HISTORY = [{"created_by": "FROM"}, {"created_by": "ENV A=1", "empty_layer": True}, {"created_by": "RUN  make\n it"}]


def layer(files: Files, *, mtime: float = 0) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, fields in files.items():
            item = tarfile.TarInfo(name)
            data = fields.get("data", b"")
            item.size = len(data)
            for key, value in fields.items():
                if key != "data":
                    setattr(item, key, value)
            archive.addfile(item, io.BytesIO(data))
    return gzip.compress(target.getvalue(), mtime=mtime)


def layout(folder: Path, *layers: bytes, nested: bool = False, **config: Any) -> Path:
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True)

    def put(data: bytes) -> str:
        digest = hashlib.sha256(data).hexdigest()
        (blobs / digest).write_bytes(data)
        return f"sha256:{digest}"

    said = {"os": "linux", "architecture": "amd64", "history": HISTORY, **config}
    manifest = {
        "config": {"digest": put(json.dumps(said).encode())},
        "layers": [{"digest": put(data)} for data in layers],
    }
    entries = [{"digest": put(json.dumps(manifest).encode())}]
    if nested:
        attestation = {"digest": "sha256:0", "annotations": {"vnd.docker.reference.type": "attestation-manifest"}}
        entries = [{"digest": put(json.dumps({"manifests": [*entries, attestation]}).encode())}]
    (folder / "index.json").write_text(json.dumps({"manifests": entries}))
    return folder


def difference(tmp_path: Path, first: tuple[bytes, ...], second: tuple[bytes, ...], **config: Any) -> str:
    one = read_images(layout(tmp_path / "1", *first))["linux/amd64"]
    other = read_images(layout(tmp_path / "2", *second, **config))["linux/amd64"]
    assert one.digest != other.digest
    return first_difference(one, other)


BASE = layer({"base": {}})
WHERE = "layer 2 of 2 (RUN make it): "


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        ({"a": {}, "b": {"data": b"1"}}, {"a": {}, "b": {"data": b"2"}}, "/b differs in content"),
        ({"b": {"data": b"1"}}, {"b": {"data": b"22"}}, "/b differs in size, content"),
        ({"b": {"mtime": 1}}, {"b": {"mtime": 2}}, "/b differs in time"),
        ({"b": {"mtime": 1.25}}, {"b": {"mtime": 1.5}}, "/b differs in time"),
        ({"b": {"mode": 0o600, "uid": 1}}, {"b": {"mode": 0o644}}, "/b differs in mode, owner"),
        (
            {"l": {"type": tarfile.SYMTYPE, "linkname": "x"}},
            {"l": {"type": tarfile.SYMTYPE, "linkname": "y"}},
            "/l differs in link",
        ),
        (
            {"b": {"pax_headers": {"SCHILY.xattr.user.a": "1"}}},
            {"b": {"pax_headers": {"SCHILY.xattr.user.a": "2"}}},
            "/b differs in attributes",
        ),
        ({"a": {}, "b": {}, "c": {}}, {"a": {}}, "/b is only in the first build, and 1 more"),
        ({"a": {}}, {"a": {}, "d": {}}, "/d is only in the second build"),
        ({"a": {}, "b": {}}, {"b": {}, "a": {}}, "the same files, in another order"),
    ],
)
def test_layers(tmp_path: Path, first: Files, second: Files, said: str) -> None:
    assert difference(tmp_path, (BASE, layer(first)), (BASE, layer(second))) == f"{WHERE}{said}"


def test_other_bytes_of_the_same_files(tmp_path: Path) -> None:
    assert difference(tmp_path, (BASE, layer({"a": {}})), (BASE, layer({"a": {}}, mtime=5))).endswith(
        "the same files, written in other bytes"
    )


def test_a_layer_that_is_not_a_tar(tmp_path: Path) -> None:
    assert "other bytes, which can't be compared" in difference(tmp_path, (BASE, b"one"), (BASE, b"two"))


def test_the_number_of_layers(tmp_path: Path) -> None:
    assert difference(tmp_path, (BASE,), (BASE, BASE)) == f"{WHERE}only the second build has it"


def test_the_config(tmp_path: Path) -> None:
    one = read_images(layout(tmp_path / "a", BASE, config={"Labels": {"a": "1"}}))["linux/amd64"]
    other = read_images(layout(tmp_path / "b", BASE, config={"Labels": {"a": "2"}}))["linux/amd64"]
    assert first_difference(one, other) == 'config: config.Labels.a is "1" and "2"'
    history = [*HISTORY[:2], {"created_by": "RUN make", "created": "x" * 100}]
    text = difference(tmp_path, (BASE,), (BASE,), history=history)
    assert text == 'config: history[2].created_by is "RUN  make\\n it" and "RUN make"'


def test_indexes_in_an_index_and_attestations(tmp_path: Path) -> None:
    plain = read_images(layout(tmp_path / "1", BASE))
    nested = read_images(layout(tmp_path / "2", BASE, nested=True))
    assert nested["linux/amd64"].digest == plain["linux/amd64"].digest
    assert list(nested) == ["linux/amd64"]


@pytest.mark.parametrize("text", ["", "[]", '{"manifests": [{"digest": "sha256:../../x"}]}', '{"manifests": [{}]}'])
def test_what_is_not_a_layout(tmp_path: Path, text: str) -> None:
    (tmp_path / "index.json").write_text(text)
    with pytest.raises(WorkFailed, match="something else than an OCI layout"):
        read_images(tmp_path)

"""Results of builds as a registry knows them: the image under the tag of its key, and a record of the last build."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from buildx_tasks.errors import BuildxTasksError
from buildx_tasks.model.imageref import parse_image_ref
from buildx_tasks.planning.reuse.why import Record

if TYPE_CHECKING:
    from buildx_tasks.execution.registry.client import RegistryClient

ARTIFACT_TYPE = "application/vnd.buildx-tasks.build.v1"
LAYER_TYPE = "application/vnd.buildx-tasks.build.v1+json+gzip"
EMPTY_TYPE = "application/vnd.oci.empty.v1+json"
MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
EMPTY = b"{}"
MOST_RECORD = 8 * 1024 * 1024
"""Bytes of a record before it is read; a longer one is left alone."""


class RegistryKeys:
    """What a run asks of registries about keys; `client` is made when the first one is asked.

    A registry that rejects one of our tags costs one warning and is not written to again in this run.
    """

    def __init__(self, client: Callable[[], RegistryClient], warn: Callable[[str], None]) -> None:
        self._client = client
        self._warn = warn
        self._rejecting: set[str] = set()
        self._lock = threading.Lock()

    def find(self, reference: str) -> str:
        """The digest that a key's tag stands for; "" when there is none or the registry can't be asked."""
        try:
            return self._client().digest(reference)
        except BuildxTasksError:
            return ""

    def publish(self, reference: str, digest: str) -> bool:
        """Put the manifest of `digest` under a key's tag, in its own repository; whether that worked."""
        return self._write(reference, lambda client: client.retag(reference, digest))

    def last(self, reference: str) -> Record | None:
        """The record of the last known build; None when there is none that can be read."""
        try:
            client = self._client()
            manifest = client.manifest(reference)
            layers = json.loads(manifest.body or b"{}").get("layers") or [{}]
            if not manifest.digest or layers[0].get("mediaType") != LAYER_TYPE:
                return None
            data = client.blob(reference, layers[0]["digest"], limit=MOST_RECORD)
            return Record.from_json(json.loads(gzip.decompress(data)))
        except (BuildxTasksError, ValueError, KeyError, AttributeError, TypeError, OSError, EOFError):
            return None

    def put_last(self, reference: str, record: Record) -> bool:
        """Write the record of the last known build as a small OCI artifact; whether that worked."""
        # Without a time inside, so that the same record is the same blob.
        data = gzip.compress(json.dumps(record.to_json(), sort_keys=True).encode(), mtime=0)
        return len(data) <= MOST_RECORD and self._write(reference, lambda client: _put(client, reference, data))

    def _write(self, reference: str, write: Callable[[RegistryClient], None]) -> bool:
        host = parse_image_ref(reference).domain
        with self._lock:
            if host in self._rejecting:
                return False
        try:
            write(self._client())
        except BuildxTasksError as error:
            with self._lock:
                first = host not in self._rejecting
                self._rejecting.add(host)
            if first:
                self._warn(f"results are not shared through the registry: {error.message}")
            return False
        return True


def _put(client: RegistryClient, reference: str, data: bytes) -> None:
    from buildx_tasks.execution.registry.client import Manifest

    config, layer = client.put_blob(reference, EMPTY), client.put_blob(reference, data)
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "artifactType": ARTIFACT_TYPE,
        "config": {"mediaType": EMPTY_TYPE, "digest": config, "size": len(EMPTY)},
        "layers": [{"mediaType": LAYER_TYPE, "digest": layer, "size": len(data)}],
    }
    body = json.dumps(manifest, sort_keys=True).encode()
    client.put_manifest(reference, Manifest(digest="", media_type=MANIFEST_TYPE, body=body))

"""Every request of the registry client to the lab's registries: open, password, client certificates, failing."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from lab_support import Lab, order_faults, seen_requests

from buildx_tasks.execution.http.client import HttpClient, insecure_hosts
from buildx_tasks.execution.registry.client import Manifest, RegistryClient
from buildx_tasks.execution.registry.dockerauth import Logins
from buildx_tasks.execution.registry.errors import (
    NotInRegistry,
    RegistryDenied,
    RegistryRejected,
    RegistryUnreachable,
)
from buildx_tasks.execution.shell import ShellRunner

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
KINDS = ("open", "password", "tls")


class Registry:
    """One registry of the lab, a client that may use it, and a repository of its own."""

    def __init__(self, lab: Lab, kind: str, folder: Path) -> None:
        self.facts: Mapping[str, Any] = lab.parts[kind]
        self.host: str = self.facts["host"]
        self.folder = folder
        self.repository = f"{self.host}/test/{uuid4().hex[:8]}"

    def client(self, *, config: Mapping[str, Any] | None = None, insecure: bool = True, **files: str) -> RegistryClient:
        """A client that logs in by docker's `config`, with the TLS `files` (`ca`, `cert`, `key`) of the host."""
        place = self.folder / uuid4().hex / self.host
        place.mkdir(parents=True)
        names = {"ca": "ca.crt", "cert": "client.cert", "key": "client.key"}
        for name, file in files.items():
            (place / names[name]).write_bytes(Path(file).read_bytes())
        trusted = insecure_hosts(()) if insecure else lambda _host: False
        http = HttpClient({}, insecure=trusted, certificates=place.parent)
        return RegistryClient(Logins(config or {}, ShellRunner({"PATH": f"{self.folder}:/usr/bin:/bin"})), http)

    def allowed(self) -> RegistryClient:
        """A client with what this kind of registry wants."""
        if "cert" in self.facts:
            return self.client(insecure=False, **{name: self.facts[name] for name in ("ca", "cert", "key")})
        return self.client(config=self.config() if "password" in self.facts else None)

    def config(self, password: str = "") -> Mapping[str, Any]:
        """docker's configuration after a login."""
        login = f"{self.facts['username']}:{password or self.facts['password']}"
        return {"auths": {self.host: {"auth": base64.b64encode(login.encode()).decode()}}}


@pytest.fixture(params=KINDS)
def registry(request: pytest.FixtureRequest, registries: Lab, tmp_path: Path) -> Registry:
    return Registry(registries, request.param, tmp_path)


@pytest.fixture
def client(registry: Registry) -> Iterator[RegistryClient]:
    made = registry.allowed()
    yield made
    made.close()


def push(client: RegistryClient, reference: str, text: str = "content") -> Manifest:
    """Push a small artifact: a configuration, a layer, and the manifest of both."""
    blobs = [b"{}", text.encode()]
    kinds = ("application/vnd.oci.image.config.v1+json", "application/vnd.oci.image.layer.v1.tar")
    described = [
        {"mediaType": kind, "digest": client.put_blob(reference, blob), "size": len(blob)}
        for kind, blob in zip(kinds, blobs, strict=True)
    ]
    data = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": described[0], "layers": described[1:]}
    body = json.dumps(data).encode()
    manifest = Manifest(digest=f"sha256:{sha256(body).hexdigest()}", media_type=OCI_MANIFEST, body=body)
    assert client.put_manifest(reference, manifest) == manifest.digest
    return manifest


def test_manifests_are_written_read_and_moved(registry: Registry, client: RegistryClient) -> None:
    name = registry.repository
    assert client.digest(f"{name}:v1") == ""
    assert client.manifest(f"{name}:v1") == Manifest(digest="")
    first, second = push(client, f"{name}:v1"), push(client, f"{name}:v2", "other")
    assert client.digest(f"{name}:v1") == client.digest(f"{name}@{first.digest}") == first.digest
    assert client.manifest(f"{name}:v2") == client.manifest(f"{name}@{second.digest}") == second
    client.retag(f"{name}:v2", first.digest)
    assert client.manifest(f"{name}:v2") == first
    index = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": OCI_INDEX,
            "manifests": [{"mediaType": OCI_MANIFEST, "digest": first.digest, "size": len(first.body)}],
        }
    ).encode()
    digest = client.put_manifest(f"{name}:all", Manifest(digest="", media_type=OCI_INDEX, body=index))
    assert client.manifest(f"{name}:all") == Manifest(digest=digest, media_type=OCI_INDEX, body=index)


def test_tags_are_listed(registry: Registry, client: RegistryClient) -> None:
    assert client.tags(registry.repository) == ()
    for tag in ("b", "a", "c"):
        push(client, f"{registry.repository}:{tag}")
    assert sorted(client.tags(registry.repository)) == ["a", "b", "c"]


def test_manifests_are_deleted(registry: Registry, client: RegistryClient) -> None:
    name = registry.repository
    manifest, kept = push(client, f"{name}:v1"), push(client, f"{name}:v2", "other")
    assert client.delete_manifest(f"{name}@{manifest.digest}")
    assert client.digest(f"{name}:v1") == ""
    assert client.digest(f"{name}:v2") == kept.digest
    assert not client.delete_manifest(f"{name}@{manifest.digest}")


def test_a_registry_that_deletes_no_tags_alone_says_so(registry: Registry, client: RegistryClient) -> None:
    manifest = push(client, f"{registry.repository}:v1")
    with pytest.raises(RegistryRejected, match=f"rejected deleting {registry.repository}:v1: ") as caught:
        client.delete_manifest(f"{registry.repository}:v1")
    assert caught.value.status in (400, 405)
    assert client.digest(f"{registry.repository}@{manifest.digest}") == manifest.digest


def test_blobs_are_written_and_read(registry: Registry, client: RegistryClient) -> None:
    data = uuid4().bytes * 100_000
    assert not client.has_blob(registry.repository, f"sha256:{sha256(data).hexdigest()}")
    digest = client.put_blob(registry.repository, data)
    assert client.put_blob(registry.repository, data) == digest
    assert client.has_blob(registry.repository, digest)
    assert client.blob(registry.repository, digest) == data
    with pytest.raises(NotInRegistry):
        client.blob(registry.repository, f"sha256:{'0' * 64}")


def test_a_manifest_without_its_blobs_is_rejected(registry: Registry, client: RegistryClient) -> None:
    missing = {"mediaType": "application/octet-stream", "digest": f"sha256:{'0' * 64}", "size": 1}
    data = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": missing, "layers": [missing]}
    manifest = Manifest(digest="", media_type=OCI_MANIFEST, body=json.dumps(data).encode())
    with pytest.raises(RegistryRejected, match=f"rejected manifest {registry.repository}:v1: 40") as caught:
        client.put_manifest(f"{registry.repository}:v1", manifest)
    assert caught.value.status in (400, 404)


def test_threads_share_a_client(registry: Registry, client: RegistryClient) -> None:
    manifest = push(client, f"{registry.repository}:v1")
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(client.digest, [f"{registry.repository}:v1"] * 100))
    assert set(found) == {manifest.digest}


class TestPassword:
    @pytest.fixture
    def registry(self, registries: Lab, tmp_path: Path) -> Registry:
        return Registry(registries, "password", tmp_path)

    @pytest.mark.parametrize("wrong", [False, True])
    def test_everything_is_denied_without_it(self, registry: Registry, wrong: bool) -> None:
        client = registry.client(config=registry.config("wrong") if wrong else None)
        name, digest = registry.repository, f"sha256:{'0' * 64}"
        manifest = Manifest(digest=digest, media_type=OCI_MANIFEST, body=b"{}")
        requests: list[Callable[[], object]] = [
            lambda: client.digest(f"{name}:v1"),
            lambda: client.manifest(f"{name}:v1"),
            lambda: client.put_manifest(f"{name}:v1", manifest),
            lambda: client.delete_manifest(f"{name}@{digest}"),
            lambda: client.tags(name),
            lambda: client.has_blob(name, digest),
            lambda: client.blob(name, digest),
            lambda: client.put_blob(name, b"content"),
        ]
        for request in requests:
            with pytest.raises(RegistryDenied) as caught:
                request()
            assert caught.value.status == 401
            assert caught.value.hint == f"log in:  docker login {registry.host}"
            assert "wrong" not in str(caught.value)
        assert client.check_access(registry.host) == 401
        client.close()

    def test_a_credential_helper_knows_it(self, registry: Registry) -> None:
        helper = registry.folder / "docker-credential-lab"
        answer = json.dumps({"Username": registry.facts["username"], "Secret": registry.facts["password"]})
        helper.write_text(f"#!/bin/sh\ncat > /dev/null\necho '{answer}'\n")
        helper.chmod(0o755)
        client = registry.client(config={"credHelpers": {registry.host: "lab"}})
        assert client.check_access(registry.host) == 200
        assert push(client, f"{registry.repository}:v1").digest == client.digest(f"{registry.repository}:v1")
        client.close()


class TestTls:
    @pytest.fixture
    def registry(self, registries: Lab, tmp_path: Path) -> Registry:
        return Registry(registries, "tls", tmp_path)

    def test_the_authority_must_be_known(self, registry: Registry) -> None:
        files = {"cert": registry.facts["cert"], "key": registry.facts["key"]}
        for ca in ({}, {"ca": registry.facts["wrong_ca"]}):
            client = registry.client(insecure=False, **files, **ca)
            with pytest.raises(RegistryUnreachable, match="failed: its certificate is not trusted: "):
                client.check_access(registry.host)
            client.close()

    @pytest.mark.parametrize("who", ["", "stranger_", "expired_"])
    def test_the_client_must_have_a_certificate_of_it(self, registry: Registry, who: str) -> None:
        files = {name: registry.facts[f"{who}{name}"] for name in ("cert", "key")} if who else {}
        client = registry.client(insecure=False, ca=registry.facts["ca"], **files)
        with pytest.raises(RegistryUnreachable) as caught:
            client.check_access(registry.host)
        assert "requires a client certificate" in caught.value.reason
        client.close()

    def test_an_insecure_registry_is_not_checked_and_gets_the_certificate(self, registry: Registry) -> None:
        client = registry.client(cert=registry.facts["cert"], key=registry.facts["key"])
        assert client.check_access(registry.host) == 200
        client.close()


class TestFaulty:
    @pytest.fixture
    def registry(self, registries: Lab, tmp_path: Path) -> Registry:
        return Registry(registries, "faulty", tmp_path)

    @pytest.mark.parametrize("status", [429, 503])
    def test_a_request_is_sent_again_once(self, registry: Registry, registries: Lab, status: int) -> None:
        client = registry.client()
        manifest = push(client, f"{registry.repository}:v1")
        order_faults(registries, None)
        order_faults(registries, {"count": 1, "status": status})
        assert client.digest(f"{registry.repository}:v1") == manifest.digest
        assert [one["method"] for one in seen_requests(registries)].count("HEAD") == 2
        order_faults(registries, {"count": 2, "status": status})
        with pytest.raises(RegistryRejected, match=f"cannot be asked about .*: .*{status}") as caught:
            client.digest(f"{registry.repository}:v1")
        assert caught.value.status == status
        client.close()

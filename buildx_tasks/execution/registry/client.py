"""A registry's HTTP API: manifests, blobs and tags of repositories.

Source: https://github.com/opencontainers/distribution-spec/blob/main/spec.md.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote, urljoin, urlsplit

from buildx_tasks.execution.docker.docker_state import docker_config
from buildx_tasks.execution.http.client import HttpClient, HttpResponse, insecure_hosts
from buildx_tasks.execution.http.errors import RequestFailed
from buildx_tasks.execution.registry.access import Access, rejection
from buildx_tasks.execution.registry.dockerauth import HUB, HUB_KEYS, Logins
from buildx_tasks.execution.registry.errors import (
    NotInRegistry,
    RegistryDenied,
    RegistryError,
    RegistryRejected,
    RegistryUnreachable,
)
from buildx_tasks.model.command import Runner
from buildx_tasks.model.imageref import ImageRef, parse_image_ref, registry_of

HUB_HOST = "registry-1.docker.io"
MOST_MANIFEST = 8 * 1024 * 1024
MOST_BLOB = 64 * 1024 * 1024
"""Bytes; registries take manifests of at most 4 MiB, and blobs are read here into memory."""
PULL, PUSH, DELETE = "pull", "pull,push", "delete"
TYPES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
_NEXT = re.compile(r'<([^>]+)>\s*;\s*rel="?next"?')


@dataclass(frozen=True, kw_only=True, slots=True)
class Manifest:
    """A manifest or an index as the registry serves it, byte by byte."""

    digest: str
    media_type: str = ""
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Place:
    """Where a reference leads to: a registry, a repository in it ("" for the registry itself), a tag or a digest."""

    host: str
    repository: str = ""
    name: str = ""

    def url(self, kind: str, name: str = "") -> str:
        return f"/v2/{self.repository}/{kind}/{quote(name or self.name, safe=':')}"


class RegistryClient:
    """Requests to registries, from several threads; each is asked once how it authenticates.

    References are those of images: ``localhost:5000/team/app:v1``, ``app@sha256:…`` (of Docker Hub); what is asked
    about a repository takes no account of their tag. A registry of this machine, or one that is insecure, may speak
    plain HTTP. All methods raise `RegistryError`: `RegistryUnreachable`, `RegistryDenied`, or `RegistryRejected`.
    """

    def __init__(self, logins: Logins, http: HttpClient) -> None:
        self.logins = logins
        self.http = http
        self.access = Access(logins, http)
        self._schemes: dict[str, str] = {}
        self._unreachable: dict[str, RequestFailed] = {}

    def digest(self, reference: str) -> str:
        """The digest that a tag or a digest stands for; "" when the registry has no such manifest."""
        answer = self._manifest("HEAD", reference)
        if answer.status == 404:
            return ""
        return answer.headers.get("docker-content-digest") or self.manifest(reference).digest

    def manifest(self, reference: str) -> Manifest:
        """The manifest or index of a tag or a digest; its digest is "" when the registry has none.

        Raises `RegistryError` when it can't be had, or is not what its digest says.
        """
        answer = self._manifest("GET", reference)
        if answer.status == 404:
            return Manifest(digest="")
        place = _place(reference)
        found = _digest(answer.body)
        if place.name.startswith("sha256:") and place.name != found:
            raise RegistryError(f"{place.host}: the manifest of {reference} has another digest: {found}")
        digest = answer.headers.get("docker-content-digest") or found
        return Manifest(digest=digest, media_type=answer.headers.get("content-type", ""), body=answer.body)

    def put_manifest(self, reference: str, manifest: Manifest) -> str:
        """Write a manifest, these very bytes, under the tag or digest of `reference`. Returns its digest."""
        place = _place(reference)
        headers = {"Content-Type": manifest.media_type}
        answer = self._ask("PUT", place, place.url("manifests"), headers, manifest.body, actions=PUSH)
        _expect(answer, (200, 201), place, f"rejected manifest {reference}")
        return answer.headers.get("docker-content-digest") or _digest(manifest.body)

    def retag(self, reference: str, digest: str) -> None:
        """Make the tag of `reference` stand for `digest`, which its repository has: the very same bytes."""
        source = f"{parse_image_ref(reference).base_name}@{digest}"
        found = self.manifest(source)
        if not found.digest:
            raise NotInRegistry(f"{_place(reference).host} has no {source}", status=404)
        self.put_manifest(reference, found)

    def delete_manifest(self, reference: str) -> bool:
        """Delete what `reference` names: a tag alone, or the manifest of a digest with all of its tags.

        Returns False when it was not there. Many registries delete no tags alone and reject that with 405.
        """
        place = _place(reference)
        answer = self._ask("DELETE", place, place.url("manifests"), actions=DELETE)
        if answer.status == 404:
            return False
        _expect(answer, (200, 202, 204), place, f"rejected deleting {reference}")
        return True

    def tags(self, reference: str) -> tuple[str, ...]:
        """All tags of a repository, as the registry orders them; none when it does not know the repository."""
        place = _place(reference)
        path, found = f"/v2/{place.repository}/tags/list", list[str]()
        seen: set[str] = set()
        while path and path not in seen:
            seen.add(path)
            answer = self._ask("GET", place, path)
            if answer.status == 404:
                break
            _expect(answer, (200,), place, f"cannot list the tags of {place.repository}")
            found += _tags(answer, place)
            following = _NEXT.search(answer.headers.get("link", ""))
            path = _path(urljoin(path, following[1])) if following else ""
        return tuple(dict.fromkeys(found))

    def has_blob(self, reference: str, digest: str) -> bool:
        """Whether the repository has a blob."""
        place = _place(reference)
        answer = self._ask("HEAD", place, place.url("blobs", digest))
        if answer.status != 404:
            _expect(answer, (200,), place, f"cannot be asked for blob {digest} of {place.repository}")
        return answer.status == 200

    def blob(self, reference: str, digest: str, *, limit: int = MOST_BLOB) -> bytes:
        """A blob of the repository. Raises `NotInRegistry`, and `RegistryError` for one of more than `limit` bytes."""
        place = _place(reference)
        answer = self._ask("GET", place, place.url("blobs", digest), limit=limit)
        _expect(answer, (200,), place, f"has no blob {digest} of {place.repository}")
        if digest.startswith("sha256:") and _digest(answer.body) != digest:
            raise RegistryError(f"{place.host}: blob {digest} of {place.repository} has other content")
        return answer.body

    def put_blob(self, reference: str, data: bytes) -> str:
        """Write a blob to the repository, unless it is there. Returns its digest."""
        place, digest = _place(reference), _digest(data)
        if self.has_blob(reference, digest):
            return digest
        path = f"/v2/{place.repository}/blobs/uploads/"
        begun = self._ask("POST", place, path, actions=PUSH)
        _expect(begun, (202,), place, f"rejected a blob for {place.repository}")
        upload = urljoin(begun.url, begun.headers.get("location", ""))
        if urlsplit(upload).netloc == urlsplit(begun.url).netloc:
            upload = _path(upload)
        joint = "&" if urlsplit(upload).query else "?"
        headers = {"Content-Type": "application/octet-stream"}
        done = self._ask("PUT", place, f"{upload}{joint}digest={quote(digest)}", headers, data, actions=PUSH)
        _expect(done, (201, 204), place, f"rejected a blob for {place.repository}")
        return digest

    def check_access(self, host: str) -> int:
        """The HTTP status of a request to ``/v2/``: authenticated, or anonymous when docker has no login for `host`."""
        place = _Place(host=HUB if host in HUB_KEYS else host)
        first = self._request("GET", place, "/v2/", {}, b"", MOST_MANIFEST)
        if first.status != 401 or not self.logins.login(place.host):
            return first.status
        try:
            return self._ask("GET", place, "/v2/").status
        except RegistryDenied:
            return 401

    def close(self) -> None:
        """Close all connections."""
        self.http.close()

    def _manifest(self, method: str, reference: str) -> HttpResponse:
        place = _place(reference)
        answer = self._ask(method, place, place.url("manifests"), {"Accept": ", ".join(TYPES)})
        if answer.status != 404:
            _expect(answer, (200,), place, f"cannot be asked about {place.repository}")
        return answer

    def _ask(
        self,
        method: str,
        place: _Place,
        path: str,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        *,
        actions: str = PULL,
        limit: int = MOST_MANIFEST,
    ) -> HttpResponse:
        """An authenticated request: at once where the registry said before how, else after it said so.

        `path` is a URL where a registry sends a client to another host, which gets no credentials.
        """
        if urlsplit(path).scheme:
            return self._send(method, path, headers or {}, body, limit)
        scope = f"repository:{place.repository}:{actions}" if place.repository else ""
        said = {**(headers or {}), **self.access.known(place.host, scope)}
        answer = self._request(method, place, path, said, body, limit)
        if answer.status != 401:
            return answer
        if access := self.access.answer(place.host, scope, answer.headers.get("www-authenticate", "")):
            return self._request(method, place, path, {**(headers or {}), **access}, body, limit)
        return answer

    def _request(
        self, method: str, place: _Place, path: str, headers: Mapping[str, str], body: bytes, limit: int
    ) -> HttpResponse:
        """One request, over HTTP where that is what a registry speaks; an unreachable one is not asked again."""
        host = HUB_HOST if place.host == HUB else place.host
        if failure := self._unreachable.get(host):
            raise RegistryUnreachable(failure)
        schemes = [self._schemes[host]] if host in self._schemes else self._possible(host)
        problems: list[RequestFailed] = []
        rejected: HttpResponse | None = None
        for scheme in schemes:
            try:
                answer = self.http.send(method, f"{scheme}://{host}{path}", headers, body, limit=limit)
            except RequestFailed as error:
                problems.append(error)
                continue
            if answer.status == 400 and scheme == "http" and len(schemes) > 1:
                rejected = answer  # so a TLS server answers plain HTTP, and so a registry answers a bad request
                continue
            self._schemes[host] = scheme
            return answer
        if rejected is not None:
            return rejected
        if host not in self._schemes:
            self._unreachable[host] = problems[0]
        raise RegistryUnreachable(problems[0])

    def _send(self, method: str, url: str, headers: Mapping[str, str], body: bytes, limit: int) -> HttpResponse:
        try:
            return self.http.send(method, url, headers, body, limit=limit)
        except RequestFailed as error:
            raise RegistryUnreachable(error) from error

    def _possible(self, host: str) -> list[str]:
        if not self.http.insecure(host):
            return ["https"]
        return ["https", "http"] if host.endswith(":443") else ["http", "https"]


def connect(environ: Mapping[str, str], home: Path, runner: Runner, insecure: Iterable[str]) -> RegistryClient:
    """A client as the docker CLI is one: its logins and TLS files, and the registries that the user calls insecure."""
    http = HttpClient(environ, insecure=insecure_hosts(insecure))
    return RegistryClient(Logins(docker_config(environ, str(home)), runner), http)


def _place(reference: str) -> _Place:
    ref: ImageRef = parse_image_ref(reference)
    host = registry_of(ref) or HUB
    repository = ref.base_name[len(host) + 1 :] if registry_of(ref) else ref.base_name
    if host in ("index.docker.io", HUB):
        host = HUB
        repository = repository if "/" in repository else f"library/{repository}"
    return _Place(host=host, repository=repository, name=ref.digest or ref.tag or "latest")


def _digest(data: bytes) -> str:
    return f"sha256:{sha256(data).hexdigest()}"


def _expect(answer: HttpResponse, statuses: tuple[int, ...], place: _Place, what: str) -> None:
    """Raise what an answer of another status means."""
    if answer.status in statuses:
        return
    text = f"{place.host} {what}: {rejection(answer)}"
    if answer.status in (401, 403):
        hint = f"log in:  docker login {place.host}" if answer.status == 401 else ""
        raise RegistryDenied(text, hint, status=answer.status)
    kind = NotInRegistry if answer.status == 404 else RegistryRejected
    raise kind(text, status=answer.status)


def _tags(answer: HttpResponse, place: _Place) -> list[str]:
    try:
        data = json.loads(answer.body)
        return [str(tag) for tag in data.get("tags") or []]
    except (ValueError, AttributeError, TypeError):
        raise RegistryError(f"{place.host} lists the tags of {place.repository} in a form that is not JSON") from None


def _path(url: str) -> str:
    """Path and query of the next page: a registry behind a proxy may not know its own name."""
    parts = urlsplit(url)
    return parts.path + (f"?{parts.query}" if parts.query else "")

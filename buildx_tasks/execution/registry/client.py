"""Asks registries about manifests: which digest a tag stands for, what an index holds. Moves tags."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote, urlencode, urlsplit

from buildx_tasks.errors import WorkFailed
from buildx_tasks.execution.docker.docker_state import docker_config
from buildx_tasks.execution.registry.connections import Answer, Connections, NoAnswerError, basic
from buildx_tasks.execution.registry.dockerauth import HUB, HUB_KEYS, Login, Logins
from buildx_tasks.model.command import Runner
from buildx_tasks.model.imageref import ImageRef, parse_image_ref, registry_of

HUB_HOST = "registry-1.docker.io"
BUSY = (429, 500, 502, 503, 504)
PAUSE = 0.2
LONGEST_PAUSE = 2.0
TYPES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
_CHALLENGE = re.compile(r'(\w+)="([^"]*)"')


class RegistryError(WorkFailed):
    """A registry can't be asked, or does not do what it is asked for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Manifest:
    """A manifest or an index as the registry serves it, byte by byte."""

    digest: str
    media_type: str = ""
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Place:
    """Where a reference leads to: a registry, a repository in it, a tag or a digest. Without a repository: its door."""

    host: str
    repository: str
    name: str

    @property
    def path(self) -> str:
        if not self.repository:
            return "/v2/"
        return f"/v2/{self.repository}/manifests/{quote(self.name, safe=':')}"


class Registries:
    """Talks to registries from several threads at once; who we are is asked for once a registry.

    A registry of this machine, or one that is insecure, may speak plain HTTP. All methods raise `RegistryError`.
    """

    def __init__(self, logins: Logins, connections: Connections) -> None:
        self.logins = logins
        self.connections = connections
        self._schemes: dict[str, str] = {}
        self._silent: dict[str, str] = {}
        self._challenges: dict[str, Mapping[str, str]] = {}
        self._tokens: dict[tuple[str, str], str] = {}
        self._lock = threading.Lock()

    def digest(self, reference: str) -> str:
        """The digest that a tag or a digest stands for; "" when the registry has no such manifest."""
        answer = self._manifest("HEAD", _place(parse_image_ref(reference)))
        if answer.status == 404:
            return ""
        return answer.headers.get("docker-content-digest") or self.manifest(reference).digest

    def manifest(self, reference: str) -> Manifest:
        """The manifest itself; its digest is "" when the registry has none."""
        answer = self._manifest("GET", _place(parse_image_ref(reference)))
        if answer.status == 404:
            return Manifest(digest="")
        digest = answer.headers.get("docker-content-digest") or f"sha256:{sha256(answer.body).hexdigest()}"
        return Manifest(digest=digest, media_type=answer.headers.get("content-type", ""), body=answer.body)

    def retag(self, reference: str, digest: str) -> None:
        """Make the tag of `reference` stand for `digest`, which its repository has: the very same bytes."""
        ref = parse_image_ref(reference)
        place = _place(ref)
        found = self.manifest(f"{ref.base_name}@{digest}")
        headers = {"Content-Type": found.media_type}
        answer = self._ask("PUT", place, headers, found.body, actions="pull,push")
        if answer.status not in (200, 201):
            raise RegistryError(f"{place.host} did not take {reference}: {_reason(answer)}")

    def door(self, host: str) -> int:
        """The status with which a registry lets us in: as who we are, or as nobody when we have no login for it."""
        place = _Place(host=HUB if host in HUB_KEYS else host, repository="", name="")
        first = self._request("GET", place, {}, b"")
        if first.status != 401 or not self.logins.login(place.host):
            return first.status
        try:
            return self._ask("GET", place, {}).status
        except RegistryError:
            return 401

    def _manifest(self, method: str, place: _Place) -> Answer:
        answer = self._ask(method, place, {"Accept": ", ".join(TYPES)})
        if answer.status not in (200, 404):
            raise RegistryError(f"{place.host} can't be asked about {place.repository}: {_reason(answer)}")
        return answer

    def _ask(
        self, method: str, place: _Place, headers: Mapping[str, str], body: bytes = b"", *, actions: str = "pull"
    ) -> Answer:
        """A request that says who we are: at once where we know how to, else after the registry told us."""
        scope = f"repository:{place.repository}:{actions}" if place.repository else ""
        with self._lock:
            challenge = self._challenges.get(place.host)
        said = self._authorisation(place.host, challenge, scope) if challenge else {}
        answer = self._patient(method, place, {**headers, **said}, body)
        if answer.status != 401:
            return answer
        challenge = _challenge(answer.headers.get("www-authenticate", ""))
        with self._lock:
            self._challenges[place.host] = challenge
            self._tokens.pop((place.host, scope), None)
        said = self._authorisation(place.host, challenge, scope)
        return self._patient(method, place, {**headers, **said}, body) if said else answer

    def _authorisation(self, host: str, challenge: Mapping[str, str], scope: str) -> dict[str, str]:
        login = self.logins.login(host)
        if challenge.get("scheme") == "bearer":
            return {"Authorization": f"Bearer {self._token(host, challenge, login, scope)}"}
        return {"Authorization": basic(login.user, login.password)} if login.user else {}

    def _token(self, host: str, challenge: Mapping[str, str], login: Login, scope: str) -> str:
        with self._lock:
            if known := self._tokens.get((host, scope)):
                return known
        answer = self._fetch_token(challenge, login, scope)
        try:
            found = json.loads(answer.body) if answer.status == 200 else {}
        except ValueError:
            found = {}
        token = str(found.get("token") or found.get("access_token") or "")
        if not token:
            raise RegistryError(f"{host} gives no access: {_reason(answer)}", f"log in:  docker login {host}")
        with self._lock:
            self._tokens[host, scope] = token
        return token

    def _fetch_token(self, challenge: Mapping[str, str], login: Login, scope: str) -> Answer:
        realm = challenge.get("realm", "")
        asked = {
            **({"scope": scope} if scope else {}),
            **({"service": challenge["service"]} if "service" in challenge else {}),
        }
        try:
            if login.token:
                asked |= {"grant_type": "refresh_token", "refresh_token": login.token, "client_id": "buildx-tasks"}
                headers = {"Content-Type": "application/x-www-form-urlencoded"}
                return self.connections.send("POST", realm, headers, urlencode(asked).encode())
            headers = {"Authorization": basic(login.user, login.password)} if login.user else {}
            joint = "&" if urlsplit(realm).query else "?"
            return self.connections.send("GET", f"{realm}{joint}{urlencode(asked)}", headers)
        except NoAnswerError as error:
            raise RegistryError(error.message) from error

    def _patient(self, method: str, place: _Place, headers: Mapping[str, str], body: bytes) -> Answer:
        """A request that is sent once more when the registry is busy."""
        answer = self._request(method, place, headers, body)
        if answer.status in BUSY:
            said = answer.headers.get("retry-after", "")
            time.sleep(min(float(said) if said.isdigit() else PAUSE, LONGEST_PAUSE))
            answer = self._request(method, place, headers, body)
        return answer

    def _request(self, method: str, place: _Place, headers: Mapping[str, str], body: bytes) -> Answer:
        """One request, over HTTP where that is what a registry speaks; a silent registry is not asked again."""
        host = HUB_HOST if place.host == HUB else place.host
        if why := self._silent.get(host):
            raise RegistryError(why)
        schemes = [self._schemes[host]] if host in self._schemes else self._possible(host)
        problem = ""
        for scheme in schemes:
            try:
                answer = self.connections.send(method, f"{scheme}://{host}{place.path}", headers, body)
            except NoAnswerError as error:
                problem = problem or error.message
                continue
            if answer.status == 400 and scheme == "http" and len(schemes) > 1:
                continue  # how a TLS server answers plain HTTP
            self._schemes[host] = scheme
            return answer
        self._silent[host] = problem or f"{host} speaks neither HTTP nor HTTPS"
        raise RegistryError(self._silent[host])

    def _possible(self, host: str) -> list[str]:
        if not self.connections.is_insecure(host):
            return ["https"]
        return ["https", "http"] if host.endswith(":443") else ["http", "https"]


def connect(environ: Mapping[str, str], home: Path, runner: Runner, insecure: Iterable[str]) -> Registries:
    """Registries as the docker CLI would know them: its logins, and what is insecure by the user's word."""
    return Registries(Logins(docker_config(environ, str(home)), runner), Connections(insecure, environ))


def _place(ref: ImageRef) -> _Place:
    host = registry_of(ref) or HUB
    repository = ref.base_name[len(host) + 1 :] if registry_of(ref) else ref.base_name
    if host in ("index.docker.io", HUB):
        host = HUB
        repository = repository if "/" in repository else f"library/{repository}"
    return _Place(host=host, repository=repository, name=ref.digest or ref.tag or "latest")


def _challenge(text: str) -> dict[str, str]:
    """The parts of a ``WWW-Authenticate`` header and its ``scheme``, all names in lower case."""
    scheme, _blank, rest = text.partition(" ")
    return {"scheme": scheme.lower(), **{name.lower(): value for name, value in _CHALLENGE.findall(rest)}}


def _reason(answer: Answer) -> str:
    """The status, and what the registry says about it."""
    try:
        error = json.loads(answer.body)["errors"][0]
        return f"{answer.status} {error.get('message') or error.get('code')}"
    except (ValueError, KeyError, IndexError, TypeError, AttributeError):
        return f"status {answer.status}"

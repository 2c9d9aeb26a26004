"""Authentication with registries: Basic, and the token servers of the Bearer scheme.

Source: https://distribution.github.io/distribution/spec/auth/token/ and …/auth/oauth/.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

from buildx_tasks.execution.http.client import HttpClient, HttpResponse, basic
from buildx_tasks.execution.http.errors import RequestFailed
from buildx_tasks.execution.registry.dockerauth import Login, Logins
from buildx_tasks.execution.registry.errors import RegistryDenied, RegistryUnreachable

CLIENT_ID = "buildx-tasks"
_PARAMETER = re.compile(r'(\w+)="([^"]*)"')


class Access:
    """The authorization of requests to registries, from several threads; tokens are kept until they are refused."""

    def __init__(self, logins: Logins, http: HttpClient) -> None:
        self.logins = logins
        self.http = http
        self._challenges: dict[str, Mapping[str, str]] = {}
        self._tokens: dict[tuple[str, str], str] = {}
        self._lock = threading.Lock()

    def known(self, host: str, scope: str) -> dict[str, str]:
        """The headers of a request, as far as the registry has said before how it authenticates."""
        with self._lock:
            challenge = self._challenges.get(host)
        return self._headers(host, challenge, scope) if challenge else {}

    def answer(self, host: str, scope: str, challenge: str) -> dict[str, str]:
        """The headers that answer a ``WWW-Authenticate`` header; none when docker has no login that would help.

        Raises `RegistryDenied` when the token server refuses, and `RegistryUnreachable`.
        """
        parsed = parse_challenge(challenge)
        with self._lock:
            self._challenges[host] = parsed
            self._tokens.pop((host, scope), None)
        return self._headers(host, parsed, scope)

    def _headers(self, host: str, challenge: Mapping[str, str], scope: str) -> dict[str, str]:
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
        token = str(found.get("token") or found.get("access_token") or "") if isinstance(found, dict) else ""
        if not token:
            text = f"{host}: authentication failed: {rejection(answer)}"
            raise RegistryDenied(text, f"log in:  docker login {host}", status=answer.status)
        with self._lock:
            self._tokens[host, scope] = token
        return token

    def _fetch_token(self, challenge: Mapping[str, str], login: Login, scope: str) -> HttpResponse:
        realm = challenge.get("realm", "")
        asked = {
            **({"scope": scope} if scope else {}),
            **({"service": challenge["service"]} if "service" in challenge else {}),
        }
        try:
            if login.token:
                asked |= {"grant_type": "refresh_token", "refresh_token": login.token, "client_id": CLIENT_ID}
                headers = {"Content-Type": "application/x-www-form-urlencoded"}
                return self.http.send("POST", realm, headers, urlencode(asked).encode())
            headers = {"Authorization": basic(login.user, login.password)} if login.user else {}
            joint = "&" if urlsplit(realm).query else "?"
            return self.http.send("GET", f"{realm}{joint}{urlencode(asked)}", headers)
        except RequestFailed as error:
            raise RegistryUnreachable(error) from error


def parse_challenge(text: str) -> dict[str, str]:
    """The parts of a ``WWW-Authenticate`` header and its ``scheme``, all names in lower case."""
    scheme, _blank, rest = text.partition(" ")
    return {"scheme": scheme.lower(), **{name.lower(): value for name, value in _PARAMETER.findall(rest)}}


def rejection(answer: HttpResponse) -> str:
    """The status, and what the registry says about it."""
    try:
        error = json.loads(answer.body)["errors"][0]
        return f"{answer.status} {error.get('message') or error.get('code')}"
    except (ValueError, KeyError, IndexError, TypeError, AttributeError):
        return f"status {answer.status}"

"""Who we are to a registry: the docker CLI's own configuration, with its credential helpers."""

from __future__ import annotations

import base64
import binascii
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from buildx_tasks.model.command import Command, Runner

HELPER_SECONDS = 10.0
TOKEN_USER = "<token>"  # noqa: S105 - what a helper says instead of a user name
HUB = "docker.io"
HUB_KEYS = ("https://index.docker.io/v1/", "index.docker.io", "docker.io", "registry-1.docker.io")


@dataclass(frozen=True, kw_only=True, slots=True)
class Login:
    """User name and password, or a refresh `token`; all empty for nobody."""

    user: str = ""
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)

    def __bool__(self) -> bool:
        return bool(self.user or self.token)


class Logins:
    """The logins of one run. `config` is the docker CLI's configuration; each helper is asked once a registry.

    `missing` are the helpers that are configured and not there, by the registry that they would know.
    """

    def __init__(self, config: Mapping[str, Any], runner: Runner) -> None:
        self.config = config
        self.runner = runner
        self.missing: dict[str, str] = {}
        self._known: dict[str, Login] = {}
        self._lock = threading.Lock()

    def login(self, host: str) -> Login:
        """The login for a registry, an empty one when there is none; a helper that fails counts as none."""
        with self._lock:
            if host not in self._known:
                self._known[host] = self._find(host)
            return self._known[host]

    def _find(self, host: str) -> Login:
        keys = HUB_KEYS if host == HUB else (host,)
        helpers = _mapping(self.config.get("credHelpers"))
        for key in keys:
            if helper := helpers.get(key):
                return self._ask(str(helper), key)
        if store := self.config.get("credsStore"):
            found = self._ask(str(store), keys[0])
            if found:
                return found
        auths = {_host_of(key): value for key, value in _mapping(self.config.get("auths")).items()}
        for key in keys:
            if isinstance(entry := auths.get(_host_of(key)), dict) and (login := _login(entry)):
                return login
        return Login()

    def _ask(self, helper: str, server: str) -> Login:
        argv = (f"docker-credential-{helper}", "get")
        done = self.runner.capture(Command(argv=argv, stdin=server, timeout=HELPER_SECONDS))
        if done.missing:
            self.missing[HUB if server in HUB_KEYS else server] = argv[0]
        try:
            answer = json.loads(done.stdout) if done.ok else {}
        except ValueError:
            answer = {}
        user, secret = str(answer.get("Username") or ""), str(answer.get("Secret") or "")
        return Login(token=secret) if user == TOKEN_USER else Login(user=user, password=secret)


def _mapping(value: object) -> Mapping[str, Any]:
    """What should be a mapping; docker itself refuses to run with anything else, and says so."""
    return value if isinstance(value, Mapping) else {}


def _host_of(key: str) -> str:
    """A key of ``auths`` without scheme and path, which docker leaves out of the comparison as well."""
    return urlsplit(key).netloc if "://" in key else key.partition("/")[0]


def _login(entry: Mapping[str, Any]) -> Login:
    if token := entry.get("identitytoken"):
        return Login(token=str(token))
    try:
        user, _colon, password = base64.b64decode(str(entry.get("auth") or "")).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return Login()
    return Login(user=user or str(entry.get("username") or ""), password=password or str(entry.get("password") or ""))

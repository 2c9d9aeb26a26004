"""What tests know of the lab: its state, isolated environments in which docker runs, and a view into its registries.

Tests get these from the fixtures of `tests/docker/conftest.py`.
"""

import contextlib
import json
import os
import socket
import ssl
import subprocess
import sys
import threading
import urllib.error
import urllib.request
import uuid
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
# No proxy of the user's between a test and the loopback interface.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
MANIFEST_TYPES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
DOCKERFILE = """\
ARG BASE=busybox
FROM $BASE
ARG TARGETARCH
RUN uname -m > /machine && cat /machine
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Lab:
    """The lab as it runs: `parts[name]` holds what its state file says of a part."""

    parts: Mapping[str, Mapping[str, Any]]

    @property
    def docker(self) -> Path:
        """The docker CLI, alone in its folder."""
        return Path(self.parts["clients"]["docker"])

    @property
    def base_image(self) -> str:
        """A busybox for amd64 and arm64, in the open registry."""
        return str(self.parts["base"]["image"])

    def registry(self, part: str = "open") -> "Registry":
        """One of the registries: `open`, `password` or `faulty`."""
        facts = self.parts[part]
        login = (facts["username"], facts["password"]) if "username" in facts else None
        return Registry(host=facts["host"], url=facts["url"], login=login)


@dataclass(frozen=True, kw_only=True, slots=True)
class Completed:
    """A command that ended: its exit status, and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        """Everything it wrote; buildx uses either stream for its progress."""
        return self.out + self.err


@dataclass(frozen=True, kw_only=True, slots=True)
class Sandbox:
    """An isolated environment: own home, docker and buildx configuration, and a prefix that no other test uses."""

    lab: Lab
    folder: Path
    env: dict[str, str]
    prefix: str = field(default_factory=lambda: f"t{uuid.uuid4().hex[:10]}")

    def image(self, name: str = "app", registry: str = "open") -> str:
        """A reference without a tag, in one of the registries, that no other test uses."""
        return f"{self.lab.parts[registry]['host']}/{self.prefix}/{name}"

    def run(self, *argv: str, check: bool = True, cwd: Path | None = None, text: str = "") -> Completed:
        """Run a command in this environment; with `check` it must succeed."""
        done = subprocess.run(
            argv, env=self.env, cwd=cwd or self.folder, input=text, capture_output=True, text=True, timeout=120
        )
        completed = Completed(code=done.returncode, out=done.stdout, err=done.stderr)
        assert not check or completed.code == 0, f"{' '.join(argv)}\n{completed.text}"
        return completed

    def docker(self, *words: str, check: bool = True, cwd: Path | None = None, text: str = "") -> Completed:
        """Run the docker CLI."""
        return self.run(str(self.lab.docker), *words, check=check, cwd=cwd, text=text)

    def build(self, *words: str, check: bool = True, cwd: Path | None = None) -> Completed:
        """Run `docker buildx build` with plain progress on an app directory."""
        return self.docker("buildx", "build", "--progress=plain", *words, check=check, cwd=cwd)

    def login(self, registry: str = "password") -> None:
        """Give this environment the registry's password."""
        facts = self.lab.parts[registry]
        words = ("login", "--username", facts["username"], "--password-stdin", facts["host"])
        self.docker(*words, text=facts["password"])

    def builder(self, kind: str = "plain", name: str | None = None) -> str:
        """Create a remote builder: `plain`, `unix`, `mtls`, or `nodes` (two of them); its name."""
        name = name or f"lab-{kind}"
        parts = self.lab.parts
        if kind == "nodes":
            for architecture in ("amd64", "arm64"):
                self.create_builder(
                    name, parts["nodes"][architecture], "--platform", f"linux/{architecture}", "--append"
                )
            return name
        if kind == "mtls":
            return self.create_builder(name, parts["mtls"]["endpoint"], *tls_options(parts["mtls"]))
        return self.create_builder(name, parts["remote"]["unix" if kind == "unix" else "endpoint"])

    def create_builder(self, name: str, endpoint: str, *options: str) -> str:
        """`docker buildx create` with the remote driver; `--append` is dropped for the first node."""
        known = self.docker("buildx", "inspect", name, check=False).code == 0
        words = [word for word in options if word != "--append" or known]
        self.docker("buildx", "create", "--name", name, "--driver", "remote", *words, endpoint)
        return name

    def app(self, name: str = "app", dockerfile: str = DOCKERFILE, **files: str) -> Path:
        """A small app directory with a Dockerfile and these files."""
        folder = self.folder / name
        folder.mkdir(parents=True, exist_ok=True)
        for file, text in {"Dockerfile": dockerfile, **files}.items():
            (folder / file).write_text(text)
        return folder

    def export(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Make this the environment and the working directory of the test itself, for tasks that run in process."""
        for name in [name for name in os.environ if name.startswith(("DOCKER_", "BUILDX_", "SKAFFOLD_", "BUILDKIT_"))]:
            monkeypatch.delenv(name)
        for name, value in self.env.items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(self.folder)


@dataclass(frozen=True, kw_only=True, slots=True)
class Manifest:
    """A manifest or an index as the registry serves it."""

    digest: str
    media_type: str
    data: Mapping[str, Any]

    @property
    def platforms(self) -> list[str]:
        """The platforms of an index, in its order, attestations as `unknown/unknown`; nothing for a plain manifest."""
        places = [entry.get("platform", {}) for entry in self.data.get("manifests", [])]
        return [f"{place.get('os')}/{place.get('architecture')}" for place in places]


@dataclass(frozen=True, kw_only=True, slots=True)
class Registry:
    """A registry, asked directly over HTTP."""

    host: str
    url: str
    login: tuple[str, str] | None = None

    def repository(self, image: str) -> str:
        """The repository of a reference into this registry: `localhost:5000/a/b:1` gives `a/b`."""
        return image.removeprefix(f"{self.host}/").partition("@")[0].partition(":")[0]

    def manifest(self, image: str, reference: str = "latest") -> Manifest:
        """What a tag or a digest of an image stands for; `HTTPError` with status 404 when there is nothing."""
        path = f"{self.repository(image)}/manifests/{reference}"
        body, headers = self._get(path, accept=", ".join(MANIFEST_TYPES))
        return Manifest(
            digest=headers["Docker-Content-Digest"], media_type=headers["Content-Type"], data=json.loads(body)
        )

    def has(self, image: str, reference: str = "latest") -> bool:
        """Whether a tag or a digest of an image is there."""
        try:
            self.manifest(image, reference)
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return False
            raise
        return True

    def tags(self, image: str) -> list[str]:
        """All tags of an image; none when the registry does not know it."""
        try:
            body, _ = self._get(f"{self.repository(image)}/tags/list")
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return []
            raise
        return sorted(json.loads(body)["tags"] or [])

    def config(self, image: str, reference: str, platform: str = "linux/amd64") -> Mapping[str, Any]:
        """The image configuration of one platform: its labels, environment and layers."""
        manifest = self.manifest(image, reference)
        for entry, place in zip(manifest.data.get("manifests", []), manifest.platforms, strict=True):
            if place == platform:
                manifest = self.manifest(image, entry["digest"])
                break
        body, _ = self._get(f"{self.repository(image)}/blobs/{manifest.data['config']['digest']}")
        data: Mapping[str, Any] = json.loads(body)
        return data

    def _get(self, path: str, accept: str = "*/*") -> tuple[bytes, Mapping[str, str]]:
        request = urllib.request.Request(f"{self.url}/v2/{path}", headers={"Accept": accept})
        if self.login:
            import base64

            token = base64.b64encode(":".join(self.login).encode()).decode()
            request.add_header("Authorization", f"Basic {token}")
        with _OPENER.open(request, timeout=10) as response:
            return response.read(), dict(response.headers)


def tls_options(facts: Mapping[str, Any], *, ca: str = "ca", client: str = "") -> tuple[str, ...]:
    """The driver options of the mTLS builder; `ca` and `client` name the certificates: `wrong_ca`, `expired_`, …"""
    pairs = {"cacert": facts[ca]}
    if client != "none":
        pairs |= {"cert": facts[f"{client}cert"], "key": facts[f"{client}key"]}
    return ("--driver-opt", ",".join(f"{key}={value}" for key, value in pairs.items()))


def order_faults(lab: Lab, order: Mapping[str, object] | None) -> None:
    """Tell the faulty registry to fail (see `tasks/lab/faults.py`); None takes all orders back."""
    method, body = ("DELETE", None) if order is None else ("POST", json.dumps(order).encode())
    request = urllib.request.Request(lab.parts["faulty"]["control"], data=body, method=method)
    _OPENER.open(request, timeout=10).close()


def seen_requests(lab: Lab) -> list[dict[str, Any]]:
    """What the faulty registry was asked since its orders were last taken back: method, path, outcome."""
    with _OPENER.open(lab.parts["faulty"]["control"], timeout=10) as response:
        requests: list[dict[str, Any]] = json.load(response)["requests"]
    return requests


def downloads(lab: Lab, *, forget: bool = False) -> list[str]:
    """The packages that the index was asked for since they were last forgotten."""
    request = urllib.request.Request(lab.parts["packages"]["control"], method="DELETE" if forget else "GET")
    with _OPENER.open(request, timeout=10) as response:
        found: list[str] = json.loads(response.read() or b"[]")
        return found


class Relay:
    """Carries connections from an address of its own to a port or a socket of this machine, until it is left.

    With `tls` it is the server's end of that; with `hold` it swallows what arrives and never answers. `heard` is what
    clients have sent.
    """

    def __init__(
        self, address: str, target: int | str, *, tls: ssl.SSLContext | None = None, hold: bool = False
    ) -> None:
        self.target = target
        self.tls = tls
        self.hold = hold
        self.server = socket.create_server((address, 0))
        self.host = f"{address}:{self.server.getsockname()[1]}"
        self.open: list[socket.socket] = []
        self.heard = bytearray()

    def __enter__(self) -> "Relay":
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.close()
        for connection in self.open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _address = self.server.accept()
                self.open.append(client)
                if not self.hold:
                    threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            if self.tls:
                client = self.tls.wrap_socket(client, server_side=True)
                self.open.append(client)
            upstream = _connected(self.target)
            self.open.append(upstream)
            threading.Thread(target=_pump, args=(upstream, client), daemon=True).start()
            _pump(client, upstream, self.heard)


def _connected(target: int | str) -> socket.socket:
    if isinstance(target, int):
        return socket.create_connection(("127.0.0.1", target))
    upstream = socket.socket(socket.AF_UNIX)
    upstream.connect(target)
    return upstream


@contextlib.contextmanager
def mute_builder(sandbox: Sandbox) -> Iterator[None]:
    """A builder `mute` whose endpoint takes calls and never says a word.

    It is created while nobody is there, as docker would wait for an answer.
    """
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = free.getsockname()
    sandbox.create_builder("mute", f"tcp://127.0.0.1:{address[1]}")
    with socket.create_server(address):
        yield


def server_tls(lab: Lab, certificate: str = "server") -> ssl.SSLContext:
    """The server's end of TLS with a certificate of the lab's authority, for clients that have one too."""
    folder = Path(lab.parts["mtls"]["ca"]).parent
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / f"{certificate}.pem", folder / f"{certificate}.key")
    context.load_verify_locations(folder / "ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def _pump(reading: socket.socket, writing: socket.socket, copy: bytearray | None = None) -> None:
    with contextlib.suppress(OSError):
        while data := reading.recv(65536):
            if copy is not None:
                copy += data
            writing.sendall(data)
    with contextlib.suppress(OSError):
        writing.shutdown(socket.SHUT_RDWR)


def find_lab(parts: Collection[str] = ()) -> Lab | str:
    """The lab with these parts (all of them by default), or in a sentence why there is none."""
    argv = [sys.executable, "-m", "invoke", "lab.status", "--format=json"]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=60)
    if done.returncode:
        return f"the lab's status failed: {done.stderr.strip()}"
    status = json.loads(done.stdout)
    if status["missing"]:
        return f"this machine can't run the lab: {'; '.join(status['missing'])}"
    if down := [part for part in status["down"] if not parts or part in parts]:
        return f"the lab is not up ({', '.join(down)}): run invoke lab.up"
    return Lab(parts=status["parts"])


def make_sandbox(lab: Lab, folder: Path, *, engine: str | None = "containerd", buildx: str = "new") -> Sandbox:
    """An isolated environment for an engine (None: no daemon answers) and a buildx: `old`, `new` or `none`."""
    config = folder / "docker"
    (config / "cli-plugins").mkdir(parents=True)
    (folder / "home").mkdir()
    client = lab.parts["clients"][f"buildx-{buildx}"]
    for plugin in (Path(client["config"]) / "cli-plugins").iterdir():
        (config / "cli-plugins" / plugin.name).symlink_to(plugin.resolve())
    env = {
        "PATH": os.pathsep.join((str(lab.docker.parent), str(Path(sys.executable).parent), os.environ["PATH"])),
        "HOME": str(folder / "home"),
        "LC_ALL": "C.UTF-8",
        "DOCKER_CONFIG": str(config),
        "BUILDX_CONFIG": str(folder / "buildx"),
        "DOCKER_HOST": lab.parts[engine]["host"] if engine else f"unix://{folder}/none",
    }
    return Sandbox(lab=lab, folder=folder, env=env)

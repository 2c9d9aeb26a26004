"""Remote BuildKit endpoints: an engine's own BuildKit, served raw by socat and `buildx dial-stdio`."""

import sys
from pathlib import Path

from tasks.lab import tls_relay
from tasks.lab.certs import make_certificates
from tasks.lab.context import Facts, Lab, listens
from tasks.lab.packages import find

_DIAL = '#!/bin/sh\nexec "{plugin}" dial-stdio --builder default --progress quiet\n'


def start_plain(lab: Lab, part: str) -> Facts:
    """A TCP and a Unix endpoint of the containerd engine, open to anybody on the loopback interface."""
    port, path = lab.free_port(), lab.layout.part(part) / "buildkit.sock"
    tcp = _socat(lab, part, "containerd", f"TCP-LISTEN:{port},bind=127.0.0.1,reuseaddr", port)
    unix = _socat(lab, part, "containerd", f"UNIX-LISTEN:{path}", path)
    return {"endpoint": f"tcp://127.0.0.1:{port}", "unix": f"unix://{path}", "processes": [tcp, unix]}


def start_mtls(lab: Lab, part: str) -> Facts:
    """The same BuildKit behind mutual TLS, with certificates that fit and some that must not."""
    port, path = lab.free_port(), lab.layout.part(part) / "buildkit.sock"
    certificates = make_certificates(lab.layout.part(part) / "certs", lab.trees)
    unix = _socat(lab, part, "containerd", f"UNIX-LISTEN:{path}", path)
    server = Path(certificates["ca"]).with_name("server.pem")
    words = [port, path, certificates["ca"], server, server.with_suffix(".key")]
    relay = lab.serve(
        part, "tls", [sys.executable, "-I", "-S", Path(tls_relay.__file__), *words], ready=lambda: listens(port)
    )
    return {"endpoint": f"tcp://{certificates['server_name']}:{port}", **certificates, "processes": [unix, relay]}


def start_nodes(lab: Lab, part: str) -> Facts:
    """Two endpoints for one builder: amd64 on the containerd engine, arm64 on the second one.

    The classic store's BuildKit can't push, so the second node is an engine with the containerd store too.
    """
    facts: Facts = {"processes": []}
    for architecture, engine in (("amd64", "containerd"), ("arm64", "second")):
        port = lab.free_port()
        listen = f"TCP-LISTEN:{port},bind=127.0.0.1,reuseaddr"
        facts["processes"].append(_socat(lab, part, engine, listen, port))
        facts[architecture] = f"tcp://127.0.0.1:{port}"
    return facts


def _socat(lab: Lab, part: str, engine: str, listen: str, ready: int | Path) -> list[int]:
    """Serve an engine's BuildKit on a socat address."""
    folder = lab.layout.part(part)
    dial = folder / f"dial-{engine}"
    if not dial.exists():
        plugin = find(lab.trees / "buildx-new", "docker-buildx")
        dial.write_text(_DIAL.format(plugin=plugin))
        dial.chmod(0o755)
    env = lab.environment(
        part,
        BUILDX_EXPERIMENTAL="1",
        BUILDX_CONFIG=str(folder / "buildx"),
        DOCKER_CONFIG=str(folder / "docker"),
        DOCKER_HOST=lab.facts[engine]["host"],
    )
    return lab.serve(
        part,
        f"socat-{engine}-{listen.partition('-')[0].lower()}",
        [find(lab.trees / "root", "socat"), f"{listen},fork", f"EXEC:{dial}"],
        ready=ready.exists if isinstance(ready, Path) else lambda: listens(ready),
        env=env,
    )

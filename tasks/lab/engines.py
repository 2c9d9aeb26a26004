"""Private Docker engines, one for each image store, each with its own containerd, data and bridge.

An engine runs in a mount namespace of its own: what it mounts, and what it leaves in /run and /opt, ends with it.
"""

import http.client
import json
import socket
from collections.abc import Callable
from pathlib import Path

from tasks.lab import cgroups
from tasks.lab.context import Facts, Lab
from tasks.lab.layout import Layout
from tasks.lab.network import create_bridge, remove_bridge
from tasks.lab.packages import find

_PRIVATE = """\
set -e
for folder in /run /opt; do
  if [ -d "$folder" ]; then mount -t tmpfs -o mode=755 tmpfs "$folder"; fi
done
exec "$@"
"""


def starter(store: str, tree: str = "root") -> Callable[[Lab, str], Facts]:
    """How to start an engine with the `containerd` or the `classic` image store; its dockerd is the one in `tree`."""

    def start(lab: Lab, part: str) -> Facts:
        folder = lab.layout.part(part)
        endpoint = folder / "docker.sock"
        config = folder / "daemon.json"
        bridge = lab.layout.bridge(part)
        create_bridge(bridge)
        settings = daemon_settings(
            folder,
            containerd_store=store == "containerd",
            bridge=bridge,
            cgroup=f"/{lab.layout.cgroup}/{part}",
            mirror=lab.facts["open"]["url"],
        )
        config.write_text(json.dumps(settings, indent=1))
        argv = ["unshare", "--mount", "--propagation", "private", "sh", "-c", _PRIVATE, "sh"]
        dockerd = find(lab.trees / tree, "dockerd")
        process = lab.serve(
            part, "dockerd", [*argv, dockerd, "--config-file", config], ready=lambda: _answers(endpoint)
        )
        return {"host": f"unix://{endpoint}", "store": store, "processes": [process]}

    return start


def stop(layout: Layout, part: str) -> None:
    """Remove what an engine leaves after its end: its bridge, and the cgroups of its containers."""
    cgroups.remove(f"{layout.cgroup}/{part}")
    cgroups.remove_empty(layout.cgroup)
    remove_bridge(layout.bridge(part))


def daemon_settings(
    folder: Path, *, containerd_store: bool, bridge: str, cgroup: str, mirror: str
) -> dict[str, object]:
    """An engine's daemon.json: private folders, no firewall rules, no changed kernel settings.

    The open registry stands in for Docker Hub, so that `FROM busybox` finds what the lab pushed there.
    """
    return {
        "features": {"containerd-snapshotter": containerd_store},
        "data-root": str(folder / "data"),
        "exec-root": str(folder / "exec"),
        "pidfile": str(folder / "dockerd.pid"),
        "hosts": [f"unix://{folder / 'docker.sock'}"],
        "group": "root",
        "bridge": bridge,
        "iptables": False,
        "ip6tables": False,
        "ip-forward": False,
        "ip-masq": False,
        "userland-proxy": False,
        "exec-opts": ["native.cgroupdriver=cgroupfs"],
        "cgroup-parent": cgroup,
        "registry-mirrors": [mirror],
        "shutdown-timeout": 5,
    }


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=5)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(5)
        self.sock.connect(str(self._path))


def _answers(endpoint: Path) -> bool:
    connection = _UnixConnection(endpoint)
    try:
        connection.request("GET", "/_ping")
        return connection.getresponse().status == http.client.OK
    except OSError:
        return False
    finally:
        connection.close()

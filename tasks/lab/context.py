"""What a part is given to start with: the instance, the unpacked packages, and the facts of parts before it."""

import socket
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tasks.lab import process
from tasks.lab.distribution import Distribution
from tasks.lab.errors import LabError
from tasks.lab.layout import Layout

# What tests need to know of a part, as it stands in the state file.
Facts = dict[str, Any]

# Below the range that the kernel hands out to clients, so that none of those takes a port before its daemon does.
FIRST_PORT, PORTS = 20000, 10000


@dataclass(frozen=True, kw_only=True, slots=True)
class Lab:
    """An instance that is being started."""

    layout: Layout
    distribution: Distribution
    trees: Path
    say: Callable[[str], None]
    facts: dict[str, Facts] = field(default_factory=dict)
    given_ports: set[int] = field(default_factory=set)

    def environment(self, part: str, **more: str) -> dict[str, str]:
        """The environment of a part's daemons: nothing of the user's, the private programs first."""
        root = self.trees / "root"
        programs = [root / "usr/bin", root / "usr/sbin", root / "bin"]
        libraries = sorted({str(path.parent) for path in root.rglob("*.so.*")})
        return {
            "PATH": ":".join([*map(str, programs), "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]),
            "LD_LIBRARY_PATH": ":".join(libraries),
            "HOME": str(self.layout.part(part)),
            "LC_ALL": "C.UTF-8",
            **more,
        }

    def free_port(self) -> int:
        """A TCP port of the loopback interface that nothing listens on."""
        start = int(self.layout.ident, 16) % PORTS
        for step in range(PORTS):
            port = FIRST_PORT + (start + step) % PORTS
            if port not in self.given_ports and _is_free(port):
                self.given_ports.add(port)
                return port
        raise LabError("no free TCP port between 20000 and 29999")

    def wait_for(self, part: str, name: str, pid: int, ready: Callable[[], bool], *, seconds: float = 60) -> None:
        """Return when a daemon is ready; `LabError` with the end of its log when it ends or never gets there."""
        deadline = time.monotonic() + seconds
        while not ready():
            if not process.is_alive(pid):
                raise LabError(f"{part}: {name} ended at once\n{process.log_tail(self.layout, part, name)}")
            if time.monotonic() > deadline:
                tail = process.log_tail(self.layout, part, name)
                raise LabError(f"{part}: {name} is not ready after {seconds:.0f} s\n{tail}")
            time.sleep(0.05)

    def serve(
        self,
        part: str,
        name: str,
        argv: Iterable[object],
        *,
        ready: Callable[[], bool],
        env: Mapping[str, str] | None = None,
    ) -> list[int]:
        """Start a daemon and wait until it answers; its process id and start time, which the state file keeps."""
        environment = env if env is not None else self.environment(part)
        pid = process.spawn(self.layout, part, name, [str(word) for word in argv], environment)
        self.wait_for(part, name, pid, ready)
        return [pid, process.started_at(pid)]


def listens(port: int) -> bool:
    """Whether something accepts connections on a port of the loopback interface."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # past connections do not count
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True

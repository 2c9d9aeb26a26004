"""An engine's own bridge: a second engine without one would take the first one's away.

The kernel is asked directly; a small machine has no `ip`.
"""

import fcntl
import ipaddress
import re
import socket
import struct
from collections.abc import Iterable
from pathlib import Path

from tasks.lab import shared
from tasks.lab.errors import LabError

# Small private networks that neither home routers nor docker's own defaults use first.
CANDIDATES = tuple(
    ipaddress.IPv4Network(f"{start}.{third}.0/24")
    for start, thirds in (("172.31", range(64, 256)), ("10.213", range(256)))
    for third in thirds
)

_ADD_BRIDGE, _REMOVE_BRIDGE = 0x89A0, 0x89A1
_SET_FLAGS, _SET_ADDRESS, _SET_NETMASK = 0x8914, 0x8916, 0x891C
_FLAG_UP = 1


def create_bridge(name: str) -> None:
    """Make a bridge with the first address of a free network."""
    # The lock keeps another instance from taking the same network between looking and taking.
    with shared.locked(), _Kernel() as kernel:
        network = choose_network(Path("/proc/net/route").read_text())
        try:
            kernel.ask(_ADD_BRIDGE, name.encode())
            kernel.set(_SET_ADDRESS, name, _address(network[1]))
            kernel.set(_SET_NETMASK, name, _address(network.netmask))
            kernel.set(_SET_FLAGS, name, struct.pack("H", _FLAG_UP))
        except OSError as error:
            raise LabError(f"bridge {name}: {error.strerror}") from error


def remove_bridge(name: str) -> None:
    """Remove a bridge, when it is there."""
    if not Path(f"/sys/class/net/{name}/bridge").exists():
        return
    with _Kernel() as kernel:
        kernel.set(_SET_FLAGS, name, struct.pack("H", 0))
        kernel.ask(_REMOVE_BRIDGE, name.encode())


def choose_network(routes: str, candidates: Iterable[ipaddress.IPv4Network] = CANDIDATES) -> ipaddress.IPv4Network:
    """The first network that no route of /proc/net/route touches; a default route touches none."""
    taken = []
    for line in routes.splitlines()[1:]:
        fields = line.split()
        if len(fields) > 7 and re.fullmatch("[0-9A-F]{8}", fields[1]):
            address, mask = (int.from_bytes(bytes.fromhex(fields[n]), "little") for n in (1, 7))
            if mask:
                taken.append(ipaddress.IPv4Network((address, f"{ipaddress.IPv4Address(mask)}")))
    for network in candidates:
        if not any(network.overlaps(other) for other in taken):
            return network
    raise LabError("no free private network for a bridge: every candidate overlaps a route of this machine")


class _Kernel:
    """The socket through which network devices are managed."""

    def __enter__(self) -> "_Kernel":
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def ask(self, request: int, argument: bytes) -> None:
        fcntl.ioctl(self._socket, request, argument.ljust(16, b"\0"))

    def set(self, request: int, device: str, value: bytes) -> None:
        self.ask(request, device.encode().ljust(16, b"\0") + value.ljust(24, b"\0"))


def _address(address: ipaddress.IPv4Address) -> bytes:
    return struct.pack("HH4s", socket.AF_INET, 0, address.packed)

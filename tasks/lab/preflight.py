"""Whether this machine can run the lab, and if not, everything it lacks, one line each."""

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from tasks.lab.distribution import find_distribution, read_os_release
from tasks.lab.emulation import BINFMT
from tasks.lab.errors import LabUnavailable

ENGINES = frozenset({"containerd", "classic", "second", "remote", "mtls", "nodes", "base"})
COMMANDS = ("apt-get", "dpkg", "dpkg-deb", "mount", "unshare")


def find_problems(parts: Iterable[str]) -> tuple[str, ...]:
    """What is missing for these parts; empty when they can run."""
    wanted = set(parts)
    problems: list[str] = []
    if os.uname().sysname != "Linux":
        return (f"system: the lab needs Linux, this is {os.uname().sysname}",)
    try:
        find_distribution(read_os_release(), {"x86_64": "amd64", "aarch64": "arm64"}.get(os.uname().machine, "unknown"))
    except LabUnavailable as error:
        problems += error.problems
    problems += [f"command: no {name} on this machine" for name in COMMANDS if shutil.which(name) is None]
    if wanted & (ENGINES | {"qemu"}) and os.geteuid() != 0:
        problems.append("root: engines and emulation need root, run it as root")
    if wanted & ENGINES and os.geteuid() == 0:
        problems += _engine_problems()
    if "qemu" in wanted and not _has_filesystem("binfmt_misc") and not BINFMT.is_dir():
        problems.append("kernel: no binfmt_misc, so programs of the other architecture can't run")
    return tuple(problems)


def _engine_problems() -> list[str]:
    problems = []
    if not _has_filesystem("overlay"):
        problems.append("kernel: no overlay file system")
    if not os.access("/sys/fs/cgroup", os.W_OK) or not any(Path("/sys/fs/cgroup").iterdir()):
        problems.append("kernel: no cgroups that can be written under /sys/fs/cgroup")
    if not Path("/proc/self/ns/net").exists():
        problems.append("kernel: no network namespaces")
    return problems


def _has_filesystem(name: str) -> bool:
    """Whether the kernel has a file system, or a module that may bring it."""
    known = {line.split()[-1] for line in Path("/proc/filesystems").read_text().splitlines() if line.strip()}
    return name in known or Path("/lib/modules", os.uname().release).is_dir()

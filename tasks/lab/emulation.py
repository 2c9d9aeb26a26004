"""QEMU user emulation: RUN steps of the other architecture really run.

A registration that is there and does all we need is used; otherwise ours is added under a name of its own, and removed
when the last instance leaves. The kernel asks the youngest first: an older one of somebody else only rests meanwhile.
"""

from pathlib import Path

from tasks.lab import process, shared
from tasks.lab.context import Facts, Lab
from tasks.lab.errors import LabError
from tasks.lab.layout import Layout
from tasks.lab.packages import find

BINFMT = Path("/proc/sys/fs/binfmt_misc")
THING = "binfmt"
_MOUNTED = "mounted-binfmt"
_PREFIX = "buildx-tasks-lab-"

# The first 20 bytes of an ELF program for the architecture, and which of their bits count.
_ELF = {"arm64": b"\xb7\x00", "amd64": b"\x3e\x00"}
_MASK = b"\xff" * 7 + b"\x00" + b"\xff" * 8 + b"\xfe\xff\xff\xff"
_NAMES = {"arm64": "aarch64", "amd64": "x86_64"}


def start(lab: Lab, part: str) -> Facts:
    """Make programs of the other architecture run in containers."""
    foreign = lab.distribution.foreign
    name = _NAMES[foreign]
    interpreter = find(lab.trees / "root", f"qemu-{name}-static", f"qemu-{name}")
    with shared.locked() as folder:
        if not (BINFMT / "register").exists():
            process.call(["mount", "-t", "binfmt_misc", "binfmt_misc", str(BINFMT)])
            (folder / _MOUNTED).touch()
        shared.join(folder, lab.layout, THING)
        found = find_registration(foreign, own_suffix=_world(folder))
        if found is None:
            own = f"{_PREFIX}{name}-{_world(folder)}"
            (BINFMT / "register").write_bytes(registration(own, foreign, interpreter))
            found = find_registration(foreign, own_suffix=_world(folder))
    if found is None:
        raise LabError(f"qemu: the kernel took no registration for {foreign}")
    return {"platform": f"linux/{foreign}", "registration": str(found), "own": found.name.startswith(_PREFIX)}


def is_up(facts: Facts) -> bool:
    """Whether the registration is still there."""
    return Path(facts["registration"]).exists()


def stop(layout: Layout, part: str) -> None:
    """Leave; the last one removes what the lab registered, and nothing else."""
    with shared.locked() as folder:
        if not shared.leave(folder, layout, THING):
            return
        for entry in BINFMT.glob(f"{_PREFIX}*-{_world(folder)}"):
            entry.write_text("-1")
        if (folder / _MOUNTED).exists():
            (folder / _MOUNTED).unlink()
            process.call(["umount", str(BINFMT)])


def registration(name: str, architecture: str, interpreter: Path) -> bytes:
    """What the kernel is told: name, kind, magic, mask, interpreter, flags.

    F opens the interpreter now, for containers do not hold it. P keeps a program's own name, by which busybox knows
    what to be.
    """
    magic = b"\x7fELF\x02\x01\x01" + b"\x00" * 9 + b"\x02\x00" + _ELF[architecture]
    fields = (
        name.encode(),
        b"M",
        b"",
        _escape(magic),
        _escape(_MASK),
        str(interpreter).encode(),
        b"POCF",
    )
    return b":" + b":".join(fields)


def find_registration(architecture: str, *, own_suffix: str, folder: Path = BINFMT) -> Path | None:
    """An enabled entry for an architecture that works in a container, for busybox too.

    One of a lab in another container does not count: it goes when that lab goes.
    """
    if not folder.exists():
        return None
    magic = f"magic 7f454c46020101{'00' * 9}0200{_ELF[architecture].hex()}"
    for entry in sorted(folder.iterdir()):
        if entry.name in ("register", "status"):
            continue
        if entry.name.startswith(_PREFIX) and not entry.name.endswith(f"-{own_suffix}"):
            continue
        lines = entry.read_text().splitlines()
        flags = next((line.partition(":")[2] for line in lines if line.startswith("flags:")), "")
        if "enabled" in lines and magic in lines and {"F", "P"} <= set(flags):
            return entry
    return None


def _world(folder: Path) -> str:
    """Tells the instances that share this folder from those in other containers, who share but the kernel."""
    status = folder.stat()
    return f"{status.st_dev:x}.{status.st_ino:x}"


def _escape(data: bytes) -> bytes:
    return b"".join(b"\\x%02x" % byte for byte in data)

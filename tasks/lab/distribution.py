"""Which distribution this machine runs, and from which of its suites each package of the lab comes."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tasks.lab.errors import LabUnavailable

# The Debian release whose engine also runs on the release before it, and the one with the newest engine and buildx.
DEBIAN_ENGINE = "trixie"
DEBIAN_NEWEST = "sid"
FOREIGN = {"amd64": "arm64", "arm64": "amd64"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Package:
    """One package: which suite and architecture, and which of its files (patterns) go to which private tree."""

    name: str
    suite: str
    architecture: str
    keep: tuple[str, ...]
    tree: str = "root"

    @property
    def request(self) -> str:
        """How `apt-get download` is asked for it."""
        return f"{self.name}:{self.architecture}/{self.suite}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Distribution:
    """A release: what apt calls its suites, and the machine's architecture."""

    name: str
    codename: str
    architecture: str
    foreign: str
    engine_suite: str
    newest_suite: str
    components: tuple[str, ...]

    @property
    def packages(self) -> tuple[Package, ...]:
        """Everything the lab downloads."""

        def own(name: str, *keep: str, suite: str = self.codename, tree: str = "root") -> Package:
            return Package(name=name, suite=suite, architecture=self.architecture, keep=keep, tree=tree)

        engine = self.engine_suite
        plugin = "*/cli-plugins/docker-buildx"
        packages = [
            own("docker.io", "usr/*bin/dockerd", "usr/bin/docker", suite=engine),
            own("containerd", "usr/bin/containerd", "usr/bin/containerd-shim-runc-v2", suite=engine),
            own("docker.io", "usr/*bin/dockerd", suite=self.newest_suite, tree="engine-new"),
            own("docker-buildx", plugin, suite=engine, tree="buildx-old"),
            own("docker-buildx", plugin, suite=self.newest_suite, tree="buildx-new"),
            own("runc", "usr/*bin/runc"),
            own("docker-registry", "usr/bin/docker-registry"),
            own("socat", "usr/bin/socat*"),
            own("libwrap0", "*/libwrap.so*"),
            own("libseccomp2", "*/libseccomp.so*"),
            own("openssl", "usr/bin/openssl"),
            own("busybox-static", "*bin/busybox"),
        ]
        emulators = ("usr/bin/qemu-aarch64*", "usr/bin/qemu-x86_64*")
        if self.name == "debian":
            packages.append(own("docker-cli", "usr/bin/docker", suite=engine))
            # Static too, whatever its name. QEMU before 8 gives an emulated program its own /proc/self/exe,
            # through which busybox's shell starts its applets: `cat file` would run the file.
            packages.append(own("qemu-user", *emulators, suite=engine))
        else:
            packages.append(own("qemu-user-static", *emulators))
        if self.has_foreign:
            foreign = Package(
                name="busybox-static",
                suite=self.codename,
                architecture=self.foreign,
                keep=("*bin/busybox",),
                tree="foreign",
            )
            packages.append(foreign)
        return tuple(packages)

    @property
    def has_foreign(self) -> bool:
        """Whether the archive holds the other architecture too; Ubuntu keeps it elsewhere."""
        return self.name == "debian"

    @property
    def suites(self) -> tuple[str, ...]:
        """Every suite that some package comes from."""
        return tuple(dict.fromkeys((self.codename, self.engine_suite, self.newest_suite)))


def read_os_release(path: Path = Path("/etc/os-release")) -> dict[str, str]:
    """The machine's description of itself; empty where there is none."""
    try:
        lines = path.read_text().splitlines()
    except FileNotFoundError:
        return {}
    pairs = (line.partition("=") for line in lines if "=" in line)
    return {key: value.strip().strip('"') for key, _, value in pairs}


def find_distribution(os_release: Mapping[str, str], architecture: str) -> Distribution:
    """The distribution as the lab knows it; `LabUnavailable` names what doesn't fit."""
    name, codename = os_release.get("ID", ""), os_release.get("VERSION_CODENAME", "")
    version = os_release.get("VERSION_ID", "")
    if name not in ("debian", "ubuntu"):
        raise LabUnavailable((f"distribution: the lab needs Debian or Ubuntu, this is {name or 'unknown'}",))
    too_old = _number(version) < (12 if name == "debian" else 24.04)
    if version and too_old:
        raise LabUnavailable((f"distribution: the lab needs Debian 12 or Ubuntu 24.04, this is {name} {version}",))
    if architecture not in FOREIGN:
        raise LabUnavailable((f"architecture: the lab runs on amd64 and arm64, this is {architecture}",))
    own = codename or DEBIAN_NEWEST
    debian = name == "debian"
    return Distribution(
        name=name,
        codename=own,
        architecture=architecture,
        foreign=FOREIGN[architecture],
        engine_suite=DEBIAN_ENGINE if debian else own,
        newest_suite=DEBIAN_NEWEST if debian else own,
        components=("main",) if debian else ("main", "universe"),
    )


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0

"""Platforms, `os[(version)]/arch[/variant]`, as docker and Skaffold spell, compare and match them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from buildx_tasks.errors import CannotStart

_OS_NAMES = """
aix android darwin dragonfly freebsd hurd illumos ios js linux nacl netbsd openbsd plan9 solaris windows zos
"""
_ARCH_NAMES = """
386 amd64 amd64p32 arm armbe arm64 arm64be loong64 ppc64 ppc64le mips mipsle mips64 mips64le mips64p32
mips64p32le ppc riscv riscv64 s390 s390x sparc sparc64 wasm
"""
KNOWN_OS = frozenset(_OS_NAMES.split())
KNOWN_ARCH = frozenset(_ARCH_NAMES.split())
_ARCH_ALIASES = {
    "i386": "386",
    "x86_64": "amd64",
    "x86-64": "amd64",
    "aarch64": "arm64",
    "armhf": "arm",
    "armel": "arm",
}
_OS = re.compile(r"([A-Za-z0-9_-]+)(?:\(([A-Za-z0-9_.%-]*(?:\+[A-Za-z0-9_.%-]+)*)\))?")
_HINT = "write os/arch or os/arch/variant, for example linux/amd64 or linux/arm/v7"


@dataclass(frozen=True, kw_only=True, slots=True)
class Platform:
    """One platform; `variant` is empty for the usual one (`arm64` is v8, `arm` is v7).

    `os_version` is that of Windows, with `+` before each feature behind it; empty for any.
    """

    os: str
    arch: str
    variant: str = ""
    os_version: str = ""

    def __str__(self) -> str:
        os = f"{self.os}({self.os_version})" if self.os_version else self.os
        return "/".join(part for part in (os, self.arch, self.variant) if part)

    def same_as(self, other: Platform) -> bool:
        """Equality of meaning: `linux/arm64` is `linux/arm64/v8`, and no version is any version."""
        if self.os_version and other.os_version and self.os_version != other.os_version:
            return False
        return canonical(self) == canonical(other)


@dataclass(frozen=True, kw_only=True, slots=True)
class PlatformSet:
    """Platforms in the order given; `all` stands for every platform, and nothing at all for "docker decides"."""

    platforms: tuple[Platform, ...] = ()
    all: bool = False

    def __bool__(self) -> bool:
        return self.all or bool(self.platforms)

    def __iter__(self) -> Iterator[Platform]:
        return iter(self.platforms)

    @property
    def is_multi(self) -> bool:
        """More than one platform, or all of them."""
        return self.all or len(self.platforms) > 1


def parse_platform(text: str, host: Platform) -> Platform:
    """Read `os[(version)]/arch[/variant]`, `os[(version)]` or `arch`; a missing half is the host's.

    Raises CannotStart for wildcards, unknown names and more than three parts.
    """
    first, *parts = text.split("/")
    named = _OS.fullmatch(first)
    if named is None or len(parts) > 2 or not all(re.fullmatch(r"[A-Za-z0-9_.-]+", part) for part in parts):
        raise CannotStart(f"{text!r} is not a platform", _HINT)
    os, version = _normal_os(named[1]), named[2] or ""
    if parts:
        arch, variant = _normal_arch(parts[0], "".join(parts[1:]))
        shown = _shown(arch, variant, given=len(parts) == 2)
        return _known(Platform(os=os, arch=arch, variant=shown, os_version=version), text)
    if os in KNOWN_OS:
        variant = _shown(host.arch, host.variant, given=False)
        return Platform(os=os, arch=host.arch, variant=variant, os_version=version)
    arch, variant = _normal_arch(text, "")
    if arch in KNOWN_ARCH:
        return Platform(os=host.os, arch=arch, variant=_shown(arch, variant, given=False))
    raise _unknown(text, "operating system or architecture", text, KNOWN_OS | KNOWN_ARCH)


def parse_platforms(texts: Iterable[str], host: Platform) -> PlatformSet:
    """Read a list whose items may be comma lists; `all` anywhere before a mistake means every platform.

    Repetitions are dropped. Raises CannotStart for the first item that is no platform.
    """
    found: list[Platform] = []
    for item in (part.strip() for text in texts for part in text.split(",")):
        if item.lower() == "all":
            return PlatformSet(all=True)
        if item:
            platform = parse_platform(item, host)
            if not any(platform.same_as(other) and platform.os_version == other.os_version for other in found):
                found.append(platform)
    return PlatformSet(platforms=tuple(found))


def intersect(left: PlatformSet, right: PlatformSet) -> PlatformSet:
    """What both allow, in the order and spelling of `left`; `all` gives the other side."""
    if left.all:
        return right
    if right.all:
        return left
    return PlatformSet(platforms=tuple(one for one in left if any(one.same_as(other) for other in right)))


def format_platforms(platforms: PlatformSet) -> str:
    """A comma list as docker takes it; `all` for all of them."""
    return "all" if platforms.all else ",".join(str(platform) for platform in platforms)


def canonical(platform: Platform) -> Platform:
    """A platform as buildx prints it: usual variants left out, except that arm always has one; without a version."""
    arch, variant = _normal_arch(platform.arch, platform.variant)
    return Platform(os=_normal_os(platform.os), arch=arch, variant=variant)


def _normal_os(text: str) -> str:
    return "darwin" if text.lower() == "macos" else text.lower()


def _normal_arch(arch: str, variant: str) -> tuple[str, str]:
    """The canonical pair: usual variants are empty, except that arm always has one."""
    given, variant = arch.lower(), variant.lower()
    arch = _ARCH_ALIASES.get(given, given)
    if given in ("armhf", "armel"):
        return arch, "v7" if given == "armhf" else "v6"
    if arch == "386" and given != arch:
        return arch, ""
    if variant in {"amd64": ("v1",), "arm64": ("8", "v8")}.get(arch, ()):
        return arch, ""
    if arch == "arm":
        return arch, f"v{variant or 7}" if variant in ("", "5", "6", "7", "8") else variant
    return arch, variant


def _shown(arch: str, variant: str, *, given: bool) -> str:
    """The variant as docker spells it back: a usual one only when the user wrote it."""
    if given:
        return "v8" if arch == "arm64" and not variant else variant
    return "" if arch == "arm" and variant == "v7" else variant


def _known(platform: Platform, text: str) -> Platform:
    if platform.os not in KNOWN_OS:
        raise _unknown(text, "operating system", platform.os, KNOWN_OS)
    if platform.arch not in KNOWN_ARCH:
        raise _unknown(text, "architecture", platform.arch, KNOWN_ARCH)
    return platform


def _unknown(text: str, what: str, name: str, known: frozenset[str]) -> CannotStart:
    near = difflib.get_close_matches(name.lower(), sorted(known), n=1)
    hint = f"did you mean {near[0]}? {_HINT}" if near else _HINT
    return CannotStart(f"platform {text!r}: unknown {what} {name!r}", hint)

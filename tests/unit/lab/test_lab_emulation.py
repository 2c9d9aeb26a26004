"""Which binfmt registration is used: one that works in containers, and never one that a lab elsewhere may take away."""

from pathlib import Path

import pytest

from tasks.lab.emulation import find_registration, registration

ARM64 = "7f454c460201010000000000000000000200b700"
AMD64 = "7f454c4602010100000000000000000002003e00"


def entry(*, state: str = "enabled", flags: str = "POCF", magic: str = ARM64) -> str:
    return f"{state}\ninterpreter /usr/bin/qemu\nflags: {flags}\noffset 0\nmagic {magic}\nmask ffff\n"


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("qemu-aarch64", entry(), True),
        ("buildx-tasks-lab-aarch64-here", entry(), True),
        ("buildx-tasks-lab-aarch64-elsewhere", entry(), False),
        ("qemu-aarch64", entry(state="disabled"), False),
        ("qemu-aarch64", entry(flags="OC"), False),
        ("qemu-aarch64", entry(flags="OCF"), False),
        ("qemu-x86_64", entry(magic=AMD64), False),
        ("status", "enabled\n", False),
    ],
)
def test_a_usable_registration(tmp_path: Path, name: str, text: str, found: bool) -> None:
    (tmp_path / name).write_text(text)
    expected = tmp_path / name if found else None
    assert find_registration("arm64", own_suffix="here", folder=tmp_path) == expected


def test_without_binfmt_there_is_none(tmp_path: Path) -> None:
    assert find_registration("arm64", own_suffix="here", folder=tmp_path / "absent") is None


def test_the_kernel_is_told_in_its_own_form() -> None:
    text = registration("name", "arm64", Path("/lab/qemu")).decode()
    kind, magic, mask, interpreter, flags = text.split(":")[2], *text.split(":")[4:]
    assert text.startswith(":name:")
    assert (kind, interpreter, flags) == ("M", "/lab/qemu", "POCF")
    assert magic.replace("\\x", "") == ARM64
    assert mask == "\\xff" * 7 + "\\x00" + "\\xff" * 8 + "\\xfe" + "\\xff" * 3

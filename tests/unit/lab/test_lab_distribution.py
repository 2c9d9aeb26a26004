"""Each package comes from the suite that has it in a version that runs."""

import pytest

from tasks.lab.distribution import find_distribution
from tasks.lab.errors import LabUnavailable

BOOKWORM = {"ID": "debian", "VERSION_CODENAME": "bookworm", "VERSION_ID": "12"}
TRIXIE = {"ID": "debian", "VERSION_CODENAME": "trixie", "VERSION_ID": "13"}
NOBLE = {"ID": "ubuntu", "VERSION_CODENAME": "noble", "VERSION_ID": "24.04"}


@pytest.mark.parametrize(
    ("release", "architecture", "suites", "request_", "absent"),
    [
        (BOOKWORM, "amd64", ("bookworm", "trixie", "sid"), "docker.io:amd64/trixie", "docker.io:amd64/bookworm"),
        (BOOKWORM, "amd64", ("bookworm", "trixie", "sid"), "runc:amd64/bookworm", "runc:amd64/trixie"),
        (BOOKWORM, "amd64", ("bookworm", "trixie", "sid"), "busybox-static:arm64/bookworm", "docker-cli:arm64/trixie"),
        (BOOKWORM, "arm64", ("bookworm", "trixie", "sid"), "busybox-static:amd64/bookworm", "runc:amd64/bookworm"),
        (TRIXIE, "amd64", ("trixie", "sid"), "docker-buildx:amd64/sid", "runc:amd64/bookworm"),
        ({"ID": "debian"}, "amd64", ("sid", "trixie"), "runc:amd64/sid", "runc:amd64/trixie"),
        (NOBLE, "amd64", ("noble",), "qemu-user-static:amd64/noble", "busybox-static:arm64/noble"),
    ],
)
def test_packages_and_suites(
    release: dict[str, str], architecture: str, suites: tuple[str, ...], request_: str, absent: str
) -> None:
    found = find_distribution(release, architecture)
    requests = [package.request for package in found.packages]
    assert found.suites == suites
    assert request_ in requests
    assert absent not in requests


def test_the_two_buildx_have_trees_of_their_own() -> None:
    packages = find_distribution(BOOKWORM, "amd64").packages
    trees = {package.tree: package.suite for package in packages if package.name == "docker-buildx"}
    assert trees == {"buildx-old": "trixie", "buildx-new": "sid"}


@pytest.mark.parametrize(
    ("release", "architecture", "message"),
    [
        ({"ID": "fedora", "VERSION_ID": "41"}, "amd64", "needs Debian or Ubuntu, this is fedora"),
        ({}, "amd64", "this is unknown"),
        ({"ID": "debian", "VERSION_ID": "11"}, "amd64", "needs Debian 12 or Ubuntu 24.04, this is debian 11"),
        ({"ID": "ubuntu", "VERSION_ID": "22.04"}, "amd64", "this is ubuntu 22.04"),
        (BOOKWORM, "riscv64", "runs on amd64 and arm64, this is riscv64"),
    ],
)
def test_what_does_not_fit_is_named(release: dict[str, str], architecture: str, message: str) -> None:
    with pytest.raises(LabUnavailable, match=message):
        find_distribution(release, architecture)

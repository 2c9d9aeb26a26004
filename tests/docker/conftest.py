"""Fixtures of the tests that talk to real parts: the lab, and an isolated environment for each test."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from lab_support import Lab, Sandbox, find_lab, make_sandbox, order_faults

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder needs the lab."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.docker)


@pytest.fixture(scope="session")
def lab() -> Lab:
    """The lab as it runs. Without it tests are skipped with its own reason; under CI that is a failure."""
    return need_lab(find_lab())


@pytest.fixture(scope="session")
def registries() -> Lab:
    """The same for tests that need the lab's registries alone: `invoke lab.up --only open,password,tls,faulty`."""
    return need_lab(find_lab(("open", "password", "tls", "faulty")))


@pytest.fixture(scope="session")
def tls_engine() -> Lab:
    """The same for tests that need one engine, also behind mTLS: `invoke lab.up --only clients,base,remote,mtls`."""
    return need_lab(find_lab(("clients", "containerd", "open", "base", "remote", "mtls")))


@pytest.fixture(scope="session")
def registry_and_engine() -> Lab:
    """The same for tests that need an engine and a registry: `invoke lab.up --only clients,base`."""
    return need_lab(find_lab(("clients", "containerd", "open", "base")))


@pytest.fixture(scope="session")
def remote_lab() -> Lab:
    """The same for tests that need a BuildKit and no engine: `invoke lab.up --only clients,base,remote`."""
    return need_lab(find_lab(("clients", "base", "remote")))


def need_lab(found: Lab | str) -> Lab:
    """The lab that was found, or the end of the test."""
    if isinstance(found, str):
        if os.environ.get("CI"):
            pytest.fail(found)
        pytest.skip(found)
    return found


@pytest.fixture
def new_sandbox(lab: Lab, tmp_path: Path) -> Callable[..., Sandbox]:
    """Make isolated environments: `new_sandbox(engine="classic", buildx="old")`; `engine=None` has no daemon."""
    made: list[Sandbox] = []

    def make(*, engine: str | None = "containerd", buildx: str = "new") -> Sandbox:
        made.append(make_sandbox(lab, tmp_path / f"sandbox{len(made)}", engine=engine, buildx=buildx))
        return made[-1]

    return make


@pytest.fixture
def sandbox(new_sandbox: Callable[..., Sandbox]) -> Sandbox:
    """An isolated environment with the containerd engine and the new buildx."""
    return new_sandbox()


@pytest.fixture
def faults(lab: Lab) -> Iterator[Callable[[dict[str, object]], None]]:
    """Order faults of the faulty registry: `faults({"count": 2, "status": 503})`; all are taken back at the end."""
    order_faults(lab, None)
    yield lambda order: order_faults(lab, order)
    order_faults(lab, None)

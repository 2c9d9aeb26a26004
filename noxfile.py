"""The project's chores: `nox -l` lists them, `nox -s NAME` runs one in an environment of its own."""

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nox

nox.needs_version = ">=2025.5.1"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.sessions = ["lint", "types", "unit"]

ROOT = Path(__file__).parent
PROJECT = nox.project.load_toml(ROOT / "pyproject.toml")
# A missing part of the lab skips the tests that need it; in CI it is a failure.
IN_CI = bool(os.environ.get("CI"))
# What `invoke lab.up` ends with when this machine can't run the lab, having said why.
LAB_UNAVAILABLE = 4


@nox.session
def demo(session: nox.Session) -> None:
    """Run the main job on examples/basic twice: build, push, write the cache, and hit it."""
    session.install(".")
    # The artifact cache would leave the second build out, and with it what there is to see of BuildKit's.
    build = ["invoke", "buildx.build", "--no-cache-artifacts"]
    if _has_engine():
        session.log("building with the docker engine of this machine")
        with _lab(session, "open", required=False) as (env, parts):
            registry = [f"--default-repo={parts['open']['host']}", "--push"] if parts else ["--no-push"]
            with session.chdir("examples/basic"):
                for _ in ("build", "hit the cache"):
                    session.run(*build, *registry, *session.posargs, env=env)
        return
    with _lab(session, "containerd,base", required=True) as (env, parts):
        docker = Path(parts["clients"]["docker"])
        env |= {
            "PATH": f"{session.bin}{os.pathsep}{docker.parent}{os.pathsep}{os.environ['PATH']}",
            "DOCKER_HOST": parts["containerd"]["host"],
            "DOCKER_CONFIG": parts["clients"]["buildx-new"]["config"],
        }
        registry = [f"--default-repo={parts['open']['host']}", "--push"]
        with session.chdir("examples/basic"):
            session.run(*build, *registry, *session.posargs, env=env)
            session.log("again, on an engine that forgot everything: the cache in the registry is hit")
            session.run(str(docker), "buildx", "prune", "--all", "--force", env=env, external=True, silent=True)
            session.run(*build, *registry, *session.posargs, env=env)


@nox.session
def tests(session: nox.Session) -> None:
    """Run every test against the built wheel, with the lab up; arguments go to pytest."""
    # Not in the session's own temporary folder: nox would make that the tests' TMPDIR, inside of this checkout.
    with tempfile.TemporaryDirectory() as folder:
        session.install(_build_wheel(session, folder), *_group("test"))
    with _lab(session, "", required=IN_CI) as (env, _):
        session.run("pytest", *session.posargs, env={**env, "BUILDX_TASKS_WHEEL": "1"})


@nox.session
def unit(session: nox.Session) -> None:
    """Run the tests that need no engine; arguments go to pytest."""
    session.install("-e", ".", *_group("test"))
    session.run("pytest", "-m", "not docker", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Check the code's rules and its format."""
    session.install(*_group("lint"))
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Check the types of the package, its tests and its tasks."""
    session.install("-e", ".", *_group("types"))
    session.run("mypy", *session.posargs)


@nox.session
def minimums(session: nox.Session) -> None:
    """Run the tests that need no engine on the lowest versions that pyproject.toml allows."""
    session.install("uv")
    # pip trusts what its own configuration says; uv has none, and what the machine trusts is nearest to it.
    env = {"VIRTUAL_ENV": session.virtualenv.location, "UV_SYSTEM_CERTS": "1"}
    session.run("uv", "pip", "install", "--resolution=lowest-direct", ".", *_group("test"), env=env)
    session.run("uv", "pip", "list", env=env)
    session.run("pytest", "-m", "not docker", *session.posargs)


@nox.session
def build(session: nox.Session) -> None:
    """Build wheel and sdist into dist/, and check that the wheel carries the schema."""
    session.install(*_group("build"))
    shutil.rmtree(ROOT / "dist", ignore_errors=True)
    session.run("python", "-m", "build", "--no-isolation", "--outdir", "dist")
    (wheel,) = (ROOT / "dist").glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    foreign = [name for name in names if not name.startswith(("buildx_tasks/", "buildx_tasks-"))]
    if foreign or not any(name.startswith("buildx_tasks/_schema/") for name in names):
        session.error(f"{wheel.name}: no buildx_tasks/_schema/, or files of others: {foreign}")


@nox.session
def bench(session: nox.Session) -> None:
    """Measure what we promise to cost, on the wheel and in the lab; arguments are names of measures."""
    with tempfile.TemporaryDirectory(prefix="buildx-tasks-wheel-") as folder:
        session.install(_build_wheel(session, folder))
    # As pip installs it for users, whatever installed it here.
    session.run(
        "python", "-m", "compileall", "-q", str(Path(session.virtualenv.location) / "lib"), success_codes=[0, 1]
    )
    with _lab(session, "containerd,base,open,remote", required=True) as (env, _):
        session.run("python", "-m", "benchmarks", *session.posargs, env={**env, "PYTHONDONTWRITEBYTECODE": None})


def _group(name: str) -> list[str]:
    return list(nox.project.dependency_groups(PROJECT, name))


def _build_wheel(session: nox.Session, folder: str) -> str:
    """The wheel as users get it; tests that passed on the checkout alone would say nothing of it."""
    session.install(*_group("build"))
    session.run("python", "-m", "build", "--no-isolation", "--wheel", "--outdir", folder, silent=True)
    (wheel,) = Path(folder).glob("*.whl")
    return str(wheel)


def _has_engine() -> bool:
    """Whether a docker CLI with buildx is here and its engine answers."""
    docker = shutil.which("docker")
    checks = (["version", "--format", "{{.Server.Version}}"], ["buildx", "version"])
    return docker is not None and all(_succeeds(docker, *words) for words in checks)


def _succeeds(*argv: str) -> bool:
    return subprocess.run(argv, capture_output=True, check=False).returncode == 0


@contextmanager
def _lab(session: nox.Session, parts: str, *, required: bool) -> Iterator[tuple[dict[str, str], Mapping[str, Any]]]:
    """The lab, or some of its parts, up for the time of a block: environment variables for it, and its parts' facts.

    This checkout has an instance of its own, unless $BUILDX_TASKS_LAB names one; one that was up before stays up.
    The facts are empty when the machine can't run it and it isn't required.
    """
    ident = hashlib.sha256(f"{ROOT} {os.geteuid()}".encode()).hexdigest()[:6]
    env = {"BUILDX_TASKS_LAB": os.environ.get("BUILDX_TASKS_LAB") or f"/tmp/buildx-tasks-lab-nox-{ident}"}
    was_up = Path(env["BUILDX_TASKS_LAB"], "state.json").exists()
    codes = [0] if required else [0, LAB_UNAVAILABLE]
    try:
        only = [f"--only={parts}"] if parts else []
        session.run("invoke", "lab.up", *only, env=env, success_codes=codes)
        status = json.loads(session.run("invoke", "lab.status", "--format=json", env=env, silent=True) or "{}")
        yield env, status["parts"]
    finally:
        if not was_up:
            session.run("invoke", "lab.down", env=env)

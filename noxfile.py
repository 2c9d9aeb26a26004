"""The project's chores: `nox -l` lists them, `nox -s NAME` runs one in an environment of its own."""

import hashlib
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
import venv
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nox

nox.needs_version = ">=2025.5.1"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.sessions = ["lint", "types", "unit", "acceptance"]

ROOT = Path(__file__).parent
PROJECT = nox.project.load_toml(ROOT / "pyproject.toml")
# A missing part of the lab skips the tests that need it; in CI it is a failure.
IN_CI = bool(os.environ.get("CI"))
# What `invoke lab.up` ends with when this machine can't run the lab, having said why.
LAB_UNAVAILABLE = 4
# Tests without an engine share nothing, so each core takes some; an argument "-n0" runs them one after the other.
IN_PARALLEL = ("-m", "not docker", "-n", "auto", "--dist", "worksteal")
# What an installed program must do in an empty folder; `{config}` is a config there.
RELEASED = (("--version",), ("--list",), ("schema.versions",), ("schema.validate", "--filename", "{config}"))


@nox.session(venv_backend="none")
def dev(session: nox.Session) -> None:
    """Make .venv an environment to develop in: the package as it is in this checkout, and every tool."""
    python = ROOT / ".venv" / "bin" / "python"
    if not python.exists():
        venv.create(ROOT / ".venv", with_pip=True)
    session.run(str(python), "-m", "pip", "install", "--quiet", "-e", ".", *_group("dev"), external=True)


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
    """Run every test against the built wheel, with the lab up; arguments go to pytest, which then runs once."""
    # Not in the session's own temporary folder: nox would make that the tests' TMPDIR, inside of this checkout.
    with tempfile.TemporaryDirectory() as folder:
        session.install(_build_wheel(session, folder), *_group("test"), *_group("node"))
    # Those that share engines and registries run one after the other.
    runs = [session.posargs] if session.posargs else [IN_PARALLEL, ("-m", "docker")]
    with _lab(session, "", required=IN_CI) as (env, _):
        environment = {**env, "BUILDX_TASKS_WHEEL": "1"}
        failed = [one for one in runs if not _passes(session, "pytest", *one, env=environment)]
    if failed:
        session.error(f"{len(failed)} of {len(runs)} runs of pytest failed, see above")


@nox.session
def unit(session: nox.Session) -> None:
    """Run the tests of functions and modules, for while you work; arguments go to pytest."""
    session.install("-e", ".", *_group("test"))
    session.run("pytest", *IN_PARALLEL, *(session.posargs or ["tests/unit"]))


@nox.session
def acceptance(session: nox.Session) -> None:
    """Run the tests of whole tasks, with stand-ins for docker; arguments go to pytest."""
    session.install("-e", ".", *_group("test"))
    session.run("pytest", *IN_PARALLEL, *(session.posargs or ["tests/acceptance"]))


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
    session.run("pytest", *IN_PARALLEL, *session.posargs)


@nox.session
def build(session: nox.Session) -> None:
    """Build wheel and sdist into dist/."""
    session.install(*_group("build"))
    shutil.rmtree(ROOT / "dist", ignore_errors=True)
    session.run("python", "-m", "build", "--no-isolation", "--outdir", "dist")


@nox.session
def release_check(session: nox.Session) -> None:
    """Check sdist and wheel as a user gets them: metadata, contents, and the program installed by itself."""
    session.install(*_group("release"))
    with tempfile.TemporaryDirectory(prefix="buildx-tasks-release-") as name:
        folder = Path(name).resolve()
        session.run("python", "-m", "build", "--no-isolation", "--outdir", str(folder / "dist"), silent=True)
        (wheel,), (sdist,) = (folder / "dist").glob("*.whl"), (folder / "dist").glob("*.tar.gz")
        session.run("twine", "check", "--strict", str(wheel), str(sdist))
        problems = [*_wheel_problems(wheel), *_sdist_problems(sdist)]
        if problems:
            session.error("\n".join(problems))
        _run_released(session, wheel, folder)


@nox.session
def docs(session: nox.Session) -> None:
    """Make the site of the documentation in _site/html, strictly; with --browser look at it in Chromium too."""
    session.install(*_group("docs"))
    shutil.rmtree(ROOT / "_site", ignore_errors=True)
    strict = ["--fail-on-warning", "--keep-going", "--nitpicky", "--quiet"]
    session.run("python", "-m", "sphinx", "--conf-dir", "website", *strict, ".", "_site/html")
    session.run("python", "-m", "website.checks", "_site/html")
    if "--browser" in session.posargs:
        session.install(*_group("browser"))
        session.run("python", "-m", "website.browser", "_site/html", "_site/screens")


@nox.session
def bench(session: nox.Session) -> None:
    """Measure what we promise to cost, on the wheel and in the lab; arguments are names of measures."""
    with tempfile.TemporaryDirectory(prefix="buildx-tasks-wheel-") as folder:
        session.install(_build_wheel(session, folder))
    # As pip installs it for users, whatever installed it here.
    session.run(
        "python", "-m", "compileall", "-q", str(Path(session.virtualenv.location) / "lib"), success_codes=[0, 1]
    )
    with _lab(session, "containerd,base,open,remote,packages", required=True) as (env, _):
        session.run("python", "-m", "benchmarks", *session.posargs, env={**env, "PYTHONDONTWRITEBYTECODE": None})


@nox.session
def soak(session: nox.Session) -> None:
    """Fuzz, kill, interrupt and repeat for a long time; arguments are those of `python -m soak`."""
    session.install("-e", ".", *_group("test"))
    with _lab(session, "containerd,base", required=IN_CI) as (env, _):
        session.run("python", "-m", "soak", *session.posargs, env=env)


def _passes(session: nox.Session, *argv: str, env: Mapping[str, str]) -> bool:
    """Run a command and say whether it succeeded, so that others still run after a failure."""
    try:
        session.run(*argv, env=env)
    except nox.command.CommandFailed:
        return False
    return True


@nox.session
def audit(session: nox.Session) -> None:
    """Check that wheel and sdist are reproducible, and the oldest and newest dependencies for known vulnerabilities."""
    session.install(*_group("build"), "uv", "pip-audit")
    with tempfile.TemporaryDirectory(prefix="buildx-tasks-audit-") as name:
        folder = Path(name).resolve()
        problems = [*_not_reproducible(session, folder), *_vulnerabilities(session, folder)]
    if problems:
        session.error("\n".join(problems))


def _not_reproducible(session: nox.Session, folder: Path) -> Iterator[str]:
    """Build the files of the last commit twice, in folders, at times and with file modes that differ."""
    sums: list[dict[str, str]] = []
    epoch = _git(session, "log", "-1", "--format=%ct")
    for place, umask in (("one", 0o022), ("another-place", 0o077)):
        source, before = folder / place, os.umask(umask)
        try:
            session.run("git", "clone", "--quiet", str(ROOT), str(source), external=True)
            with session.chdir(source):
                command = ["python", "-m", "build", "--no-isolation", "--outdir", "dist"]
                session.run(*command, env={"SOURCE_DATE_EPOCH": epoch}, silent=True)
        finally:
            os.umask(before)
        sums.append({file.name: _sha256(file) for file in sorted((source / "dist").iterdir())})
    for name in sorted({*sums[0], *sums[1]}):
        if sums[0].get(name) != sums[1].get(name):
            yield f"{name} is not reproducible: {sums[0].get(name)} and {sums[1].get(name)}"
        else:
            session.log(f"reproducible: {name} {sums[0][name]}")


def _vulnerabilities(session: nox.Session, folder: Path) -> Iterator[str]:
    """Audit what the lowest and the newest versions resolve to. A service that does not answer is a problem too."""
    for resolution in ("lowest-direct", "highest"):
        locked, report = folder / f"{resolution}.txt", folder / f"{resolution}.json"
        lock = ["uv", "pip", "compile", "--quiet", "--generate-hashes", f"--resolution={resolution}"]
        env = {"UV_SYSTEM_CERTS": "1"}
        session.run(
            *lock, "pyproject.toml", "--output-file", str(locked), env=env, success_codes=[0, 1, 2], silent=True
        )
        if not locked.exists():
            yield f"{resolution}: NOT AUDITED: the package index gave no versions"
            continue
        command = ["pip-audit", "--disable-pip", "--require-hashes", "--progress-spinner=off", "--format=json"]
        session.run(*command, "-r", str(locked), "-o", str(report), success_codes=range(256), silent=True)
        try:
            found = json.loads(report.read_text(encoding="utf-8"))["dependencies"]
        except (OSError, ValueError, KeyError):
            yield f"{resolution}: NOT AUDITED: the vulnerability service did not answer"
            continue
        for one in found:
            yield from (f"{resolution}: {one['name']} {one['version']}: {item['id']}" for item in one.get("vulns", ()))
        # pip-audit ends with 0 for packages that its service does not know.
        if skipped := [one["name"] for one in found if "skip_reason" in one]:
            yield f"{resolution}: NOT AUDITED: {len(skipped)} of {len(found)} packages: {', '.join(skipped)}"
        session.log(f"{resolution}: {len(found) - len(skipped)} of {len(found)} packages audited")


def _git(session: nox.Session, *words: str) -> str:
    return (session.run("git", *words, external=True, silent=True) or "").strip()


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _group(name: str) -> list[str]:
    return list(nox.project.dependency_groups(PROJECT, name))


def _build_wheel(session: nox.Session, folder: str) -> str:
    """The wheel as users get it; tests that passed on the checkout alone would say nothing of it."""
    session.install(*_group("build"))
    session.run("python", "-m", "build", "--no-isolation", "--wheel", "--outdir", folder, silent=True)
    (wheel,) = Path(folder).glob("*.whl")
    return str(wheel)


def _wheel_problems(wheel: Path) -> list[str]:
    """How a wheel's files differ from those that it must have: the tracked ones of the package and of schema/."""
    wanted = {name for name in _tracked() if name.startswith("buildx_tasks/")}
    wanted |= {f"buildx_tasks/_{name}" for name in _tracked() if name.startswith("schema/")}
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    return _differences(wheel.name, names, wanted)


def _sdist_problems(sdist: Path) -> list[str]:
    """How an sdist's files differ from those that git tracks."""
    with tarfile.open(sdist) as archive:
        names = {item.name.partition("/")[2] for item in archive.getmembers() if not item.isdir()}
    return _differences(sdist.name, names - {"PKG-INFO"}, _tracked())


def _tracked() -> set[str]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return {name for name in listed.split("\0") if name and (ROOT / name).exists()}


def _differences(file: str, names: set[str], wanted: set[str]) -> list[str]:
    return [f"{file}: {name} is not a tracked file" for name in sorted(names - wanted)] + [
        f"{file}: {name} is missing" for name in sorted(wanted - names)
    ]


def _run_released(session: nox.Session, wheel: Path, folder: Path) -> None:
    """Install a wheel into an environment of its own, and run the program in an empty folder."""
    programs = folder / "env" / "bin"
    venv.create(folder / "env", with_pip=True)
    session.run(str(programs / "python"), "-m", "pip", "install", "--quiet", str(wheel), external=True)
    (empty := folder / "empty").mkdir()
    (config := folder / "skaffold.yaml").write_text("apiVersion: skaffold/v4beta13\nkind: Config\n")
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(empty), "LC_ALL": "C.UTF-8"}
    guarded = [str(programs / "python"), "-I", str(ROOT / "tests/support/installed.py"), str(ROOT)]
    with session.chdir(empty):
        for program in ([str(programs / "buildx-tasks")], guarded):
            for words in RELEASED:
                given = [word.format(config=config) for word in words]
                session.run(*program, *given, env=environment, include_outer_env=False, external=True, silent=True)


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

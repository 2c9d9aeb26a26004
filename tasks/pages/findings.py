"""Everything that the doctor can find, found: its checks on made-up facts, for the page about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from buildx_tasks.execution.docker.builder_inspect import of_another_context
from buildx_tasks.execution.docker.endpoints import refusal, tls_causes
from buildx_tasks.model.builder import DOCKER_DRIVER
from buildx_tasks.model.check import OK, SKIPPED, Check
from buildx_tasks.model.engine import CONTAINERD, Builder, BuilderNode, Daemon, Engine
from buildx_tasks.model.platform import Platform, PlatformSet
from buildx_tasks.model.settings import Settings
from buildx_tasks.planning.doctor.checks import CHECKS, examine
from buildx_tasks.planning.doctor.facts import DoctorFacts, PlanFacts, RegistryFacts

HOST = "REGISTRY"
ENDPOINT = "tcp://HOST:1234"
PAST = datetime(2020, 1, 2, tzinfo=UTC)
NODE = BuilderNode(name="NODE", status="running", platforms=("linux/amd64", "linux/arm64"))
WELL = DoctorFacts(
    engine=Engine(
        cli="28.2.2",
        buildx="0.29.1",
        builder=Builder(name="default", driver="docker", nodes=(NODE,)),
        daemon=Daemon(version="28.2.2", store=CONTAINERD),
    ),
    settings=Settings(),
    host=Platform(os="linux", arch="amd64"),
    runs=("IMAGE",),
)


def findings() -> list[Check]:
    """Every finding that is neither well nor skipped, each once, in the order of the checks."""
    seen = {
        (check.id, check.text): check
        for facts in _cases()
        for check in examine(facts)
        if check.verdict not in (OK, SKIPPED)
    }
    order = list(CHECKS)
    return sorted(seen.values(), key=lambda check: order.index(check.id))


def _engine(**changes: Any) -> DoctorFacts:
    return replace(WELL, engine=replace(WELL.engine, **changes))


def _cases() -> Iterator[DoctorFacts]:
    yield replace(WELL, config_error="FILE:LINE: WHAT")
    yield _engine(cli="")
    yield _engine(daemon=Daemon(error="WHY"))
    yield _engine(buildx="", buildx_error="WHY")
    yield _engine(buildx="0.9.0")
    yield _engine(buildx="0.11.2")
    yield _engine(builder=Builder(name="NAME", known=False), known_builders=("default", "OTHER"))
    refusals = (refusal("", None), refusal("CERT.pem", PAST), refusal("CERT.pem", None))
    tls = dict.fromkeys((*tls_causes("HOST", "CA.pem").values(), *refusals))
    for why in (
        f"nothing answers at {ENDPOINT}: Connection refused",
        "it did not answer within 2 s",
        f"{ENDPOINT} requires TLS, and the builder has no certificates (driver options cacert, cert, key)",
        *(f"TLS with {ENDPOINT} fails: {cause}" for cause in tls),
    ):
        yield _engine(builder=Builder(name="NAME", driver="remote", error=why))
    yield _engine(
        builder=Builder(name="NAME", driver="remote", error=f"{ENDPOINT} responds, but is not a BuildKit endpoint")
    )
    foreign = of_another_context(Builder(name="NAME", driver=DOCKER_DRIVER), "default")
    yield _engine(builder=foreign)
    some = Builder(name="NAME", driver="remote", nodes=(NODE, replace(NODE, status="inactive", error="WHY")))
    yield _engine(builder=some)
    arm = replace(NODE, status="inactive", error="WHY", claimed=("linux/arm64",))
    claimed = Builder(name="NAME", driver="remote", nodes=(replace(NODE, name="OTHER"), arm))
    yield replace(_engine(builder=claimed), platforms=PlatformSet(platforms=(Platform(os="linux", arch="arm64"),)))
    for architecture in ("arm64", "riscv64"):
        yield replace(WELL, platforms=PlatformSet(platforms=(Platform(os="linux", arch=architecture),)))
    yield replace(WELL, differences=("WHAT is ONE, declared is ANOTHER",))
    yield replace(WELL, plan=PlanFacts(problems=(("FILE:LINE: artifact 'IMAGE': WHAT", "HOW"),)))
    yield replace(WELL, plan=PlanFacts(warnings=("artifact 'IMAGE': WHAT",)))
    for registry in (
        RegistryFacts(host=HOST, status=401),
        RegistryFacts(host=HOST, status=401, has_login=True),
        RegistryFacts(host=HOST, status=401, helper="docker-credential-NAME"),
        RegistryFacts(host=HOST, status=503),
        RegistryFacts(host=HOST, error="Connection refused"),
        RegistryFacts(host=HOST, error="it does not speak TLS (wrong version number)"),
        RegistryFacts(host=HOST, error="certificate verify failed: WHY"),
    ):
        yield replace(WELL, registries=(registry,))
    yield replace(WELL, missing_secrets=("FILE:LINE: artifact 'IMAGE': secret ID: there is no file PATH",))
    yield replace(WELL, empty_secrets=("FILE:LINE: artifact 'IMAGE': secret ID: variable NAME is not set",))
    for why in ("SSH_AUTH_SOCK does not name an agent", "no agent answers at SSH_AUTH_SOCK (PATH)"):
        yield replace(WELL, wants_agent=("IMAGE",), no_agent=why)
    yield replace(WELL, disks=(("FOLDER", 1 << 30, 50 << 30),))
    yield replace(WELL, environ={"NO_PROXY": "a", "no_proxy": "b"})
    yield replace(WELL, environ={"HTTPS_PROXY": "p"})
    near = RegistryFacts(host="registry:5000", status=200, proxied=True)
    yield replace(WELL, environ={"HTTPS_PROXY": "p", "NO_PROXY": "localhost"}, registries=(near,))

"""Where no docker daemon answers, no hint advises a builder that needs one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from buildx_tasks.document.buildkit.erroroutput import read_error_output
from buildx_tasks.errors import EngineUnfit
from buildx_tasks.model.check import PROBLEM, WARNING
from buildx_tasks.model.engine import Builder, Daemon, Engine
from buildx_tasks.model.layers import Layer, resolve
from buildx_tasks.model.platform import Platform
from buildx_tasks.planning.advice import builder_advice
from buildx_tasks.planning.build.engine import choose_tool
from buildx_tasks.planning.doctor.checks import examine
from buildx_tasks.planning.doctor.facts import DoctorFacts
from buildx_tasks.planning.failures.diagnosis import diagnose
from buildx_tasks.planning.failures.symptoms import SYMPTOMS

OUTPUTS = Path(__file__).parents[2] / "data" / "outputs"
WHY = "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?"
NONE = Engine(cli="28.2.2", buildx="0.29.1", daemon=Daemon(error=WHY))
ENGINES = {
    "default": ("", replace(NONE, builder=Builder(name="default", driver="docker"))),
    "off": ("off", NONE),
    "no buildx": ("", replace(NONE, buildx="", buildx_error="unknown command")),
    "old docker": ("", replace(NONE, cli="20.10.5")),
    "unknown": ("ci", replace(NONE, builder=Builder(name="ci", known=False))),
    "in a container": ("box", replace(NONE, builder=Builder(name="box", driver="docker-container", error=WHY))),
    "of an unknown driver": ("box", replace(NONE, builder=Builder(name="box", error=WHY))),
}
DOCKER_DRIVER = ("one-platform", "no-cache-export", "no-attestations", "no-image-exporter")
"""What only the builder of a docker daemon prints, so that there is one."""


def helps(hint: str) -> bool:
    return "docker-container" not in hint and "start docker" in hint


@pytest.mark.parametrize("name", ENGINES)
def test_a_build(name: str) -> None:
    builder, engine = ENGINES[name]
    with pytest.raises(EngineUnfit) as caught:
        choose_tool(resolve([Layer("flag", {"builder": builder})] if builder else []), engine)
    assert "docker-container" not in caught.value.hint
    assert "--driver remote tcp://HOST:1234" in caught.value.hint


@pytest.mark.parametrize("declared", ["", "setting builders"])
@pytest.mark.parametrize("name", ENGINES)
def test_the_doctor(name: str, declared: str) -> None:
    builder, engine = ENGINES[name]
    settings = resolve([Layer("flag", {"builder": builder})] if builder else [])
    facts = DoctorFacts(engine=engine, settings=settings, host=Platform(os="linux", arch="amd64"), declared=declared)
    found = [check for check in examine(facts) if check.verdict in (PROBLEM, WARNING)]
    assert any("--driver remote tcp://HOST:1234" in check.fix for check in found)
    assert [check for check in found if "docker-container" in check.fix] == []


@pytest.mark.parametrize("pending", [True, False])
def test_the_doctor_about_a_declared_builder_in_a_container(pending: bool) -> None:
    builder = Builder(name="box", driver="docker-container", error="" if pending else WHY)
    facts = DoctorFacts(
        engine=replace(NONE, builder=builder),
        settings=resolve([Layer("flag", {"builder": "box"})]),
        host=Platform(os="linux", arch="amd64"),
        declared="setting builders",
        pending=pending,
    )
    (found,) = [check for check in examine(facts) if check.id == "builder"]
    assert found.verdict == PROBLEM
    assert helps(found.fix)


@pytest.mark.parametrize("name", sorted(path.stem for path in OUTPUTS.glob("*.txt")))
def test_a_failed_build(name: str) -> None:
    printed = read_error_output((OUTPUTS / f"{name}.txt").read_bytes().decode())
    found = diagnose(printed, tag="localhost:5000/app:1", builder="far", daemon=False)
    assert "docker-container" not in found.hint or found.id in DOCKER_DRIVER
    assert diagnose(printed, tag="localhost:5000/app:1", builder="far").id == found.id


def test_there_is_advice_for_both() -> None:
    assert "--driver docker-container" in builder_advice("ci", daemon=True)
    assert {symptom.id for symptom in SYMPTOMS if symptom.without_daemon} == {"unknown-builder", "foreign-platform"}

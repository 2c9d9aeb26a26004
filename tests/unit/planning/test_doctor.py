"""The doctor's verdicts: what is said, and what to run, for each thing that can be wrong."""

from __future__ import annotations

from dataclasses import replace

import pytest

from buildx_tasks.model.check import OK, PROBLEM, SKIPPED, WARNING, Check
from buildx_tasks.model.config import Artifact, DockerArtifact, Secret
from buildx_tasks.model.engine import CLASSIC, CONTAINERD, Builder, BuilderNode, Daemon, Engine
from buildx_tasks.model.platform import Platform, PlatformSet
from buildx_tasks.model.settings import Settings
from buildx_tasks.planning.build.secretfiles import missing_secrets, wants_agent
from buildx_tasks.planning.doctor.checks import CHECKS, examine, worst
from buildx_tasks.planning.doctor.facts import DoctorFacts, PlanFacts, RegistryFacts
from buildx_tasks.planning.doctor.places import is_near
from buildx_tasks.planning.doctor.registries import used_registries

AMD, ARM, RISC = (Platform(os="linux", arch=arch) for arch in ("amd64", "arm64", "riscv64"))
NODE = BuilderNode(name="n", status="running", buildkit="v0.20", platforms=("linux/amd64", "linux/arm64"))
HEALTHY = DoctorFacts(
    engine=Engine(
        cli="28.2.2",
        buildx="0.29.1",
        builder=Builder(name="default", driver="docker", nodes=(NODE,)),
        daemon=Daemon(version="28.2.2", store=CONTAINERD),
    ),
    settings=Settings(),
    host=AMD,
    artifacts=2,
    runs=("app", "web"),
    plan=PlanFacts(outputs=("load", "load")),
    disks=(("/", 50 * 1024**3, 100 * 1024**3),),
)


REMOTE = Builder(name="far", driver="remote", nodes=(replace(NODE, endpoint="tcp://far:1"),))


def found(facts: DoctorFacts, id_: str) -> list[Check]:
    return [check for check in examine(facts) if check.id == id_]


def engine(**changes: object) -> DoctorFacts:
    return replace(HEALTHY, engine=replace(HEALTHY.engine, **changes))  # type: ignore[arg-type]


def test_a_healthy_setup_has_nothing_to_mend() -> None:
    checks = examine(HEALTHY)
    assert worst(checks) == OK
    assert {check.id for check in checks} <= set(CHECKS)


@pytest.mark.parametrize(
    ("facts", "id_", "verdict", "text", "fix"),
    [
        (
            replace(HEALTHY, config_error="skaffold.yaml:3: bad"),
            "config",
            PROBLEM,
            "skaffold.yaml:3",
            "schema.validate",
        ),
        (engine(cli=""), "docker-cli", PROBLEM, "not on PATH", "install the docker CLI"),
        (engine(daemon=Daemon(error="refused")), "docker-daemon", WARNING, "refused", "start docker"),
        (engine(buildx="", buildx_error="unknown command"), "buildx", WARNING, "unknown command", "docker-buildx"),
        (engine(buildx="0.9.0"), "buildx", WARNING, "older than 0.10", "update"),
        (engine(buildx="0.11.2"), "buildx", WARNING, "annotations (needs 0.12)", "update"),
        (engine(buildx="0.13.1"), "buildx", WARNING, "buildx.check", "update"),
        (
            engine(builder=Builder(name="x", driver="remote", error="it did not answer within 2 s")),
            "builder",
            PROBLEM,
            "did not answer within 2 s",
            "look at its machine's load and network",
        ),
        (
            engine(builder=Builder(name="x", driver="remote", error="nothing answers at tcp://h:1: refused")),
            "builder",
            PROBLEM,
            "nothing answers",
            "start BuildKit there",
        ),
        (
            engine(builder=Builder(name="x", driver="remote", error="TLS fails (set servername to the name in it)")),
            "builder",
            PROBLEM,
            "servername",
            "--driver-opt cacert=CA,cert=CERT,key=KEY,servername=NAME ENDPOINT",
        ),
        *(
            (
                engine(
                    builder=Builder(name="x", driver="docker-container", nodes=(BuilderNode(name="x0", status=status),))
                ),
                "builder",
                WARNING,
                f"builder x (docker-container) does not run: x0 is {status}; a build has to start it first",
                "docker buildx inspect --bootstrap x",
            )
            for status in ("stopped", "inactive", "error")
        ),
        (
            replace(engine(builder=Builder(name="x", driver="remote", error="gone")), declared="builders"),
            "builder",
            PROBLEM,
            "gone",
            "buildx-tasks buildx.builder.ensure --name x --repair",
        ),
        (
            replace(engine(builder=Builder(name="x", driver="remote", error="gone")), declared="BUILDKIT_HOST"),
            "builder",
            PROBLEM,
            "gone",
            "BUILDKIT_TLS_DIR",
        ),
        (
            replace(HEALTHY, wants_agent=("app",), no_agent="no agent answers at SSH_AUTH_SOCK (/gone)"),
            "ssh-agent",
            PROBLEM,
            "no agent answers at SSH_AUTH_SOCK (/gone)",
            "ssh-add",
        ),
        (
            replace(
                HEALTHY,
                environ={"https_proxy": "p", "NO_PROXY": "a.example"},
                registries=(RegistryFacts(host="registry:5000", status=200, proxied=True),),
            ),
            "proxy",
            WARNING,
            "https_proxy is set, and NO_PROXY does not list registry:5000",
            "export NO_PROXY=a.example,registry:5000",
        ),
        (engine(builder=Builder(name="x", known=False)), "builder", PROBLEM, "no builder named 'x'", "buildx create"),
        (
            engine(builder=Builder(name="x", driver="remote", error="nothing answers")),
            "builder",
            PROBLEM,
            "nothing answers",
            "docker buildx rm x",
        ),
        (
            replace(HEALTHY, differences=("endpoint is a, declared is b",)),
            "builder",
            WARNING,
            "endpoint is a",
            "--repair",
        ),
        (
            replace(engine(builder=Builder(name="x", driver="remote", error="no")), differences=("platforms",)),
            "builder",
            WARNING,
            "builder x differs from its declaration: platforms",
            "buildx-tasks buildx.builder.ensure --name x --repair",
        ),
        (
            replace(HEALTHY, plan=PlanFacts(problems=(("app can't", "push it"),))),
            "plan",
            PROBLEM,
            "app can't",
            "push it",
        ),
        (replace(HEALTHY, plan=PlanFacts(warnings=("app is odd",))), "plan", WARNING, "app is odd", ""),
        (
            replace(HEALTHY, plan=PlanFacts(warnings=("app is odd",)), settings=Settings(strict=True)),
            "plan",
            PROBLEM,
            "app is odd",
            "",
        ),
        (replace(HEALTHY, missing_secrets=("secret t: no file",)), "secrets", PROBLEM, "no file", "create the file"),
        (replace(HEALTHY, empty_secrets=("secret t: unset",)), "secrets", WARNING, "is empty", "set the variable"),
        (replace(HEALTHY, wants_agent=("app",), no_agent="none"), "ssh-agent", PROBLEM, "and none", "ssh-agent"),
        (replace(HEALTHY, disks=(("/", 1, 100),)), "disk", WARNING, "free at /", "buildx prune"),
        (replace(HEALTHY, environ={"HTTPS_PROXY": "p"}), "proxy", WARNING, "without NO_PROXY", "NO_PROXY"),
        (
            replace(HEALTHY, environ={"NO_PROXY": "a", "no_proxy": "b"}),
            "proxy",
            WARNING,
            "NO_PROXY and no_proxy differ",
            "same value",
        ),
    ],
)
def test_each_finding_has_its_fix(facts: DoctorFacts, id_: str, verdict: str, text: str, fix: str) -> None:
    bad = [check for check in found(facts, id_) if check.verdict == verdict]
    assert bad, examine(facts)
    assert text in bad[0].text
    assert fix in bad[0].fix
    assert id_ in CHECKS


@pytest.mark.parametrize(
    ("facts", "id_", "text"),
    [
        (engine(builder=REMOTE, daemon=Daemon(error="refused")), "docker-daemon", "builder far (remote) needs none"),
        (engine(builder=REMOTE, daemon=Daemon(error="no")), "load", "nothing can be loaded without a docker daemon"),
        (engine(daemon=Daemon(version="28", store=CLASSIC)), "cache-export", "exports no cache"),
        (engine(cli=""), "plan", "nothing can be built"),
        (replace(engine(buildx=""), settings=Settings(builder="off")), "buildx", "nothing needs it"),
        (replace(HEALTHY, config_error="bad", plan=None), "plan", "the config can't be read"),
        (replace(HEALTHY, config_error="bad"), "registry", "the config can't be read"),
        (replace(HEALTHY, config_error="bad"), "secrets", "the config can't be read"),
        (engine(cli=""), "load", "nothing can be built"),
        (HEALTHY, "registry", "no image and no cache names a registry"),
    ],
)
def test_what_is_of_no_use_is_skipped_and_says_why(facts: DoctorFacts, id_: str, text: str) -> None:
    (check,) = found(facts, id_)
    assert check.verdict == SKIPPED
    assert text in check.text


@pytest.mark.parametrize(
    ("host", "near"),
    [
        ("registry:5000", True),
        ("10.0.0.7:5000", True),
        ("[fd00::1]:5000", True),
        ("registry.corp.internal", True),
        ("gcr.io", False),
        ("8.8.8.8", False),
    ],
)
def test_what_a_proxy_to_the_world_does_not_know(host: str, near: bool) -> None:
    assert is_near(host) is near


APP = Artifact(image="team.example/app", docker=DockerArtifact(cache_from=("team.example/app:c", "pub.example/x")))


@pytest.mark.parametrize(
    ("artifact", "settings", "hosts"),
    [
        (APP, Settings(), {"team.example": True, "pub.example": False}),
        (APP, Settings(push=False), {"team.example": False, "pub.example": False}),
        (APP, Settings(default_repo="mine.example/x"), {"mine.example": True, "pub.example": False}),
        (APP, Settings(cache_from=("type=gha",)), {"team.example": True}),
        (APP, Settings(cache_to=("type=registry,ref=c.example/x,mode=max",), cache_mode="read"), None),
        (APP, Settings(cache_to=("type=registry,ref=c.example/x,mode=max",)), None),
        (APP, Settings(cache_repo="k.example/caches", cache_from=("type=gha",)), None),
        (Artifact(image="app", docker=DockerArtifact(cache_from=("{{.X}}",))), Settings(), {}),
    ],
)
def test_registries_are_those_of_images_and_caches(
    artifact: Artifact, settings: Settings, hosts: dict[str, bool] | None
) -> None:
    used = used_registries([artifact], settings)
    if hosts is not None:
        assert used == hosts
    elif settings.cache_repo:
        assert used["k.example"]
    else:
        assert used["c.example"] is (settings.cache_mode != "read")


@pytest.mark.parametrize(
    ("platform", "verdict", "text"),
    [(AMD, OK, "native"), (ARM, WARNING, "emulated"), (RISC, PROBLEM, "does not offer linux/riscv64")],
)
def test_platforms_are_native_emulated_or_impossible(platform: Platform, verdict: str, text: str) -> None:
    (check,) = found(replace(HEALTHY, platforms=PlatformSet(platforms=(platform,))), "platform")
    assert check.verdict == verdict
    assert text in check.text


def test_a_platform_that_nothing_runs_on_needs_no_node() -> None:
    for platform in (ARM, RISC):
        (check,) = found(replace(HEALTHY, platforms=PlatformSet(platforms=(platform,)), runs=()), "platform")
        assert (check.verdict, "no step has to run on it" in check.text) == (OK, True)


def test_what_another_check_says_is_not_said_of_the_plan_too() -> None:
    dead = replace(NODE, name="n1", status="inactive", error="nothing answers")
    facts = engine(builder=Builder(name="far", driver="remote", nodes=(dead,)))
    said = "node n1 of builder far: nothing answers"
    checks = examine(replace(facts, plan=PlanFacts(problems=((said, "start it"), ("another", "")))))
    assert [check.id for check in checks if check.text == said] == ["builder"]
    assert [check.text for check in checks if check.id == "plan"] == ["another"]


def test_the_plan_says_where_everything_goes() -> None:
    (check,) = found(replace(HEALTHY, plan=PlanFacts(outputs=("push", "load", "push"))), "plan")
    assert (check.verdict, check.text) == (OK, "2 pushed, 1 loaded")


def test_dockers_own_builder_takes_no_other_nodes() -> None:
    wanted = PlatformSet(platforms=(ARM,))
    (own,) = found(replace(HEALTHY, platforms=wanted), "platform")
    (far,) = found(replace(engine(builder=REMOTE), platforms=wanted), "platform")
    assert "--append" not in own.fix
    assert "docker buildx create --append --name far --platform linux/arm64" in far.fix


@pytest.mark.parametrize(
    ("registry", "verdict", "text", "fix"),
    [
        (RegistryFacts(host="r", status=200), OK, "answers", ""),
        (RegistryFacts(host="r.io", status=401), PROBLEM, "has none", "docker login r.io"),
        (RegistryFacts(host="gcr.io", status=401), PROBLEM, "has none", "gcloud auth configure-docker gcr.io"),
        (
            RegistryFacts(host="r.io", status=401, helper="docker-credential-x"),
            PROBLEM,
            "not installed",
            "install docker-c",
        ),
        (RegistryFacts(host="r.io", status=200, helper="docker-credential-x"), OK, "answers", ""),
        (RegistryFacts(host="r.io", status=401, has_login=True), PROBLEM, "rejected the credentials", "docker login"),
        (RegistryFacts(host="r.io", status=401, writes=False), OK, "read without credentials", ""),
        (RegistryFacts(host="r.io", status=200, has_login=True), OK, "accepts the credentials", ""),
        (RegistryFacts(host="r.io", status=503), WARNING, "503", "later"),
        (RegistryFacts(host="r.io", error="Connection refused"), PROBLEM, "does not answer", "--default-repo"),
        (
            RegistryFacts(host="r.io", error="it does not speak TLS (wrong version number)"),
            PROBLEM,
            "plain HTTP",
            "insecure-registries r.io",
        ),
        (
            RegistryFacts(host="r.io", error="it requires a client certificate"),
            PROBLEM,
            "r.io: it requires a client certificate",
            "/etc/docker/certs.d/r.io",
        ),
        (
            RegistryFacts(host="r.io", error="its certificate is not trusted: unknown"),
            PROBLEM,
            "can't be trusted",
            "its CA",
        ),
    ],
)
def test_registries(registry: RegistryFacts, verdict: str, text: str, fix: str) -> None:
    (check,) = found(replace(HEALTHY, registries=(registry,)), "registry")
    assert (check.verdict, text in check.text, fix in check.fix) == (verdict, True, True)


@pytest.mark.parametrize(
    ("secret", "said"),
    [
        (Secret(id="a", src="here"), ""),
        (Secret(id="a", src="gone"), "there is no file gone"),
        (Secret(id="a", src="~/here"), ""),
        (Secret(id="a", env="SET"), ""),
        (Secret(id="a", env="UNSET"), "variable UNSET is not set"),
        (Secret(id="SET"), ""),
        (Secret(id="nothing"), "neither a variable nor a file is named nothing"),
    ],
)
def test_secrets_are_looked_for_where_buildx_looks(secret: Secret, said: str) -> None:
    artifact = Artifact(image="app", docker=DockerArtifact(secrets=(secret,)), file="s.yaml", line=4)
    files = {"/w/here", "/home/u/here"}
    texts = missing_secrets([artifact], {"SET": "x"}, "/home/u", lambda path: path in files, "/w")
    assert bool(texts) is bool(said)
    assert all(text.startswith("s.yaml:4: artifact 'app': secret") and said in text for text in texts)


def test_an_agent_is_wanted_for_the_default_key_only() -> None:
    ssh = [Artifact(image=value, docker=DockerArtifact(ssh=value)) for value in ("default", "", "default=/k")]
    assert wants_agent(ssh) == ("default",)

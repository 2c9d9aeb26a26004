"""Every entry of the error catalogue against what docker, buildx, BuildKit and registries really printed."""

from __future__ import annotations

from pathlib import Path

import pytest

from buildx_tasks.document.buildkit.erroroutput import ErrorOutput, read_error_output
from buildx_tasks.planning.failures.diagnosis import Diagnosis, diagnose, login_hint
from buildx_tasks.planning.failures.symptoms import SYMPTOMS

OUTPUTS = Path(__file__).parents[2] / "data" / "outputs"
TAG = "localhost:5000/team/app:1"


def diagnosed(name: str) -> Diagnosis:
    return diagnose(read_error_output((OUTPUTS / f"{name}.txt").read_bytes().decode()), tag=TAG, builder="far")


@pytest.mark.parametrize("name", sorted(path.stem for path in OUTPUTS.glob("*.txt")))
def test_a_captured_output_is_what_its_name_says(name: str) -> None:
    assert diagnosed(name).id == name.split(".", maxsplit=1)[0]


@pytest.mark.parametrize("id_", [symptom.id for symptom in SYMPTOMS])
def test_every_entry_is_proved_by_a_captured_output(id_: str) -> None:
    assert (OUTPUTS / f"{id_}.txt").exists()


def test_ids_are_unique() -> None:
    ids = [symptom.id for symptom in SYMPTOMS]
    assert len(ids) == len(set(ids))


CAUSES = {
    "builder-lost": "the connection to builder far broke during the build",
    "builder-silent": "builder far did not answer in time",
    "daemon-down": "no docker daemon answers at unix:///nonexistent.sock",
    "dockerfile-invalid": "the Dockerfile's line 2: unknown instruction: RUNN (did you mean RUN?)",
    "entitlement-missing": "a step needs network.host, which the build was not allowed",
    "entitlement-refused": "builder far does not allow security.insecure in a build",
    "image-lacks-platform": "docker.io/library/busybox:latest does not exist for one of the platforms that are built",
    "image-not-found": "the image localhost:23271/nothere:1 does not exist",
    "invalid-tag": "Foo:1 is not a valid image reference: repository name must be lowercase",
    "no-dockerfile": "no Dockerfile where it is looked for: /tmp/nope",
    "no-space-here": "the disk of /tmp/bp/small/x.tar is full",
    "no-stage": "the Dockerfile has no stage nope",
    "not-in-context": "/missing.txt is not in the build context",
    "registry-certificate": "the builder does not trust the certificate of 192.0.2.2:9006: "
    "certificate signed by unknown authority",
    "registry-no-repository": "there is no repository localhost:23273/a2885, and localhost:23273 does not create one "
    "by itself",
    "registry-refuses-connection": "nothing answers at 127.0.0.1:1",
    "registry-unauthorized": "localhost:23272 rejected the credentials, or requires some",
    "registry-unavailable": "localhost:23273 answers 503: it is temporarily unavailable",
    "registry-unknown-host": "the host nosuchhost.invalid can't be found by the builder",
    "registry-wants-https": "192.0.2.2:9001 speaks plain HTTP and the builder insists on HTTPS",
    "secret-file": "the secret's file /nonexist does not exist",
    "secret-not-given": "a step needs the secret 'tok', and the build was given none of that id",
    "step-failed.fooling": 'RUN <<E (echo "ERROR: haha"...) (Dfh:2) ended with exit code 4',
    "unknown-builder": "there is no builder named nope",
    "unknown-flag.old": "this docker does not know the flag --call",
}


@pytest.mark.parametrize("name", CAUSES)
def test_causes_name_the_thing(name: str) -> None:
    assert diagnosed(name).message == CAUSES[name]


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("registry-unauthorized", "docker login localhost:23272"),
        ("registry-unauthorized.classic", "docker login localhost:5000"),
        ("registry-wants-https", "buildx-tasks buildx.config.set --global insecure-registries 192.0.2.2:9001"),
        ("no-space", "docker buildx prune --builder far"),
        ("foreign-platform", "docker buildx create --name buildkit --driver docker-container --bootstrap"),
        ("builder-silent", "buildx-tasks buildx.doctor"),
        ("entitlement-missing", '--allow=network.host"]'),
        ("image-not-found", "docker buildx imagetools inspect localhost:23271/nothere:1"),
    ],
)
def test_hints_are_commands(name: str, command: str) -> None:
    assert command in diagnosed(name).hint


TALK = (
    "permission denied: you are not allowed",
    "ERROR: unexpected status from HEAD request to http://localhost:5000/v2/x/blobs/y: 503 Service Unavailable",
    "toomanyrequests: slow down",
    "read: connection reset by peer",
    "no builder found",
    "x509: certificate signed by unknown authority",
    "docker: 'buildx' is not a docker command.",
)


@pytest.mark.parametrize("text", TALK)
def test_a_program_that_talks_like_docker_fools_nobody(text: str) -> None:
    process = f'process "/bin/sh -c echo {text}; exit 1" did not complete successfully: exit code: 1'
    output = f"#5 [2/2] RUN echo {text}; exit 1\n#5 0.1 {text}\n#5 ERROR: {process}\n------\nERROR: {process}\n"
    diagnosis = diagnose(read_error_output(output), tag=TAG, builder="far")
    assert (diagnosis.id, diagnosis.transient) == ("step-failed", False)


@pytest.mark.parametrize("text", TALK)
def test_nor_does_it_with_the_legacy_builder(text: str) -> None:
    said = f"The command '/bin/sh -c echo {text}' returned a non-zero code: 1"
    output = f"Step 1/2 : FROM busybox\nStep 2/2 : RUN echo\n{text}\n{said}\n"
    assert diagnose(read_error_output(output), tag=TAG, builder="far").id == "step-failed"


def test_what_is_unknown_is_told_in_dockers_own_words() -> None:
    diagnosis = diagnose(ErrorOutput(error="something new\nwith a second line"), tag=TAG, builder="far")
    assert (diagnosis.id, diagnosis.message, diagnosis.own_words) == ("", "something new", True)


def test_docker_hub_has_one_name() -> None:
    error = 'failed to do request: Head "https://registry-1.docker.io/v2/library/x/manifests/1": 401 Unauthorized'
    assert diagnose(ErrorOutput(error=error), tag=TAG, builder="far").hint == "docker login docker.io"


@pytest.mark.parametrize(
    ("registry", "command"),
    [
        ("gcr.io", "gcloud auth configure-docker gcr.io"),
        ("eu.gcr.io", "gcloud auth configure-docker eu.gcr.io"),
        ("us-docker.pkg.dev", "gcloud auth configure-docker us-docker.pkg.dev"),
        ("ghcr.io", "docker login ghcr.io"),
    ],
)
def test_login(registry: str, command: str) -> None:
    assert login_hint(registry) == command

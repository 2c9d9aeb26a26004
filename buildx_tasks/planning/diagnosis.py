"""From the output of a failed build to its cause and to what to run next: a table of patterns, first match wins."""

from __future__ import annotations

import re
from dataclasses import dataclass

from buildx_tasks.model.imageref import parse_image_ref, registry_of
from buildx_tasks.model.plan import BuildStep
from buildx_tasks.planning.engine import CREATE_HINT


@dataclass(frozen=True, kw_only=True, slots=True)
class Symptom:
    """`pattern` is searched in the whole output; `cause` and `hint` may use {registry}, {builder}, {platforms}
    and the pattern's named groups."""

    id: str
    pattern: re.Pattern[str]
    cause: str
    hint: str


def _symptom(id_: str, pattern: str, cause: str, hint: str) -> Symptom:
    return Symptom(id=id_, pattern=re.compile(pattern, re.IGNORECASE | re.DOTALL), cause=cause, hint=hint)


CROSS_PLATFORM_HINT = (
    "build where that platform is native, or with an emulator:\n"
    "  1. create a builder:    docker buildx create --name buildkit --driver docker-container --bootstrap\n"
    "  2. select it:           invoke buildx.config.set --global buildx-builder buildkit\n"
    "  3. build again:         invoke buildx.build\n"
    "or install emulators on the machine that builds: apt-get install qemu-user-static binfmt-support"
)

SYMPTOMS: tuple[Symptom, ...] = (
    _symptom(
        "foreign-platform",
        r"exec format error",
        "a step ran a program of another platform, and the builder has no emulator for it",
        CROSS_PLATFORM_HINT,
    ),
    _symptom("unknown-builder", r'no builder "(?P<name>[^"]+)" found', "there is no builder named {name}", CREATE_HINT),
    _symptom(
        "one-platform",
        r"Multi-platform build is not supported for the docker driver",
        "this docker engine builds one platform at a time",
        CREATE_HINT,
    ),
    _symptom(
        "no-cache-export",
        r"Cache export is not supported for the docker driver",
        "this docker engine can't export a cache",
        CREATE_HINT,
    ),
    _symptom(
        "daemon-down",
        r"Cannot connect to the Docker daemon at (?P<endpoint>\S+?)\.? ",
        "no docker daemon answers at {endpoint}",
        "start docker, or use a remote builder:  invoke buildx.config.set --global buildx-builder NAME",
    ),
    _symptom(
        "registry-refuses-connection",
        r"dial tcp (?P<address>\S+): connect: connection refused",
        "nothing answers at {address}",
        "is the registry up, and is its address right?  --default-repo REGISTRY",
    ),
    _symptom(
        "registry-unknown-host",
        r"dial tcp: lookup (?P<host>\S+?):? .*(no such host|server misbehaving|i/o timeout)",
        "the registry's host {host} can't be found",
        "check --default-repo, and that the builder can resolve this name",
    ),
    _symptom(
        "registry-wants-https",
        r"http: server gave HTTP response to HTTPS client",
        "{registry} speaks plain HTTP",
        "invoke buildx.config.set --global insecure-registries {registry}",
    ),
    _symptom(
        "registry-certificate",
        r"x509: certificate|tls: failed to verify certificate",
        "the certificate of {registry} is not trusted by the builder",
        "give the builder the CA in its buildkitd.toml, or: invoke buildx.config.set --global insecure-registries "
        "{registry}",
    ),
    _symptom(
        "registry-denied",
        r"(401 Unauthorized|403 Forbidden|authorization failed|insufficient_scope|no basic auth credentials"
        r"|denied: |unauthorized: |pull access denied)",
        "{registry} refuses: no credentials, or not enough rights",
        "{login}",
    ),
    _symptom(
        "no-space",
        r"no space left on device",
        "the disk of the builder is full",
        "docker buildx prune --builder {builder}",
    ),
    _symptom(
        "deadline",
        r"context deadline exceeded",
        "builder {builder} did not answer in time",
        "look closer with: invoke buildx.doctor",
    ),
)


def diagnose(output: str, step: BuildStep) -> tuple[str, str]:
    """The cause in one line and what to run next. Without a known cause, the last error line and no hint."""
    registry = registry_of(parse_image_ref(step.tag)) or "docker.io"
    values = {
        "registry": registry,
        "builder": step.builder or "default",
        "platforms": ",".join(step.platforms),
        "login": login_hint(registry),
        "name": "buildkit",
    }
    for symptom in SYMPTOMS:
        if (match := symptom.pattern.search(output)) is not None:
            filled = values | {key: value for key, value in match.groupdict().items() if value}
            return symptom.cause.format(**filled), symptom.hint.format(**filled)
    return last_error(output), ""


def last_error(output: str) -> str:
    """The line that says most: the last one that begins with ERROR, else the last one."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith(("ERROR:", "error:", "#")) and "ERROR" in line.upper()]
    chosen = next((line for line in reversed(errors) if line.upper().startswith("ERROR")), "")
    return (chosen or (lines[-1] if lines else "")).removeprefix("ERROR: ")


def login_hint(registry: str) -> str:
    """The command that gets credentials for a registry: Google's have a helper of their own."""
    if registry == "gcr.io" or registry.endswith((".gcr.io", "-docker.pkg.dev")):
        return f"gcloud auth configure-docker {registry}"
    return f"docker login {registry}"

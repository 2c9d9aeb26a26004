"""The catalogue of what goes wrong: how docker, buildx, BuildKit and registries say it, what it means, what helps.

First match wins, so what is special stands before what is general. A pattern is searched only where docker
itself speaks (`WORDS`), there only when a builder was to be started (`BOOT`), or only in the log of the step that
failed (`LOG`): a program of the user's that prints "denied:" is no registry.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from buildx_tasks.model.taskname import task_command
from buildx_tasks.planning.advice import ADDRESS, ELSEWHERE, SELECT, builder_advice

WORDS = "words"
LOG = "log"
BOOT = "boot"


@dataclass(frozen=True, kw_only=True, slots=True)
class Symptom:
    """`cause` and `hint` are templates, filled with named groups of the pattern and `fillings` of `diagnosis`.

    A `transient` one goes away by itself, so building again is worth it. `without_daemon` is the hint where no docker
    daemon answers, "" for the same.
    """

    id: str
    pattern: re.Pattern[str]
    cause: str
    hint: str
    where: str = WORDS
    transient: bool = False
    without_daemon: str = ""


def _symptom(
    id_: str,
    pattern: str,
    cause: str,
    hint: str = "",
    *,
    where: str = WORDS,
    transient: bool = False,
    without_daemon: str = "",
) -> Symptom:
    compiled = re.compile(pattern, re.IGNORECASE | re.DOTALL)
    return Symptom(
        id=id_,
        pattern=compiled,
        cause=cause,
        hint=hint,
        where=where,
        transient=transient,
        without_daemon=without_daemon,
    )


CREATE = builder_advice("{new}", daemon=True)
CREATE_ELSEWHERE = builder_advice("{new}", daemon=False)
CONTAINERD = "or turn on the containerd image store of this docker engine"
DOCTOR = f"look closer:  {task_command('buildx.doctor')}"
INSECURE = task_command("buildx.config.set") + " --global insecure-registries {registry}"
NATIVE_PLATFORM_ELSEWHERE = (
    "build where that platform is native, or with an emulator:\n"
    f"  1. create a builder:    docker buildx create --name buildkit --driver remote {ADDRESS}\n"
    f"  2. select it:           {task_command('buildx.config.set')} --global buildx-builder buildkit\n"
    f"  3. build again:         {task_command('buildx.build')}\n"
    "or install emulators on the machine that builds:  apt-get install qemu-user-static binfmt-support"
)
NATIVE_PLATFORM = NATIVE_PLATFORM_ELSEWHERE.replace(f"remote {ADDRESS}", "docker-container --bootstrap")

CLIENT: tuple[Symptom, ...] = (
    _symptom(
        "no-plugin",
        r"unknown command: docker buildx|'buildx' is not a docker command|buildx component is missing or broken",
        "docker has no buildx plugin",
        "install the package docker-buildx-plugin (docker-buildx in some distributions), then:  docker buildx version",
    ),
    _symptom(
        "needs-buildkit",
        r"the (?P<option>--\S+) option requires BuildKit",
        "{option} in a Dockerfile needs BuildKit, and plain docker build is used",
        "install the package docker-buildx-plugin (docker-buildx in some distributions), then:  docker buildx version",
    ),
    _symptom(
        "unknown-flag",
        r"^unknown (shorthand )?flag: (?P<flag>\S+)",
        "this docker does not know the flag {flag}",
        "if it is one of your cliFlags, correct it; else update the buildx plugin:  docker buildx version",
    ),
    _symptom(
        "unknown-builder",
        r'no builder "(?P<name>[^"]+)" found',
        "there is no builder named {name}",
        CREATE,
        without_daemon=CREATE_ELSEWHERE,
    ),
    _symptom(
        "unknown-context",
        r'context "(?P<name>[^"]+)": context not found',
        "there is no docker context named {name}",
        "see which there are:  docker context ls",
    ),
    _symptom(
        "daemon-forbidden",
        r"permission denied while trying to connect to the Docker daemon socket at (?P<endpoint>\S+?):? ",
        "you may not use the docker daemon at {endpoint}",
        "join the socket's group:  sudo usermod -aG docker $USER  (then log in again)\n"
        "or build somewhere else:\n" + CREATE_ELSEWHERE,
    ),
    _symptom(
        "daemon-down",
        r"Cannot connect to the Docker daemon at (?P<endpoint>\S+?)\.? ",
        "no docker daemon answers at {endpoint}",
        ELSEWHERE,
    ),
    _symptom(
        "secret-file",
        r"^failed to stat (?P<path>.+?): stat .*no such file or directory",
        "the secret's file {path} does not exist",
        "create it, or correct src under docker.secrets",
    ),
    _symptom(
        "no-ssh-agent",
        r"invalid empty ssh agent socket",
        "docker.ssh asks for the ssh agent and SSH_AUTH_SOCK is not set",
        "start one:  eval $(ssh-agent) && ssh-add",
    ),
    _symptom(
        "invalid-tag",
        r'invalid tag "(?P<tag>[^"]+)": (?P<what>[^\n]+)',
        "{tag} is not a valid image reference: {what}",
        f"check the image name, --default-repo and the tag policy:  {task_command('buildx.build')} --dry-run",
    ),
)

BUILDER: tuple[Symptom, ...] = (
    _symptom(
        "buildkit-image",
        r'failed to resolve reference "(?P<image>[^"]+)"|pull access denied for (?P<image2>\S+),|manifest unknown',
        "builder {builder} can't be started: its image {image}{image2} can't be pulled",
        "name one that can be, in the builder's declaration:\n  driver-opts: {{image: REGISTRY/moby/buildkit:TAG}}",
        where=BOOT,
    ),
    _symptom(
        "no-cluster",
        r"cannot determine Kubernetes namespace|try setting KUBERNETES_MASTER|kubernetes: no configuration",
        "builder {builder} runs in a Kubernetes cluster, and no kubeconfig was found for one",
        f"set KUBECONFIG, or use another builder:  {SELECT}",
    ),
    _symptom(
        "driver-option",
        r"invalid driver option (?P<option>\S+) for (?P<driver>\S+) driver",
        "driver {driver} has no option {option}",
        "correct driver-opts in the builder's declaration",
    ),
    _symptom(
        "tls-in-environment",
        r"could not create a builder instance with TLS data loaded from environment",
        "a builder can't be created from DOCKER_TLS_VERIFY and DOCKER_CERT_PATH",
        "declare the builder, and a docker context is made for it:\n"
        f"  {task_command('buildx.builder.ensure')} --name NAME",
    ),
    _symptom(
        "builder-silent",
        r"^context deadline exceeded|waiting for connection.*context deadline exceeded",
        "builder {builder} did not answer in time",
        DOCTOR,
    ),
    _symptom(
        "builder-lost",
        r"error reading from server: |code = Unavailable|transport is closing",
        "the connection to builder {builder} broke during the build",
        "is it still running, and has it enough memory?  docker buildx inspect {builder}\n" + DOCTOR,
    ),
    _symptom(
        "one-platform",
        r"Multi-platform build is not supported for the docker driver",
        "this docker engine builds one platform at a time",
        CREATE + "\n" + CONTAINERD,
    ),
    _symptom(
        "no-cache-export",
        r"Cache export is not supported for the docker driver",
        "this docker engine can't export a cache",
        CREATE + "\n" + CONTAINERD,
    ),
    _symptom(
        "no-attestations",
        r"Attestation is not supported for the docker driver",
        "this docker engine can't attach attestations",
        "leave them out:  --attest none\n" + CREATE + "\n" + CONTAINERD,
    ),
    _symptom(
        "no-image-exporter",
        r"(?P<kind>OCI|Docker) exporter is not supported for the docker driver",
        "this docker engine can't export an image of type {kind}",
        CREATE + "\n" + CONTAINERD,
    ),
    _symptom(
        "index-not-loadable",
        r"docker exporter does not currently support exporting manifest lists",
        "an image of several platforms can't be loaded into this docker engine",
        "push it:  --push, or build one platform:  --platform linux/amd64\n" + CONTAINERD,
    ),
    _symptom(
        "nodes-not-loadable",
        r"(oci|docker) for multi-node builds currently not supported",
        "what several nodes built together can only be pushed",
        "push it:  --push, or build one platform:  --platform linux/amd64",
    ),
    _symptom(
        "load-without-daemon",
        r"failed to copy to tar: .*(read/write on closed pipe|closed pipe)",
        "the image could not be loaded: no docker daemon accepted it",
        "push it instead:  --push, or start docker",
    ),
    _symptom(
        "no-space-here",
        r"failed to copy to tar: .*write (?P<path>\S+): no space left on device",
        "the disk of {path} is full",
        "make room there, or write the output elsewhere",
    ),
    _symptom(
        "no-space",
        r"no space left on device",
        "the disk of the builder is full",
        "docker buildx prune --builder {builder}",
    ),
    _symptom(
        "entitlement-refused",
        r"granting entitlement (?P<what>\S+) is not allowed by build daemon configuration",
        "builder {builder} does not allow {what} in a build",
        'allow it in its buildkitd.toml:  insecure-entitlements = ["{what}"]',
    ),
    _symptom(
        "entitlement-missing",
        r"(?P<what>network\.host|security\.insecure|device) is not allowed",
        "a step needs {what}, which the build was not allowed",
        'docker:\n  cliFlags: ["--allow={what}"]',
    ),
    _symptom(
        "unknown-cache-type",
        r'unknown cache (?P<way>importer|exporter): "?(?P<type>[^"\s]+)',
        "builder {builder} has no cache {way} of type {type}",
        "registry, local and inline are there everywhere; others need a newer BuildKit",
    ),
    _symptom(
        "no-build-checks",
        r"unsupported request frontend\.(?P<what>\w+)",
        "the BuildKit of builder {builder} is too old to check Dockerfiles",
        "it needs BuildKit 0.14, or a first line in the Dockerfile:  # syntax=docker/dockerfile:1",
    ),
    _symptom(
        "ssh-not-given",
        r"unset ssh forward key (?P<id>\S+)",
        "a step mounts the ssh agent {id!r}, and the build was given none",
        "docker:\n  ssh: {id}",
    ),
    _symptom(
        "secret-not-given",
        r"(^|: )secret (?P<id>\S+): not found",
        "a step needs the secret {id!r}, and the build was given none of that id",
        "docker:\n  secrets:\n    - id: {id}\n      env: VARIABLE   # or src: FILE",
    ),
)

REGISTRY: tuple[Symptom, ...] = (
    _symptom(
        "no-credential-helper",
        r'"(?P<helper>docker-credential-[^"]+)": executable file not found',
        "docker's config asks {helper} for credentials, and that program is not installed",
        "install {helper}, or remove it from credsStore and credHelpers in ~/.docker/config.json",
    ),
    _symptom(
        "registry-rate-limited",
        r"429 Too Many Requests|toomanyrequests",
        "{registry} rejected a request: its rate limit is reached",
        "log in for a higher limit:  {login}\nor build fewer at once:  --concurrency 1",
        transient=True,
    ),
    _symptom(
        "registry-unavailable",
        r"unexpected (HTTP )?status[^\n]*?: (?P<status>50[0234]|52\d)\b",
        "{registry} answers {status}: it is temporarily unavailable",
        "try again later",
        transient=True,
    ),
    _symptom(
        "registry-reset",
        r"connection reset by peer|broken pipe|use of closed network connection|client connection lost|sent GOAWAY",
        "{registry} reset the connection",
        "try again; if it stays so, look at proxies and firewalls between the builder and {registry}",
        transient=True,
    ),
    _symptom(
        "registry-truncated",
        r"unexpected EOF|: EOF\b",
        "{registry} closed the connection in the middle of a transfer",
        "try again; if it stays so, look at proxies and firewalls between the builder and {registry}",
        transient=True,
    ),
    _symptom(
        "registry-slow",
        r"TLS handshake timeout|i/o timeout|timeout awaiting response headers|Client\.Timeout exceeded",
        "{registry} did not answer the builder in time",
        "can the builder reach it?  proxies and firewalls between them are the usual cause",
        transient=True,
    ),
    _symptom(
        "registry-refuses-connection",
        r"dial tcp (?P<address>\S+): connect: connection refused",
        "nothing answers at {address}",
        "is the registry up, and is its address right?  --default-repo REGISTRY",
    ),
    _symptom(
        "registry-unknown-host",
        r"dial tcp: lookup (?P<host>\S+?):? .*(no such host|server misbehaving)",
        "the host {host} can't be found by the builder",
        "check --default-repo and FROM lines, and that the builder can resolve this name",
    ),
    _symptom(
        "registry-wants-https",
        r"server gave HTTP response to HTTPS client|first record does not look like a TLS handshake",
        "{registry} speaks plain HTTP and the builder insists on HTTPS",
        INSECURE,
    ),
    _symptom(
        "registry-certificate-name",
        r"x509: (?P<why>certificate is valid for [^\n]+?, not [^\s\"]+|cannot validate certificate for [^\n\"]+)",
        "the certificate of {registry} has another name: {why}",
        "use a name that it is for, or: " + INSECURE,
    ),
    _symptom(
        "registry-certificate",
        r"x509: (?P<why>[^\n\"]+)",
        "the builder does not trust the certificate of {registry}: {why}",
        'give the builder the CA (buildkitd.toml: [registry."{registry}"] ca=[…], docker engine:\n'
        "/etc/docker/certs.d/{registry}/ca.crt), or: " + INSECURE,
    ),
    _symptom(
        "registry-unauthorized",
        r"401 Unauthorized|no basic auth credentials|insufficient_scope|unauthorized: |: unauthorized$"
        r"|authorization failed",
        "{registry} rejected the credentials, or requires some",
        "{login}",
    ),
    _symptom(
        "registry-forbidden",
        r"403 Forbidden|\bdenied: |: denied$",
        "{registry} denied access: these credentials lack the permission",
        "{login}\nand check the rights on {repository}",
    ),
    _symptom(
        "registry-too-large",
        r"413 (Request Entity|Payload) Too Large",
        "{registry} rejected a layer: it is too large",
        "raise the limit of the proxy in front of it (nginx: client_max_body_size 0)",
    ),
    _symptom(
        "registry-no-repository",
        r"from POST request to \S+/blobs/uploads/\S*: 404|name unknown: |"
        r"unknown: [^\n]*(repository|project)[^\n]*(not known|not exist|not found)",
        "there is no repository {repository}, and {registry} does not create one by itself",
        "create it there, or correct --default-repo",
    ),
    _symptom(
        "registry-tag-immutable",
        r"/manifests/\S+: 409 Conflict|tag [^\n]*(immutable|already exists)",
        "{registry} does not allow a tag of {repository} to be overwritten",
        "use a new tag, or allow it to change; a cache needs a repository of its own:  --cache-repo REPOSITORY",
    ),
    _symptom(
        "registry-manifest-refused",
        r"/manifests/\S+: 400 Bad Request|manifest invalid|MANIFEST_INVALID",
        "{registry} does not support this kind of manifest",
        "leave attestations out:  --attest none\nand write caches as images:  cache-flags image-manifest=true",
    ),
)

SOURCE: tuple[Symptom, ...] = (
    _symptom(
        "image-lacks-platform",
        r"(failed to resolve source metadata for )?(?P<image>\S+): no match for platform in manifest",
        "{image} does not exist for one of the platforms that are built",
        "build others:  --platform linux/amd64, or take another base image",
    ),
    _symptom(
        "image-not-found",
        r"failed to resolve source metadata for (?P<image>\S+): .*not found",
        "the image {image} does not exist",
        "check the FROM line and its build args:  docker buildx imagetools inspect {image}",
    ),
    _symptom(
        "dockerfile-invalid",
        r"(?:dockerfile )?parse error on line (?P<line>\d+): (?P<what>[^\n]+)",
        "the Dockerfile's line {line}: {what}",
        "newer syntax needs a first line in the Dockerfile:  # syntax=docker/dockerfile:1",
    ),
    _symptom(
        "no-stage",
        r'target stage "(?P<stage>[^"]+)" could not be found',
        "the Dockerfile has no stage {stage}",
        "correct docker.target, or add  AS {stage}  to a FROM line",
    ),
    _symptom(
        "no-dockerfile",
        r"failed to read dockerfile: open (?P<path>\S+): no such file|lstat (?P<path2>\S+): no such file",
        "no Dockerfile where it is looked for: {path}{path2}",
        "set docker.dockerfile, relative to the artifact's context, and check .dockerignore",
    ),
    _symptom(
        "not-in-context",
        r'failed to (?:calculate checksum|compute cache key)[^\n]*"(?P<path>/[^"]*)": not found',
        "{path} is not in the build context",
        "paths are relative to the artifact's context; is it left out by .dockerignore?",
    ),
)

STEP: tuple[Symptom, ...] = (
    _symptom(
        "foreign-platform",
        r"exec format error",
        "a step ran a program of another platform, and the builder has no emulator for it",
        NATIVE_PLATFORM,
        where=LOG,
        without_daemon=NATIVE_PLATFORM_ELSEWHERE,
    ),
    _symptom(
        "step-no-space",
        r"no space left on device",
        "{step} found no space left on a device",
        "if that is the builder's disk:  docker buildx prune --builder {builder}",
        where=LOG,
    ),
    _symptom(
        "step-killed",
        r"(did not complete successfully: exit code|returned a non-zero code): 137$",
        "{step} was killed, most likely because memory ran out",
        "give the builder more memory, or build fewer at once:  --concurrency 1",
    ),
    _symptom(
        "step-failed",
        r"(did not complete successfully: exit code|returned a non-zero code): (?P<code>\d+)$",
        "{step} ended with exit code {code}",
    ),
)

SYMPTOMS: tuple[Symptom, ...] = (*STEP, *CLIENT, *BUILDER, *REGISTRY, *SOURCE)

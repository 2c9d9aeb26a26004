"""From the end of a failed build's output to its cause and to what to run next."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from buildx_tasks.document.buildkit.erroroutput import ErrorOutput
from buildx_tasks.model.imageref import parse_image_ref, registry_of
from buildx_tasks.planning.failures.symptoms import BOOT, LOG, REGISTRY, STEP, SYMPTOMS, Symptom

_ADDRESS = re.compile(r"https?://(?P<host>[^/\s\"]+)/v2/(?:(?P<path>[^\s\"]+?)/(?:blobs|manifests)/)?")
_STEP_HEAD = re.compile(r"^\[[^\]]*\] ")
BOOTING = "[internal] booting buildkit"
DOCKER_HUB = "docker.io"
STEP_CHARACTERS = 60


@dataclass(frozen=True, kw_only=True, slots=True)
class Diagnosis:
    """`id` names the catalogue's entry, "" for what it does not know; `message` is one line, `hint` maybe several.

    `own_words` says that docker's own words have more to tell: they do unless the message is all there is.
    """

    id: str
    message: str
    hint: str = ""
    transient: bool = False
    own_words: bool = False


def diagnose(printed: ErrorOutput, *, tag: str = "", builder: str = "", daemon: bool = True) -> Diagnosis:
    """The cause and what to run next; what the catalogue does not know is told with docker's own message.

    `tag` is the reference that was built, as far as there is one, and `builder` the builder's name. `daemon` says
    whether a docker daemon answers, as far as that is known: hints that need one are of no use without.
    """
    told = replace(printed, error=printed.words)
    for symptom, said in (*((one, printed) for one in SYMPTOMS), *((one, told) for one in REGISTRY)):
        if (match := _find(symptom, said)) is not None:
            values = fillings(told, tag, builder) | {key: value or "" for key, value in match.groupdict().items()}
            return Diagnosis(
                id=symptom.id,
                message=symptom.cause.format(**values),
                hint=((not daemon and symptom.without_daemon) or symptom.hint).format(**values),
                transient=symptom.transient,
                own_words=symptom not in STEP,
            )
    return Diagnosis(id="", message=printed.message, own_words=len(printed.error.splitlines()) > 1)


def _find(symptom: Symptom, printed: ErrorOutput) -> re.Match[str] | None:
    if symptom.where == BOOT and printed.step != BOOTING:
        return None
    return symptom.pattern.search("\n".join(printed.log) if symptom.where == LOG else printed.error)


def fillings(printed: ErrorOutput, tag: str, builder: str) -> dict[str, str]:
    """What causes and hints may name: the registry that was spoken to, the repository, the step, commands."""
    ref = parse_image_ref(tag) if tag else None
    address = _ADDRESS.search(printed.error)
    registry = _registry_name(address["host"]) if address else (registry_of(ref) if ref else "") or DOCKER_HUB
    return {
        "registry": registry,
        "repository": f"{registry}/{address['path']}" if address and address["path"] else ref.base_name if ref else "",
        "builder": builder or "default",
        "login": login_hint(registry),
        "new": "buildkit",
        "step": _step_name(printed),
    }


def _registry_name(host: str) -> str:
    """The registry as references name it: Docker Hub is reached under other names."""
    return DOCKER_HUB if host == DOCKER_HUB or host.endswith(f".{DOCKER_HUB}") else host


def _step_name(printed: ErrorOutput) -> str:
    text = _STEP_HEAD.sub("", printed.step) or "a step"
    short = text if len(text) <= STEP_CHARACTERS else f"{text[: STEP_CHARACTERS - 1]}…"
    return f"{short} ({printed.place})" if printed.place else short


def login_hint(registry: str) -> str:
    """The command that gets credentials for a registry: Google's have a helper of their own."""
    if registry == "gcr.io" or registry.endswith((".gcr.io", "-docker.pkg.dev")):
        return f"gcloud auth configure-docker {registry}"
    return f"docker login {registry}"

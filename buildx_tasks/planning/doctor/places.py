"""The doctor's checks of what is around docker: registries, secrets, the ssh agent, disks, proxies."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from buildx_tasks.model.check import Check, ok, problem, skipped, warning
from buildx_tasks.model.settings import Settings
from buildx_tasks.model.taskname import task_command
from buildx_tasks.planning.doctor.facts import DoctorFacts, RegistryFacts
from buildx_tasks.planning.failures.diagnosis import login_hint

FREE_BYTES = 2 * 1024**3
NEAR = (".internal", ".local", ".lan", ".localdomain", ".svc")


def check_places(facts: DoctorFacts) -> Iterator[Check]:
    """Everything that is looked at besides docker, in the order in which to mend it."""
    if facts.config_error:
        for id_ in ("registry", "secrets", "ssh-agent"):
            yield skipped(id_, "which are used is not known: the config can't be read")
    else:
        yield from _registries(facts)
        yield from _secrets(facts)
    yield from _disks(facts)
    yield from _proxy(facts)


def _registries(facts: DoctorFacts) -> Iterator[Check]:
    for registry in facts.registries:
        yield _registry(registry, facts.settings)
    if not facts.registries:
        yield skipped("registry", "no image and no cache names a registry: nothing is pushed")


def _registry(facts: RegistryFacts, settings: Settings) -> Check:
    host = facts.host
    if facts.error:
        return _registry_silent(facts, settings)
    if facts.status in (401, 403) and facts.helper:
        text = f"docker's config asks {facts.helper} for the credentials of {host}, and that program is not installed"
        return problem("registry", text, f"install {facts.helper}, or take it out of docker's config.json")
    if facts.status in (401, 403) and facts.has_login:
        return problem("registry", f"{host} rejected the credentials ({facts.status})", login_hint(host))
    if facts.status in (401, 403) and not facts.writes:
        return ok("registry", f"{host} answers; it is read without credentials, as docker has none for it")
    if facts.status in (401, 403):
        return problem("registry", f"{host} requires credentials, and docker has none for it", login_hint(host))
    if facts.status in (200, 404):
        return ok("registry", f"{host} answers{' and accepts the credentials' if facts.has_login else ''}")
    return warning("registry", f"{host} answers with {facts.status}", "try again later")


def _registry_silent(facts: RegistryFacts, settings: Settings) -> Check:
    host, text = facts.host, facts.error.lower()
    insecure = f"{task_command('buildx.config.set')} --global insecure-registries {host}"
    if "client certificate" in text:
        fix = f"put client.cert and client.key into /etc/docker/certs.d/{host}, and give them to the builder"
        return problem("registry", f"{host}: {facts.error}", fix)
    if "certificate" in text:
        fix = f"give its CA to docker (/etc/docker/certs.d/{host}/ca.crt) and to the builder, or:  {insecure}"
        return problem("registry", f"the certificate of {host} can't be trusted: {facts.error}", fix)
    if "does not speak tls" in text:
        declared = host in settings.insecure_registries
        return problem("registry", f"{host} speaks plain HTTP", "" if declared else insecure)
    return problem(
        "registry", f"{host} does not answer: {facts.error}", "is its address right?  --default-repo REGISTRY"
    )


def _secrets(facts: DoctorFacts) -> Iterator[Check]:
    for text in facts.missing_secrets:
        yield problem("secrets", text, "create the file")
    for text in facts.empty_secrets:
        yield warning("secrets", f"{text}: the secret is empty", "set the variable")
    if facts.secrets and not facts.missing_secrets and not facts.empty_secrets:
        yield ok("secrets", f"{facts.secrets} secret{'' if facts.secrets == 1 else 's'}, all of them there")
    if facts.wants_agent and facts.no_agent:
        names = ", ".join(facts.wants_agent)
        yield problem("ssh-agent", f"{names}: ssh is forwarded, and {facts.no_agent}", "eval $(ssh-agent); ssh-add")
    elif facts.wants_agent:
        yield ok("ssh-agent", "an ssh agent runs")


def _disks(facts: DoctorFacts) -> Iterator[Check]:
    for folder, free, whole in facts.disks:
        text = f"{free / 1024**3:.1f} of {whole / 1024**3:.0f} GiB free at {folder}"
        if free < FREE_BYTES:
            yield warning("disk", text, "docker buildx prune")
        else:
            yield ok("disk", text)


def _proxy(facts: DoctorFacts) -> Iterator[Check]:
    environ = facts.environ
    pairs = [(name, name.lower()) for name in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")]
    for upper, lower in pairs:
        if environ.get(upper) and environ.get(lower) and environ[upper] != environ[lower]:
            yield warning("proxy", f"{upper} and {lower} differ", "set both to the same value")
    proxies = [name for pair in pairs[:2] for name in pair if environ.get(name)]
    if not proxies:
        return
    near = [registry.host for registry in facts.registries if registry.proxied and is_near(registry.host)]
    if near:
        text = f"{proxies[0]} is set, and NO_PROXY does not list {', '.join(near)}: it is asked through the proxy"
        yield warning("proxy", text, f"export NO_PROXY={','.join([*_spared(environ), *near])}")
    elif not _spared(environ):
        text = f"{proxies[0]} is set without NO_PROXY: local registries and builders go through the proxy too"
        yield warning("proxy", text, "export NO_PROXY=localhost,127.0.0.1,REGISTRY")


def _spared(environ: Mapping[str, str]) -> list[str]:
    said = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
    return [item.strip() for item in said.split(",") if item.strip()]


def is_near(host: str) -> bool:
    """Whether a host is one that a proxy to the world does not know: a bare name, a private name or address."""
    name = urlsplit(f"//{host}").hostname or host
    try:
        return ipaddress.ip_address(name).is_private
    except ValueError:
        return "." not in name or name.endswith(NEAR)

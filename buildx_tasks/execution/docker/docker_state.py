"""What docker and buildx have on file: configuration, builders, the selected one, where the plugin is."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

PLUGIN = "docker-buildx"
DEFAULT_HOST = "unix:///var/run/docker.sock"
PLUGIN_FOLDERS = (
    "/usr/local/lib/docker/cli-plugins",
    "/usr/local/libexec/docker/cli-plugins",
    "/usr/lib/docker/cli-plugins",
    "/usr/libexec/docker/cli-plugins",
)
"""Where the docker CLI looks for plugins after the user's own folders, in its order."""


def docker_config(environ: Mapping[str, str], home: str) -> dict[str, Any]:
    """The docker CLI's own configuration; an unreadable one counts as empty, as docker itself treats it."""
    return _json_file(_docker_folder(environ, home) / "config.json")


def known_builders(environ: Mapping[str, str], home: str) -> tuple[str, ...]:
    """The names of all builders that buildx has on file, and the daemon's own."""
    folder = buildx_folder(environ, home) / "instances"
    try:
        names = sorted(path.name for path in folder.iterdir() if path.is_file())
    except OSError:
        names = []
    return ("default", *names)


def instance(name: str, environ: Mapping[str, str], home: str) -> dict[str, Any]:
    """What buildx has on file about a builder: driver, nodes, endpoints; empty for the daemon's own."""
    if not name or "/" in name:
        return {}
    return _json_file(instance_file(name, environ, home))


def instance_file(name: str, environ: Mapping[str, str], home: str) -> Path:
    """Where buildx has a builder on file."""
    return buildx_folder(environ, home) / "instances" / name.lower()


def selected_builder(environ: Mapping[str, str], home: str) -> str:
    """The builder chosen with ``docker buildx use``; "" when none was, or only for another docker endpoint."""
    current = _json_file(buildx_folder(environ, home) / "current")
    elsewhere = not current.get("Global") and current.get("Key") not in (None, docker_endpoint(environ, home))
    return "" if elsewhere else str(current.get("Name") or "")


def docker_endpoint(environ: Mapping[str, str], home: str) -> str:
    """What buildx calls the place that the docker CLI talks to: a context, or an address for the default one."""
    if host := environ.get("DOCKER_HOST"):
        return host
    chosen = environ.get("DOCKER_CONTEXT") or docker_config(environ, home).get("currentContext")
    return str(chosen) if chosen not in (None, "", "default") else DEFAULT_HOST


def is_local_daemon(environ: Mapping[str, str], home: str, endpoint: str = "") -> bool:
    """Whether a docker endpoint (an address or a context, by default the CLI's own) is a socket of this machine."""
    if endpoint in ("", "default"):
        endpoint = docker_endpoint(environ, home)
    if "://" not in endpoint:
        name = hashlib.sha256(endpoint.encode()).hexdigest()
        context = _json_file(_docker_folder(environ, home) / "contexts" / "meta" / name / "meta.json")
        docker = (context.get("Endpoints") or {}).get("docker") or {}
        endpoint = str(docker.get("Host") or "")
    return endpoint.startswith("unix://")


def own_builder(environ: Mapping[str, str], home: str) -> str:
    """The name of the builder in the daemon that the docker CLI talks to: that of its context."""
    return "default" if is_default_context(environ, home) else docker_endpoint(environ, home)


def is_default_context(environ: Mapping[str, str], home: str) -> bool:
    """Whether the docker CLI talks to the default context, whose own builder is called ``default``."""
    return docker_endpoint(environ, home) in (environ.get("DOCKER_HOST"), DEFAULT_HOST)


def plugin_identity(environ: Mapping[str, str], home: str) -> str:
    """What the version of the buildx plugin depends on: the docker CLI and the plugin's file; "" when not found."""
    docker = shutil.which("docker", path=environ.get("PATH"))
    said = docker_config(environ, home).get("cliPluginsExtraDirs")
    extra = said if isinstance(said, list) else []
    folders = [*(str(item) for item in extra), str(_docker_folder(environ, home) / "cli-plugins"), *PLUGIN_FOLDERS]
    plugin = next((path for folder in folders if (path := Path(folder, PLUGIN)).exists()), None)
    if docker is None or plugin is None:
        return ""
    return "\n".join(_identity(Path(path)) for path in (docker, plugin))


def _identity(path: Path) -> str:
    try:
        facts = path.stat()
    except OSError:
        return str(path)
    return f"{path} {facts.st_size} {facts.st_mtime_ns} {facts.st_ino}"


def _docker_folder(environ: Mapping[str, str], home: str) -> Path:
    return Path(environ.get("DOCKER_CONFIG") or Path(home, ".docker"))


def buildx_folder(environ: Mapping[str, str], home: str) -> Path:
    """Where buildx keeps its builders: jobs with folders of their own see nothing of each other's."""
    return Path(environ.get("BUILDX_CONFIG") or _docker_folder(environ, home) / "buildx")


def _json_file(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}

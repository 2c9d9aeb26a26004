"""The kube-context and its cluster, from the kubeconfig files alone: no kubectl is needed or run."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from buildx_tasks.document.yaml.nodes import YamlProblem
from buildx_tasks.document.yaml.source import parse
from buildx_tasks.model.command import Command, Runner
from buildx_tasks.planning.build.cluster import ClusterFacts

Warn = Callable[[str], None]
ADVERTISING = ("get", "configmap", "local-registry-hosting", "--namespace", "kube-public")
ADVERTISED_KEY = "localRegistryHosting.v1"
ASK_SECONDS = 5.0


class KubeConfigs:
    """The kubeconfig files of one run; each is read once, however often the cluster is asked for.

    The files are the `kubeconfig` of a question, else those of $KUBECONFIG, else ``~/.kube/config``, merged as kubectl
    does it: the first file that has a thing counts. Missing files set nothing; a broken one neither, and `warn` gets
    the reason.
    """

    def __init__(self, environ: Mapping[str, str], home: Path, warn: Warn) -> None:
        self.environ = environ
        self.home = home
        self.warn = warn
        self._read: dict[Path, dict[str, Any]] = {}

    def cluster(self, *, kube_context: str = "", kubeconfig: str = "") -> ClusterFacts:
        """The facts of `kube_context`, else of the current context; empty when there is none."""
        files = [(path, self._data(path)) for path in kubeconfig_files(self.environ, self.home, kubeconfig)]
        current = (str(data["current-context"]) for _, data in files if data.get("current-context"))
        context = kube_context or next(current, "")
        if not context:
            return ClusterFacts()
        _, chosen = _named(files, "contexts", context, "context")
        path, cluster = _named(files, "clusters", chosen.get("cluster"), "cluster")
        ca_file = str(cluster.get("certificate-authority") or "")
        return ClusterFacts(
            context=context,
            server=str(cluster.get("server") or ""),
            ca_file=os.path.normpath(path.parent.absolute() / ca_file) if ca_file else "",
        )

    def _data(self, path: Path) -> dict[str, Any]:
        if path not in self._read:
            self._read[path] = _load(path, self.warn)
        return self._read[path]


def advertised_registry(runner: Runner, kube_context: str, kubeconfig: str = "") -> str:
    """The registry that a local cluster advertises for pushing, "" when it has none or can't be asked.

    Only kubectl could tell; without one, or when the cluster does not answer soon, there is none.
    """
    options = ["--context", kube_context, "--request-timeout", "3s"]
    if kubeconfig:
        options += ["--kubeconfig", kubeconfig]
    field = ADVERTISED_KEY.replace(".", "\\.")
    argv = ("kubectl", *ADVERTISING, *options, "--output", f"jsonpath={{.data.{field}}}")
    done = runner.capture(Command(argv=argv, timeout=ASK_SECONDS))
    try:
        documents = parse(done.stdout) if done.ok else []
    except YamlProblem:
        return ""
    data = documents[0].data if documents else None
    host = data.get("host") if isinstance(data, dict) else None
    return host if isinstance(host, str) else ""


def kubeconfig_files(environ: Mapping[str, str], home: Path, kubeconfig: str = "") -> list[Path]:
    """The files that count, the first being the strongest."""
    if kubeconfig:
        return [Path(kubeconfig)]
    listed = [Path(item) for item in environ.get("KUBECONFIG", "").split(os.pathsep) if item]
    return listed or [home / ".kube" / "config"]


def _load(path: Path, warn: Warn) -> dict[str, Any]:
    try:
        documents = parse(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, UnicodeDecodeError) as error:
        warn(f"kubeconfig {path} is left out: {error.strerror if isinstance(error, OSError) else 'not UTF-8 text'}")
        return {}
    except YamlProblem as problem:
        warn(f"kubeconfig {path}:{problem.mark.line} is left out: {problem.message}")
        return {}
    data = documents[0].data if documents else None
    if isinstance(data, dict):
        return data
    if data is not None:
        warn(f"kubeconfig {path} is left out: not a mapping")
    return {}


def _named(files: list[tuple[Path, dict[str, Any]]], kind: str, name: object, key: str) -> tuple[Path, dict[str, Any]]:
    """The first entry called `name` in a list such as ``clusters``, and the file it stands in."""
    for path, data in files:
        entries = data.get(kind)
        for entry in entries if isinstance(entries, list) else ():
            if isinstance(entry, dict) and name is not None and entry.get("name") == name:
                found = entry.get(key)
                return path, found if isinstance(found, dict) else {}
    return Path(), {}

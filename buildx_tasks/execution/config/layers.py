"""All layers of settings in their order, and the kube-context that the global config files are read for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from buildx_tasks.document.yaml.nodes import YamlProblem
from buildx_tasks.document.yaml.source import parse
from buildx_tasks.execution.cluster.kube import Warn, read_cluster
from buildx_tasks.execution.config.globalconfig import config_layers
from buildx_tasks.model.settings import FLAG, Layer, Settings, environment_layer, resolve

CONFIG_NAMES = ("skaffold.yaml", "skaffold.yml")


def gather(
    flags: Mapping[str, object], others: Sequence[Layer], environ: Mapping[str, str], home: Path, warn: Warn
) -> Settings:
    """Settings from, strongest first: `flags`, the environment, `others`, our global config, Skaffold's.

    A flag of None was not given. Raises `CannotStart` for a value that does not fit, and for a broken global
    config of ours; `warn` hears of every other file that can't be read.
    """
    stronger = [Layer(FLAG, flags), environment_layer(environ), *others]
    return resolve([*stronger, *config_layers(environ, home, kube_context(stronger, environ, home, warn), warn)])


def kube_context(stronger: Sequence[Layer], environ: Mapping[str, str], home: Path, warn: Warn) -> str:
    """The kube-context that `stronger` asks for, else the current one, "" when there is none."""
    said = resolve(stronger)
    return said.kube_context or read_cluster(environ, home, warn, kubeconfig=said.kubeconfig).context


def read_block(folder: Path, filename: str) -> tuple[str, Mapping[str, object]]:
    """The config file in `folder` and its ``.buildx:`` block, empty when it has none.

    Of several documents the later ones are the stronger, as in a build. A file that can't be read has no
    block; loading it says why.
    """
    names = (filename,) if filename else CONFIG_NAMES
    path = next((folder / name for name in names if (folder / name).is_file()), None)
    if path is None:
        return names[0], {}
    try:
        text = path.read_text(encoding="utf-8")
        documents = parse(text) if ".buildx" in text else []
    except (YamlProblem, UnicodeDecodeError, OSError):
        return path.name, {}
    blocks = [document.data.get(".buildx") for document in documents if isinstance(document.data, dict)]
    merged: dict[str, object] = {}
    for block in blocks:
        merged |= block if isinstance(block, dict) else {}
    return path.name, merged

"""The settings of a run: from where they come, in their order, and what a ``.buildx:`` block adds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from buildx_tasks.execution.cluster.kube import KubeConfigs
from buildx_tasks.execution.config.globalconfig import config_layers
from buildx_tasks.model.layers import FLAG, Layer, block_layer, environment_layer, resolve
from buildx_tasks.model.settings import Settings

if TYPE_CHECKING:
    from buildx_tasks.model.config import Config


@dataclass(frozen=True, kw_only=True, slots=True)
class SettingsSources:
    """Everything outside of the configs that settings come from.

    `flags` are settings by key, None for one that was not given; `others` stand between the environment and a
    ``.buildx:`` block (Invoke's config). `kube` gives the kube-context that the global config files are read for.
    """

    flags: Mapping[str, object]
    environ: Mapping[str, str]
    home: Path
    kube: KubeConfigs
    others: tuple[Layer, ...] = ()

    def resolve(self, block: Layer | None = None) -> Settings:
        """Settings from, strongest first: flags, environment, `others`, `block`, our global config, Skaffold's.

        Raises `CannotStart` for a value that does not fit, and for a broken global config of ours; the `warn` of
        `kube` gets every other file that can't be read.
        """
        stronger = [Layer(FLAG, self.flags), environment_layer(self.environ), *self.others]
        if block is not None:
            stronger.append(block)
        context = self.kube_context(stronger)
        return resolve([*stronger, *config_layers(self.environ, self.home, context, self.kube.warn)])

    def global_settings(self, kube_context: str) -> Settings:
        """What the global config files alone say for a kube-context. Raises `CannotStart` for a broken one of ours."""
        return resolve(config_layers(self.environ, self.home, kube_context, self.kube.warn))

    def kube_context(self, stronger: Sequence[Layer] | None = None) -> str:
        """The kube-context that `stronger` asks for, by default all but the files; else the current one, or ""."""
        said = resolve(stronger or [Layer(FLAG, self.flags), environment_layer(self.environ), *self.others])
        return said.kube_context or self.kube.cluster(kubeconfig=said.kubeconfig).context


def merged_block(configs: Sequence[Config]) -> Layer | None:
    """The ``.buildx:`` settings of all configs as one layer, the later config being the stronger; None for none.

    Dependencies come first in `configs`, so the user's own file has the last word.
    """
    merged: dict[str, object] = {}
    file = ""
    for config in configs:
        if config.buildx:
            merged |= config.buildx
            file = config.file
    return block_layer(merged, file) if merged else None

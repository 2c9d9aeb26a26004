"""The settings as keyword arguments of the Python API, typed and named as in the docs."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import TypedDict

from buildx_tasks.model.settings import KEYS


class SettingArguments(TypedDict, total=False):
    """One key for each setting but ``filename``, which is the path. What is None counts as not given."""

    module: Sequence[str] | None
    profile: Sequence[str] | None
    profile_auto_activation: bool | None
    propagate_profiles: bool | None
    artifact: Sequence[str] | None
    set: Sequence[str] | None
    remote_cache_dir: str | None
    sync_remote_cache: str | None
    tag: str | None
    default_repo: str | None
    multi_level_repo: bool | None
    insecure_registries: Sequence[str] | None
    push: bool | None
    platform: Sequence[str] | None
    disable_multi_platform_build: bool | None
    builder: str | None
    builders: Mapping[str, object] | None
    builder_timeout: int | None
    build_timeout: int | None
    other_builders: str | None
    cache_tag: str | None
    cache_repo: str | None
    cache_flags: Sequence[str] | None
    cache_mode: str | None
    cache_from: Sequence[str] | None
    cache_to: Sequence[str] | None
    lock_file: str | None
    no_cache: bool | None
    no_cache_filter: Sequence[str] | None
    cache_artifacts: bool | None
    artifact_cache: str | None
    artifact_cache_prefix: str | None
    cache_mounts: str | None
    cache_mount_image: str | None
    cache_mount_limit: str | None
    cache_file: str | None
    output: Sequence[str] | None
    attest: str | None
    sbom: bool | None
    reproducible: bool | None
    partial: bool | None
    concurrency: int | None
    batch: str | None
    batch_size: int | None
    keep_going: bool | None
    strict: bool | None
    retries: int | None
    progress: str | None
    skip_tests: bool | None
    ci_service: str | None
    kube_context: str | None
    kubeconfig: str | None
    local_cluster: bool | None
    kind_disable_load: bool | None
    k3d_disable_load: bool | None
    detect_minikube: bool | None


def as_flags(function: str, settings: Mapping[str, object]) -> dict[str, object]:
    """`settings` by the keys of the docs. Raises `TypeError` for an unknown one, as Python itself does."""
    unknown = [name for name in settings if name.replace("_", "-") not in KEYS or name == "filename"]
    if unknown:
        raise TypeError("\n".join(_unexpected(function, unknown)))
    return {name.replace("_", "-"): value for name, value in settings.items()}


def _unexpected(function: str, names: Iterable[str]) -> Iterable[str]:
    known = [key.replace("-", "_") for key in KEYS if key != "filename"]
    for name in names:
        near = difflib.get_close_matches(name, known, 1)
        meant = f". Did you mean {near[0]!r}?" if near else ""
        yield f"{function}() got an unexpected keyword argument {name!r}{meant}"

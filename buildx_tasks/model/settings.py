"""What the user wants, whatever the config says: every setting, its default, and where its value comes from.

This is the only home of defaults; `model.layers` makes `Settings` of what was said in which place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from buildx_tasks.model.ciservice import GITHUB, GITLAB

DEFAULT_CONCURRENCY = 4
DEFAULT_BATCH_SIZE = 10
OFF = "off"
LOCAL = "local"
REGISTRY = "registry"
ERROR = "error"
SKIP = "skip"
BY_SKAFFOLD = "skaffold"
PLAIN = "plain"
TTY = "tty"

CHOICES: dict[str, tuple[str, ...]] = {
    "cache-mode": ("auto", "read", "write", "off"),
    "artifact-cache": (LOCAL, REGISTRY, OFF),
    "cache-mounts": (OFF, "read", "write", "auto"),
    "other-builders": (ERROR, SKIP, BY_SKAFFOLD),
    "attest": ("auto", "none", "min", "max"),
    "progress": ("auto", PLAIN, TTY),
    "batch": ("auto", OFF),
    "sync-remote-cache": ("always", "missing", "never"),
    "ci-service": ("auto", GITHUB, GITLAB, OFF),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """One field per setting; None means "not said" where a later rule decides.

    The field ``cache_tag`` is the key ``cache-tag`` everywhere else. `origins` says for each key that is not
    a default which layer gave it.
    """

    # which configs and artifacts
    filename: str = ""
    module: tuple[str, ...] = ()
    profile: tuple[str, ...] = ()
    profile_auto_activation: bool = True
    propagate_profiles: bool = True
    artifact: tuple[str, ...] = ()
    set: tuple[str, ...] = ()
    remote_cache_dir: str = ""
    sync_remote_cache: str = "always"
    # names and places
    tag: str = ""
    default_repo: str | None = None
    multi_level_repo: bool | None = None
    insecure_registries: tuple[str, ...] = ()
    push: bool | None = None
    platform: tuple[str, ...] = ()
    disable_multi_platform_build: bool = False
    # builder and cache
    builder: str = ""
    builders: Mapping[str, object] = field(default_factory=dict)
    builder_timeout: int | None = None
    other_builders: str = ERROR
    cache_tag: str = ""
    cache_repo: str = ""
    cache_flags: tuple[str, ...] = ()
    cache_mode: str = "auto"
    cache_from: tuple[str, ...] = ()
    cache_to: tuple[str, ...] = ()
    lock_file: str = ""
    no_cache: bool = False
    no_cache_filter: tuple[str, ...] = ()
    cache_artifacts: bool = True
    artifact_cache: str = LOCAL
    artifact_cache_prefix: str = "bx-"
    cache_mounts: str = OFF
    cache_mount_image: str = "busybox"
    cache_mount_limit: str = "2g"
    cache_file: str = ""
    # what comes out
    output: tuple[str, ...] = ()
    attest: str = "auto"
    sbom: bool = False
    reproducible: bool = False
    partial: bool = False
    # how to run
    concurrency: int | None = None
    batch: str = "auto"
    batch_size: int = DEFAULT_BATCH_SIZE
    keep_going: bool = False
    strict: bool = False
    retries: int = 3
    build_timeout: int | None = None
    progress: str = "auto"
    skip_tests: bool = False
    ci_service: str = "auto"
    # cluster
    kube_context: str = ""
    kubeconfig: str = ""
    local_cluster: bool | None = None
    kind_disable_load: bool | None = None
    k3d_disable_load: bool | None = None
    detect_minikube: bool = True

    origins: Mapping[str, str] = field(default_factory=dict, compare=False)

    @property
    def caches_artifacts(self) -> bool:
        """Whether the artifact cache is used, in either of the settings that turn it off."""
        return self.cache_artifacts and self.artifact_cache != OFF


KEYS: tuple[str, ...] = tuple(item.name.replace("_", "-") for item in fields(Settings) if item.name != "origins")

CONFIG_KEYS: tuple[str, ...] = (
    "buildx-builder",
    "cache-tag",
    "cache-repo",
    "cache-flags",
    "default-repo",
    "multi-level-repo",
    "insecure-registries",
    "local-cluster",
    "kind-disable-load",
    "k3d-disable-load",
)
"""The keys of a global config file; ``buildx-builder`` there is the setting ``builder``."""

FROM_ONE = frozenset(("builder-timeout", "build-timeout", "batch-size"))
"""Numbers that a zero, or the -1 that stands for "not said" elsewhere, makes no sense for."""

ADDED_UP = frozenset(("insecure-registries", "builders"))
"""Keys whose layers add up, strongest first; every other key is taken from the strongest layer that has it."""

SKAFFOLD_ENVIRONMENT: dict[str, str] = {
    "SKAFFOLD_FILENAME": "filename",
    "SKAFFOLD_MODULE": "module",
    "SKAFFOLD_PROFILE": "profile",
    "SKAFFOLD_PROFILE_AUTO_ACTIVATION": "profile-auto-activation",
    "SKAFFOLD_PROPAGATE_PROFILES": "propagate-profiles",
    "SKAFFOLD_BUILD_IMAGE": "artifact",
    "SKAFFOLD_TAG": "tag",
    "SKAFFOLD_DEFAULT_REPO": "default-repo",
    "SKAFFOLD_INSECURE_REGISTRY": "insecure-registries",
    "SKAFFOLD_PUSH": "push",
    "SKAFFOLD_PLATFORM": "platform",
    "SKAFFOLD_DISABLE_MULTI_PLATFORM_BUILD": "disable-multi-platform-build",
    "SKAFFOLD_BUILD_CONCURRENCY": "concurrency",
    "SKAFFOLD_CACHE_ARTIFACTS": "cache-artifacts",
    "SKAFFOLD_CACHE_FILE": "cache-file",
    "SKAFFOLD_SKIP_TESTS": "skip-tests",
    "SKAFFOLD_KUBE_CONTEXT": "kube-context",
    "SKAFFOLD_KUBECONFIG": "kubeconfig",
    "SKAFFOLD_DETECT_MINIKUBE": "detect-minikube",
    "SKAFFOLD_REMOTE_CACHE_DIR": "remote-cache-dir",
    "SKAFFOLD_SYNC_REMOTE_CACHE": "sync-remote-cache",
    "BUILDX_BUILDER": "builder",
    "BUILDKIT_PROGRESS": "progress",
}
"""Environment variables that are a setting: Skaffold reads ``--foo-bar`` from ``SKAFFOLD_FOO_BAR`` as well."""

WITHOUT_EFFECT: dict[str, str] = {
    "SKAFFOLD_CHECK_CLUSTER_NODE_PLATFORMS": "the cluster's nodes are not asked: say the platforms",
    "SKAFFOLD_MINIKUBE_PROFILE": "name the kube-context instead, or set local-cluster",
    "SKAFFOLD_CMDLINE": "the command line is Invoke's",
    "SKAFFOLD_MUTE_LOGS": "--hide before the task's name hides build output, --quiet all of it",
}
"""Variables that change what Skaffold builds or shows and that nothing here reads, with what to do instead."""

ALIASES = {"buildx-builder": "builder"}

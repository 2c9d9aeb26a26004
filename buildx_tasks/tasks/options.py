"""The options of the build tasks as one table: name, help, and which setting they are.

Invoke reads a task's arguments from its signature, so `with_options` gives a task the signature that the table
says; that keeps `build`, `plan` and the others in step, and the reference page is made from the same table.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from buildx_tasks.errors import CannotStart
from buildx_tasks.model.settings import DEFAULT_BATCH_SIZE
from buildx_tasks.model.taskname import HELP
from buildx_tasks.tasks.task import task


@dataclass(frozen=True, slots=True)
class Option:
    """One argument. `name` is its Python spelling; a `repeat` one collects; a switch has the default False.

    `setting` is the settings key it sets; `value` is what a switch sets. An `optional` one is a boolean as Skaffold
    takes it: the bare flag means true, and ``--flag=false`` is possible.
    """

    name: str
    help: str
    setting: str = ""
    default: object = ""
    repeat: bool = False
    value: object = True
    optional: bool = False

    @property
    def flag(self) -> str:
        """The flag as typed."""
        return "--" + self.name.rstrip("_").replace("_", "-")


def _text(name: str, help_: str, setting: str = "", default: object = "") -> Option:
    return Option(name, help_, setting or name.replace("_", "-"), default)


def _list(name: str, help_: str, setting: str = "") -> Option:
    return Option(name, help_, setting or name.replace("_", "-"), None, repeat=True)


def _switch(name: str, help_: str, setting: str = "", *, value: object = True) -> Option:
    return Option(name, help_, setting or name.replace("_", "-"), False, value=value)


def _boolean(name: str, help_: str, setting: str = "") -> Option:
    return Option(name, help_, setting or name.replace("_", "-"), None, optional=True)


def _no(name: str, help_: str) -> Option:
    """The switch that sets a boolean to false."""
    return _switch(f"no_{name}", help_, name.replace("_", "-"), value=False)


SELECTION: tuple[Option, ...] = (
    _text("filename", "config file, - for standard input (default: skaffold.yaml, then skaffold.yml)"),
    _list("profile", "profile to apply, -NAME to switch one off; repeat or use commas"),
    _boolean("profile_auto_activation", "whether profiles may activate themselves (default: true)"),
    _no("profile_auto_activation", "apply only the profiles that are named"),
    _boolean("propagate_profiles", "whether profiles count in required configs too (default: true)"),
    _no("propagate_profiles", "apply the profiles to the config itself, not to what it requires"),
    _list("module", "only this config and what it requires; repeat or use commas"),
    _list(
        "artifact",
        "only artifacts whose image contains this (is this: =IMAGE), and what they need; repeat or use commas",
    ),
    _list("build_image", "the same as --artifact", "artifact"),
    _list("set_", "change a field of an artifact, such as app.docker.target=debug; repeat", "set"),
    _text("remote_cache_dir", "folder for clones of required repositories (default: ~/.skaffold/remote-cache)"),
    _text("sync_remote_cache", "when such clones are updated: always, missing or never"),
    _text("kube_context", "kube-context that profiles and pushing depend on (default: the current one)"),
    _text("kubeconfig", "kubeconfig file (default: $KUBECONFIG, then ~/.kube/config)"),
    _boolean("detect_minikube", "whether a kube-context of any name may be found to be minikube's (default: true)"),
    _no("detect_minikube", "take only a kube-context named minikube for minikube's"),
)

BUILD: tuple[Option, ...] = (
    _list("platform", "platform to build for, such as linux/arm64, or all; repeat or use commas"),
    _boolean("disable_multi_platform_build", "build for one platform even where several are given"),
    _text("tag", "tag for all images instead of the tag policy's"),
    _text("default_repo", "registry and path that images are moved to; empty for none", default=None),
    _list("insecure_registry", "registry to reach without checked TLS; repeat or use commas", "insecure-registries"),
    _boolean("push", "push the images, or with =false do not"),
    _no("push", "do not push the images"),
    _text("builder", "buildx builder, or off for plain docker build"),
    _text("builder_timeout", "seconds a builder may take to answer (default: 2; Kubernetes 10, on this machine 20)"),
    _text(
        "other_builders", "artifacts of jib, ko, bazel and the like: error, skip, or skaffold, which then builds them"
    ),
    _text("cache_tag", "tag of cache references that have none; a template"),
    _text("cache_repo", "registry and path that cache references of the artifacts are moved to"),
    _list("cache_flags", "attributes of derived cache exports, such as mode=max; repeat or use commas"),
    _list("cache_from", "cache to read instead of the config's; repeat"),
    _list("cache_to", "cache to write instead of the config's; repeat"),
    _text("cache_mode", "auto (write only when pushing), read, write or off"),
    _text("lock_file", "lock file with the digests of base images, or off (default: buildx.lock beside the config)"),
    _switch("no_cache", "build without any cache"),
    _list("no_cache_filter", "stage to build without cache; repeat or use commas"),
    _boolean("cache_artifacts", "skip artifacts whose inputs have not changed (default: true)"),
    _no("cache_artifacts", "build also artifacts whose inputs have not changed"),
    _text("cache_file", "file of the artifact cache"),
    _text("artifact_cache", "where known results are kept: local, registry (shared by all machines) or off"),
    _text("artifact_cache_prefix", "prefix of the tags that mark known results in a registry (default: bx-)"),
    _text("cache_mounts", "keep cache mounts in the registry: off, read, write, or auto (saves only when pushing)"),
    _text("cache_mount_image", "image with a shell and cp that restores and saves cache mounts (default: busybox)"),
    _text("cache_mount_limit", "largest cache mount that is saved, such as 500m (default: 2g)"),
    _list("output", "exporter besides or instead of push and load, such as type=oci,dest=image.tar; repeat"),
    _text("attest", "attestations: auto, none, min or max"),
    _boolean("sbom", "attach a software bill of materials"),
    _boolean("reproducible", "make images that come out the same each time: times of the commit, no attestations"),
    _switch("partial", "build some of the platforms and push them by digest, for buildx.merge"),
    _text("concurrency", "how many builds at once, 0 for all (default: 4)"),
    _text("build_concurrency", "the same as --concurrency", "concurrency"),
    _text("batch", "auto (several artifacts in one docker buildx bake) or off (each by a command of its own)"),
    _text("batch_size", f"how many artifacts one docker buildx bake builds at most (default: {DEFAULT_BATCH_SIZE})"),
    _text("build_timeout", "seconds that one artifact may take, hooks and push included (default: no limit)"),
    _text(
        "progress", "how builds are shown: auto, plain (every line as it comes) or tty (an error where that can't be)"
    ),
    _text(
        "ci_service",
        "CI service to write for: auto, github, gitlab or off (folded logs, annotations, summary, outputs)",
    ),
    _switch("keep_going", "after a failure, still build what does not need it"),
    _boolean("skip_tests", "tell custom build commands to skip their tests"),
    _switch("strict", "treat every warning as an error"),
)

RESULT: tuple[Option, ...] = (
    _boolean("quiet", "print the resulting JSON and nothing else"),
    _boolean("dry_run", "show the tags and stop"),
    _text("file_output", "write the result to this file, in Skaffold's format"),
    _text("metadata_output", "write a richer record of the result to this file"),
    _text("junit_output", "write the builds as JUnit XML to this file, also after a failure"),
    _text("summary_output", "write a summary of the builds as Markdown to this file, also after a failure"),
    _text("dotenv_output", "write image and digest of every build as variables to this file (dotenv report)"),
    _text("template", "Go template of what --quiet prints and --file-output writes (default: {{json .}})"),
)

FORMAT: tuple[Option, ...] = (
    Option(
        "format",
        "text (a table for more than ten artifacts), full, json, bake (a docker-bake.json), mermaid or dot (graphs)",
    ),
    Option("explain", "say what changed since the last known build of each artifact", default=False),
)


def with_options(*tables: tuple[Option, ...]) -> Callable[[Callable[..., Any]], Any]:
    """Make a task of ``body(c, given)``, where `given` maps every option's name to its value."""
    options = tuple(option for table in tables for option in table)

    def make(body: Callable[..., Any]) -> Any:
        def run(c: Any, **given: Any) -> Any:
            return body(c, {option.name: given.get(option.name, option.default) for option in options})

        run.__name__, run.__doc__, run.__module__ = body.__name__, body.__doc__, body.__module__
        keyword = inspect.Parameter.POSITIONAL_OR_KEYWORD
        parameters = [inspect.Parameter(option.name, keyword, default=option.default) for option in options]
        run.__signature__ = inspect.Signature([inspect.Parameter("c", keyword), *parameters])  # type: ignore[attr-defined]
        return task(
            run,
            positional=[],
            iterable=[option.name for option in options if option.repeat],
            optional=[option.name for option in options if option.optional],
            help={option.name: option.help for option in options},
        )

    return make


def flag_values(given: Mapping[str, Any], *tables: tuple[Option, ...]) -> dict[str, object]:
    """The settings that the flags set. What was not given sets nothing; an empty default-repo was given.

    Lists of two flags for one setting add up. Raises `CannotStart` for two flags that contradict each other.
    """
    values: dict[str, object] = {}
    said: dict[str, str] = {}
    for option in (option for table in tables for option in table if option.setting):
        value = given.get(option.name)
        if not _was_given(option, value):
            continue
        if option.optional and str(value).startswith("-"):
            raise _unknown(str(value), tables)
        value = option.value if option.default is False else value
        if option.setting in said and option.repeat:
            value = [*_items(values[option.setting]), *_items(value)]
        elif option.setting in said and str(values[option.setting]).lower() != str(value).lower():
            raise CannotStart(f"{said[option.setting]} and {option.flag} contradict each other", "give one of them")
        values[option.setting] = value
        said[option.setting] = option.flag
    return values


def chosen_format(given: object, forms: Collection[str]) -> str:
    """The value of ``--format``, "text" by default. Raises `CannotStart` for one that is not among `forms`."""
    form = str(given or "text")
    if form not in forms:
        raise CannotStart(f"--format can't be {form!r}", f"one of: {', '.join(forms)}")
    return form


def _unknown(word: str, tables: Iterable[Iterable[Option]]) -> CannotStart:
    """The error for an option that does not exist, which Invoke took for the value of the boolean before it."""
    import difflib

    near = difflib.get_close_matches(word, [option.flag for table in tables for option in table], 1)
    return CannotStart(f"there is no option {word}", f"did you mean {near[0]}?" if near else f"see {HELP} TASK")


def _was_given(option: Option, value: object) -> bool:
    return bool(value) or (value == "" and option.default is None and not option.repeat)


def _items(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple) else [value]

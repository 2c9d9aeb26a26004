"""The options of the build tasks as one table: name, help, and which setting they are.

Invoke reads a task's arguments from its signature, so `with_options` gives a task the signature that the table
says; that keeps `build`, `plan` and the others in step, and the reference page is made from the same table.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from buildx_tasks.tasks.guard import task


@dataclass(frozen=True, slots=True)
class Option:
    """One argument. `name` is its Python spelling; a `repeat` one collects; a switch has the default False.

    `setting` is the settings key it sets, "" when the task itself uses it; `value` is what a switch sets.
    """

    name: str
    help: str
    setting: str = ""
    default: object = ""
    repeat: bool = False
    value: object = True

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


SELECTION: tuple[Option, ...] = (
    _text("filename", "config file, - for standard input (default: skaffold.yaml, then skaffold.yml)"),
    _list("profile", "profile to apply, -NAME to switch one off; repeat or use commas"),
    _list("module", "only this config and what it requires; repeat or use commas"),
    _list("artifact", "only artifacts whose image contains this, and what they require; repeat or use commas"),
    _switch(
        "no_profile_auto_activation", "apply only the profiles that are named", "profile-auto-activation", value=False
    ),
    _list("set_", "change a field of an artifact, such as app.docker.target=debug; repeat", "set"),
    _text("kube_context", "kube-context that profiles and pushing depend on (default: the current one)"),
)

BUILD: tuple[Option, ...] = (
    _list("platform", "platform to build for, such as linux/arm64, or all; repeat or use commas"),
    _text("tag", "tag for all images instead of the tag policy's"),
    _text("default_repo", "registry and path that images are moved to; empty for none", default=None),
    _switch("push", "push the images"),
    _switch("no_push", "do not push the images", "push", value=False),
    _text("builder", "buildx builder, or off for plain docker build"),
    _text("cache_tag", "tag of cache references that have none; a template"),
    _list("cache_from", "cache to read instead of the config's; repeat"),
    _list("cache_to", "cache to write instead of the config's; repeat"),
    _text("cache_mode", "auto (write only when pushing), read, write or off"),
    _switch("no_cache", "build without any cache"),
    _list("no_cache_filter", "stage to build without cache; repeat or use commas"),
    _switch("no_cache_artifacts", "build also what has not changed", "cache-artifacts", value=False),
    _list("output", "exporter besides or instead of push and load, such as type=oci,dest=image.tar; repeat"),
    _text("attest", "attestations: auto, none, min or max"),
    _text("concurrency", "how many builds at once, 0 for all (default: 4)"),
    _switch("keep_going", "after a failure, still build what does not need it"),
    _switch("strict", "treat every warning as an error"),
)

RESULT: tuple[Option, ...] = (
    Option("quiet", "print the resulting JSON and nothing else", default=False),
    Option("dry_run", "show the tags and stop", default=False),
    Option("file_output", "write the result to this file, in Skaffold's format"),
    Option("metadata_output", "write a richer record of the result to this file"),
)

FORMAT: tuple[Option, ...] = (Option("format", "text, json or bake (a docker-bake.json)"),)


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
            help={option.name: option.help for option in options},
        )

    return make


def flag_values(given: Mapping[str, Any], *tables: tuple[Option, ...]) -> dict[str, object]:
    """The settings that the flags set. What was not given sets nothing; an empty default-repo was given."""
    values: dict[str, object] = {}
    for option in (option for table in tables for option in table if option.setting):
        value = given.get(option.name)
        if option.default is False:
            if value:
                values[option.setting] = option.value
        elif value or (value == "" and option.default is None and not option.repeat):
            values[option.setting] = value
    return values

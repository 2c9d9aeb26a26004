"""``buildx.config.*``: the user's global config, and which settings hold here and now."""

from __future__ import annotations

import difflib
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from invoke.collection import Collection
from invoke.context import Context

from buildx_tasks.errors import CannotStart, ConfigInvalid
from buildx_tasks.model.settings import ALIASES, KEYS, Settings
from buildx_tasks.reporting.settings import as_json, effective, settings_json, settings_text, value_text
from buildx_tasks.tasks.calling import as_called
from buildx_tasks.tasks.console import print_aside
from buildx_tasks.tasks.options import chosen_format
from buildx_tasks.tasks.task import task

if TYPE_CHECKING:
    from buildx_tasks.execution.pipeline import Run

FORMATS = ("text", "json")
TARGET_HELP = {
    "global": "change the section that holds for every kube-context",
    "kube-context": "kube-context whose section is changed (default: the current one, else the global section)",
}
SHOW_HELP = {
    "kube-context": "kube-context that the values are for (default: the current one)",
    "format": "text or json",
}


@task(name="set", help={"key": "key to set", "value": "its value; a list grows by it"} | TARGET_HELP)
def set_(c: Context, key: str, value: str, global_: bool = False, kube_context: str = "") -> None:
    """Set a key of the global config."""
    _change(c, key, value, everywhere=global_, kube_context=kube_context)


@task(help={"key": "key to unset"} | TARGET_HELP)
def unset(c: Context, key: str, global_: bool = False, kube_context: str = "") -> None:
    """Unset a key of the global config."""
    _change(c, key, "", everywhere=global_, kube_context=kube_context)


@task(help={"key": "a key of the global config, or any setting"} | SHOW_HELP)
def get(c: Context, key: str, kube_context: str = "", format: str = "text") -> None:  # noqa: A002 the flag's name
    """Show the value and the origin of a setting."""
    chosen_format(format, FORMATS)
    known = ALIASES.get(key, key)
    if known not in KEYS:
        near = difflib.get_close_matches(key, [*KEYS, *ALIASES], 1)
        raise CannotStart(
            f"unknown setting {key!r}", f"did you mean {near[0]}?" if near else f"known: {', '.join(KEYS)}"
        )
    settings, environ = _settings(c, kube_context)
    found = as_json(settings, key, environ)
    if format == "json":
        print(as_called(json.dumps(found)))
        return
    print(as_called(value_text(effective(settings, key))))
    print_aside(f"from: {found['from']}")


@task(name="list", help={"all": "print the global config files as they are"} | SHOW_HELP)
def list_(c: Context, all_: bool = False, kube_context: str = "", format: str = "text") -> None:  # noqa: A002
    """List all settings with their values and origins."""
    chosen_format(format, FORMATS)
    if all_:
        _print_files(format)
        return
    show = settings_json if format == "json" else settings_text
    print(as_called(show(*_settings(c, kube_context))))


def _change(c: Context, key: str, value: str, *, everywhere: bool, kube_context: str) -> None:
    from buildx_tasks.document.globalconfig.edit import parse_value
    from buildx_tasks.execution.config.globalconfig import change, own_path, shown

    parse_value(key, value)
    home = Path.home()
    path = own_path(os.environ, home)
    context = None if everywhere else kube_context or _current_context(c)
    if not everywhere and not context:
        context = None
        print_aside("no kube-context is set: this changes the global section")
    done = as_called(_said(key, value, context))
    if c.config.run.dry:
        print(f"{done} (dry run: {shown(path, home)} is not written)")
        return
    entry = change(path, home, key, value, context)
    print(done)
    if entry != context:
        print(
            f"the entry {entry or '*'!r} of {shown(path, home)} holds it, for every context it matches", file=sys.stderr
        )


def _said(key: str, value: str, context: str | None) -> str:
    """Skaffold's words for what was done."""
    verb, result = ("set", f"{key} to {value}") if value else ("unset", key)
    return f"{verb} global value {result}" if context is None else f"{verb} value {result} for context {context}"


def _current_context(c: Context) -> str:
    return _run(c, "").sources.kube_context()


def _run(c: Context, kube_context: str) -> Run:
    from buildx_tasks.tasks.runcontext import RunContext

    return RunContext.from_invoke(c).run({"kube-context": kube_context or None})


def _settings(c: Context, kube_context: str) -> tuple[Settings, Mapping[str, str]]:
    """The settings of a build here, and the environment; a config that can't be read has no ``.buildx:`` block."""
    from buildx_tasks.execution.docker.declared import with_builder_of_variables

    run = _run(c, kube_context)
    world = run.world
    try:
        settings = run.settings_without_building
    except (CannotStart, ConfigInvalid) as error:
        settings = run.outside
        world.notify(f"the config can't be read, so its .buildx block does not count: {error.message}")
    return with_builder_of_variables(settings, world.environ, world.cwd), world.environ


def _print_files(format_: str) -> None:
    from buildx_tasks.execution.config.globalconfig import own_path, read_text, shown, skaffold_path

    home = Path.home()
    paths = [own_path(os.environ, home), skaffold_path(os.environ, home)]
    texts = {shown(path, home): read_text(path, home) for path in paths if path.exists()}
    if format_ == "json":
        print(as_called(json.dumps(texts, indent=2)))
        return
    print(as_called("\n".join(f"{name}:\n{text.rstrip()}\n" for name, text in texts.items()).rstrip()))


ns = Collection("config", set_, unset, get, list_)

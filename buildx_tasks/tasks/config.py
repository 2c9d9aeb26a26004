"""``buildx.config.*``: the user's global config, and which settings hold here and now."""

from __future__ import annotations

import difflib
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from invoke.collection import Collection
from invoke.context import Context

from buildx_tasks.errors import CannotStart
from buildx_tasks.model.settings import ALIASES, KEYS, Settings
from buildx_tasks.reporting.settings import as_json, effective, settings_json, settings_text, value_text
from buildx_tasks.tasks.console import once, print_aside, print_warning, settings_from
from buildx_tasks.tasks.task import task

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
    """Show a setting's value and where it comes from."""
    _check_format(format)
    known = ALIASES.get(key, key)
    if known not in KEYS:
        near = difflib.get_close_matches(key, [*KEYS, *ALIASES], 1)
        raise CannotStart(
            f"unknown setting {key!r}", f"did you mean {near[0]}?" if near else f"known: {', '.join(KEYS)}"
        )
    environ = _environment()
    settings = _settings(c, kube_context, environ)
    found = as_json(settings, key, environ)
    if format == "json":
        print(json.dumps(found))
        return
    print(value_text(effective(settings, key)))
    print_aside(f"from: {found['from']}")


@task(name="list", help={"all": "print the global config files as they are"} | SHOW_HELP)
def list_(c: Context, all_: bool = False, kube_context: str = "", format: str = "text") -> None:  # noqa: A002
    """List every setting, its value and where it comes from."""
    _check_format(format)
    if all_:
        _print_files(format)
        return
    show = settings_json if format == "json" else settings_text
    environ = _environment()
    print(show(_settings(c, kube_context, environ), environ))


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
    done = _said(key, value, context)
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
    from buildx_tasks.execution.config.layers import kube_context
    from buildx_tasks.model.settings import environment_layer
    from buildx_tasks.tasks.defaults import invoke_layer

    environ = _environment()
    layers = [environment_layer(environ), invoke_layer(c, environ)]
    return kube_context(layers, environ, Path.home(), print_warning)


def _environment() -> Mapping[str, str]:
    from buildx_tasks.execution.config.envfile import load_environment_file

    return load_environment_file(Path.cwd(), os.environ, print_warning)


def _settings(c: Context, kube_context: str, environ: Mapping[str, str]) -> Settings:
    from buildx_tasks.execution.config.layers import read_block
    from buildx_tasks.execution.docker.declared import with_builder_of_variables

    flags, home, warn = {"kube-context": kube_context or None}, Path.home(), once(print_warning)
    outside = settings_from(c, flags, environ=environ, home=home, warn=warn)
    file, block = read_block(Path.cwd(), outside.filename)
    if block:
        outside = settings_from(c, flags, environ=environ, home=home, buildx_block=block, block_file=file, warn=warn)
    return with_builder_of_variables(outside, environ, Path.cwd())


def _print_files(format_: str) -> None:
    from buildx_tasks.execution.config.globalconfig import own_path, read_text, shown, skaffold_path

    home = Path.home()
    paths = [own_path(os.environ, home), skaffold_path(os.environ, home)]
    texts = {shown(path, home): read_text(path, home) for path in paths if path.exists()}
    if format_ == "json":
        print(json.dumps(texts, indent=2))
        return
    print("\n".join(f"{name}:\n{text.rstrip()}\n" for name, text in texts.items()).rstrip())


def _check_format(format_: str) -> None:
    if format_ not in FORMATS:
        raise CannotStart(f"unknown format {format_!r}", f"one of: {', '.join(FORMATS)}")


ns = Collection("config", set_, unset, get, list_)

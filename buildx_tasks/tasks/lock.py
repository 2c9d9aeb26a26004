"""``buildx.lock`` and ``buildx.outdated``: the digests of base images in one file."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from invoke.context import Context
from invoke.exceptions import Exit

from buildx_tasks.errors import FAILED, CannotStart
from buildx_tasks.tasks.calling import as_called
from buildx_tasks.tasks.options import BUILD, SELECTION, Option, chosen_format, flag_values, with_options

LOCKED = tuple(option for option in SELECTION if option.name not in ("artifact", "build_image", "module"))
COUNTING = ("platform", "disable_multi_platform_build", "insecure_registry", "lock_file", "strict")
WHAT = tuple(option for option in BUILD if option.name in COUNTING)
FORMATS = ("text", "json")
FORMAT = (Option("format", "text or json"),)
HOW = (
    Option("check", "write nothing; exit status 1 when images are not locked or not used", default=False),
    Option("update", "set the current digests: of all images, or of those named, with commas", "", None, optional=True),
)


@with_options(HOW, LOCKED, WHAT, FORMAT)
def lock(c: Context, given: Mapping[str, Any]) -> None:
    """Lock the digests of all base images of the config."""
    from buildx_tasks.tasks.runcontext import RunContext

    form, update = chosen_format(given["format"], FORMATS), given["update"]
    if given["check"] and update:
        raise CannotStart("--check and --update contradict each other", "give one of them")
    if isinstance(update, str) and update.startswith("-"):
        raise CannotStart(f"--update can't take {update}", "write it after another option, or name an image")
    context = RunContext.from_invoke(c)

    from buildx_tasks.execution.locking import lock_images
    from buildx_tasks.reporting.lock import lock_json, lock_text

    run = context.run(flag_values(given, LOCKED, WHAT))
    report = lock_images(run, check=bool(given["check"]), update=_updating(update), dry=bool(c.config.run.dry))
    sys.stdout.write(as_called(lock_json(report) if form == "json" else lock_text(report)))
    if given["check"] and (report.added or report.removed):
        raise Exit(code=FAILED)


@with_options(LOCKED, WHAT, FORMAT)
def outdated(c: Context, given: Mapping[str, Any]) -> None:
    """List the locked images whose tag has another digest now."""
    from buildx_tasks.tasks.runcontext import RunContext

    form = chosen_format(given["format"], FORMATS)
    context = RunContext.from_invoke(c)

    from buildx_tasks.execution.locking import find_outdated
    from buildx_tasks.reporting.lock import lock_json, outdated_text

    report = find_outdated(context.run(flag_values(given, LOCKED, WHAT)))
    sys.stdout.write(as_called(lock_json(report) if form == "json" else outdated_text(report)))
    if report.moved or any(one.problem for one in report.images):
        raise Exit(code=FAILED)


def _updating(value: object) -> bool | str:
    """What ``--update`` says: the bare flag, or text that may be a boolean as for other options."""
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    return value if isinstance(value, str) else bool(value)

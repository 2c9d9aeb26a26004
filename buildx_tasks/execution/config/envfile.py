"""``skaffold.env``: variables for this run that the environment does not have yet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from buildx_tasks.document.formats.dotenv import parse_dotenv

FILE = "skaffold.env"


def load_environment_file(
    cwd: Path, environ: Mapping[str, str], warn: Callable[[str], None] = lambda _line: None
) -> dict[str, str]:
    """`environ` with what ``skaffold.env`` in `cwd` adds; variables that are set already win, even empty ones.

    A missing file adds nothing. What can't be read is told to `warn` with its line and never stops the run;
    the file's other lines count.
    """
    try:
        text = (cwd / FILE).read_text(encoding="utf-8")
    except FileNotFoundError:
        return dict(environ)
    except OSError as error:
        warn(f"{FILE} is not used: {error.strerror}")
        return dict(environ)
    except UnicodeDecodeError:
        warn(f"{FILE} is not used: it is not UTF-8 text")
        return dict(environ)
    found = parse_dotenv(text)
    for line, problem in found.problems:
        warn(f"{FILE}:{line} is not used: {problem}")
    return {**found.values, **environ}

"""The same tasks without a ``tasks.py``: ``buildx-tasks schema.validate``.

What Invoke has no message for, and what only makes sense where the command line is ours alone, is dealt with here;
`invoke` itself is left as it is.
"""

from __future__ import annotations

import copy
import os
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from invoke.collection import Collection
from invoke.config import AmbiguousMergeError
from invoke.exceptions import AmbiguousEnvVar, Exit, ParseError, UncastableEnvVar, UnknownFileType
from invoke.program import Program

from buildx_tasks import __version__
from buildx_tasks.errors import CANNOT_START, INTERRUPTED
from buildx_tasks.model.taskname import PROGRAM
from buildx_tasks.tasks.calling import called_with
from buildx_tasks.tasks.letters import is_skaffolds, not_for_invoke
from buildx_tasks.tasks.mounting import namespace
from buildx_tasks.tasks.task import GuardedTask

TAKE_FILES = {"schema.validate": "--filename", "schema.upgrade": "--filename", "buildx.merge": "--part"}
"""Tasks behind which file names are the values of a flag."""
VALUED = ("--filename", "-f", "--format", "--to", "--part", "--platform", "--insecure-registry", "--template", "-o")
"""Flags with a value, besides those whose names end with ``-output``."""
_UNKNOWN = re.compile(r"No idea what '(.+)' is!", re.DOTALL)


class OurProgram(Program):
    """A program whose tasks are built in, and which reads the folder's ``invoke.yaml`` all the same."""

    def __init__(self, *, namespace: Collection, **kwargs: Any) -> None:
        own = copy.deepcopy(namespace)
        for name in own.task_names:
            if isinstance(task := own[name], GuardedTask):
                task.takes_letters = True
        super().__init__(namespace=own, **kwargs)

    def parse_collection(self) -> None:
        """Invoke reads a project's config beside its ``tasks.py``; here the current folder stands for that."""
        with self._refusals():
            self.config.set_project_location(str(Path.cwd()))
            self.config.load_project()
        super().parse_collection()

    def parse_core_args(self) -> None:
        """Invoke ends with status 1 for what it can't parse; a start that is not possible is 2 everywhere else here."""
        with self._refusals():
            super().parse_core_args()

    def parse_tasks(self) -> None:
        """As `parse_core_args`, and a name that is nearly right is named."""
        self.core.unparsed = with_file_names(self.core.unparsed)
        with self._refusals():
            super().parse_tasks()

    def parse_cleanup(self) -> None:
        """As `parse_tasks`, for ``--help TASK``; a shell that completes a word is given values too."""
        if self.args.complete.value:
            from buildx_tasks.tasks.completion import completed_values

            line = re.sub(rf"^({'|'.join(map(re.escape, self.binary_names))}) ", "", self.core.remainder)
            values = completed_values(line, os.environ, Path.cwd())
            if values is not None:
                print("\n".join(values))
                raise Exit
        with self._refusals():
            super().parse_cleanup()

    def update_config(self, merge: bool = True) -> None:
        """As Invoke does; a file that it can't use is named."""
        with self._refusals():
            super().update_config(merge)

    def execute(self) -> None:
        """As Invoke does; names in what the tasks say are those of this program."""
        with self._refusals():
            _check_keys(self.config.items())
            self.config.load_shell_env()
        with called_with(None):
            super().execute()

    @contextmanager
    def _refusals(self) -> Iterator[None]:
        try:
            yield
        except ParseError as error:
            raise Exit(f"{error}{self._near(error)}", CANNOT_START) from error
        except (AmbiguousMergeError, AmbiguousEnvVar, UncastableEnvVar, UnknownFileType) as error:
            raise Exit(f"the Invoke config can't be used: {error}", CANNOT_START) from error
        except Exception as error:
            if (said := _yaml_error(error)) is None:
                raise
            raise Exit(said, CANNOT_START) from error

    def _near(self, error: ParseError) -> str:
        """``did you mean …`` for a flag or a task that does not exist, on a line of its own."""
        import difflib

        found = _UNKNOWN.fullmatch(str(error))
        context = error.context
        if found is None and context is not None and context.name:
            return f"\nits arguments:  {PROGRAM} --help {context.name}"
        if found is None or not hasattr(self, "collection"):
            return ""
        word = found[1]
        if word.startswith("-"):
            flags = [*(context.flag_names() if context else ()), *self.initial_context.flag_names()]
            near = difflib.get_close_matches(word.partition("=")[0], [flag for flag in flags if len(flag) > 2], 1)
            task = f" {context.name}" if context is not None and context.name else ""
            return f"\ndid you mean {near[0]}?" if near else f"\nall flags: {PROGRAM} --help{task}"
        return f"\n{near_task(word, list(self.collection.task_names))}"


def near_task(word: str, names: list[str]) -> str:
    """What to do about a task that does not exist, among `names`: the tasks of a collection, a near name, or all."""
    import difflib

    if inside := [name for name in names if name.startswith(f"{word}.")]:
        return f"its tasks: {', '.join(inside)}"
    place, _, end = word.rpartition(".")
    beside = [name for name in names if place and name.rpartition(".")[0] == place]
    for known in (beside, names):
        ends = {name.rpartition(".")[2]: name for name in reversed(known)}
        if near := difflib.get_close_matches(end, list(ends), 1):
            return f"did you mean {ends[near[0]]}?"
    return f"all tasks: {PROGRAM} --list"


def with_file_names(words: list[str]) -> list[str]:
    """`words` in which files behind ``schema.validate``, ``schema.upgrade`` and ``buildx.merge`` have their flag.

    That is how tools such as pre-commit, and patterns of a shell, give a command the files to look at.
    """
    found: list[str] = []
    flag = ""
    for at, word in enumerate(words):
        if word in TAKE_FILES:
            flag = TAKE_FILES[word]
        elif flag and not word.startswith("-") and not _is_value(words[at - 1]) and _is_file(word, flag):
            found.append(flag)
        found.append(word)
    return found


def _is_file(word: str, flag: str) -> bool:
    """Whether a word names a file; of parts also one that is not there, which the task then says."""
    return Path(word).is_file() or (flag == "--part" and word.endswith(".json"))


def _is_value(before: str) -> bool:
    """Whether the word behind `before` is the value of that flag."""
    return before in VALUED or before.endswith("-output")


def _yaml_error(error: Exception) -> str | None:
    """What an error of YAML says; None for any other. Invoke may use a copy of its own, so it is known by its marks."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if mark is None:
        return None
    if is_skaffolds(mark.name):
        return str(not_for_invoke())
    return f"{mark.name}:{mark.line + 1}:{mark.column + 1}: {getattr(error, 'problem', error)}"


def _check_keys(items: Iterable[tuple[object, Any]], path: str = "") -> None:
    """End for a key that is no text, such as a number: Invoke makes variable names of all keys."""
    for key, value in items:
        if not isinstance(key, str):
            where = f"{path}{key} in the Invoke config"
            raise Exit(f"{where}: keys must be text\nput quotes around numbers", CANNOT_START)
        if hasattr(value, "items"):
            _check_keys(value.items(), f"{path}{key}.")


def main() -> None:
    """Run the command line; the entry point of ``buildx-tasks``."""
    try:
        OurProgram(name=PROGRAM, binary=PROGRAM, namespace=namespace(), version=__version__).run()
    except KeyboardInterrupt:  # before a task handles signals
        _end_interrupted()
    except SystemExit as end:
        if isinstance(end.__context__, KeyboardInterrupt):  # which Invoke makes status 1 of
            _end_interrupted()
        raise


def _end_interrupted() -> NoReturn:
    print("interrupted", file=sys.stderr)
    sys.exit(INTERRUPTED)

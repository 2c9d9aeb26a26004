"""Our tasks in somebody's ``tasks.py``: beside their own, and never in place of one.

What Invoke would have found in the module without us stays as it is; a name that is taken is an error that says how
to mount under another one.
"""

from __future__ import annotations

import copy
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from invoke.collection import Collection
from invoke.exceptions import Exit
from invoke.tasks import Task

from buildx_tasks.errors import BuildxTasksError, CannotStart
from buildx_tasks.model.settings import KEYS
from buildx_tasks.tasks import calling
from buildx_tasks.tasks.defaults import OWN_SECTION, SECTION

COLLECTIONS = ("buildx", "schema")
"""Modules of this package whose `ns` is a collection of tasks."""


class Namespace(Collection):
    """What `namespace` returns: a collection that names the tasks it leaves out, when Invoke looks at it.

    Invoke asks a module's `ns` whether it holds any tasks (its truth) once the module is loaded as a whole; only
    then is it known which tasks the module has.
    """

    left_out: Callable[[Namespace], str] | None = None

    def __bool__(self) -> bool:
        if self.left_out is not None and "--complete" not in sys.argv:
            warning, self.left_out = self.left_out(self), None
            if warning:
                print(f"WARNING: {warning}", file=sys.stderr)
        return super().__bool__()

    def add_task(self, task: Task[Any], name: str | None = None, *args: Any, **kwargs: Any) -> None:
        """As Invoke does; a name of ours is an error in a line."""
        with_name = self.transform(name or task.name)
        if with_name in self.collections:
            raise _exit(CannotStart(f"a task named {with_name} can't stand beside the tasks {with_name}.*", OTHER))
        super().add_task(task, name, *args, **kwargs)


OTHER = 'mount the tasks under another name:  ns = buildx_tasks.namespace(__name__, name="img")'


def namespace(module: str | None = None, name: str | None = None) -> Collection:
    """All tasks of buildx-tasks, for a ``tasks.py`` whose last line is ``ns = buildx_tasks.namespace(__name__)``.

    `module` is the ``__name__`` of the module whose tasks are kept: all that Invoke finds there, with aliases, the
    default task and configuration; without it the result holds no other tasks. They are ``buildx.*`` and
    ``schema.*``; with `name`, such as "img", ``img.build`` and ``img.schema.validate``. Raises Invoke's `Exit`, which
    ends `invoke` with one message, for names that are taken.
    """
    caller = sys._getframe(1).f_globals
    try:
        _check_name(name)
        variables = caller if module is None else _variables(module, caller)
        own = Namespace() if module is None else _own_tasks(variables)
        whole = _explicit(variables) is not None and module is not None
        section = _section(own, name, variables)
        ours = own_collection() if name is None else Collection(**{name: _renamed(name, section)})
        _check_free(own, ours, variables)
    except BuildxTasksError as error:
        raise _exit(error) from error
    for key, collection in ours.collections.items():
        if key not in own.collections:
            own.add_collection(collection, key)
    calling.MODULES[:] = [*(item for item in calling.MODULES if item != variables["__name__"]), variables["__name__"]]
    if not whole:
        own.left_out = lambda root: _left_out(root, variables, name)
    return own


def own_collection() -> Collection:
    """Our tasks under their own names."""
    root = Collection()
    for name in COLLECTIONS:
        root.add_collection(import_module(f"buildx_tasks.tasks.{name}").ns)
    return root


def _renamed(name: str, section: str) -> Collection:
    """``buildx.*`` as `name`, with ``schema`` in it."""
    mounted: Collection = copy.deepcopy(own_collection().collections["buildx"])
    mounted.name = name
    mounted.add_collection(own_collection().collections["schema"])
    if section != SECTION:
        mounted.configure({OWN_SECTION: {"section": section}})
    return mounted


def _check_name(name: str | None) -> None:
    if name is not None and not name.replace("-", "_").isidentifier():
        raise CannotStart(f"namespace(): {name!r} is not a name for a collection", 'give a word, such as name="img"')


def _variables(module: str, caller: Mapping[str, Any]) -> Mapping[str, Any]:
    """The variables of the module of this name: the caller's own, else those of one that is loaded."""
    if caller.get("__name__") == module:
        return caller
    if module not in sys.modules:
        raise CannotStart(f"namespace(): no module {module!r} is loaded", "write  buildx_tasks.namespace(__name__)")
    return vars(sys.modules[module])


def _own_tasks(variables: Mapping[str, Any]) -> Namespace:
    """What Invoke would find in the module if we were not there."""
    shell = ModuleType(str(variables["__name__"]))
    kept = {key: value for key, value in variables.items() if not isinstance(value, Namespace)}
    vars(shell).update(kept)
    own: Namespace = Namespace.from_module(shell)  # type: ignore[assignment]
    return own


def _explicit(variables: Mapping[str, Any]) -> Collection | None:
    """The collection in which the module lists its tasks itself, as Invoke looks for it."""
    found = [variables.get(key) for key in ("ns", "namespace")]
    return next((item for item in found if isinstance(item, Collection) and not isinstance(item, Namespace)), None)


def _section(own: Collection, name: str | None, variables: Mapping[str, Any]) -> str:
    """The section of the Invoke config that holds our settings: ``buildx``, or `name` when that one is not ours."""
    if SECTION not in (configured := own.configuration()):
        return SECTION
    value = configured[SECTION]
    known = {key.replace("-", "_") for key in KEYS}
    if not value or (isinstance(value, Mapping) and any(str(key).replace("-", "_") in known for key in value)):
        return SECTION
    if name is not None and name != SECTION:
        return name
    what = f"the keys {', '.join(map(str, value))}" if isinstance(value, Mapping) else repr(value)
    raise CannotStart(
        f"{_file(variables)} configures {SECTION} with {what}: none of them is a setting of buildx-tasks",
        f"{OTHER}  (then its settings are under img, too)",
    )


def _check_free(own: Collection, ours: Collection, variables: Mapping[str, Any]) -> None:
    """Raise for the names that are taken, all of them at once."""
    bodies = calling.own_bodies()
    taken = []
    for name in ours.collections:
        # Where tasks are named with underscores, Invoke turns dashes into those only after us.
        same = {name, name.replace("-", "_")}
        if same & set(own.tasks) or same & set(own.tasks.aliases):
            taken.append(f"a task named {name}")
        elif name in own.collections and not _is_ours(own.collections[name], bodies):
            taken.append(f"a collection named {name}")
    if taken:
        raise CannotStart(f"{_file(variables)} has {' and '.join(taken)} already", OTHER)


def _is_ours(collection: Collection, bodies: Mapping[Callable[..., Any], str]) -> bool:
    return all(collection[name].body in bodies for name in collection.task_names)


def _left_out(root: Collection, variables: Mapping[str, Any], name: str | None) -> str:
    """A warning that names the module's tasks which are not in `root`, "" when all are or it is no module's root."""
    if all(variables.get(key) is not root for key in ("ns", "namespace")):
        return ""
    known = {root[item].body for item in root.task_names}
    lost = sorted(task.name for task in _tasks(variables) if task.body not in known)
    if not lost:
        return ""
    call = "namespace(__name__)" if name is None else f"namespace(__name__, name={name!r})"
    return (
        f"{_file(variables)}: the tasks {', '.join(lost)} are missing from its namespace\n"
        f"write as the last line:  ns = buildx_tasks.{call}"
    )


def _tasks(variables: Mapping[str, Any]) -> Iterator[Task[Any]]:
    return (value for value in variables.values() if isinstance(value, Task))


def _file(variables: Mapping[str, Any]) -> str:
    """The module's file as seen from here, or its name."""
    file = variables.get("__file__")
    if not file:
        return str(variables.get("__name__"))
    shown = os.path.relpath(file)
    return file if shown.startswith(f"..{os.sep}..") else str(Path(shown))


def _exit(error: BuildxTasksError) -> Exit:
    """The one exception that Invoke prints as a message while it loads a ``tasks.py``."""
    return Exit(str(error), error.exit_code)

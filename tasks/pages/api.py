"""`docs/api.md`: the Python API, from its signatures and docstrings."""

from __future__ import annotations

import dataclasses
import inspect
from typing import Any

import buildx_tasks
from buildx_tasks import errors, testing
from buildx_tasks.model import config, finding, plan, request, result
from buildx_tasks.model.arguments import SettingArguments
from tasks.pages.settings import MEANINGS

HEAD = """\
# API reference

<!-- Made by `invoke docs.generate` from the docstrings of buildx_tasks: change them there. -->

The public functions and classes, with their docstrings. How they are used: [Python](python.md) and
[from nox](nox.md).

```python
import buildx_tasks

plan = buildx_tasks.plan(default_repo="localhost:5000")
```
"""

FUNCTIONS = ("load", "plan", "build", "validate_text", "upgrade_text", "namespace")
VALUES = (
    plan.BuildPlan,
    plan.BuildStep,
    request.BuildRequest,
    result.Results,
    result.ArtifactResult,
    result.Failure,
    result.PlatformManifest,
    config.Config,
    config.Artifact,
    config.DockerArtifact,
    config.CustomArtifact,
    finding.Finding,
)
ERRORS = (
    errors.BuildxTasksError,
    errors.WorkFailed,
    errors.CannotStart,
    errors.ConfigInvalid,
    errors.NothingSelected,
    errors.EngineUnfit,
    errors.UpgradeRefused,
    errors.Interrupted,
)
WIDTH = 100


def api_page() -> str:
    """The whole page."""
    functions = [_function(f"buildx_tasks.{name}", getattr(buildx_tasks, name)) for name in FUNCTIONS]
    project = buildx_tasks.Project
    methods = [
        _function(f"Project.{name}", member, level=3)
        for name, member in vars(project).items()
        if inspect.isfunction(member) and not name.startswith("_")
    ]
    return "\n".join(
        (
            HEAD,
            *functions,
            _class("buildx_tasks.Project", project, signature=True),
            *methods,
            _settings(),
            "## Values\n\nThe results of the functions are frozen dataclasses.\n",
            *(_class(value.__name__, value, level=3) for value in VALUES),
            "## Errors\n\nIn `buildx_tasks.errors`.\n",
            *(_error(error) for error in ERRORS),
            "## Testing\n\nIn `buildx_tasks.testing`; see [test your tasks.py](testing.md).\n",
            _class("TasksFile", testing.TasksFile, signature=True, level=3),
        )
    )


def _function(name: str, function: Any, level: int = 2) -> str:
    return f"{'#' * level} {name}\n\n{_signature(name, function)}\n{_doc(function)}\n"


def _class(name: str, kind: Any, *, signature: bool = False, level: int = 2) -> str:
    shown = f"{_signature(name, kind)}\n" if signature else ""
    return f"{'#' * level} {name}\n\n{shown}{_doc(kind)}\n{_fields(kind)}"


def _error(error: type[errors.BuildxTasksError]) -> str:
    base = error.__bases__[0].__name__
    return f"### {error.__name__}\n\n{_doc(error)}\n\nA kind of `{base}`; `exit_code` is {error.exit_code}.\n"


def _settings() -> str:
    head = "`**settings` of the functions and of `Project`. Where each can be set elsewhere: [settings](settings.md)."
    rows = [
        f"| `{name}` | `{_code(kind)}` | {MEANINGS[name.replace('_', '-')]} |"
        for name, kind in SettingArguments.__annotations__.items()
    ]
    return "\n".join(
        ("## Settings as arguments", "", head, "", "| argument | type | meaning |", "|---|---|---|", *rows, "")
    )


def _fields(kind: Any) -> str:
    """The fields of a dataclass, then its properties, as tables."""
    fields = dataclasses.fields(kind) if dataclasses.is_dataclass(kind) else ()
    properties = {
        name: member for name, member in vars(kind).items() if isinstance(member, property) and not name.startswith("_")
    }
    text = ""
    if fields:
        rows = [f"| `{field.name}` | `{_code(field.type)}` |" for field in fields]
        text += "\n".join(("", "| field | type |", "|---|---|", *rows, ""))
    if properties:
        rows = [
            f"| `{name}` | `{_code(member.fget.__annotations__['return'])}` | {_first_sentence(member)} |"
            for name, member in properties.items()
        ]
        text += "\n".join(("", "| property | type | meaning |", "|---|---|---|", *rows, ""))
    return text


def _first_sentence(thing: Any) -> str:
    return _doc(thing).partition("\n\n")[0].replace("\n", " ")


def _code(annotation: object) -> str:
    """An annotation as it is in the code, for a table; a bar would end the cell."""
    text = getattr(annotation, "__forward_arg__", annotation)
    return str(text).replace("|", "\\|")


def _doc(thing: Any) -> str:
    return inspect.cleandoc(thing.__doc__ or "")


def _signature(name: str, function: Any) -> str:
    """A fenced call with every argument; one argument a line where they do not fit in one."""
    found = inspect.signature(function)
    words = [_argument(one) for one in found.parameters.values() if one.name != "self"]
    keyword_only = [at for at, one in enumerate(found.parameters.values()) if one.kind is one.KEYWORD_ONLY]
    if keyword_only:
        words.insert(keyword_only[0] - ("self" in found.parameters), "*")
    returned = (
        "" if found.return_annotation in (inspect.Signature.empty, None, "None") else f" -> {found.return_annotation}"
    )
    line = f"{name}({', '.join(words)}){returned}"
    if len(line) > WIDTH:
        line = "\n".join((f"{name}(", *(f"    {word}," for word in words), f"){returned}"))
    return f"```python\n{line}\n```\n"


def _argument(one: inspect.Parameter) -> str:
    stars = "**" if one.kind is one.VAR_KEYWORD else ""
    kind = "" if one.annotation is one.empty else f": {one.annotation}"
    if one.default is one.empty:
        return f"{stars}{one.name}{kind}"
    # A function as a default has an address in its text, which differs in each process.
    default = "..." if callable(one.default) else repr(one.default)
    return f"{one.name}{kind} = {default}"

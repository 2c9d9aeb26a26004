"""From what was said in several places to settings: plain mappings of kebab-case keys, strongest first.

`resolve` folds them into one `Settings`, so later code never asks whether something is set.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

from buildx_tasks.errors import CannotStart
from buildx_tasks.model.settings import (
    ADDED_UP,
    ALIASES,
    CHOICES,
    FROM_ONE,
    KEYS,
    OFF,
    PLAIN,
    SKAFFOLD_ENVIRONMENT,
    Settings,
)

TRUES = frozenset(("1", "t", "true", "yes", "y", "on"))
FALSES = frozenset(("0", "f", "false", "no", "n", "off"))

FLAG = "flag"
ENVIRONMENT = "environment"
INVOKE = "Invoke config"
BLOCK = ".buildx block"
ADVERTISED = "kube-context"
"""How the origin of a value begins that the cluster of the kube-context told us."""


@dataclass(frozen=True, slots=True)
class Layer:
    """Where values come from, in words a user knows ("flag", "invoke config" …), and the values by key."""

    name: str
    values: Mapping[str, object]


def environment_layer(environ: Mapping[str, str]) -> Layer:
    """The settings that environment variables carry.

    An empty SKAFFOLD_DEFAULT_REPO counts as given, as in Skaffold; other empty variables do not. Of
    BUILDKIT_PROGRESS, which is set for all of docker, "plain" alone says something here.
    """
    values: dict[str, object] = {}
    for variable, key in SKAFFOLD_ENVIRONMENT.items():
        value = environ.get(variable)
        if key == "progress" and value != PLAIN:
            continue
        if value or (value is not None and key == "default-repo"):
            values[key] = value
    return Layer(ENVIRONMENT, values)


def block_layer(block: Mapping[str, object], file: str = "skaffold.yaml") -> Layer:
    """The settings of a config's ``.buildx:`` block, whose keys are written as in a config: ``cacheTag``."""
    values = {
        re.sub("[A-Z]", lambda letter: f"-{letter[0].lower()}", key): value
        for key, value in block.items()
        if key != "artifacts"
    }
    return Layer(f"{BLOCK} of {file}", values)


def is_from_global_config(settings: Settings, key: str) -> bool:
    """Whether no place that belongs to this run or its config set `key`: at most a global config file did."""
    return not settings.origins.get(key, "").startswith((FLAG, ENVIRONMENT, INVOKE, BLOCK))


def resolve(layers: Sequence[Layer]) -> Settings:
    """Fold `layers`, strongest first, into settings. Raises `CannotStart` for unknown keys and unfit values."""
    chosen: dict[str, object] = {}
    origins: dict[str, str] = {}
    for layer in layers:
        for raw_key, value in layer.values.items():
            key = _known(raw_key, layer)
            if value is None:
                continue
            converted = _convert(key, value, layer)
            if converted is None:
                continue
            if key in ADDED_UP and key in chosen:
                chosen[key] = _added(chosen[key], converted)
            elif key not in chosen:
                chosen[key] = converted
                origins[key] = layer.name
    values = {key.replace("-", "_"): value for key, value in chosen.items()}
    return Settings(**values, origins=origins)  # type: ignore[arg-type]


def _added(first: object, second: object) -> object:
    if isinstance(first, Mapping) and isinstance(second, Mapping):
        return {**second, **first}
    both = (*as_tuple(first), *as_tuple(second))
    return tuple(dict.fromkeys(both))


def _known(raw_key: str, layer: Layer) -> str:
    key = raw_key.replace("_", "-")
    key = ALIASES.get(key, key)
    if key in KEYS:
        return key
    near = difflib.get_close_matches(key, KEYS, 1)
    hint = f"did you mean {near[0]}?" if near else f"known settings: {', '.join(KEYS)}"
    raise CannotStart(f"unknown setting {raw_key!r} in {layer.name}", hint)


_KINDS = {"bool": "boolean", "int": "number", "tuple": "list", "Mapping": "mapping", "str": "text"}
_TYPES = {item.name.replace("_", "-"): re.split(r"\W", str(item.type))[0] for item in fields(Settings)}


def kind_of(key: str) -> str:
    """What a setting holds: "text", "boolean", "number", "list" or "mapping"; global config keys are settings too."""
    return _KINDS[_TYPES[ALIASES.get(key, key)]]


def _convert(key: str, value: object, layer: Layer) -> object:
    kind = kind_of(key)
    if kind == "boolean":
        return as_boolean(value, f"{key} in {layer.name}")
    if kind == "number":
        number = _as_integer(value, f"{key} in {layer.name}")
        if key in FROM_ONE and not number:
            raise CannotStart(f"{key} in {layer.name} must be at least 1, not {value!r}")
        return number
    if key == "builder" and str(value).startswith("-"):
        raise CannotStart(
            f"builder in {layer.name} can't begin with a dash: {value!r}", "docker would take it for a flag"
        )
    parts = value if kind == "list" and isinstance(value, list | tuple) else (value,)
    if kind != "mapping" and any(isinstance(part, Mapping | list | tuple) for part in parts):
        raise CannotStart(
            f"{key} in {layer.name} must be {'a list of texts' if kind == 'list' else kind}, not {value!r}"
        )
    if kind == "list":
        return as_tuple(value, commas=key not in ("cache-from", "cache-to", "output", "set"))
    if kind == "mapping":
        if isinstance(value, Mapping):
            return value
        raise CannotStart(f"{key} in {layer.name} must be a mapping, not {value!r}")
    text = OFF if value is False and OFF in CHOICES.get(key, ()) else str(value)
    if key in CHOICES and text not in CHOICES[key]:
        raise CannotStart(f"{key} in {layer.name} can't be {text!r}", f"one of: {', '.join(CHOICES[key])}")
    return text


def as_boolean(value: object, what: str) -> bool:
    """A boolean from any usual spelling. Raises `CannotStart`, which names it as `what`."""
    if isinstance(value, bool):
        return value
    text = str(value).strip().lower()
    if text in TRUES or text in FALSES:
        return text in TRUES
    raise CannotStart(f"{what} must be true or false, not {value!r}")


def _as_integer(value: object, what: str) -> int | None:
    """A count; a negative one stands for "not said", as Skaffold's -1 does."""
    try:
        number = int(str(value))
    except ValueError:
        raise CannotStart(f"{what} must be a whole number, not {value!r}") from None
    return number if number >= 0 else None


def as_tuple(value: object, *, commas: bool = True) -> tuple[str, ...]:
    """A list from a list or from one string; `commas` says whether commas separate, as in Skaffold's flags."""
    parts = [value] if isinstance(value, str) else list(value) if isinstance(value, list | tuple) else [str(value)]
    texts = [str(part) for part in parts]
    if commas:
        texts = [piece.strip() for text in texts for piece in text.split(",")]
    return tuple(text for text in texts if text)

"""JSON patches of profiles: their paths follow every move, and their values are migrated like the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from buildx_tasks.document.migrations.hop import Hop, Migration
from buildx_tasks.document.yaml.tree import Box, Child, Leaf, Map, OddShape, Seq, Value, copy, make

Rule = tuple[str, ...]
"""A path pattern (``*`` stands for one segment) and the paths that take its place; none: it is dropped."""

BY_HAND = "!"
"""The place of a path that only a person can rewrite: the patch stays, and that is told."""


@dataclass(frozen=True, slots=True)
class Around:
    """What a profile's patches are applied to: the profile, laid over the main pipeline."""

    main: Map
    profile: Map

    def owner(self, *keys: str) -> tuple[Map, list[Child]]:
        """The pipeline whose list at these keys counts (the profile's when it has items) and the items."""
        for pipeline in (self.profile, self.main):
            box: Map | None = pipeline
            for key in keys[:-1]:
                box = box.map(key) if box is not None else None
            found = box.seq(keys[-1]) if box is not None else None
            if found is not None and len(found):
                return pipeline, found.real()
        return self.main, []

    def item(self, number: str, *keys: str) -> Map | None:
        """The mapping that stands at this position of that list."""
        _, items = self.owner(*keys)
        value = items[int(number)].value if number.isdigit() and int(number) < len(items) else None
        return value if isinstance(value, Map) else None


@dataclass(frozen=True, slots=True)
class Target:
    """A new place for a patch; `value` when the place needs one that the migration alone can't know."""

    path: str
    value: str | None = None


@dataclass(frozen=True, slots=True)
class Patch:
    """One patch of a profile: `entry` is the item of the list, `box` its content."""

    entry: Child
    box: Map

    @property
    def op(self) -> str:
        """What it does: "replace" when it does not say."""
        return self.box.text("op") or "replace"

    @property
    def path(self) -> str:
        """Where, as a JSON pointer."""
        return self.box.text("path")

    @property
    def segments(self) -> list[str]:
        """The parts of the path, as they are written."""
        return self.path.split("/")[1:]


Special = Callable[[Patch, Around, Hop], "list[Target] | None"]
"""For moves that depend on what is around a patch; None when it has nothing to say."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One version step with code: how a pipeline changes, and where patch paths go."""

    migrate: Migration
    rules: tuple[Rule, ...] = ()
    special: Special | None = None


def redirect(path: str, rules: tuple[Rule, ...]) -> list[Target] | None:
    """The places that the first matching rule gives a path; None when no rule matches."""
    segments = path.split("/")[1:]
    for pattern, *targets in rules:
        wanted = pattern.split("/")[1:]
        pairs = list(zip(wanted, segments, strict=False))
        if len(pairs) == len(wanted) and all(want in ("*", have) for want, have in pairs):
            stars = [have for want, have in pairs if want == "*"]
            return [Target(_fill(target, stars, segments[len(wanted) :])) for target in targets]
    return None


def _fill(target: str, stars: list[str], rest: list[str]) -> str:
    if target == BY_HAND:
        return target
    caught = iter(stars)
    return "/".join([next(caught) if part == "*" else part for part in target.split("/")] + rest)


def rewrite(profile: Map, around: Around, step: Step, hop: Hop) -> None:
    """Take all patches of a profile through a step; runs before the step changes what is around them."""
    patches = profile.seq("patches")
    if patches is None:
        return
    added: list[Child] = []
    for patch in [Patch(child, child.value) for child in patches.real() if isinstance(child.value, Map)]:
        special = step.special(patch, around, hop) if step.special is not None else None
        targets = redirect(patch.path, step.rules) if special is None else special
        if targets is not None and any(target.path == BY_HAND for target in targets):
            hop.tell(patch.entry, f"the patch of {patch.path} must be rewritten by hand for skaffold/{hop.version}")
        elif targets == []:
            hop.tell(patch.entry, f"dropped the patch of {patch.path}: skaffold/{hop.version} has no such setting")
            patches.drop(patch.entry)
        else:
            inside = Hop(hop.version, hop.target)
            added += _apply(patch, targets, step, inside)
            hop.refusals += inside.refusals
            hop.notes += inside.notes if special is None else ()
    for child in added:
        patches.append(child)


def _apply(patch: Patch, targets: list[Target] | None, step: Step, hop: Hop) -> list[Child]:
    """Point the patch at its first place; more places are patches of their own, which are returned."""
    value = patch.box.find("value")
    # What no rule names does not move: then only a value with something inside can hold what does.
    concerned = targets is not None or (value is not None and isinstance(value.value, Box))
    graft = _Graft(patch.path, value, step, hop) if value is not None and concerned else None
    places = targets or [Target(patch.path)]
    origins = _origins(patch, step)
    twins = [_twin(patch, target, graft, origins[min(at, len(origins)) - 1]) for at, target in enumerate(places[1:], 2)]
    if graft is not None:
        if patch.op in ("add", "replace"):
            twins += [_twin(patch, Target(path), graft, "", found) for path, found in graft.extras(places)]
        graft.move_value(places[0], hop)
    if places[0].path != patch.path:
        patch.box.put("path", make(places[0].path))
    if origins[0] != patch.box.text("from"):
        patch.box.put("from", make(origins[0]))
    return twins


def _origins(patch: Patch, step: Step) -> list[str]:
    """Where a patch that moves or copies takes its value from, for each of its places; "" for other patches."""
    source = patch.box.text("from")
    moved = redirect(source, step.rules) if source else None
    return [target.path for target in moved] if moved and moved[0].path != BY_HAND else [source]


def _twin(patch: Patch, target: Target, graft: _Graft | None, origin: str, extra: Child | None = None) -> Child:
    box = Map()
    op = patch.box.find("op")
    if extra is not None:
        box.insert(Child("op", make("add")))
    elif op is not None:
        box.insert(Child("op", copy(op.value)))
    box.insert(Child("path", make(target.path)))
    if origin:
        box.insert(Child("from", make(origin)))
    if extra is not None:
        box.insert(Child("value", extra.value)).left.append(extra)
    elif graft is not None:
        box.insert(Child("value", graft.value_for(target)))
    return Child("", box)


def is_item(segment: str) -> bool:
    """Whether a path segment names a list item: a position, the end, or a search such as ``image=x``."""
    return segment.isdigit() or segment == "-" or "=" in segment


def unescape(segment: str) -> str:
    """A path segment as the key it stands for."""
    return segment.replace("~1", "/").replace("~0", "~")


class _Graft:
    """A patch's value set into a pipeline that holds nothing else, taken through the step there."""

    def __init__(self, path: str, child: Child, step: Step, hop: Hop) -> None:
        self.child = child
        self.value = child.value
        self.parts = set(_identities(child.value))
        self.root = Map()
        self.scaffold: dict[int, str] = {}
        if not path.startswith("/") or path == "/":
            return
        self._build(path.split("/")[1:])
        try:
            step.migrate(self.root, hop)
        except OddShape as odd:
            raise OddShape(child, f"what {path} takes: {odd.wanted}") from None

    def _build(self, segments: list[str]) -> None:
        box: Box = self.root
        for segment, following in zip(segments, [*segments[1:], None], strict=True):
            self.scaffold[id(box)] = segment
            value: Value = self.value
            if following is not None:
                value = Seq() if is_item(following) else Map()
            box.insert(Child(unescape(segment) if isinstance(box, Map) else "", value))
            if following is not None:
                assert isinstance(value, Box)
                box = value

    def _find(self, path: str) -> Value | None:
        value: Value | None = self.root if self.scaffold else None
        for segment in path.split("/")[1:]:
            if isinstance(value, Map):
                child = value.find(unescape(segment))
                value = child.value if child is not None else None
            elif isinstance(value, Seq):
                value = next((child.value for child in value.real()), None)
            else:
                return None
        return value

    def value_for(self, target: Target) -> Value:
        """A copy of the value that belongs at this place."""
        if target.value is not None:
            return make(target.value)
        found = self._find(target.path)
        return copy(self.value if found is None else found)

    def extras(self, targets: list[Target]) -> list[tuple[str, Child]]:
        """What the step took out of the value to other places than the targets."""
        taken = [target.path + "/" for target in targets]
        return [
            (path, child)
            for path, child in self._strays(self.root, "")
            if not any(place.startswith(path + "/") or path.startswith(place) for place in taken)
        ]

    def _strays(self, box: Map | Seq, path: str) -> Iterator[tuple[str, Child]]:
        for child in box.real():
            value = child.value
            here = f"{path}/{child.key if isinstance(box, Map) else self.scaffold.get(id(box), '-')}"
            if value is self.value:
                continue
            if not isinstance(value, Leaf) and (id(value) in self.scaffold or is_fresh(value)):
                yield from self._strays(value, here)
            elif value.copied or not self.parts.isdisjoint(_identities(value)):
                yield here, child

    def move_value(self, target: Target, hop: Hop) -> None:
        """Give the patch its value back, as it is at its new place."""
        found = make(target.value) if target.value is not None else self._find(target.path)
        if found is None or found is self.value or id(found) in self.scaffold:
            self.value.up = self.child
            if isinstance(self.value, Box) and self.value.touched and self.child.owner is not None:
                self.child.owner.touch()
                if found is None:
                    what = f"the value of the patch of {target.path} has no place in skaffold/{hop.version}"
                    hop.refuse(self.child, what, "rewrite or remove the patch by hand")
            return
        if found.up is not None:
            self.child.left.append(found.up)
        self.child.replace(found)
        if id(self.value) in set(_identities(found)):
            self.child.lost.pop()


def is_fresh(value: Value) -> bool:
    """Whether a step made this map, so that only what is in it came from somewhere."""
    return isinstance(value, Map) and value.source is None and value.data is None


def _identities(value: Value) -> Iterator[int]:
    yield id(value)
    if not isinstance(value, Leaf):
        for child in value.real():
            yield from _identities(child.value)

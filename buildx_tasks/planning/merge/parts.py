"""Which parts make which image, and whether they are all there and belong together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from buildx_tasks.errors import BuildxTasksError, CannotStart, raise_all
from buildx_tasks.model.partial import Part
from buildx_tasks.model.platform import Platform, PlatformSet, format_platforms, parse_platforms
from buildx_tasks.model.result import FAILED
from buildx_tasks.model.taskname import task_command

HOST = Platform(os="linux", arch="amd64")
"""Completes what a list of platforms leaves out; part files have whole names."""
BUILD = f"{task_command('buildx.build')} --partial"
SHORT_COMMIT = 12


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageMerge:
    """One image of several `parts`, which are in the order of the `platforms` that it must have."""

    image: str
    tags: tuple[str, ...]
    platforms: PlatformSet
    parts: tuple[Part, ...]

    @property
    def runtime_type(self) -> str:
        """Skaffold's field of that name."""
        return next((part.runtime_type for part in self.parts if part.runtime_type), "")


def plan_merge(parts: Sequence[Part], platforms: Iterable[str] = ()) -> tuple[ImageMerge, ...]:
    """What is to be merged, by image in the order of the parts.

    `platforms` are those of images whose config names none. A part that is given twice counts once. Raises
    `CannotStart` with all that is missing or contradicts another part.
    """
    problems = list(_commits(parts))
    wanted = parse_platforms(platforms, HOST)
    merges: list[ImageMerge] = []
    for image in dict.fromkeys(part.image for part in parts):
        own = [part for part in parts if part.image == image]
        found = [*_disagreements(image, own)]
        if not found:
            merge = _merge(image, own, wanted)
            found = [*_missing(merge, own)]
            merges.append(merge)
        problems += found
    raise_all(problems)
    return tuple(merges)


def _commits(parts: Sequence[Part]) -> Iterator[BuildxTasksError]:
    """All parts of a merge are of one commit, also those of different images."""
    commits = _by(parts, lambda part: part.partial.commit[:SHORT_COMMIT])
    commits.pop("", None)
    if len(commits) > 1:
        yield CannotStart(
            f"the parts are of different commits: {_listed(commits)}",
            "merge the result files of one pipeline, and remove those of earlier ones",
        )


def _disagreements(image: str, parts: Sequence[Part]) -> Iterator[BuildxTasksError]:
    tags = _by(parts, lambda part: ", ".join(part.partial.tags))
    if len(tags) > 1:
        yield CannotStart(
            f"artifact {image!r}: its parts want different tags: {_listed(tags)}",
            "give all jobs the same tag, for example:  --tag $COMMIT",
        )
    expected = _by(parts, lambda part: format_platforms(_parsed(part.partial.expected)))
    if len(expected) > 1:
        yield CannotStart(
            f"artifact {image!r}: its parts expect different platforms: {_listed(expected)}",
            "build all parts from the same config and profiles",
        )
    annotations = _by(parts, lambda part: repr(sorted(part.partial.index_annotations)))
    if len(annotations) > 1:
        files = ", ".join(name for names in annotations.values() for name in names)
        yield CannotStart(
            f"artifact {image!r}: its parts want different annotations of the index ({files})",
            "annotations of the index must not depend on the job or the time",
        )


def _merge(image: str, parts: Sequence[Part], wanted: PlatformSet) -> ImageMerge:
    expected = _parsed(parts[0].partial.expected) or wanted
    built = {part.digest: part for part in reversed(parts) if part.digest}
    order = [*expected]
    return ImageMerge(
        image=image,
        tags=parts[0].partial.tags,
        platforms=expected,
        parts=tuple(sorted(built.values(), key=lambda part: _place(part, order))),
    )


def _place(part: Part, order: Sequence[Platform]) -> int:
    """Where the first platform of a part is in the index; at the end when it is not wanted."""
    places = [at for at, one in enumerate(order) for own in _parsed(part.platforms) if one.same_as(own)]
    return min(places, default=len(order))


def _missing(merge: ImageMerge, parts: Sequence[Part]) -> Iterator[BuildxTasksError]:
    named = f"artifact {merge.image!r}"
    if not merge.platforms:
        yield CannotStart(
            f"{named}: its config names no platforms, so it is not known which parts are missing",
            "name them:  --platform linux/amd64,linux/arm64\nor list them in build.platforms",
        )
        return
    owners: list[tuple[Platform, Part]] = []
    for part in merge.parts:
        for platform in _parsed(part.platforms):
            other = next((owner for one, owner in owners if one.same_as(platform)), None)
            if other is not None:
                yield CannotStart(
                    f"{named}: two parts for {platform}: {other.digest} ({other.file}) and {part.digest} ({part.file})",
                    "leave one of them out",
                )
            elif not any(platform.same_as(one) for one in merge.platforms):
                yield CannotStart(
                    f"{named}: {part.file} has a part for {platform}, which is not one of its platforms "
                    f"({format_platforms(merge.platforms)})",
                    "leave it out, or add the platform:  --platform" if not part.partial.expected else "leave it out",
                )
            owners.append((platform, part))
    for platform in merge.platforms:
        if not any(platform.same_as(one) for one, _part in owners):
            yield CannotStart(
                f"{named}: there is no part for {platform}{_why(platform, parts)}",
                f"build it:  {BUILD} --platform {platform} --file-output FILE\nand give that file to the merge too",
            )


def _why(platform: Platform, parts: Sequence[Part]) -> str:
    for part in parts:
        if not part.digest and any(platform.same_as(own) for own in _parsed(part.platforms)):
            return f": its build failed ({part.file})" if part.status == FAILED else f": {part.file} has no digest"
    there = ", ".join(f"{','.join(part.platforms)} in {part.file}" for part in parts if part.digest)
    return f" (there are: {there})" if there else ""


def _parsed(platforms: Iterable[str]) -> PlatformSet:
    return parse_platforms(platforms, HOST)


def _by(parts: Iterable[Part], key: Callable[[Part], str]) -> dict[str, list[str]]:
    """The files of the parts by what they say."""
    found: dict[str, list[str]] = {}
    for part in parts:
        files = found.setdefault(key(part), [])
        if part.file not in files:
            files.append(part.file)
    return found


def _listed(groups: dict[str, list[str]]) -> str:
    return ", ".join(f"{said or 'none'} ({', '.join(files)})" for said, files in groups.items())

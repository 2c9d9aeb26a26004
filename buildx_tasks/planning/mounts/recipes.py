"""The Dockerfiles of the helper builds that look into cache mounts, restore and save them, all inside BuildKit.

A mount is used under a lock, a cache mount of its own with ``sharing=locked``: helper builds of several jobs on one
builder wait for each other. Content is copied beside its place and then renamed, so that a build that begins meanwhile
never sees half of a file. What a killed build left behind is removed by the next one.
"""

from __future__ import annotations

from collections.abc import Sequence

from buildx_tasks.model.mounts import CacheMount
from buildx_tasks.planning.mounts.mounttags import mount_name

STAMP = "BUILDX_TASKS_STAMP"
"""The build arg that makes every helper build run its steps, and names what it writes beside the content."""
LABEL = "buildx-tasks.cache-mount.content"
"""The label of a mount's image that says what is in it, as `LookedAt.content`."""
IN_USE = 75
"""The exit status of a save whose mount is being written to."""

_HERE = "/buildx-tasks/mount"
_LOCK = "/buildx-tasks/lock"
_SAVED = "/buildx-tasks/saved"
_OUT = "/buildx-tasks/out"
_TEMPORARY = ".buildx-tasks-restored-"
_BEGIN = "set -eu"
_TIDY = f"cd {_HERE}; rm -rf {_TEMPORARY}*"
# Times of an image's layers have whole seconds, and links no times of their own.
_CONTENT = (
    "content() { { find . -type f -exec ls -dln --full-time {} + ; find . -type l ; } "
    r"| sed 's/\(:[0-9][0-9]\)\.[0-9]* /\1 /; s/  */ /g' | sort | sha256sum | cut -d ' ' -f 1 ; }"
)
_ATTEMPTS = 3


def look_recipe(mounts: Sequence[CacheMount], helper: str, *, whole: bool) -> str:
    """Look into `mounts`: the result has a folder for each, by its number, that `read_look` reads.

    With `whole` also how much is in it, and what.
    """
    parts = [_BEGIN, _CONTENT, _TIDY, f"mkdir -p {_OUT}", f"ls -A | head -n 1 > {_OUT}/first"]
    if whole:
        parts += [f"du -sk . > {_OUT}/size", f"content > {_OUT}/content"]
    lines = _head(helper)
    for number, mount in enumerate(mounts):
        lines += [f"FROM helper AS look{number}", f"ARG {STAMP}", _run((), mount, parts)]
    lines += ["FROM scratch", *(f"COPY --from=look{number} {_OUT} /{number}" for number in range(len(mounts)))]
    return _text(lines)


def restore_recipe(mounts: Sequence[tuple[CacheMount, Sequence[str]]], helper: str) -> str:
    """Fill each mount that is empty with what its images hold; a mount that has content is left as it is."""
    temporary = f"{_TEMPORARY}${STAMP}"
    script = [
        *("mkdir /done", _BEGIN, _TIDY, '[ -z "$(ls -A)" ] || exit 0'),
        *(f"mkdir {temporary}", f"cp -a {_SAVED}/. {temporary}/"),
        f"find {temporary} -mindepth 1 -maxdepth 1 -exec sh -c 'mv -n \"$@\" .' mv {{}} +",
        *(f'chown "$(stat -c %u:%g {temporary})" .', f'chmod "$(stat -c %a {temporary})" .', f"rm -rf {temporary}"),
    ]
    lines, last = _head(helper), ["FROM scratch"]
    for number, (mount, images) in enumerate(mounts):
        named = [f"image{number}x{at}" for at in range(len(images))]
        lines += [f"FROM {image} AS {name}" for name, image in zip(named, images, strict=True)]
        if len(images) > 1:
            lines += [f"FROM scratch AS image{number}", *(f"COPY --from={name} {_SAVED} {_SAVED}" for name in named)]
        source = named[0] if len(images) == 1 else f"image{number}"
        bind = f"--mount=type=bind,from={source},source={_SAVED},target={_SAVED}"
        lines += [f"FROM helper AS restore{number}", f"ARG {STAMP}", _run((bind,), mount, script)]
        last.append(f"COPY --from=restore{number} /done /{number}")
    return _text([*lines, *last])


def save_recipe(mount: CacheMount, helper: str, content: str) -> str:
    """An image with a copy of the mount, which must have the `content` that was seen; else it ends with `IN_USE`."""
    copied = f'rm -rf {_SAVED} && mkdir -p {_SAVED} && cp -a . {_SAVED}/ && [ "$(cd {_SAVED} && content)" = {content} ]'
    tries = " || ".join(["{ sleep 1; " + copied + "; }"] * (_ATTEMPTS - 1))
    script = [_BEGIN, _CONTENT, _TIDY, f"{{ {copied} ; }} || {tries} || exit {IN_USE}"]
    return _text([*_head(helper), "FROM helper", f"ARG {STAMP}", _run((), mount, script), f"LABEL {LABEL}={content}"])


def _head(helper: str) -> list[str]:
    return [f"FROM --platform=$BUILDPLATFORM {helper} AS helper", "USER 0:0", "WORKDIR /"]


def _run(more: Sequence[str], mount: CacheMount, script: Sequence[str]) -> str:
    """A RUN step with the mount and its lock, which is first by its target: BuildKit takes them in that order."""
    owner = f",uid={mount.owner.uid},gid={mount.owner.gid},mode={mount.owner.mode:04o}" if mount.owner else ""
    mounts = [
        f"--mount=type=cache,target={_LOCK},id=buildx-tasks-lock-{mount_name(mount)},sharing=locked",
        f"--mount=type=cache,target={_HERE},id={mount.id},sharing={mount.sharing}{owner}",
        *more,
    ]
    return f"RUN {' '.join(mounts)} {'; '.join(script)}"


def _text(lines: Sequence[str]) -> str:
    return "\n".join(lines) + "\n"

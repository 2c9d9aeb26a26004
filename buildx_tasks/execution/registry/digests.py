"""The digests that tags have now: many images at once, Docker Hub's also from the mirrors of the docker daemon."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlsplit

from buildx_tasks.errors import BuildxTasksError
from buildx_tasks.execution.registry.client import connect
from buildx_tasks.execution.world import World
from buildx_tasks.model.command import Command
from buildx_tasks.model.imageref import HUB, canonical

AT_ONCE = 16
MIRRORS = ("docker", "info", "--format", "{{json .RegistryConfig.Mirrors}}")
SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class FoundDigest:
    """The digest of an image, or why there is none."""

    digest: str = ""
    problem: str = ""


def find_digests(images: Iterable[str], world: World, insecure: Iterable[str]) -> dict[str, FoundDigest]:
    """What each of `images` (names with a tag) is now, by HEAD requests; an index where the tag is one."""
    wanted = list(images)
    mirrors = _mirrors(world) if any(canonical(image).startswith(f"{HUB}/") for image in wanted) else {}
    plain = [host for host, scheme in mirrors.items() if scheme == "http"]
    client = connect(world.environ, world.home, world.runner, (*insecure, *plain))
    try:
        with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
            found = pool.map(lambda image: _find(image, client.digest, mirrors), wanted)
            return dict(zip(wanted, found, strict=True))
    finally:
        client.close()


def _find(image: str, digest: Callable[[str], str], mirrors: Mapping[str, str]) -> FoundDigest:
    """As the docker daemon does: every mirror of Docker Hub first, and a mirror that fails is passed over."""
    whole = canonical(image)
    problem = f"{whole.partition('/')[0]} has no image {image}"
    rest = whole.removeprefix(f"{HUB}/")
    places = [f"{host}/{rest}" for host in mirrors] if rest != whole else []
    for reference in (*places, whole):
        try:
            if found := digest(reference):
                return FoundDigest(digest=found)
        except BuildxTasksError as error:
            problem = f"{error.message}; {error.hint}" if error.hint else error.message
    return FoundDigest(problem=problem)


def _mirrors(world: World) -> dict[str, str]:
    """The mirrors of Docker Hub that the docker daemon has, as host and scheme; none where no daemon answers."""
    done = world.runner.capture(Command(argv=MIRRORS, timeout=SECONDS))
    try:
        listed = json.loads(done.stdout) if done.ok else []
    except ValueError:
        return {}
    urls = [urlsplit(url) for url in listed or [] if isinstance(url, str)]
    return {url.netloc: url.scheme for url in urls if url.netloc and url.path in ("", "/")}

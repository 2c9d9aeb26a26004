"""The images in the docker daemon: all questions of a run in one command."""

from __future__ import annotations

import json
from collections.abc import Iterable

from buildx_tasks.model.command import Command, Runner
from buildx_tasks.model.imageref import parse_image_ref


class DaemonImages:
    """What the daemon holds of the images that were asked for."""

    def __init__(self, runner: Runner) -> None:
        self.runner = runner
        self.ids: set[str] = set()
        self.tags: dict[str, str] = {}

    def look(self, wanted: Iterable[str]) -> None:
        """Ask for tags and image IDs; those that are not there are no problem."""
        names = list(dict.fromkeys(wanted))
        if not names:
            return
        command = ("docker", "image", "inspect", "--format", "{{json .Id}} {{json .RepoTags}}", *names)
        for line in self.runner.capture(Command(argv=command)).stdout.splitlines():
            try:
                image_id, _blank, tags = line.partition(" ")
                found, named = json.loads(image_id), json.loads(tags) or []
            except ValueError:
                continue
            self.ids.add(found)
            self.tags.update({familiar(tag): found for tag in named})

    def id_of(self, tag: str) -> str:
        """The ID of the image that has a tag, as far as it was asked for; "" when there is none."""
        return self.tags.get(familiar(tag), "")

    def tag(self, image_id: str, tag: str) -> bool:
        """Give an image a tag; whether that worked."""
        return self.runner.capture(Command(argv=("docker", "tag", image_id, tag))).ok

    def pull(self, tag: str, platform: str) -> bool:
        """Get an image from its registry; whether that worked."""
        wanted = ("--platform", platform) if platform else ()
        return self.runner.capture(Command(argv=("docker", "pull", "--quiet", *wanted, tag))).ok

    def id_after_pull(self, reference: str) -> str:
        """The ID of an image by the reference it was pulled with; "" when the daemon has none."""
        inspect = ("docker", "image", "inspect", "--format", "{{.Id}}", reference)
        found = self.runner.capture(Command(argv=inspect)).stdout.strip()
        if found:
            self.ids.add(found)
        return found


def id_reference(tag: str, image_id: str) -> str:
    """The tag made of an image's ID that others use for a loaded image, as Skaffold makes it."""
    return f"{parse_image_ref(tag).base_name}:{image_id.partition(':')[2]}"


def familiar(tag: str) -> str:
    """A tag as the daemon writes it: without the default registry."""
    return tag.removeprefix("docker.io/").removeprefix("library/")

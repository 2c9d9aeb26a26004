"""What a running build is doing, in one line, read from its plain output."""

from __future__ import annotations

import re

NAME_WIDTH = 40
_NAME = re.compile(r"#(\d+) (\[.*|exporting (?:to|cache) .*|importing .*)")
_LOG = re.compile(r"#(\d+) \d+\.\d+ (.*)")
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|[\x00-\x1f\x7f]")


class Doing:
    """The step that printed last, and what it printed: `text`."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.text = ""

    def feed(self, text: str) -> None:
        """Read one or more lines of output; lines that are not BuildKit's are shown as they are."""
        for line in text.split("\n"):
            if match := _NAME.match(line):
                self.text = self.names[match[1]] = _shown(match[2])
            elif match := _LOG.match(line):
                if match[1] in self.names and (said := _shown(match[2])):
                    self.text = f"{_short(self.names[match[1]])}: {said}"
            elif line.strip() and not line.startswith("#"):
                self.text = _shown(line)


def _short(name: str) -> str:
    return name if len(name) <= NAME_WIDTH else f"{name[: NAME_WIDTH - 1].rstrip()}…"


def _shown(text: str) -> str:
    """Text that cannot move the cursor; of a line that was overwritten, what is left."""
    return _CONTROL.sub("", text.rstrip("\r").rpartition("\r")[2]).strip()

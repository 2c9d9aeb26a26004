"""Where a run happens."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from buildx_tasks.model.command import Runner

Notify = Callable[[str], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class World:
    """Where a run happens: environment, current and home directory, clock, and the door to other programs.

    `notify` gets warnings, `note` what explains a decision, `hide` secrets that must not be shown.
    """

    environ: Mapping[str, str]
    cwd: Path
    home: Path
    now: datetime
    runner: Runner
    notify: Notify = lambda _text: None
    note: Notify = lambda _text: None
    hide: Callable[[Iterable[str]], None] = lambda _values: None

"""The state file: which parts run and how to reach them, in JSON, replaced as a whole at each change."""

import json
from dataclasses import dataclass, field
from pathlib import Path

from tasks.lab import process
from tasks.lab.context import Facts
from tasks.lab.errors import LabError
from tasks.lab.layout import RUN_VARIABLE, Layout

FORMAT = 1
_BOOT = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, kw_only=True, slots=True)
class State:
    """The facts of each part by its name; tests read `parts` and nothing else."""

    parts: dict[str, Facts] = field(default_factory=dict)
    packages: dict[str, str] = field(default_factory=dict)


def read_state(layout: Layout) -> State:
    """What the state file says; nothing when there is none, or when the machine was restarted since."""
    try:
        data = json.loads(layout.state_file.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return State()
    except PermissionError as error:
        raise LabError(f"{layout.run}: belongs to somebody else; set ${RUN_VARIABLE} to another folder") from error
    if data.get("format") != FORMAT or data.get("boot") != _boot():
        return State()
    return State(parts=data["parts"], packages=data["packages"])


def write_state(layout: Layout, state: State) -> None:
    """Replace the state file."""
    data = {
        "format": FORMAT,
        "run": str(layout.run),
        "boot": _boot(),
        "parts": state.parts,
        "packages": state.packages,
    }
    fresh = layout.state_file.with_suffix(".new")
    fresh.write_text(json.dumps(data, indent=1) + "\n")
    fresh.replace(layout.state_file)


def processes_live(facts: Facts) -> bool:
    """Whether every process that a part noted is still the same one and runs."""
    return all(process.is_alive(pid) and process.started_at(pid) == start for pid, start in facts.get("processes", []))


def _boot() -> str:
    return _BOOT.read_text().strip()

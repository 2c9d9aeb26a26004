"""Where an instance of the lab keeps its things, and the names that follow from its run folder."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tasks.lab.errors import LabError

RUN_VARIABLE = "BUILDX_TASKS_LAB"
DEFAULT_RUN = "/tmp/buildx-tasks-lab"

# Instances of all users and checkouts meet here: the kernel has one binfmt table and one routing table.
SHARED = Path("/run/buildx-tasks-lab.shared")


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """One instance: everything it makes is in `run`, what it downloads is in `cache` and outlives it."""

    run: Path
    cache: Path

    @classmethod
    def from_environment(cls, env: Mapping[str, str], uid: int = 0) -> "Layout":
        """The instance that `$BUILDX_TASKS_LAB` names, with its cache in `$XDG_CACHE_HOME/buildx-tasks/lab`.

        Without the variable each user has one of their own.
        """
        default = f"{DEFAULT_RUN}-{uid}" if uid else DEFAULT_RUN
        run = Path(env.get(RUN_VARIABLE) or default).absolute().resolve()
        for hidden in ("/run", "/opt"):
            if run.is_relative_to(hidden):
                message = f"${RUN_VARIABLE}={run}: a folder under {hidden} is hidden from the engines, use one in /tmp"
                raise LabError(message)
        if len(str(run)) > 60:
            raise LabError(f"${RUN_VARIABLE}={run}: too long for socket paths, use at most 60 characters")
        home = env.get("XDG_CACHE_HOME") or str(Path(env.get("HOME") or "/root") / ".cache")
        return cls(run=run, cache=Path(home) / "buildx-tasks" / "lab")

    @property
    def ident(self) -> str:
        """Six characters that tell this instance's bridges and cgroups from those of another."""
        return hashlib.sha256(str(self.run).encode()).hexdigest()[:6]

    @property
    def state_file(self) -> Path:
        """What runs and how to reach it, as JSON: all that tests read."""
        return self.run / "state.json"

    @property
    def cgroup(self) -> str:
        """The parent of every container's cgroup, in each hierarchy."""
        return f"buildx-tasks-lab-{self.ident}"

    def part(self, name: str) -> Path:
        """The folder of one part."""
        return self.run / name

    def bridge(self, part: str) -> str:
        """The name of an engine's bridge; the kernel allows 15 characters."""
        return f"bxl{self.ident}{part[:6]}"

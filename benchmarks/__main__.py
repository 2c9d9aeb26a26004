"""`python -m benchmarks [NAME …]`: take the measures, print the table, end with 1 when a budget is not kept.

The lab must be up; `invoke` and docker are those on PATH, and `nox -s bench` sees to all of that.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.measure import Bench, load_average, table
from benchmarks.measures import ALL


def main() -> int:
    """Run the measures whose names are given, all of them without any."""
    wanted = sys.argv[1:]
    unknown = set(wanted) - {measure.__name__ for measure in ALL}
    if unknown:
        print(f"no measure named {', '.join(unknown)}: {', '.join(measure.__name__ for measure in ALL)}")
        return 2
    parts = json.loads(Path(os.environ["BUILDX_TASKS_LAB"], "state.json").read_text())["parts"]
    with tempfile.TemporaryDirectory(prefix="buildx-tasks-bench-") as folder:
        bench = _bench(Path(folder), parts)
        rows = [row for measure in ALL if not wanted or measure.__name__ in wanted for row in measure(bench)]
    print(table(rows))
    print(f"load average at the end: {load_average()}")
    return 0 if all(row.ok for row in rows) else 1


def _bench(folder: Path, parts: dict[str, Any]) -> Bench:
    """An environment that nothing of the user's reaches into; compiled code is kept, as everywhere but in tests."""
    docker = Path(parts["clients"]["docker"])
    config = folder / "docker"
    (config / "cli-plugins").mkdir(parents=True)
    plugin = Path(parts["clients"]["buildx-new"]["plugin"])
    (config / "cli-plugins" / "docker-buildx").symlink_to(plugin)
    path = os.pathsep.join((str(docker.parent), str(Path(sys.executable).parent), os.environ["PATH"]))
    env = {
        "PATH": path,
        "HOME": str(folder / "home"),
        "LC_ALL": "C.UTF-8",
        "DOCKER_CONFIG": str(config),
        "DOCKER_HOST": parts["containerd"]["host"],
    }
    (folder / "home").mkdir()
    return Bench(
        folder=folder,
        env=env,
        registry=parts["open"]["host"],
        remote=parts["remote"]["endpoint"],
        packages=parts["packages"]["url"],
    )


if __name__ == "__main__":
    sys.exit(main())

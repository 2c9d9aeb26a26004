"""Docker clients: a CLI without buildx, and configurations that give it an old or a new buildx."""

import json
from pathlib import Path

from tasks.lab import process
from tasks.lab.context import Facts, Lab
from tasks.lab.packages import find

# Where a CLI also looks for plugins; an installed buildx there is hidden from the client that is to have none.
SYSTEM_PLUGINS = (
    "/usr/local/lib/docker/cli-plugins",
    "/usr/local/libexec/docker/cli-plugins",
    "/usr/lib/docker/cli-plugins",
    "/usr/libexec/docker/cli-plugins",
)


def start(lab: Lab, part: str) -> Facts:
    """Lay out a docker configuration for each client."""
    folder = lab.layout.part(part)
    docker = folder / "bin" / "docker"  # a folder with nothing else, to be put on a path
    docker.parent.mkdir()
    docker.symlink_to(find(lab.trees / "root", "docker"))
    facts: Facts = {"docker": str(docker), "version": _version([str(docker), "--version"], folder)}
    plugins: dict[str, Path | None] = {
        "none": None,
        "old": find(lab.trees / "buildx-old", "docker-buildx"),
        "new": find(lab.trees / "buildx-new", "docker-buildx"),
    }
    for name, plugin in plugins.items():
        config = folder / name
        (config / "cli-plugins").mkdir(parents=True)
        (config / "config.json").write_text(json.dumps({}))
        if plugin is not None:
            (config / "cli-plugins" / "docker-buildx").symlink_to(plugin)
            version = _version([str(plugin), "version"], folder)
            facts[f"buildx-{name}"] = {"config": str(config), "plugin": str(plugin), "version": version}
        else:
            if any((Path(place) / "docker-buildx").exists() for place in SYSTEM_PLUGINS):
                broken = config / "cli-plugins" / "docker-buildx"
                broken.write_text("#!/bin/sh\nexit 1\n")
                broken.chmod(0o755)
            facts["buildx-none"] = {"config": str(config)}
    return facts


def is_up(facts: Facts) -> bool:
    """Whether the clients and their plugins are still there."""
    programs = [facts["docker"], *(facts[key]["plugin"] for key in ("buildx-old", "buildx-new"))]
    return all(Path(program).exists() for program in programs)


def _version(argv: list[str], home: Path) -> str:
    """The first word that starts with a digit or `v` and a digit: `0.13.1`."""
    words = process.call(argv, env={"PATH": "/usr/bin:/bin", "HOME": str(home)}).replace(",", " ").split()
    plain = (word.removeprefix("v").partition("+")[0] for word in words)
    return next((word for word in plain if word[:1].isdigit()), "unknown")

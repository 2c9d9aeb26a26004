"""The base image of test Dockerfiles: busybox of the distribution, for both architectures, in the open registry."""

import json
from pathlib import Path

from tasks.lab import process
from tasks.lab.context import Facts, Lab
from tasks.lab.packages import find

# What FROM names it by: with the registry's address, or as Docker Hub's, whose stand-in the open registry is.
HUB_NAME = "busybox:latest"
NAMES = (HUB_NAME, f"library/{HUB_NAME}")

_DOCKERFILE = """\
FROM scratch
ARG TARGETARCH
COPY $TARGETARCH/ /
CMD ["sh"]
"""


def start(lab: Lab, part: str) -> Facts:
    """Build the image with buildx on the containerd engine and push it, one index with a manifest a platform."""
    folder = lab.layout.part(part)
    here = lab.distribution
    programs = {here.architecture: find(lab.trees / "root", "busybox")}
    if here.has_foreign:
        programs[here.foreign] = find(lab.trees / "foreign", "busybox")
    applets = process.call([str(programs[here.architecture]), "--list"]).split()
    context = folder / "context"
    for architecture, program in programs.items():
        _write_rootfs(context / architecture, program, applets)
    (context / "Dockerfile").write_text(_DOCKERFILE)
    platforms = [f"linux/{architecture}" for architecture in sorted(programs)]
    host = lab.facts["open"]["host"]
    images = [f"{host}/{name}" for name in NAMES]
    digest = _push(lab, part, context, platforms, images)
    rootfs = {f"linux/{architecture}": str(context / architecture) for architecture in programs}
    return {
        "image": images[0],
        "hub_name": HUB_NAME,
        "digest": digest,
        "platforms": platforms,
        "rootfs": rootfs,
    }


def _push(lab: Lab, part: str, context: Path, platforms: list[str], images: list[str]) -> str:
    clients = lab.facts["clients"]
    folder = lab.layout.part(part)
    env = lab.environment(
        part,
        DOCKER_HOST=lab.facts["containerd"]["host"],
        DOCKER_CONFIG=clients["buildx-new"]["config"],
        BUILDX_CONFIG=str(folder / "buildx"),
    )
    metadata = folder / "metadata.json"
    tags = [word for image in images for word in ("--tag", image)]
    options = ["--platform", ",".join(platforms), "--provenance=false", "--push", "--metadata-file", str(metadata)]
    process.call([clients["docker"], "buildx", "build", *options, *tags, str(context)], env=env)
    digest: str = json.loads(metadata.read_text())["containerimage.digest"]
    return digest


def _write_rootfs(folder: Path, program: Path, applets: list[str]) -> None:
    """A small root file system: the one program under all of its names, a user table, a place for temporary files."""
    for name in ("bin", "etc", "tmp", "root"):
        (folder / name).mkdir(parents=True)
    (folder / "tmp").chmod(0o1777)
    (folder / "etc" / "passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
    (folder / "etc" / "group").write_text("root:x:0:\n")
    busybox = folder / "bin" / "busybox"
    busybox.write_bytes(program.read_bytes())
    busybox.chmod(0o755)
    for applet in applets:
        if applet != "busybox":
            (folder / "bin" / applet).symlink_to("busybox")

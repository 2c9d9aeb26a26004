"""The tasks of a project that had some before: ours come beside them, and one of them uses ours."""

from pathlib import Path

from invoke import Collection, task

import buildx_tasks


@task
def message(c):
    """Write the file that the image shows."""
    Path("app/message").write_text("made by a task of the project\n")


@task(pre=[message])
def images(c):
    """Make what the images need, then build them."""
    results = buildx_tasks.build(cwd=Path.cwd())
    for build in results.builds:
        print(f"{build.image} is {build.reference}")


ns = Collection(message, images)
ns.configure({"buildx": {"cache_tag": "cache"}})
ns = buildx_tasks.namespace(__name__)

"""``schema.*``: what a skaffold.yaml may say, whether it says it right, and in which version."""

from __future__ import annotations

from invoke.collection import Collection
from invoke.context import Context

from buildx_tasks.model.apiversion import PREFIX, VERSIONS
from buildx_tasks.tasks.guard import task


@task
def versions(c: Context) -> None:
    """List the known apiVersions, newest last."""
    print("\n".join(PREFIX + version for version in VERSIONS))


ns = Collection("schema", versions)

"""Deletes derived tags that nobody needs from registries: looks at all tags of a repository first, and again before."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace

from buildx_tasks.errors import BuildxTasksError, CannotStart
from buildx_tasks.execution.cache.repositorylook import RepositoryLook
from buildx_tasks.execution.pipeline import Run, not_run
from buildx_tasks.execution.registry.client import RegistryClient
from buildx_tasks.execution.registry.errors import RegistryDenied, RegistryRejected
from buildx_tasks.execution.sources.branches import Branches, find_branches
from buildx_tasks.execution.sources.tagfacts import gather_tag_facts
from buildx_tasks.model.config import Artifact
from buildx_tasks.model.imageref import parse_image_ref, registry_of
from buildx_tasks.model.prune import DELETE, PrunedRepository, PruneResult
from buildx_tasks.model.settings import Settings
from buildx_tasks.planning.build.cache import Expand
from buildx_tasks.planning.build.variables import Expander, image_variables
from buildx_tasks.planning.prune.choose import Rules
from buildx_tasks.planning.prune.names import CacheNames, RepositoryNames, cache_names
from buildx_tasks.planning.tagprefix import check_prefix
from buildx_tasks.planning.tags.references import plan_tags

AT_ONCE = 8
ANY_TAG = "any"
"""Stands for the tag of images, of which only the repository is looked at."""
_TOKEN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
HINT_DELETE = (
    "allow it in the registry (storage.delete.enabled of Docker's distribution), or delete what --dry-run shows\n"
    "by the registry's own means: some, such as ghcr.io and Docker Hub, have an API of their own for it"
)


@dataclass(slots=True)
class Pruning:
    """One run: where derived tags are, and what is done about them.

    `remote` is the git remote whose branches count; `rules` are completed with what is found out.
    """

    run: Run
    registries: Callable[[Settings], RegistryClient]
    rules: Rules
    remote: str
    dry_run: bool
    _branches: Branches | None = field(default=None, init=False)

    def prune(self) -> PruneResult:
        """Delete what is dead, or in a dry run say what that is. Raises what loading and selecting raise.

        What a registry refuses is the `error` of its repository.
        """
        loaded = self.run.loaded
        settings = replace(loaded.settings, tag=ANY_TAG)
        check_prefix(settings)
        names = self._names(settings)
        default = self._branches.default if self._branches else ""
        self.rules = replace(self.rules, prefix=settings.artifact_cache_prefix, default=default, named=self._words())
        here = {name: place for name, place in names.repositories.items() if registry_of(parse_image_ref(name))}
        if not here:
            raise CannotStart(
                "no image of the config names a registry", "say where they are:  --default-repo REGISTRY/PATH"
            )
        client = self.registries(settings)
        with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
            found = tuple(self._repository(name, here[name], client, pool) for name in sorted(here))
        return PruneResult(repositories=found, notes=names.notes, dry_run=self.dry_run)

    def _names(self, settings: Settings) -> CacheNames:
        loaded, world = self.run.loaded, self.run.world
        artifacts = [artifact for config in loaded.configs for artifact in config.artifacts]
        images = frozenset(artifact.image for artifact in artifacts)
        facts = gather_tag_facts(loaded.configs, images, settings, world, not_run, building=False)
        references = plan_tags(loaded.configs, images, settings, facts, not_run).references

        def expand(artifact: Artifact, branch: str) -> Expand:
            own = image_variables(references[artifact.image])
            return Expander({**world.environ, "BRANCH": branch} | own, now=world.now, cmd=not_run)

        return cache_names(artifacts, loaded.selected, references, settings, self._known_branches, expand)

    def _known_branches(self) -> Sequence[str]:
        if self._branches is None:
            self._branches = find_branches(self.run.world, self.remote)
        return self._branches.names

    def _words(self) -> frozenset[str]:
        """Every word of the configs: a tag that one of them names anywhere, in a profile too, is in use."""
        texts = [json.dumps(one.document.data, ensure_ascii=False, default=str) for one in self.run.documents]
        for file in {config.file for config in self.run.loaded.configs}:
            # Other modules of the same file; a config from elsewhere has no file here.
            with suppress(OSError):
                texts.append((self.run.world.cwd / file).read_text(encoding="utf-8", errors="replace"))
        return frozenset(word for text in texts for word in _TOKEN.findall(text))

    def _repository(
        self, name: str, names: RepositoryNames, client: RegistryClient, pool: ThreadPoolExecutor
    ) -> PrunedRepository:
        look = RepositoryLook(name, names, self.rules, client, pool)
        try:
            chosen, others = look.choice()
        except BuildxTasksError as error:
            return PrunedRepository(name=name, error=error.message, hint=error.hint)
        found = PrunedRepository(name=name, tags=chosen.tags, others=others)
        if self.dry_run or not chosen.digests:
            return found
        deleted: list[str] = []
        try:
            # Somebody may have set a tag in the meantime.
            again, _others = look.choice()
            for digest in (item for item in chosen.digests if item in again.digests):
                tags = [item.tag for item in again.tags if item.digest == digest and item.action == DELETE]
                _delete(client, name, digest, tags)
                deleted += tags
        except BuildxTasksError as error:
            return replace(found, deleted=tuple(deleted), error=error.message, hint=error.hint)
        return replace(found, tags=again.tags, deleted=tuple(deleted))


def _delete(client: RegistryClient, repository: str, digest: str, tags: Iterable[str]) -> None:
    """Delete a digest with its tags. Raises `RegistryError`, with what helps where the registry refuses."""
    host = parse_image_ref(repository).domain
    try:
        try:
            client.delete_manifest(f"{repository}@{digest}")
        except RegistryRejected as error:
            if isinstance(error, RegistryDenied) or error.status not in (400, 409):
                raise
            # Google's registries want the tags deleted first.
            for tag in tags:
                client.delete_manifest(f"{repository}:{tag}")
            client.delete_manifest(f"{repository}@{digest}")
    except RegistryDenied as error:
        hint = f"log in with an account or a token that has this right:  docker login {host}"
        raise RegistryDenied(error.message, hint, status=error.status) from None
    except RegistryRejected as error:
        raise RegistryRejected(error.message, HINT_DELETE, status=error.status) from None

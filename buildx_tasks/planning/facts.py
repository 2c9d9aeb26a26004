"""What the world says, as one value: everything a plan depends on besides configs and settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from buildx_tasks.model.engine import Engine
from buildx_tasks.model.lock import Lock
from buildx_tasks.model.platform import Platform

if TYPE_CHECKING:
    from buildx_tasks.document.formats.dockerfile import Dockerfile

Argv = tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What a question gave: text, or the reason why there is none."""

    text: str = ""
    error: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceFacts:
    """What is on disk for one artifact.

    `context` is "" when the build context is a folder, else what is wrong with it. `dockerfile` is the absolute
    path that Skaffold's lookup chooses; `declared_args` are the names of its ARG lines, None when unreadable.
    `parsed` is the Dockerfile where base images or cache mounts are looked for, `unparsed` why it could not be read.
    `missing` says which secrets and which agent the build needs and are not there: it is an error when
    building. `paths` says which folders of named contexts and which ssh keys are not there. `warnings` are about
    what docker takes all the same.
    """

    context: str = ""
    dockerfile: str = ""
    dockerfile_exists: bool = True
    declared_args: frozenset[str] | None = None
    parsed: Dockerfile | None = None
    unparsed: str = ""
    missing: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def tolerant(self) -> SourceFacts:
        """The same for a plan that is only looked at: what a build could not do without is a warning."""
        return replace(self, missing=(), paths=(), warnings=(*self.missing, *self.paths, *self.warnings))


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """What a plan depends on besides configs, settings and tags.

    `environ` includes skaffold.env; `sources` are by image name; `branch` is the current git branch, if any, and
    `commit` that of the checkout, which only partial builds ask for. `cwd` is the absolute current directory.
    `local_context` is the kube-context when its cluster is a local one. `docker_env` are the variables that lead the
    docker CLI to another daemon than its own configuration says. `skaffold` is the path of that program, "" when there
    is none. `lock` is the lock file, None when there is none.
    `event` is what GitHub says of the event that a workflow runs for.
    `epochs` are the times of the commits, in seconds, for images that shall be reproducible.
    """

    engine: Engine = field(default_factory=Engine)
    environ: Mapping[str, str] = field(default_factory=dict)
    home: str = ""
    cwd: str = "/"
    host: Platform = field(default_factory=lambda: Platform(os="linux", arch="amd64"))
    branch: str = ""
    commit: str = ""
    cluster_pushes: bool = True
    cluster_reason: str = "no kube-context is set"
    local_context: str = ""
    docker_env: tuple[tuple[str, str], ...] = ()
    skaffold: str = ""
    lock: Lock | None = None
    epochs: Mapping[str, Answer] = field(default_factory=dict)
    sources: Mapping[str, SourceFacts] = field(default_factory=dict)
    event: Mapping[str, object] = field(default_factory=dict)


NOT_COMPUTED = Answer(error="the input digest was not computed")


@dataclass(frozen=True, kw_only=True, slots=True)
class GitFacts:
    """The answers of git in one directory, by the whole command; see `planning.tags.policies.git_queries`."""

    answers: Mapping[Argv, Answer] = field(default_factory=dict)

    def answer(self, argv: Argv) -> Answer:
        """The answer to `argv`, text without surrounding white space; an error when it was never asked."""
        found = self.answers.get(argv, Answer(error=f"{' '.join(argv)}: not asked"))
        return found if found.error else Answer(text=found.text.strip())


@dataclass(frozen=True, kw_only=True, slots=True)
class TagFacts:
    """What the tag of one artifact is made from.

    `moment` is an aware datetime in the local zone and `nanosecond` the exact part of its second; Skaffold reads the
    clock once for each artifact. `git` is about the artifact's context.
    """

    moment: datetime
    nanosecond: int = 0
    environ: Mapping[str, str] = field(default_factory=dict)
    git: GitFacts = field(default_factory=GitFacts)
    input_digest: Answer = NOT_COMPUTED

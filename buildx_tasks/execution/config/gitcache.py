"""Configs from other repositories: shallow clones in Skaffold's cache folder, shared with Skaffold itself."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from buildx_tasks.errors import CannotStart
from buildx_tasks.execution.config.gitcredentials import GitAddress, keep_address
from buildx_tasks.execution.paths import exists
from buildx_tasks.model.command import Command, Completed, Runner
from buildx_tasks.model.mask import Mask
from buildx_tasks.model.secrets import masked, secrets_in

NETWORK_SECONDS = 600.0
OFFLINE_HINT = "--sync-remote-cache missing uses what is in the cache, without a network"


@dataclass(frozen=True, kw_only=True, slots=True)
class GitSource:
    """A repository that a config requires; `ref` is "" for its default, `sync` says whether to fetch again."""

    repo: str
    ref: str = ""
    sync: bool = True

    @property
    def shown(self) -> str:
        """The repository as messages name it: without credentials."""
        return masked(self.repo)

    def address(self, environ: Mapping[str, str]) -> GitAddress:
        """The repository as git is told of it."""
        return GitAddress.of(self.repo, environ)


def cache_name(repo: str, ref: str) -> str:
    """The folder of `repo` at `ref` below the cache, as Skaffold names it; `ref` is taken as written."""
    text = json.dumps([repo, ref], separators=(",", ":"), ensure_ascii=False)
    for char in "<>&\u2028\u2029":  # Go's encoder keeps JSON safe for HTML
        text = text.replace(char, f"\\u{ord(char):04x}")
    digest = hashlib.sha256(f"{text}\n".encode()).digest()
    return base64.urlsafe_b64encode(digest).decode()[:32]


def cache_folder(environ: Mapping[str, str], cwd: Path, remote_cache_dir: str = "") -> Path:
    """Where clones are kept: the setting, else ``~/.skaffold/remote-cache``."""
    if remote_cache_dir:
        return cwd / os.path.expanduser(remote_cache_dir)  # noqa: PTH111 - it never raises
    return Path(environ.get("HOME") or Path.home()) / ".skaffold" / "remote-cache"


@dataclass(kw_only=True)
class GitCache:
    """Clones below `folder`, each brought up to date at most once in the life of this object.

    `sync` is ``always`` (clone what is missing, fetch the rest), ``missing`` (clone only) or ``never`` (neither).
    """

    folder: Path
    runner: Runner
    environ: Mapping[str, str]
    sync: str = "always"
    _done: dict[tuple[str, str], Path] = field(default_factory=dict)

    def checkout(self, source: GitSource) -> Path:
        """The folder that holds the files of `source`. Raises `CannotStart` when they can't be had."""
        for what, value in (("repo", source.repo), ("ref", source.ref)):
            if value.startswith("-") or not value.isprintable():
                raise CannotStart(f"git {what} {value!r} must not begin with a dash or hold control characters")
        key = (source.repo, source.ref)
        if key not in self._done:
            self._done[key] = self._checkout(source)
        return self._done[key]

    def _checkout(self, source: GitSource) -> Path:
        target = self.folder / cache_name(source.repo, source.ref)
        if not exists(target):
            if self.sync == "never":
                raise CannotStart(
                    f"git repository {source.shown} is not in the cache ({target}) and cloning is switched off",
                    "give --sync-remote-cache missing once, or clone it there by hand",
                )
            self._clone(source, target)
            return target
        if not self._git(source, "remote", cwd=target).stdout.strip():
            raise CannotStart(f"{target} is not a git clone: it has no remote", f"remove it: rm -r {target}")
        if source.sync and self.sync == "always":
            self._update(source, target)
        return target

    def _clone(self, source: GitSource, target: Path) -> None:
        """Clone beside the target and move it there whole, so that nobody ever sees half of it."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        ref = source.ref or self._default_ref(source)
        with tempfile.TemporaryDirectory(dir=self.folder, prefix=".clone-") as scratch:
            fresh = Path(scratch, "repo")
            arguments = (
                "clone",
                "--quiet",
                "--branch",
                ref,
                "--depth",
                "1",
                "--",
                source.address(self.environ).url,
                str(fresh),
            )
            if not self._run(source, *arguments).ok:
                shutil.rmtree(fresh, ignore_errors=True)
                self._git(source, "clone", "--quiet", "--", source.address(self.environ).url, str(fresh))
                self._git(source, "checkout", "--quiet", ref, cwd=fresh)
            keep_address(fresh, source.address(self.environ), source.repo)
            with contextlib.suppress(OSError):  # another run was quicker: its clone is as good
                fresh.rename(target)
        if not exists(target):
            raise CannotStart(f"git repository {source.shown} can't be put into {target}")

    def _update(self, source: GitSource, target: Path) -> None:
        """Fetch and reset to what was fetched; unlike ``origin/REF`` that works for tags and commits as well."""
        ref = source.ref or self._default_ref(source)
        if self._run(source, "rev-parse", "HEAD", cwd=target).stdout.strip() == ref:
            return  # a whole commit id never changes
        url = source.address(self.environ).url
        if url == source.repo and self._run(source, "remote", "get-url", "origin", cwd=target).stdout.strip() != url:
            self._git(source, "remote", "set-url", "origin", url, cwd=target)
        # The address of a remote may hold credentials, which git would hand on as an argument.
        self._git(source, "fetch", "--quiet", "origin" if url == source.repo else url, ref, cwd=target)
        self._git(source, "reset", "--quiet", "--hard", "FETCH_HEAD", cwd=target)

    def _default_ref(self, source: GitSource) -> str:
        for branch in ("master", "main"):
            if self._git(source, "ls-remote", "--heads", "--", source.address(self.environ).url, branch).stdout.strip():
                return branch
        raise CannotStart(f"git repository {source.shown} has neither a master nor a main branch", "name one with ref:")

    def _git(self, source: GitSource, *arguments: str, cwd: Path | None = None) -> Completed:
        completed = self._run(source, *arguments, cwd=cwd)
        if completed.ok:
            return completed
        if completed.missing:
            raise CannotStart(f"git repository {source.shown} can't be fetched: git is not installed", "install git")
        why = "it timed out" if completed.timed_out else _reason(completed, source)
        at = f" at {source.ref}" if source.ref else ""
        message = f"git repository {source.shown}{at}: git {arguments[0]} failed: {why}"
        hint = f"try: git ls-remote {source.shown}\n{OFFLINE_HINT}"
        raise CannotStart(message, hint)

    def _run(self, source: GitSource, *arguments: str, cwd: Path | None = None) -> Completed:
        return self.runner.capture(
            Command(
                argv=("git", *source.address(self.environ).options, *arguments),
                cwd=str(cwd or self.folder),
                env=(*self._quiet(source.address(self.environ).url), *source.address(self.environ).env),
                timeout=NETWORK_SECONDS,
            )
        )

    def _quiet(self, repo: str) -> tuple[tuple[str, str], ...]:
        """No questions: our commands have no terminal, and one that waits for an answer would wait for ever."""
        env = [("GIT_TERMINAL_PROMPT", "0")]
        if "GIT_SSH" not in self.environ and (repo.startswith("ssh://") or "@" in repo):
            configured = self.environ.get("GIT_SSH_COMMAND") or self._ssh_command()
            env.append(("GIT_SSH_COMMAND", f"{configured} -oBatchMode=yes"))
        return tuple(env)

    def _ssh_command(self) -> str:
        asked = Command(argv=("git", "config", "--get", "core.sshCommand"), cwd=os.sep, timeout=10)
        return self.runner.capture(asked).stdout.strip() or "ssh"


def _reason(completed: Completed, source: GitSource) -> str:
    """The line in which git says what is wrong; general advice follows it."""
    told = [line.strip() for line in completed.stderr.splitlines() if line.strip()]
    chosen = [line for line in told if line.startswith(("fatal:", "error:"))]
    return Mask().with_values(secrets_in(source.repo)).text((chosen or told[-1:] or [f"exit {completed.code}"])[0])

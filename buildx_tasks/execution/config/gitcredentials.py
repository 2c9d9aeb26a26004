"""How git gets the credentials of a repository's address: by the environment, so that no argument holds them."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from buildx_tasks.model.secrets import split_credentials

USER, PASSWORD = "BUILDX_TASKS_GIT_USER", "BUILDX_TASKS_GIT_PASSWORD"
COUNT = "GIT_CONFIG_COUNT"
HELPER = f"""!f() {{ test "$1" = get && printf 'username=%s\\npassword=%s\\n' "${USER}" "${PASSWORD}"; }}; f"""
"""A credential helper, which git asks when the server wants credentials; git runs it with a shell."""


@dataclass(frozen=True, slots=True)
class GitAddress:
    """A repository's address as an argument, and what else a git command needs to get at it.

    `options` come before the command's name. Without credentials they and `env` are empty. A user without a password
    may be a token, or someone whose password a helper of git's has: those are asked first, and for that user.
    """

    url: str
    options: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, repo: str, environ: Mapping[str, str]) -> GitAddress:
        """The address of `repo`; one that git could not be told in this way stays as it is."""
        url, user, password = split_credentials(repo)
        if not (user or password) or "\n" in user + password:
            return cls(repo)
        ours = ("-c", f"credential.helper={HELPER}")
        env = ((USER, user), (PASSWORD, password))
        if password:
            return cls(url, ("-c", "credential.helper=", *ours), env)
        return cls(url, ours, (*env, *_setting("credential.username", user, environ)))


def _setting(name: str, value: str, environ: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """A setting of git's as variables (git 2.31 and newer), after those that `environ` has."""
    said = environ.get(COUNT, "")
    number = int(said) if said.isdecimal() else 0
    return ((f"GIT_CONFIG_KEY_{number}", name), (f"GIT_CONFIG_VALUE_{number}", value), (COUNT, str(number + 1)))


def keep_address(clone: Path, address: GitAddress, repo: str) -> None:
    """Make a clone private, and write the whole address down in it: Skaffold fetches with the same clone later."""
    file = clone / ".git" / "config"
    with contextlib.suppress(OSError):
        clone.chmod(0o700)
        if address.url == repo:
            return
        file.chmod(0o600)
        escaped = repo.replace("\\", "\\\\").replace('"', '\\"')
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace(f"url = {address.url}\n", f'url = "{escaped}"\n'), encoding="utf-8")

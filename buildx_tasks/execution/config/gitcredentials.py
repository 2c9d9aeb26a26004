"""How git gets the credentials of a repository's address: by the environment, so that no argument holds them."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path

from buildx_tasks.model.secrets import split_credentials

USER, PASSWORD = "BUILDX_TASKS_GIT_USER", "BUILDX_TASKS_GIT_PASSWORD"
HELPER = f"""!f() {{ test "$1" = get && printf 'username=%s\\npassword=%s\\n' "${USER}" "${PASSWORD}"; }}; f"""
"""A credential helper, which git asks when the server wants credentials; git runs it with a shell."""


@dataclass(frozen=True, slots=True)
class GitAddress:
    """A repository's address as an argument, and what else a git command needs to get at it.

    `options` come before the command's name. Without credentials they and `env` are empty.
    """

    url: str
    options: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, repo: str) -> GitAddress:
        """The address of `repo`; one that git could not be told in this way stays as it is."""
        url, user, password = split_credentials(repo)
        if not (user or password) or "\n" in user + password:
            return cls(repo)
        options = ("-c", "credential.helper=", "-c", f"credential.helper={HELPER}")
        return cls(url, options, ((USER, user), (PASSWORD, password)))


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

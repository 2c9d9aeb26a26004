"""A user in a repository's address without a password: the user's own helpers have it, or it is a token."""

from __future__ import annotations

import base64
import os
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from buildx_tasks.errors import CannotStart
from buildx_tasks.execution.config.gitcache import GitCache, GitSource
from buildx_tasks.execution.config.gitcredentials import GitAddress
from buildx_tasks.execution.shell import ShellRunner
from buildx_tasks.model.command import Command

ENVIRON = {
    **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "a",
    "GIT_AUTHOR_EMAIL": "a@example.com",
    "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@example.com",
}
LOGINS = {f"Basic {base64.b64encode(login).decode()}" for login in (b"alice:of-the-helper", b"token:")}


class Handler(SimpleHTTPRequestHandler):
    """Files for alice with the password that her helper has, and for a token."""

    def do_GET(self) -> None:
        if self.headers.get("Authorization") in LOGINS:
            super().do_GET()
        else:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="x"')
            self.send_header("Content-Length", "0")
            self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    """The address of a repository behind a password, without credentials."""
    runner = ShellRunner(ENVIRON)

    def git(*words: str) -> None:
        done = runner.capture(Command(argv=("git", *words), cwd=str(tmp_path)))
        assert done.ok, done.stderr

    git("init", "-q", "--initial-branch=main", "work")
    (tmp_path / "work" / "file").write_text("one")
    git("-C", "work", "add", "file")
    git("-C", "work", "commit", "-qm", "one")
    git("clone", "-q", "--bare", "work", "served/r.git")
    git("-C", "served/r.git", "update-server-info")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(tmp_path / "served")))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_port}/r.git"
    server.shutdown()
    server.server_close()


HELPER = """\
[credential]
    helper = "!f() { test \\"$1\\" = get && grep -q username=alice && echo password=of-the-helper; }; f"
"""


def environ_with_helper(folder: Path) -> dict[str, str]:
    """An environment whose git has a helper that knows alice and nobody else."""
    (folder / "gitconfig").write_text(HELPER)
    return {**ENVIRON, "GIT_CONFIG_GLOBAL": str(folder / "gitconfig")}


@pytest.mark.parametrize("user", ["alice", "token"])
def test_own_helpers_are_asked_for_that_user_before_it_is_taken_for_a_token(
    served: str, tmp_path: Path, user: str
) -> None:
    environ = environ_with_helper(tmp_path)
    cache = GitCache(folder=tmp_path / "cache", runner=ShellRunner(environ), environ=environ)
    folder = cache.checkout(GitSource(repo=f"http://{user}@{served}", ref="main"))
    assert (folder / "file").read_text() == "one"


def test_a_password_in_the_address_is_not_asked_of_helpers(served: str, tmp_path: Path) -> None:
    environ = environ_with_helper(tmp_path)
    cache = GitCache(folder=tmp_path / "cache", runner=ShellRunner(environ), environ=environ)
    with pytest.raises(CannotStart, match="Authentication failed"):
        cache.checkout(GitSource(repo=f"http://alice:wrong@{served}", ref="main"))


def test_settings_that_the_environment_has_already_stay() -> None:
    address = GitAddress.of("https://alice@e.com/r", {"GIT_CONFIG_COUNT": "2"})
    assert address.url == "https://e.com/r"
    assert dict(address.env)["GIT_CONFIG_KEY_2"] == "credential.username"
    assert dict(address.env)["GIT_CONFIG_VALUE_2"] == "alice"
    assert dict(address.env)["GIT_CONFIG_COUNT"] == "3"
    assert "alice" not in " ".join(address.options)

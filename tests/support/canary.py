"""Secrets that must not be found anywhere, a server that wants some, and a watcher of processes and files."""

from __future__ import annotations

import base64
import os
import stat
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

MARK = "canary"
"""Every secret of these tests has it in its text, as it is written and as it is decoded."""
USER, PASSWORD = "someone", "canary-p@ss:w0rd"


class _Guarded(SimpleHTTPRequestHandler):
    """Files for who knows the password; the first part of the path ``/token/`` takes a token as the user's name."""

    def do_GET(self) -> None:
        said = self.headers.get("Authorization", "").partition(" ")[2]
        if base64.b64decode(said).decode() not in (f"{USER}:{PASSWORD}", "canary-token:"):
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="x"')
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif self.path.startswith("/moved/"):
            self.send_response(302)
            self.send_header("Location", self.path.removeprefix("/moved"))
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            super().do_GET()

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@contextmanager
def guarded_server(folder: Path) -> Iterator[str]:
    """A web server for the files of `folder` that wants a password; gives its ``host:port``."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Guarded, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def make_repository(folder: Path, config: str) -> None:
    """A git repository ``repo.git`` in `folder`, as plain files of a web server, whose only file is a config."""

    def git(*words: str, cwd: Path) -> None:
        who = ("-c", "user.name=a", "-c", "user.email=a@example.com")
        subprocess.run(["git", *who, *words], cwd=cwd, check=True, capture_output=True)

    work = folder / "work"
    work.mkdir(parents=True)
    git("init", "-q", "-b", "main", cwd=work)
    (work / "skaffold.yaml").write_text(config)
    git("add", ".", cwd=work)
    git("commit", "-q", "-m", "one", cwd=work)
    git("clone", "-q", "--bare", ".", "../repo.git", cwd=work)
    git("update-server-info", cwd=folder / "repo.git")


@dataclass
class Watcher:
    """Looks at the arguments of every process, and at the temporary files below `folder`, again and again.

    A secret has one of `marks` in it. `processes` are command lines with one, `files` temporary files with one that
    others than their owner can read, and `seen` the names of all programs, to know that there was something to see.
    Processes of other test runs, whose secrets look the same, do not count.
    """

    folder: Path
    marks: tuple[str, ...] = (MARK,)
    processes: set[str] = field(default_factory=set)
    files: set[str] = field(default_factory=set)
    seen: set[str] = field(default_factory=set)

    def __enter__(self) -> Watcher:
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.is_set():
            for file in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    words = file.read_bytes().decode(errors="replace").replace("\0", " ")
                except OSError:
                    continue
                self.seen.update(Path(word).name for word in words.split()[:3])
                has_mark = any(mark in words for mark in self.marks)
                if has_mark and "pytest" not in words and not _is_of_another_run(file.parent):
                    self.processes.add(words)
            self.files.update(str(path) for path in readable_secrets(self.folder, self.marks))
            time.sleep(0.005)


def _is_of_another_run(process: Path) -> bool:
    """Whether a process, by its folder in ``/proc``, comes from a pytest that is not the one we run in."""
    try:
        while process.name not in ("0", "1", str(os.getpid())):
            if b"pytest" in (process / "cmdline").read_bytes():
                return True
            status = (process / "status").read_text()
            process = process.with_name(status.partition("PPid:")[2].split()[0])
    except (OSError, IndexError):
        return False  # it has ended meanwhile, and nobody knows
    return False


def secret_files(folder: Path, marks: tuple[str, ...] = (MARK,)) -> Iterator[Path]:
    """The files below a folder that have a secret in them."""
    for base, _folders, names in os.walk(folder):
        for name in names:
            path = Path(base, name)
            try:
                if (
                    not path.is_symlink()
                    and path.is_file()
                    and any(mark.encode() in path.read_bytes() for mark in marks)
                ):
                    yield path
            except OSError:
                continue


def readable_secrets(folder: Path, marks: tuple[str, ...] = (MARK,)) -> Iterator[Path]:
    """Those of them that others than their owner can read, because neither they nor a folder above keeps them out."""
    for path in secret_files(folder, marks):
        above = [item for item in (path, *path.parents) if item.is_relative_to(folder)]
        try:
            if all(item.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO) for item in above):
                yield path
        except OSError:
            continue

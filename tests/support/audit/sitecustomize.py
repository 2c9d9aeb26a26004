"""Writes down what a Python process and its forks start, connect to and write, as the interpreter itself reports it.

On `PYTHONPATH` of a process; `AUDIT_LOG` names the file, one JSON list a line: an event and its subject.
"""

import json
import os
import sys
from typing import Any

LOG = os.environ["AUDIT_LOG"]
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
CHANGING = ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate", "os.chmod")


def _note(*words: object) -> None:
    # Opened each time: a fork closes what it does not know before it starts a program.
    log = os.open(LOG, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(log, (json.dumps([str(word) for word in words]) + "\n").encode())
    os.close(log)


def _hook(event: str, args: tuple[Any, ...]) -> None:
    if event in ("os.exec", "os.posix_spawn"):
        _note("run", *[os.fsdecode(word) for word in args[1]])
    elif event == "subprocess.Popen":
        _note("run", args[0], *args[1])
    elif event == "os.system":
        _note("run", "sh", args[0])
    elif event in ("socket.connect", "socket.sendto"):
        _note("connect", args[1])
    elif event == "socket.getaddrinfo":
        _note("resolve", args[0])
    elif event == "open" and isinstance(args[0], (str, bytes)) and (args[2] or 0) & WRITING and args[0] != LOG:
        _note("write", os.fsdecode(args[0]))
    elif event in CHANGING:
        subjects = args[:2] if event in ("os.rename", "os.link") else args[:1]
        for subject in subjects:
            if isinstance(subject, (str, bytes, os.PathLike)):
                _note("write", os.fspath(subject))


sys.addaudithook(_hook)

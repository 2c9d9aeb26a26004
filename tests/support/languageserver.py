"""A real yaml-language-server, spoken to as an editor does: what it reports and completes of a file."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SETTINGS = {"validate": True, "completion": True, "hover": True, "schemaStore": {"enable": False}}


class LanguageServer:
    """A server that runs; `position` is line and column, both from 0."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self.number = 0
        self.reports: dict[str, list[dict[str, Any]]] = {}

    def open(self, file: Path) -> list[tuple[int, str]]:
        """Open a file, and return its problems: the line, from 1, and the message."""
        uri = file.as_uri()
        self.reports.pop(uri, None)
        self._open(file)
        while uri not in self.reports:
            self._receive()
        return [(item["range"]["start"]["line"] + 1, item["message"]) for item in self.reports[uri]]

    def complete(self, file: Path, position: tuple[int, int]) -> list[str]:
        """The labels that the server offers at a place."""
        found = self._at(file, "completion", position)
        items = found["items"] if isinstance(found, dict) else found or []
        return [item["label"] for item in items]

    def hover(self, file: Path, position: tuple[int, int]) -> str:
        """The text that the server shows about a place, "" for none."""
        found = self._at(file, "hover", position)
        return str(found["contents"]["value"]) if found else ""

    def _open(self, file: Path) -> None:
        """Give the server the text as it is now, as another version: it remembers what it has read of each."""
        self.number += 1
        text = file.read_text(encoding="utf-8")
        document = {"uri": file.as_uri(), "languageId": "yaml", "version": self.number, "text": text}
        self._send({"method": "textDocument/didOpen", "params": {"textDocument": document}})

    def _at(self, file: Path, what: str, position: tuple[int, int]) -> Any:
        self._open(file)
        place = {
            "textDocument": {"uri": file.as_uri()},
            "position": dict(zip(("line", "character"), position, strict=True)),
        }
        return self.request(f"textDocument/{what}", place)

    def request(self, method: str, params: Any) -> Any:
        """The answer to a request."""
        self.number += 1
        number = self.number
        self._send({"id": number, "method": method, "params": params})
        while True:
            message = self._receive()
            if message.get("id") == number and "method" not in message:
                return message.get("result")

    def _receive(self) -> dict[str, Any]:
        """The next message; what the server asks is answered."""
        assert self.process.stdout is not None
        length = 0
        while line := self.process.stdout.readline().strip():
            if line.lower().startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
        message: dict[str, Any] = json.loads(self.process.stdout.read(length))
        if message.get("method") == "workspace/configuration":
            items = message["params"]["items"]
            answer = [SETTINGS if item.get("section") == "yaml" else None for item in items]
            self._send({"id": message["id"], "result": answer})
        elif "id" in message and "method" in message:
            self._send({"id": message["id"], "result": None})
        elif message.get("method") == "textDocument/publishDiagnostics":
            self.reports[message["params"]["uri"]] = message["params"]["diagnostics"]
        return message

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.process.stdin.flush()


@contextmanager
def language_server(node: Path, modules: Path, folder: Path) -> Iterator[LanguageServer]:
    """The server that npm installed in `modules`, for the files of `folder`."""
    program = modules / "yaml-language-server" / "bin" / "yaml-language-server"
    argv = (str(node), str(program), "--stdio")
    with subprocess.Popen(argv, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        server = LanguageServer(process)
        try:
            formats = {
                "completion": {"completionItem": {"snippetSupport": False}},
                "hover": {"contentFormat": ["plaintext"]},
            }
            can = {"textDocument": formats, "workspace": {"configuration": True}}
            server.request("initialize", {"processId": None, "rootUri": folder.as_uri(), "capabilities": can})
            server._send({"method": "initialized", "params": {}})
            yield server
        finally:
            process.kill()

"""A package index as far away as one in the Internet: a list with checksums, and packages that take their time.

A program of its own, standard library only:

    python package_index.py PORT

- `/index`: a line `SHA256  NAME` for each package, as `sha256sum` writes and checks them.
- `/packages/NAME`: the package, a gzipped tar with one file `opt/NAME`.
- `/_lab/requests`: GET lists the packages that were downloaded since DELETE, as JSON.
"""

import gzip
import hashlib
import io
import json
import random
import sys
import tarfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CONTROL = "/_lab/requests"
PACKAGES = tuple(f"package-{number}.tar.gz" for number in range(24))
SIZE = 256 * 1024
SECONDS = 0.3
"""How long each download takes besides the transfer."""


def package(name: str) -> bytes:
    """The package of a name, always the same: content that does not compress."""
    content = random.Random(name).randbytes(SIZE)
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        member = tarfile.TarInfo(f"opt/{name.partition('.')[0]}")
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content))
    return gzip.compress(archive.getvalue(), mtime=0)


class Index:
    """The packages, and which of them were downloaded."""

    def __init__(self) -> None:
        self.packages = {name: package(name) for name in PACKAGES}
        self.downloaded: list[str] = []
        self.lock = threading.Lock()

    def answer(self, path: str) -> bytes | None:
        """What stands at a path; None for nothing."""
        if path == "/index":
            lines = (f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in self.packages.items())
            return "".join(lines).encode()
        if path == CONTROL:
            return json.dumps(self.downloaded).encode()
        name = path.removeprefix("/packages/")
        if name in self.packages:
            with self.lock:
                self.downloaded.append(name)
            time.sleep(SECONDS)
        return self.packages.get(name)


def serve(port: int) -> None:
    """Answer until the process ends."""
    index = Index()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = index.answer(self.path)
            self.send_response(200 if body is not None else 404)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def do_DELETE(self) -> None:
            with index.lock:
                index.downloaded.clear()
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()


if __name__ == "__main__":
    serve(int(sys.argv[1]))

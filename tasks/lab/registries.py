"""Image registries: an open one, one with a password, one with client certificates, one that fails when told to."""

import http.client
import sys
from collections.abc import Callable
from pathlib import Path

from tasks.lab import faults, package_index
from tasks.lab.certs import make_certificates
from tasks.lab.context import Facts, Lab, listens
from tasks.lab.packages import find

USERNAME = "lab"
PASSWORD = "lab-password"
# bcrypt of that password, which the standard library can't make; it guards nothing outside of the loopback interface.
HTPASSWD = f"{USERNAME}:$2b$05$abcdefghijklmnopqrstuuL/Ej5MNdcjasz4Sr7bjTMIxZn.WGpgG\n"

_CONFIG = """\
version: 0.1
log:
  level: warn
  accesslog:
    disabled: true
storage:
  filesystem:
    rootdirectory: {data}
  delete:
    enabled: true
  maintenance:
    uploadpurging:
      enabled: false
http:
  addr: 127.0.0.1:{port}
"""
_AUTH = """\
auth:
  htpasswd:
    realm: lab
    path: {htpasswd}
"""
_TLS = """\
  tls:
    certificate: {server}
    key: {key}
    clientcas: [{ca}]
"""


def start_open(lab: Lab, part: str) -> Facts:
    """A registry that anybody may push to."""
    return _start(lab, part, "")


def start_password(lab: Lab, part: str) -> Facts:
    """A registry that wants a username and a password for everything."""
    htpasswd = lab.layout.part(part) / "htpasswd"
    htpasswd.write_text(HTPASSWD)
    facts = _start(lab, part, _AUTH.format(htpasswd=htpasswd))
    return {**facts, "username": USERNAME, "password": PASSWORD}


def start_tls(lab: Lab, part: str) -> Facts:
    """A registry that takes only TLS clients with a certificate of its authority."""
    certificates = make_certificates(lab.layout.part(part) / "certs", lab.trees)
    server = Path(certificates["ca"]).with_name("server.pem")
    tls = _TLS.format(server=server, key=server.with_suffix(".key"), ca=certificates["ca"])
    return {**_start(lab, part, tls, ready=listens, scheme="https"), **certificates}


def start_faulty(lab: Lab, part: str) -> Facts:
    """A door to the open registry that fails as its control address tells it to; see `faults.py`."""
    port = lab.free_port()
    target = lab.facts["open"]["url"].removeprefix("http://")
    argv = [sys.executable, "-I", "-S", Path(faults.__file__), port, target]
    process = lab.serve(part, "faults", argv, ready=lambda: listens(port))
    url = f"http://127.0.0.1:{port}"
    return {"host": f"localhost:{port}", "url": url, "control": f"{url}{faults.CONTROL}", "processes": [process]}


def start_packages(lab: Lab, part: str) -> Facts:
    """A package index; see `package_index.py`."""
    port = lab.free_port()
    argv = [sys.executable, "-I", "-S", Path(package_index.__file__), port]
    process = lab.serve(part, "index", argv, ready=lambda: listens(port))
    url = f"http://127.0.0.1:{port}"
    return {"url": url, "control": f"{url}{package_index.CONTROL}", "processes": [process]}


def _start(
    lab: Lab, part: str, more: str, *, ready: Callable[[int], bool] | None = None, scheme: str = "http"
) -> Facts:
    folder, port = lab.layout.part(part), lab.free_port()
    config = folder / "config.yml"
    config.write_text(_CONFIG.format(data=folder / "data", port=port) + more)
    program = find(lab.trees / "root", "docker-registry")
    process = lab.serve(part, "registry", [program, "serve", config], ready=lambda: (ready or _answers)(port))
    return {
        "host": f"localhost:{port}",
        "url": f"{scheme}://127.0.0.1:{port}",
        "program": str(program),
        "processes": [process],
    }


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/v2/")
        return connection.getresponse().status in (http.client.OK, http.client.UNAUTHORIZED)
    except OSError:
        return False
    finally:
        connection.close()

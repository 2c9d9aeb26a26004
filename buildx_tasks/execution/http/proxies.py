"""Which proxy a request goes through, by the variables and rules that docker itself follows.

They are those of Go's ``golang.org/x/net/http/httpproxy``.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

DEFAULT_PORTS = {"http": 80, "https": 443}


def proxy_for(url: str, environ: Mapping[str, str]) -> str:
    """The URL of the proxy for a request to `url`, "" for none.

    ``http_proxy`` is for HTTP, ``https_proxy`` for HTTPS; lower case comes before upper case. This machine is never
    asked through a proxy, and neither is what ``no_proxy`` lists.
    """
    parts = urlsplit(url)
    proxy = _variable(environ, f"{parts.scheme}_proxy")
    host = (parts.hostname or "").rstrip(".")
    if not proxy or _is_this_machine(host):
        return ""
    port = parts.port or DEFAULT_PORTS.get(parts.scheme, 0)
    if any(_matches(item.strip().lower(), host, port) for item in _variable(environ, "no_proxy").split(",")):
        return ""
    return proxy if "://" in proxy else f"http://{proxy}"


def _variable(environ: Mapping[str, str], name: str) -> str:
    return environ.get(name) or environ.get(name.upper()) or ""


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _matches(item: str, host: str, port: int) -> bool:
    """Whether an item of ``no_proxy`` is about a host: a name, domain, address or network, with a port or not."""
    if item in ("", "*"):
        return bool(item)
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(item, strict=False)
    except ValueError:
        pass  # one of them is a name, or the item has a port
    name, _colon, wanted = item.rpartition(":") if item.rpartition(":")[2].isdigit() else (item, "", "")
    if wanted and wanted != str(port):
        return False
    name = name.strip("[]").removeprefix("*")
    if name.startswith("."):
        return host.endswith(name)
    return host == name or host.endswith(f".{name}")

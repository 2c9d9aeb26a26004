"""What looks like a secret, and texts without them: the only place that decides it.

A secret is recognised by the name of a variable, attribute or query parameter, by its place in an address, or by a
form that only tokens have. `model.mask` adds values that are known to be secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple
from urllib.parse import unquote

from buildx_tasks.errors import CannotStart
from buildx_tasks.model.spec import read_csv, write_csv

HIDDEN = "***"

_WORDS = (
    "accesskey|accesstoken|apikey|authtoken|bearer|connectionstring|credentials?|jwt|passphrases?|passwd|passwords?|privatekey|"
    "secretkey|secrets?|tokens?"
)
_WORD = re.compile(rf".*(?:{_WORDS})")
"""A part of a name that says it all; what stands before it may be written in one word with it (``NPMTOKEN``)."""
_LAST = frozenset(("auth", "pass", "pw", "pwd", "sig", "signature"))
"""Words that mean a secret at the end of a longer name; ``PWD`` alone is the current folder."""
_KEYS = frozenset(
    ("access", "account", "api", "deploy", "encryption", "private", "secret", "shared", "signing", "storage")
)
"""What makes a following ``key`` a secret one."""
_PAIRS = frozenset((("auth", "config"), ("connection", "string")))
"""Pairs of words that mean a secret."""
_NOT_LAST = "dir enabled endpoint env expiry file helper length name path required sock store ttl type uri url"
_NO_SECRETS = frozenset(_NOT_LAST.split(" "))
"""Last words of names whose values say where a secret is, or something about it."""
_QUERY = frozenset(("auth", "code", "key", "pass", "pw", "pwd", "sig", "signature"))
"""Query parameters that are secret in an address and mean nothing elsewhere."""
REFERENCES = ("$", "{{", "<", HIDDEN)
"""How a value begins that names a secret without being one."""

_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_NAME = re.compile(r"""(?<![\w.-])([A-Za-z_][\w.-]*)=|"([A-Za-z_][\w.-]*)"\s*:\s*(?=")""")
_VALUE = re.compile(r""""(?:[^"\\]|\\.|"")*"|'[^']*'|(?:[^\s"',;&)\]}\\]|\\[^nrt])+""")
_PARAMETER = re.compile(r"([?&])([\w.-]+)(=)([^&\s\"'<>#]+)")
_HEADER = re.compile(r"(authorization[\"']?\s*[:=]\s*[\"']?(?:basic|bearer|token)\s+)[^\s\"']+", re.IGNORECASE)
_TOKEN = re.compile(r"\b(?:gh[opsur]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|npm_\w{30,}|xox[abpr]-[\w-]{10,})")
SHORTEST_TOKEN = 15
"""Characters of the shortest text that `_TOKEN` finds."""
_PROXY = re.compile(r"\b(\w{0,60}proxy=[^\s/@:\"']+:)[^\s/\"']{1,512}@", re.IGNORECASE)
_ADDRESS = re.compile(
    r"""(?P<scheme>\b[A-Za-z][A-Za-z0-9+.-]{0,30})://
    (?: (?P<plain>[^\s"'<>/?\#]{1,1024}) @                        # up to the last @ of the host's part
      | (?P<odd>[^\s"'<>/@:\[]{1,99} : (?!\d{1,5}[/?\#]) [^\s"'<>]{0,512}) @ )   # a password with / ? # as it is
    """,
    re.VERBOSE,
)
_IMAGES = frozenset(("docker-image", "docker", "docker-daemon", "oci", "oci-layout", "containers-storage", "target"))
"""Schemes in which an ``@`` stands before a digest."""
_LONGEST_USER = 19
"""Characters of a user name that is shown; tokens that stand in its place are longer."""
_WITHOUT_PASSWORD = ("", "x-oauth-basic")
"""Passwords that go with a token in the place of the user's name."""


@lru_cache(maxsize=4096)
def looks_secret(name: str) -> bool:
    """Whether the name of a variable, attribute or query parameter says that its value is a secret."""
    parts = [part.lower() for part in _PARTS.findall(name)]
    if not parts or parts[-1] in _NO_SECRETS:
        return False
    if any(_WORD.fullmatch(part) for part in parts) or (len(parts) > 1 and parts[-1] in _LAST and parts[0] != "old"):
        return True
    pairs = tuple(pairwise(parts))
    return any((first in _KEYS and second.startswith("key")) or (first, second) in _PAIRS for first, second in pairs)


def masked(text: str) -> str:
    """`text` with what looks like a secret in it replaced."""
    if "://" in text:
        text = _ADDRESS.sub(_hide_credentials, text)
        text = _PARAMETER.sub(_hide_parameter, text)
    if "@" in text:
        text = _PROXY.sub(rf"\1{HIDDEN}@", text)
    text = _TOKEN.sub(HIDDEN, _HEADER.sub(rf"\1{HIDDEN}", text))
    return _without_values(text) if "=" in text or '":' in text or '" :' in text else text


def masked_word(word: str) -> str:
    """One argument of a command, without the value after a name that looks secret and with CSV fields on their own."""
    if len(word) < SHORTEST_TOKEN and not any(sign in word for sign in "=:@"):
        return word
    start = _value_start(word)
    head, word = word[:start], word[start:]
    if (
        not looks_secret(word.partition("=")[0])
        and (fields := _fields(word))
        and any(looks_secret(field.partition("=")[0]) for field in fields)
    ):
        return head + write_csv(tuple(_masked_field(field) for field in fields))
    return head + _masked_field(word)


def _value_start(word: str) -> int:
    """Where the value of an option begins that is one word with it; 0 for what is none, or looks secret itself."""
    flag = re.match(r"--[a-z-]+=", word)
    return flag.end() if flag and not looks_secret(flag[0]) else 0


def _fields(word: str) -> list[str]:
    """The attributes of a CSV record, none for what is no such record."""
    try:
        fields = read_csv(word) if word.count("=") > 1 else []
    except CannotStart:
        return []
    return fields if all(re.match(r"[\w.-]+=", field) for field in fields) else []


def _masked_field(text: str) -> str:
    name, equals, value = text.partition("=")
    if equals and value and re.fullmatch(r"[\w.-]+", name) and looks_secret(name) and not value.startswith(REFERENCES):
        return f"{name}={HIDDEN}"
    return masked(text)


def masked_data(value: object) -> object:
    """JSON data with every text masked; the value of a key that looks secret is hidden whole."""
    if isinstance(value, str):
        return masked_word(value)
    if isinstance(value, (list, tuple)):
        return [masked_data(item) for item in value]
    if isinstance(value, dict):
        return {key: _masked_item(str(key), item) for key, item in value.items()}
    return value


def _masked_item(key: str, value: object) -> object:
    secret = isinstance(value, str) and value and looks_secret(key) and not value.startswith(REFERENCES)
    return HIDDEN if secret else masked_data(value)


class Credentials(NamedTuple):
    """A web address without its credentials, and these as they are sent."""

    url: str
    user: str
    password: str


def split_credentials(url: str) -> Credentials:
    """The parts of an address; `user` and `password` are "" when it has none."""
    found = _ADDRESS.match(url)
    if found is None or not _is_web(found["scheme"]):
        return Credentials(url, "", "")
    user, _colon, password = (found["plain"] or found["odd"]).partition(":")
    return Credentials(f"{found['scheme']}://{url[found.end() :]}", unquote(user), unquote(password))


def secrets_in(text: str) -> Iterator[str]:
    """The secrets that addresses in `text` hold, as they are written and decoded."""
    for found in _ADDRESS.finditer(text):
        user, colon, password = (found["plain"] or found["odd"]).partition(":")
        if found["scheme"].lower() in _IMAGES or not (colon or _is_web(found["scheme"])):
            continue
        hidden = [password] if password not in _WITHOUT_PASSWORD else []
        hidden += [] if _is_user(user, password) else [user]
        yield from (form for secret in hidden for form in (secret, unquote(secret)))
    for found in _PARAMETER.finditer(text):
        if _is_query_secret(found[2]):
            yield from (found[4], unquote(found[4]))


def secrets_in_word(word: str) -> Iterator[str]:
    """The secrets that an argument holds: those of addresses, of CSV attributes and after a name that looks secret."""
    yield from secrets_in(word)
    if "=" in word:
        rest = word[_value_start(word) :]
        whole = looks_secret(rest.partition("=")[0])
        for field in [rest] if whole else _fields(rest) or [rest]:
            name, _equals, value = field.partition("=")
            if value and looks_secret(name) and not value.startswith(REFERENCES):
                yield value


def _hide_credentials(found: re.Match[str]) -> str:
    scheme, (user, colon, password) = found["scheme"], (found["plain"] or found["odd"]).partition(":")
    if scheme.lower() in _IMAGES or not (colon or _is_web(scheme)):
        return found[0]
    shown = f"{user}:" if _is_user(user, password) else ""
    return f"{scheme}://{shown}{HIDDEN}@"


def _is_user(user: str, password: str) -> bool:
    return password not in _WITHOUT_PASSWORD and len(user) <= _LONGEST_USER and not _TOKEN.search(user)


def _is_web(scheme: str) -> bool:
    return scheme.lower().rpartition("+")[2] in ("http", "https", "ftp", "ftps")


def _is_query_secret(name: str) -> bool:
    return (
        name.lower() in _QUERY
        or looks_secret(name)
        or name.lower().startswith(("x-amz-cred", "x-amz-sig", "x-goog-sig"))
    )


def _hide_parameter(found: re.Match[str]) -> str:
    return f"{found[1]}{found[2]}={HIDDEN}" if _is_query_secret(found[2]) else found[0]


def _without_values(text: str) -> str:
    pieces: list[str] = []
    at = 0
    for found in _NAME.finditer(text):
        if found.start() < at or not looks_secret(found[1] or found[2]):
            continue
        in_field = found.start() > 0 and text[found.start() - 1] == '"' and bool(found[1])
        value = (_FIELD_END if in_field else _VALUE).match(text, found.end())
        if value is None or not value[0].strip("\"'") or value[0].lstrip("\"'").startswith(REFERENCES):
            continue
        quote = value[0][0] if value[0][0] in "\"'" else ""
        pieces += [text[at : found.end()], quote, HIDDEN, quote]
        at = value.end()
    return "".join((*pieces, text[at:]))


_FIELD_END = re.compile(r'(?:[^"\\]|\\.|"")+')
"""The rest of a CSV field or of a text in quotes that begins with the name."""

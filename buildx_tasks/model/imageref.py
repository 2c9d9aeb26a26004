"""Image references as Skaffold reads them: docker's grammar, no implied registry, no implied tag."""

from __future__ import annotations

import re
from dataclasses import dataclass

from buildx_tasks.errors import CannotStart

KO_PREFIX = "ko://"
PATH_LIMIT = 255

_LABEL = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_HOST = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[a-fA-F0-9:]+\])"
_DOMAIN = rf"{_HOST}(?::[0-9]+)?"
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_PATH = rf"{_PART}(?:/{_PART})*"
_TAG = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
_ALGORITHM = r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*"
_REFERENCE = re.compile(
    rf"(?P<name>(?i:(?:{_DOMAIN}/)?{_PATH}))(?::(?P<tag>{_TAG}))?(?:@(?P<digest>{_ALGORITHM}:[0-9a-fA-F]{{32,}}))?"
)
_NAME = re.compile(rf"(?:(?P<domain>{_DOMAIN})/)?(?P<path>{_PATH})")
_DIGEST_SIZES = {"sha256": 64, "sha384": 96, "sha512": 128}


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageRef:
    """`[domain/]path[:tag][@digest]`; an absent part is the empty string.

    `domain` is syntax only: in `user/app` it is `user`. Ask `registry_of` for the host to talk to.
    """

    base_name: str
    domain: str
    path: str
    tag: str = ""
    digest: str = ""

    @property
    def repo(self) -> str:
        """`base_name` before its last `/`; empty when there is none."""
        return self.base_name.rpartition("/")[0]

    @property
    def name(self) -> str:
        """The last component of `base_name`; empty when there is no `/`, as in Skaffold's IMAGE_NAME."""
        return self.base_name.rpartition("/")[2] if "/" in self.base_name else ""

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.base_name}{tag}{digest}"


def parse_image_ref(text: str) -> ImageRef:
    """Read a reference; drops a leading `ko://` and lower-cases the name, never the tag.

    Raises CannotStart when the text is no reference.
    """
    found = _REFERENCE.fullmatch(text.removeprefix(KO_PREFIX))
    if found is None:
        raise _invalid(text, "expected [registry/]name[:tag][@digest]")
    base_name = found["name"].lower()
    parts = _NAME.fullmatch(base_name)
    domain, path = (parts["domain"] or "", parts["path"]) if parts else ("", base_name)
    if len(path) > PATH_LIMIT:
        raise _invalid(text, f"the name has more than {PATH_LIMIT} characters")
    digest = found["digest"] or ""
    if digest and not _is_valid_digest(digest):
        raise _invalid(text, f"the digest {digest!r} is not a whole sha256, sha384 or sha512 in lower case")
    return ImageRef(base_name=base_name, domain=domain, path=path, tag=found["tag"] or "", digest=digest)


def is_valid_tag(tag: str) -> bool:
    """Whether docker accepts `tag`: 1 to 128 of `A-Za-z0-9_.-`, not beginning with `.` or `-`."""
    return re.fullmatch(_TAG, tag) is not None


def registry_of(ref: ImageRef) -> str:
    """The registry host that `ref` names, or "" when docker would go to its default registry.

    Unlike `ref.domain`, the first component counts only if it has a `.` or a `:` or is `localhost`; so
    `user/app` has a domain but no registry.
    """
    is_host = "." in ref.domain or ":" in ref.domain or ref.domain == "localhost"
    return ref.domain if is_host else ""


HUB = "docker.io"
_HUB_NAMES = (HUB, "index.docker.io")


def familiar(text: str) -> str:
    """A reference as docker shows it: without Docker Hub's name, with ``latest`` where neither tag nor digest is given.

    ``docker.io/library/python`` is ``python:latest``. Raises CannotStart when the text is not a reference.
    """
    ref = parse_image_ref(text)
    name = ref.base_name
    if registry_of(ref) in _HUB_NAMES:
        name = name.partition("/")[2].removeprefix("library/") or name
    tag = ref.tag or ("" if ref.digest else "latest")
    return f"{name}{f':{tag}' if tag else ''}{f'@{ref.digest}' if ref.digest else ''}"


def canonical(text: str) -> str:
    """The whole reference: ``python`` is ``docker.io/library/python:latest``. Raises CannotStart, as `familiar`."""
    short = familiar(text)
    if registry_of(parse_image_ref(short)):
        return short
    return f"{HUB}/{short}" if "/" in short.partition("@")[0] else f"{HUB}/library/{short}"


def _is_valid_digest(digest: str) -> bool:
    algorithm, _, value = digest.partition(":")
    return _DIGEST_SIZES.get(algorithm) == len(value) and value == value.lower()


def _invalid(text: str, why: str) -> CannotStart:
    return CannotStart(f"{text!r} is not a valid image reference: {why}")

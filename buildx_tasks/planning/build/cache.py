"""Cache importers and exporters of one artifact: which references, under which tag, and what is written when.

A stable cache tag is what makes a cache outlive a commit: a reference without a tag gets ``cache-tag``. A
reference to an artifact's own image follows the image (default-repo, or ``cache-repo``); foreign ones stay.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from buildx_tasks.errors import BuildxTasksError, CannotStart, EngineUnfit
from buildx_tasks.model.config import Artifact
from buildx_tasks.model.imageref import ImageRef, parse_image_ref
from buildx_tasks.model.plan import BuildStep
from buildx_tasks.model.request import CacheUse
from buildx_tasks.model.settings import Settings
from buildx_tasks.model.spec import Spec, parse_cache_entry, read_csv
from buildx_tasks.planning.advice import builder_advice
from buildx_tasks.planning.build.engine import Tool
from buildx_tasks.planning.tags.references import apply_default_repo

DEFAULT_FLAGS = ("type=registry", "mode=max", "image-manifest=true", "oci-mediatypes=true")
NO_VALUE = "<no value>"
INSECURE = "registry.insecure"

Expand = Callable[[str, dict[str, str]], str]
"""Expands a template with extra variables on top of the usual ones; a missing value becomes ``<no value>``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CacheOptions:
    """What decides besides the artifact. `images` are the names of all artifacts as the configs spell them.

    `suffix` is added to the tags of the artifact's own registry caches: parts of an image have caches of their own.
    """

    settings: Settings
    tool: Tool
    pushes: bool
    images: frozenset[str]
    adjust: bool = True
    expand: Expand = lambda text, _more: text
    suffix: str = ""


@dataclass(slots=True)
class CachePlan:
    """The result, in order; `problems` stop the build before it begins."""

    cache_from: list[CacheUse] = field(default_factory=list)
    cache_to: list[CacheUse] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    problems: list[BuildxTasksError] = field(default_factory=list)


def plan_cache(artifact: Artifact, tag: str, options: CacheOptions) -> CachePlan:
    """Plan the caches of `artifact`, which is built as `tag` through buildx."""
    return _CachePlanner(artifact, tag, options).plan()


class _CachePlanner:
    def __init__(self, artifact: Artifact, tag: str, options: CacheOptions) -> None:
        self.artifact = artifact
        self.final = parse_image_ref(tag)
        self.options = options
        self.result = CachePlan()
        self.cache_tag = self._cache_tag()

    def plan(self) -> CachePlan:
        settings = self.options.settings
        if settings.cache_mode == "off":
            return self.result
        own: list[tuple[Spec, bool]] = []
        for text in self._texts_from():
            if (spec := self._read(text, "cacheFrom")) is None:
                continue
            resolved, is_own = self._resolve(spec)
            self._add(self.result.cache_from, CacheUse(spec=resolved, reason=self._why(resolved, "cacheFrom")))
            if is_own and resolved.type == "registry" and not parse_image_ref(resolved.get("ref")).digest:
                named = "{{" not in text and bool(parse_image_ref(spec.get("ref")).tag)
                own.append((resolved, named))
        explicit = self._texts_to()
        if explicit is None:
            self._derive(own)
        else:
            self._export_explicit(explicit)
        return self.result

    def _texts_from(self) -> tuple[str, ...]:
        if self.options.settings.cache_from:
            return self.options.settings.cache_from
        extra = self.artifact.extras.cache_from
        return self.artifact.docker.cache_from if extra is None else extra

    def _texts_to(self) -> tuple[str, ...] | None:
        if self.options.settings.cache_to:
            return self.options.settings.cache_to
        extra = self.artifact.extras.cache_to
        return self.artifact.docker.cache_to if extra is None else extra

    def _read(self, text: str, where: str) -> Spec | None:
        """The entry after its templates; None, with a warning, when a template has no value."""
        expanded = self.options.expand(text, {"CACHE_TAG": self.cache_tag}) if self.options.adjust else text
        if NO_VALUE in expanded:
            self.result.warnings.append(
                f"artifact {self.artifact.image!r}: {where} {text!r} is left out: a variable in it is not set"
            )
            return None
        try:
            return parse_cache_entry(expanded)
        except CannotStart as error:
            self._problem(f"{where}: {error.message}", error.hint)
            return None

    def _resolve(self, spec: Spec) -> tuple[Spec, bool]:
        """The entry with its reference tagged and moved, and whether it is the artifact's own image.

        Images of others have no tags of ours: unless a cache-tag is set for all, docker's own default is theirs.
        """
        if spec.type != "registry" or not self.options.adjust:
            return spec, False
        try:
            ref = parse_image_ref(spec.get("ref"))
        except CannotStart as error:
            self._problem(error.message, error.hint)
            return spec, False
        is_own = ref.base_name in (self.artifact.image.lower(), self.final.base_name)
        foreign = not is_own and ref.base_name not in self.options.images
        tag = ref.tag or ("latest" if foreign and not self.options.settings.cache_tag else self.cache_tag)
        tag = clean_tag(f"{tag}{self.options.suffix}") if is_own else tag
        text = self._name(ref, is_own) + (f"@{ref.digest}" if ref.digest else f":{tag}")
        return self._with_insecure(spec.with_attr("ref", text), ref.domain), is_own

    def _with_insecure(self, spec: Spec, registry: str) -> Spec:
        """A registry without TLS has to be announced to a builder that speaks to it by itself."""
        if spec.type != "registry" or not self.options.tool.pushes_itself:
            return spec
        if registry not in self.options.settings.insecure_registries or spec.has(INSECURE):
            return spec
        return spec.with_attr(INSECURE, "true")

    def _name(self, ref: ImageRef, is_own: bool) -> str:
        settings = self.options.settings
        repo = (settings.cache_repo or settings.default_repo or "").lower()
        if is_own and settings.cache_repo:
            return apply_default_repo(repo, settings.multi_level_repo, self.artifact.image.lower())
        if ref.base_name in self.options.images:
            return apply_default_repo(repo, settings.multi_level_repo, ref.base_name)
        return ref.base_name

    def _cache_tag(self) -> str:
        template = self.options.settings.cache_tag
        own = self.final.tag or "latest"
        if not template:
            return own
        expanded = self.options.expand(template, {})
        if NO_VALUE in expanded or not expanded.strip():
            self.result.warnings.append(
                f"cache-tag {template!r} uses a variable that is not set: the image's own tag is used"
            )
            return own
        return clean_tag(expanded)

    def _derive(self, own: list[tuple[Spec, bool]]) -> None:
        """Without cacheTo, the artifact's own registry caches are written as well, when pushing.

        Of those with and without a fixed tag (the flags in `own`), the ones without, which have the cache-tag or one
        from a template, are this build's cache; the others beside them are what to fall back to, such as that of the
        main branch. An entry with a digest is only read.

        Never to the image's own tag, which is what a reference without a tag means while no cache-tag is set:
        the cache would replace the image that was just pushed.
        """
        if not own or self.options.settings.cache_mode == "read":
            return
        if not self._may_write():
            self.result.notes.append(f"artifact {self.artifact.image!r}: no cache is written: the image is not pushed")
            return
        if not self.options.tool.exports_cache:
            self.result.notes.append(
                f"artifact {self.artifact.image!r}: no cache is written: builder {self.options.tool.builder} "
                "(driver docker, classic image store) can't export one"
            )
            return
        only_fixed = all(fixed for _spec, fixed in own)
        for spec in (spec for spec, fixed in own if only_fixed or not fixed):
            if self._is_image(spec):
                self.result.notes.append(
                    f"artifact {self.artifact.image!r}: no cache is written, because it would overwrite the image: "
                    "give it a tag of its own with cache-tag"
                )
                continue
            target = self._with_flags(spec.get("ref"))
            if not target.has("ignore-error"):
                target = target.with_attr("ignore-error", "true")
            reason = "cacheTo is absent: the own cacheFrom is written as well"
            self._add(self.result.cache_to, CacheUse(spec=target, derived=True, reason=reason))

    def _export_explicit(self, texts: tuple[str, ...]) -> None:
        settings = self.options.settings
        for text in texts:
            if settings.cache_mode == "read" or (spec := self._read(text, "cacheTo")) is None:
                continue
            if not self._may_write(spec.type):
                self.result.notes.append(
                    f"artifact {self.artifact.image!r}: cacheTo {text!r} is not written: the image is not pushed "
                    "(cache-mode write changes that)"
                )
                continue
            resolved, _own = self._resolve(spec)
            if self._is_image(resolved):
                self._problem(
                    f"cacheTo {text!r} would overwrite the image {self.final} with the cache",
                    "give the reference a tag of its own, or set one for all:  --cache-tag cache",
                )
                continue
            if self._is_plain(text) and self.options.adjust:
                resolved = self._with_flags(resolved.get("ref"))
            if not self.options.tool.exports_cache and spec.type != "inline":
                self._problem(
                    f"cacheTo {text!r} needs a builder that can export a cache, and builder "
                    f"{self.options.tool.builder} (driver docker, classic image store) can't",
                    builder_advice("cached", daemon=True) + "\nor leave the cache out:  --cache-mode read",
                    EngineUnfit,
                )
                continue
            self._add(self.result.cache_to, CacheUse(spec=resolved, reason=self._why(resolved, "cacheTo")))

    def _add(self, uses: list[CacheUse], use: CacheUse) -> None:
        """Once is enough: on `main`, a branch's cache and that of `main` are the same, which BuildKit refuses twice."""
        if all(use.spec != other.spec for other in uses):
            uses.append(use)

    def _is_image(self, spec: Spec) -> bool:
        tag = clean_tag(f"{self.final.tag or 'latest'}{self.options.suffix}")
        return spec.type == "registry" and spec.get("ref") == f"{self.final.base_name}:{tag}"

    def _may_write(self, kind: str = "registry") -> bool:
        """In mode auto a shared cache is written only by who may push; a local folder is always our own."""
        return self.options.pushes or self.options.settings.cache_mode == "write" or kind == "local"

    def _with_flags(self, ref: str) -> Spec:
        """A registry exporter from ``cache-flags``, or from the defaults that every registry takes."""
        pairs = [item.partition("=") for item in self.options.settings.cache_flags or DEFAULT_FLAGS]
        spec = Spec(next((value for key, _eq, value in pairs if key == "type"), "registry"))
        for key, _eq, value in pairs:
            if key != "type":
                spec = spec.with_attr(key, value)
        return self._with_insecure(spec.with_attr("ref", ref), parse_image_ref(ref).domain)

    def _is_plain(self, text: str) -> bool:
        return not any("=" in item for item in read_csv(text))

    def _why(self, spec: Spec, where: str) -> str:
        settings = self.options.settings
        given = settings.cache_from if where == "cacheFrom" else settings.cache_to
        origin = "flag" if given else where
        tagged = (
            settings.cache_tag
            and spec.type == "registry"
            and spec.get("ref").endswith(f":{clean_tag(self.cache_tag + self.options.suffix)}")
        )
        return f"{origin}, tag from cache-tag" if tagged else origin

    def _problem(self, message: str, hint: str, kind: type[BuildxTasksError] = CannotStart) -> None:
        self.result.problems.append(kind(f"{self.artifact.named}: {message}", hint))


def shared_caches(steps: Sequence[BuildStep]) -> list[BuildxTasksError]:
    """A problem for every two artifacts that write the same cache: exporting overwrites, it never merges."""
    owners: dict[tuple[str, str], str] = {}
    problems: list[BuildxTasksError] = []
    for step in steps:
        for use in step.request.cache_to:
            place = use.spec.get("ref") or use.spec.get("dest")
            first = owners.setdefault((use.spec.type, place), step.image)
            if place and first != step.image:
                problems.append(
                    CannotStart(
                        f"artifacts {first!r} and {step.image!r} write the same cache, {place}",
                        "give each its own reference, for example with {{.IMAGE_NAME}} in cacheTo",
                    )
                )
    return problems


def clean_tag(text: str) -> str:
    """A text as a valid tag: unfit characters become ``-``, and a cut is marked with a short digest of the whole.

    So ``cache-feature/ABC_#1`` is ``cache-feature-ABC_-1``, and two long branches never share a tag.
    """
    tag = re.sub(r"[^A-Za-z0-9_.-]", "-", text.strip())
    if tag[:1] in (".", "-"):
        tag = f"_{tag[1:]}"
    if len(tag) > 128:
        tag = f"{tag[:119]}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
    return tag

"""Whether two builds of an image gave the same: platform by platform."""

from __future__ import annotations

from dataclasses import dataclass

from buildx_tasks.model.result import Results


@dataclass(frozen=True, kw_only=True, slots=True)
class VerifiedPlatform:
    """The manifests that two builds gave for one platform, by digest; `difference` says in one line what differs first.

    A digest is "" where a build gave nothing for the platform.
    """

    platform: str
    first: str = ""
    second: str = ""
    difference: str = ""

    @property
    def same(self) -> bool:
        """Whether both builds gave the same manifest."""
        return bool(self.first) and self.first == self.second


@dataclass(frozen=True, kw_only=True, slots=True)
class VerifiedArtifact:
    """The platforms of one artifact, compared."""

    image: str
    platforms: tuple[VerifiedPlatform, ...] = ()

    @property
    def same(self) -> bool:
        """Whether all platforms are the same."""
        return bool(self.platforms) and all(one.same for one in self.platforms)


@dataclass(frozen=True, kw_only=True, slots=True)
class Verification:
    """Two builds, compared: on which `builders`, and what came out. `failed` are the results of a build that failed."""

    builders: tuple[str, str] = ("", "")
    artifacts: tuple[VerifiedArtifact, ...] = ()
    failed: Results | None = None

    @property
    def same(self) -> bool:
        """Whether every artifact came out the same."""
        return self.failed is None and all(item.same for item in self.artifacts)

# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Descriptor, Platform and ResolvedArtifact: what a reference turned out to be.

Shapes: OCI image-spec v1.1, descriptor.md and image-index.md. A `ResolvedArtifact` is made once per
reference and run; from then on the tag is only a label.
"""

from __future__ import annotations

from collections.abc import Mapping

from .digest import Digest
from .errors import InvalidInput, quote
from .records import dataclass, field
from .reference import ImageReference


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """``os/architecture[/variant][:os.version]``."""

    os: str
    architecture: str
    variant: str = ""
    os_version: str = ""

    @classmethod
    def parse(cls, text: str) -> Platform:
        """Parse ``linux/arm64/v8`` or ``windows/amd64:10.0.1``.

        Raises `InvalidInput` ``platform.malformed``.
        """
        name, _separator, os_version = text.partition(":")
        parts = name.split("/")
        if len(parts) not in (2, 3) or not all(parts):
            raise InvalidInput(
                "platform.malformed",
                f"not a platform: expected os/architecture[/variant][:version], got {quote(text)}",
            )
        return cls(
            os=parts[0],
            architecture=parts[1],
            variant=parts[2] if len(parts) == 3 else "",
            os_version=os_version,
        )

    def accepts(self, other: Platform) -> bool:
        """Whether *other* is what this one asks for; a part that is empty here accepts anything."""
        return (
            self.os == other.os
            and self.architecture == other.architecture
            and self.variant in ("", other.variant)
            and self.os_version in ("", other.os_version)
        )

    def __str__(self) -> str:
        variant = f"/{self.variant}" if self.variant else ""
        version = f":{self.os_version}" if self.os_version else ""
        return f"{self.os}/{self.architecture}{variant}{version}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Descriptor:
    """A pointer to content, as a manifest or an index gives it.

    Nothing in it but the digest is verified.
    """

    media_type: str
    digest: Digest
    size_bytes: int
    annotations: Mapping[str, str] = field(default_factory=dict)
    artifact_type: str = ""
    platform: Platform | None = None
    is_for_no_platform: bool = False
    """Declared to be for ``unknown``, as BuildKit's attestations are: no runtime takes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedArtifact:
    """What a reference means in this run: one digest, taken once."""

    reference: ImageReference
    digest: Digest
    media_type: str = ""
    """Empty when the reference named a digest and the manifest was not needed."""
    children: tuple[Descriptor, ...] = ()
    """An index's platform manifests, in its order (``unknown/unknown`` is no platform)."""
    source: str = ""
    """Where the answer came from when not the registry itself: ``mirror dir:…``."""

# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""SavedImage: the layout ``cosign save`` writes, one image with its signatures and attestations.

Entries of ``index.json`` say in the annotation ``kind`` what they are instead of having names. Here
they answer to the tags they would have in a registry, so the same discovery finds them.
"""

from __future__ import annotations

from pathlib import Path

from ..descriptor import Descriptor, ResolvedArtifact
from ..digest import Digest
from ..errors import InvalidInput
from ..reference import ImageReference, Repository, Tag
from .answers import NotFound
from .layout import LayoutSource
from .manifest import Manifest
from .source import Referrers

_KIND = "kind"
_KIND_PREFIX = "dev.cosignproject.cosign/"
_IMAGE_KINDS = ("imageIndex", "image")
_NOT_SAVED = "name a folder that cosign save wrote for this image"
_SUFFIXES = {".sig": "sigs", ".att": "atts"}


class SavedImageSource:
    """A `Source` that knows one image, whatever name it is asked for by."""

    def __init__(self, folder: Path) -> None:
        """Read the layout in *folder*. Raises `NotFound` or `InvalidInput` ``layout.*``."""
        self._layout = LayoutSource(folder)
        self._shown = f"saved image {folder}"
        self.image = self._single(_IMAGE_KINDS)

    def resolve(self, reference: ImageReference) -> ResolvedArtifact:
        """See `Source.resolve`; a reference with another digest than the image's is `NotFound`."""
        if reference.digest not in (None, self.image.digest):
            raise NotFound(f"{reference} in {self._shown}", hint=_NOT_SAVED)
        return ResolvedArtifact(
            reference=reference,
            digest=self.image.digest,
            media_type=self.image.media_type,
            source=self._shown,
        )

    def manifest(self, repository: Repository, identifier: Tag | Digest) -> Manifest:
        """See `Source.manifest`."""
        if isinstance(identifier, Digest):
            return self._layout.manifest(repository, identifier)
        for suffix, kind in _SUFFIXES.items():
            if identifier.text.endswith(f"{self.image.digest.tag_prefix}{suffix}"):
                return self._layout.manifest(repository, self._single((kind,)).digest)
        raise NotFound(f"{repository}:{identifier} in {self._shown}", hint=_NOT_SAVED)

    def blob(self, repository: Repository, digest: Digest, *, max_bytes: int) -> bytes:
        """See `Source.blob`."""
        return self._layout.blob(repository, digest, max_bytes=max_bytes)

    def referrers(self, repository: Repository, subject: Digest) -> Referrers:
        """See `Source.referrers`."""
        return self._layout.referrers(repository, subject)

    def _single(self, kinds: tuple[str, ...]) -> Descriptor:
        """Return the one entry of these kinds; two would leave open which one was meant."""
        wanted = {f"{_KIND_PREFIX}{kind}" for kind in kinds}
        found = [e for e in self._layout.entries if e.annotations.get(_KIND) in wanted]
        if not found:
            raise NotFound(f"{kinds[-1]} in {self._shown}", hint=_NOT_SAVED)
        if len(found) > 1:
            raise InvalidInput(
                "layout.ambiguous", f"more than one {kinds[-1]} in {self._shown}: {len(found)}"
            )
        return found[0]

# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""OCI image layouts as a Source: one repository, and a folder of them.

Shape: OCI image-spec v1.1, image-layout.md. Tags are the ``org.opencontainers.image.ref.name``
annotations of ``index.json``. Referrers are what the referrers tag lists and, since copying tools
write them there untagged, every manifest of ``index.json`` whose subject it is. What is read is
checked against its digest, exactly as from a registry.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from .. import jsonbytes
from ..descriptor import Descriptor, ResolvedArtifact
from ..digest import Digest
from ..errors import InvalidInput, SealpinError, Unavailable, quote
from ..evidence import Gap, Route
from ..limits import MAX_MANIFEST_BYTES
from ..records import dataclass, replace
from ..reference import ImageReference, Repository, Tag
from .answers import NotFound
from .confined import read_beneath
from .flight import SingleFlight
from .manifest import Manifest, index_entries, parse_descriptors, parse_image
from .referrers import Listing
from .source import Referrers, resolve_by_manifest

ANNOTATION_REF_NAME = "org.opencontainers.image.ref.name"
NOT_IN_FOLDER = "check the name and the tag; only what was copied into the folder is there"
"""What to do about what a folder has not: nobody hides anything there."""
_LAYOUT_VERSION = "1.0.0"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Subjects:
    """What the untagged manifests of a layout refer to."""

    referrers: Mapping[Digest, tuple[Descriptor, ...]]
    gaps: tuple[Gap, ...]


class LayoutSource:
    """A `Source` over one layout; the repository asked for is only used in messages."""

    def __init__(self, root: Path, parts: tuple[str, ...] = ()) -> None:
        """Read the layout in the folder *parts* below *root*; no link is followed below *root*."""
        self._root = root
        self._parts = parts
        self._index: SingleFlight[None, tuple[Descriptor, ...]] = SingleFlight()
        self._subjects: SingleFlight[None, _Subjects] = SingleFlight()

    @property
    def entries(self) -> tuple[Descriptor, ...]:
        """The descriptors of ``index.json``. Raises `NotFound` where there is no layout."""
        return self._index.get(None, self._read_index)

    def resolve(self, reference: ImageReference) -> ResolvedArtifact:
        """See `Source.resolve`."""
        return resolve_by_manifest(self, reference)

    def manifest(self, repository: Repository, identifier: Tag | Digest) -> Manifest:
        """See `Source.manifest`."""
        if isinstance(identifier, Digest):
            labels = (entry for entry in self.entries if entry.digest == identifier)
            media_type = next((entry.media_type for entry in labels), "")
            content = self.blob(repository, identifier, max_bytes=MAX_MANIFEST_BYTES)
            return Manifest(digest=identifier, media_type=media_type, content=content)
        for entry in self.entries:
            if entry.annotations.get(ANNOTATION_REF_NAME) == identifier.text:
                return self.manifest(repository, entry.digest)
        raise NotFound(f"{repository}:{identifier} in {self._shown}", hint=NOT_IN_FOLDER)

    def blob(self, repository: Repository, digest: Digest, *, max_bytes: int) -> bytes:
        """See `Source.blob`."""
        parts = (*self._parts, "blobs", digest.algorithm, digest.hex)
        content = read_beneath(self._root, parts, max_bytes=max_bytes)
        if content is None:
            raise NotFound(f"{repository}@{digest} in {self._shown}", hint=NOT_IN_FOLDER)
        digest.check(content, where=f"{repository}@{digest} in {self._shown}")
        return content

    def referrers(self, repository: Repository, subject: Digest) -> Referrers:
        """See `Source.referrers`."""
        subjects = self._subjects.get(None, self._read_subjects)
        where = f"referrers of {repository}@{subject} in {self._shown}"
        listing = Listing(where=where, route=Route.REFERRERS_TAG)
        listing.add(subjects.referrers.get(subject, ()))
        with suppress(NotFound):
            listing.read(index_entries(self.manifest(repository, Tag(subject.tag_prefix))))
        listed = listing.referrers()
        return replace(listed, gaps=listed.gaps + subjects.gaps)

    @property
    def _shown(self) -> str:
        return f"layout {self._root.joinpath(*self._parts)}"

    def _read(self, name: str) -> bytes:
        content = read_beneath(self._root, (*self._parts, name), max_bytes=MAX_MANIFEST_BYTES)
        if content is None:
            raise NotFound(f"{name} of {self._shown}", hint=NOT_IN_FOLDER)
        return content

    def _read_index(self) -> tuple[Descriptor, ...]:
        marker = jsonbytes.parse_object(
            self._read("oci-layout"), what=f"oci-layout of {self._shown}"
        )
        if marker.get("imageLayoutVersion") != _LAYOUT_VERSION:
            raise InvalidInput(
                "layout.version", f"not an image layout {_LAYOUT_VERSION}: {self._shown}"
            )
        document = jsonbytes.parse_object(self._read("index.json"), what=f"index of {self._shown}")
        return parse_descriptors(document.get("manifests"), where=f"index of {self._shown}")

    def _read_subjects(self) -> _Subjects:
        """Sort the untagged manifests of the index by their subject.

        One that cannot be read might be about any of them.
        """
        by_subject: dict[Digest, tuple[Descriptor, ...]] = {}
        gaps = []
        repository = Repository(registry="layout", path="index")
        for entry in self.entries:
            if ANNOTATION_REF_NAME in entry.annotations:
                continue
            try:
                manifest = self.manifest(repository, entry.digest)
            except SealpinError as error:
                gaps.append(Gap(location=f"{entry.digest} in {self._shown}", error=error))
                continue
            with suppress(InvalidInput):  # an index, or what is no manifest: no evidence
                subject = parse_image(manifest).subject
                if subject is not None:
                    by_subject[subject] = (*by_subject.get(subject, ()), entry)
        return _Subjects(referrers=by_subject, gaps=tuple(gaps))


class DirectorySource:
    """A `Source` over a folder with one layout for each repository, at the repository's path."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._layouts: SingleFlight[str, LayoutSource] = SingleFlight()

    def resolve(self, reference: ImageReference) -> ResolvedArtifact:
        """See `Source.resolve`."""
        return resolve_by_manifest(self, reference)

    def manifest(self, repository: Repository, identifier: Tag | Digest) -> Manifest:
        """See `Source.manifest`."""
        return self._layout(repository).manifest(repository, identifier)

    def blob(self, repository: Repository, digest: Digest, *, max_bytes: int) -> bytes:
        """See `Source.blob`."""
        return self._layout(repository).blob(repository, digest, max_bytes=max_bytes)

    def referrers(self, repository: Repository, subject: Digest) -> Referrers:
        """See `Source.referrers`."""
        return self._layout(repository).referrers(repository, subject)

    def _layout(self, repository: Repository) -> LayoutSource:
        if not self._root.is_dir():
            # A folder that is not mounted says nothing of what would be in it.
            raise Unavailable("layout.no-folder", f"no such folder: {quote(self._root)}")
        parts = tuple(part for part in repository.path.split("/") if part)
        return self._layouts.get(repository.path, lambda: LayoutSource(self._root, parts))

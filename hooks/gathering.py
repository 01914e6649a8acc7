# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Read a project's files for their images; keep what was found and no bytes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sealpin.collection import without_collection
from sealpin.errors import InvalidInput
from sealpin.records import dataclass

from .targets import Targets

if TYPE_CHECKING:
    from sealpin.manifests.options import FindOptions
    from sealpin.manifests.site import Found


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """What a run's files say."""

    found: tuple[Found, ...]
    """Files that name images, or of which something is to be said."""
    unreadable: tuple[InvalidInput, ...]
    """Files that could not be read; the others are processed all the same."""
    count: int
    """How many files were looked at."""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to say at all."""
        return not self.found and not self.unreadable


def gather(targets: Targets, *, options: FindOptions | None = None) -> Gathered:
    """Find the images of all files of *targets*.

    The finders, and the YAML parser with them, are imported with the first file that needs them.
    """
    found: list[Found] = []
    unreadable: list[InvalidInput] = []
    count = 0
    words = tuple(word.encode() for word in options.words) if options else ()
    with without_collection():
        for file in targets.files():
            count += 1
            try:
                found += _find(targets, file, options, words)
            except InvalidInput as error:
                unreadable.append(error)
    return Gathered(found=tuple(found), unreadable=tuple(unreadable), count=count)


def _find(
    targets: Targets, file: str, options: FindOptions | None, words: tuple[bytes, ...]
) -> Iterator[Found]:
    from sealpin.manifests.prefilter import may_name_images

    data = targets.read(file)
    if not may_name_images(file, data, words=words):
        return
    from sealpin.manifests.finder import find_sites

    found = find_sites(file, data, options=options)
    if found.sites or found.remarks:
        yield found

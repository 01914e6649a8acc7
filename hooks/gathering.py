# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Read a project's files for their images; keep what was found and no bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
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
    search = _Search(targets, options)
    with without_collection():
        for file in targets.files():
            count += 1
            try:
                found += search.find(file)
            except InvalidInput as error:
                unreadable.append(error)
    return Gathered(found=tuple(found), unreadable=tuple(unreadable), count=count)


class _Search:
    """One run's way of looking at a file."""

    def __init__(self, targets: Targets, options: FindOptions | None) -> None:
        from sealpin.manifests.prefilter import may_name_images

        self._targets = targets
        self._options = options
        self._words = tuple(word.encode() for word in options.words) if options else ()
        self._may_name_images = may_name_images

    def find(self, file: str) -> Iterator[Found]:
        data = self._targets.read(file)
        if not self._may_name_images(file, data, words=self._words):
            return
        found = _finder()(file, data, options=self._options)
        if found.sites or found.remarks:
            yield found


@cache
def _finder() -> Callable[..., Found]:
    from sealpin.manifests.finder import find_sites

    return find_sites

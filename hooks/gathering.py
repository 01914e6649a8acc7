# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Read a project's files for their images; keep what was found and no bytes."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sealpin.errors import InvalidInput
from sealpin.tree import walk

from .files import read_file

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


def gather(paths: Iterable[str], *, options: FindOptions | None = None) -> Gathered:
    """Find the images of all files at or below *paths*.

    The finders, and the YAML parser with them, are imported with the first file that needs them.
    """
    found: list[Found] = []
    unreadable: list[InvalidInput] = []
    count = 0
    for path in walk(Path(path) for path in paths):
        count += 1
        try:
            found += _find(path, options)
        except InvalidInput as error:
            unreadable.append(error)
    return Gathered(found=tuple(found), unreadable=tuple(unreadable), count=count)


def _find(path: Path, options: FindOptions | None) -> Iterator[Found]:
    from sealpin.manifests.prefilter import may_name_images

    data = read_file(path).data
    if not may_name_images(str(path), data):
        return
    from sealpin.manifests.finder import find_sites

    found = find_sites(os.path.normpath(path), data, options=options)
    if found.sites or found.remarks:
        yield found

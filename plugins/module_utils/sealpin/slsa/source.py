# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Source repositories as provenance and people spell them, reduced to one spelling to compare.

SLSA provenance writes ``git+https://github.com/o/r@refs/tags/v1`` (an SPDX download location),
BuildKit ``https://github.com/o/r.git#refs/tags/v1``, people ``github.com/o/r``. What is expected
is folded in its scheme alone: letter case, trailing slashes and ``.git`` are kept, so that two
repositories never become one.
"""

from __future__ import annotations

import re

from ..errors import InvalidInput, quote
from ..records import dataclass

_SCP_LIKE = re.compile(r"(?:[A-Za-z0-9._-]+@)?([A-Za-z0-9.-]+\.[A-Za-z0-9-]+):(?!//)(.+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceUri:
    """A claimed source: where from, and at which ref if it says."""

    repository: str
    """Canonical: ``https://host/path`` (or ``gs://…``), without ``git+`` and without ref."""
    ref: str = ""
    """``refs/heads/main``; empty when none was written."""


def canonical_source(text: str) -> str:
    """Drop ``git+``, and add ``https://`` where no scheme is written.

    Raises `InvalidInput` ``slsa.source`` for an empty source.
    """
    stripped = text.removeprefix("git+")
    if not stripped:
        raise InvalidInput(
            "slsa.source",
            f"not a source repository: {quote(text)}",
            hint="write it as github.com/owner/name",
        )
    return stripped if "://" in stripped else f"https://{stripped}"


def parse_download_location(text: str) -> SourceUri:
    """Split ``git+https://host/path@ref``; an ``@`` before the path is a user and no ref.

    Raises `InvalidInput` ``slsa.source`` when it is empty or its ref is.
    """
    scheme, separator, rest = canonical_source(text).partition("://")
    host, slash, path = rest.partition("/")
    path, at, ref = path.partition("@")
    if at and not ref:
        raise InvalidInput("slsa.source", f"source has an empty ref: {quote(text)}")
    return SourceUri(repository=f"{scheme}{separator}{host}{slash}{path}", ref=ref)


def parse_git_context(text: str) -> SourceUri:
    """Split a BuildKit source, ``https://host/path.git#ref:folder`` or ``git@host:path.git``.

    ``.git`` is dropped, because the same remote is written with and without it.
    Raises `InvalidInput` ``slsa.source`` when it is empty.
    """
    location, _separator, fragment = text.partition("#")
    scp_like = _SCP_LIKE.fullmatch(location)
    if scp_like:
        location = f"https://{scp_like[1]}/{scp_like[2]}"
    repository = canonical_source(location).removesuffix(".git")
    return SourceUri(repository=repository, ref=fragment.partition(":")[0])

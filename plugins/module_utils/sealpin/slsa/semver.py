# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Semantic versions as Go's ``golang.org/x/mod/semver`` reads them, for versioned source tags.

They differ from semver.org: a leading ``v`` is required, and ``v1`` and ``v1.2`` stand for
``v1.0.0`` and ``v1.2.0``, but never with a pre-release or build part.
https://pkg.go.dev/golang.org/x/mod/semver
"""

from __future__ import annotations

import re

from ..records import dataclass

_NUMBER = r"(?:0|[1-9][0-9]*)"
_PRERELEASE_PART = rf"(?:{_NUMBER}|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
_VERSION = re.compile(
    rf"v(?P<major>{_NUMBER})"
    rf"(?:\.(?P<minor>{_NUMBER})"
    rf"(?:\.(?P<patch>{_NUMBER})"
    rf"(?P<prerelease>-{_PRERELEASE_PART}(?:\.{_PRERELEASE_PART})*)?"
    r"(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?"
    r")?)?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A parsed version; numbers stay text, for they are only compared for equality."""

    major: str
    minor: str | None
    """None when it was not written."""
    patch: str | None
    """None when it was not written."""
    prerelease: str = ""
    """Without its hyphen."""


def parse(text: str) -> Version | None:
    """Parse *text*; None when it is no version. Build metadata is dropped: it never compares."""
    match = _VERSION.fullmatch(text)
    if match is None:
        return None
    return Version(
        major=match["major"],
        minor=match["minor"],
        patch=match["patch"],
        prerelease=(match["prerelease"] or "")[1:],
    )


def first_difference(expected: Version, got: Version) -> str | None:
    """Return which written part of *expected* differs, or None.

    The parts are ``major``, ``minor``, ``patch`` and ``pre-release``; those absent from *got* are
    zero. A pre-release belongs to the patch: ``v1.2`` accepts ``v1.2.3-rc.1``, ``v1.2.3`` does not.
    """
    if expected.major != got.major:
        return "major"
    if expected.minor is not None and expected.minor != (got.minor or "0"):
        return "minor"
    if expected.patch is None:
        return None
    if expected.patch != (got.patch or "0"):
        return "patch"
    return None if expected.prerelease == got.prerelease else "pre-release"

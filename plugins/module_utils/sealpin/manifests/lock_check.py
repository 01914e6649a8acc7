# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Hold files against the lock: is everything pinned, and to what was verified?

The answer is "consistent" at best. A lock is a record in the same repository as the files, so it
proves nothing; whoever wants proof verifies again under the current policy.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..digest import Digest
from ..reference import ImageReference
from .lock import Lock
from .lock_entry import LockEntry
from .site import ImageSite, Remark


def check_sites(
    lock: Lock, sites: Iterable[ImageSite], *, policy: Digest | None, trusted_root: Digest | None
) -> tuple[Remark, ...]:
    """Remark every site that is unpinned or does not agree with *lock*.

    *policy* and *trusted_root* are the current hashes; None leaves that comparison out.
    """
    return tuple(
        _remark(code, site)
        for site in sites
        for code in _codes(lock, site, policy=policy, trusted_root=trusted_root)
    )


def stale_entries(lock: Lock, sites: Iterable[ImageSite]) -> tuple[LockEntry, ...]:
    """Entries of *lock* that none of *sites*, which must be those of every file, uses.

    A site that has another digest than the lock uses all of its reference: it is remarked itself.
    """
    used: set[tuple[str, str, str]] = set()
    differing: set[ImageReference] = set()
    for site in (site for site in sites if site.is_pinned):
        found = lock.find_pinned(site.reference)
        used.update(entry.subject for entry in found)
        if not found:
            differing.add(site.moving_reference)
    used.update(entry.subject for reference in differing for entry in lock.find(reference))
    return tuple(entry for entry in lock.entries if entry.subject not in used)


def stale_remark(lock: Lock, entry: LockEntry, *, lock_file: str) -> Remark:
    """The remark about an entry of *lock* that no file uses."""
    key = lock.key(entry)
    return Remark(code="stale-lock-entry", file=lock_file, path=key, detail=key)


def _codes(
    lock: Lock, site: ImageSite, *, policy: Digest | None, trusted_root: Digest | None
) -> list[str]:
    if not site.is_pinned:
        return ["unpinned"]
    found = lock.find_pinned(site.reference)
    if not found:
        return ["differs-from-lock" if lock.find(site.reference) else "not-in-lock"]
    entry = found[0]
    codes = []
    if policy is not None and entry.policy != policy:
        codes.append("policy-changed")
    if trusted_root is not None and entry.trusted_root not in (None, trusted_root):
        codes.append("trust-changed")
    if entry.is_unsigned:
        codes.append("unsigned")
    return codes


def _remark(code: str, site: ImageSite) -> Remark:
    return Remark(
        code=code,
        file=site.file,
        path=site.path,
        line=site.line,
        column=site.column,
        detail=site.reference.text,
    )

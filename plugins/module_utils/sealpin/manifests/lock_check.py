# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Hold files against the lock: is everything pinned, and to what was verified?

The answer is "consistent" at best. A lock is a record in the same repository as the files, so it
proves nothing; whoever wants proof verifies again under the current policy.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..digest import Digest
from ..reference import DEFAULT_TAG, ImageReference
from .lock import Lock, LockEntry
from .site import ImageSite, Remark


class LockIndex:
    """Finds the entries of a lock that speak of a reference."""

    def __init__(self, lock: Lock) -> None:
        self.lock = lock
        self._by_reference: dict[str, list[LockEntry]] = {}
        self._by_digest: dict[tuple[str, Digest], list[LockEntry]] = {}
        for entry in lock.entries:
            self._by_reference.setdefault(entry.reference, []).append(entry)
            repository = str(ImageReference.parse(entry.reference).repository)
            self._by_digest.setdefault((repository, entry.digest), []).append(entry)

    def find(self, reference: ImageReference) -> list[LockEntry]:
        """Entries for any platform; a reference pinned without a tag is known by its digest."""
        if reference.tag is None and reference.digest is not None:
            return self._by_digest.get((str(reference.repository), reference.digest), [])
        name = f"{reference.repository}:{reference.tag or DEFAULT_TAG}"
        return self._by_reference.get(name, [])


def check_sites(
    lock: Lock, sites: Iterable[ImageSite], *, policy: Digest | None, trusted_root: Digest | None
) -> tuple[Remark, ...]:
    """Remark every site that is unpinned or does not agree with *lock*.

    *policy* and *trusted_root* are the current hashes; None leaves that comparison out.
    """
    index = LockIndex(lock)
    return tuple(
        _remark(code, site)
        for site in sites
        for code in _codes(index, site, policy=policy, trusted_root=trusted_root)
    )


def stale_entries(lock: Lock, sites: Iterable[ImageSite]) -> tuple[LockEntry, ...]:
    """Entries of *lock* that none of *sites*, which must be those of every file, uses."""
    index = LockIndex(lock)
    used = {entry.key for site in sites if site.is_pinned for entry in index.find(site.reference)}
    return tuple(entry for entry in lock.entries if entry.key not in used)


def stale_remark(entry: LockEntry, *, lock_file: str) -> Remark:
    """The remark about an entry that no file uses."""
    return Remark(code="stale-lock-entry", file=lock_file, path=entry.key, detail=entry.key)


def _codes(
    index: LockIndex, site: ImageSite, *, policy: Digest | None, trusted_root: Digest | None
) -> list[str]:
    if not site.is_pinned:
        return ["unpinned"]
    candidates = index.find(site.reference)
    if not candidates:
        return ["not-in-lock"]
    entry = next((e for e in candidates if e.digest == site.reference.digest), None)
    if entry is None:
        return ["differs-from-lock"]
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

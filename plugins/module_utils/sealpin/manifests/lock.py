# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""sealpin.lock: what was proven about every image that files name, as a record and never as proof.

The file is one JSON object: a key per reference (normalised, without its digest; with the platform
behind a space where one was asked for), then ``version``. Where files carry several digests of one
tag, as when it is promoted from folder to folder, each has an entry, and the keys have the digest.
Each entry is one line that ends in a comma, with an empty line behind it, because git merges lines:

- two branches that change neighbouring entries merge, for an unchanged line lies between them;
- two branches that add entries at the same place merge under ``merge=union``
  (``sealpin.lock merge=union`` in ``.gitattributes``): any subset of such lines in any order is
  still the same JSON. An entry over several lines would not survive: the driver keeps lines that
  both sides have, such as a closing brace, once.

What is written is sorted and has no clock in it: the same evidence gives the same bytes. An entry
is `lock_entry`. Format: hooks/schemas/sealpin-lock.schema.json, docs/adr/0005.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any, TypeVar

from .. import jsonbytes
from ..digest import Digest
from ..errors import InvalidInput
from ..limits import MAX_LOCK_BYTES
from ..records import dataclass, field, replace
from ..reference import DEFAULT_TAG, ImageReference
from .lock_entry import LockEntry, entry_from_json, entry_to_json, key_of
from .lock_fields import malformed

LOCK_VERSION = 1

_CONFLICT_MARKERS = (b"<<<<<<< ", b">>>>>>> ")
_Key = TypeVar("_Key")
_KEEP_ONE = "keep the entry with the digest your files have, or delete both, and run: sealpin pin"


@dataclass(frozen=True, slots=True)
class Lock:
    """The whole file."""

    entries: tuple[LockEntry, ...] = ()
    """Sorted by `LockEntry.subject`, each once."""
    _by_reference: dict[str, tuple[LockEntry, ...]] = field(init=False, compare=False, repr=False)
    _by_pin: dict[tuple[str, Digest], tuple[LockEntry, ...]] = field(
        init=False, compare=False, repr=False
    )
    """By reference without its digest, and that: files may carry very many digests of one tag."""

    _newest: dict[str, datetime | None] = field(init=False, compare=False, repr=False)
    """What `newest_proof_utc` found, by normalised reference: one tag may have many entries."""

    _ambiguous: frozenset[tuple[str, str]] = field(init=False, compare=False, repr=False)
    """References and platforms of which there are several digests."""

    def __post_init__(self) -> None:
        """Index the entries: files are compared site by site."""
        by_reference: dict[str, list[LockEntry]] = {}
        by_pin: dict[tuple[str, Digest], list[LockEntry]] = {}
        for entry in self.entries:
            by_reference.setdefault(entry.reference, []).append(entry)
            for name in (entry.reference, _repository_in(entry.reference)):
                by_pin.setdefault((name, entry.digest), []).append(entry)
        first = {(each.reference, each.platform): each.digest for each in self.entries}
        ambiguous = (
            (each.reference, each.platform)
            for each in self.entries
            if each.digest != first[each.reference, each.platform]
        )
        object.__setattr__(self, "_newest", {})
        object.__setattr__(self, "_ambiguous", frozenset(ambiguous))
        object.__setattr__(self, "_by_reference", _frozen(by_reference))
        object.__setattr__(self, "_by_pin", _frozen(by_pin))

    def find(self, reference: ImageReference) -> tuple[LockEntry, ...]:
        """Entries for any platform; a reference pinned without a tag is known by its digest."""
        if reference.tag is None and reference.digest is not None:
            return self.find_pinned(reference)
        return self._by_reference.get(_name_of(reference), ())

    def find_pinned(self, reference: ImageReference) -> tuple[LockEntry, ...]:
        """Those of `find` that have the digest of *reference*."""
        if reference.digest is None:
            return ()
        name = str(reference.repository) if reference.tag is None else _name_of(reference)
        return self._by_pin.get((name, reference.digest), ())

    def newest_proof_utc(self, reference: ImageReference) -> datetime | None:
        """Return the latest proven signing time of what `find` finds, if there is any."""
        name = reference.normalised
        if name not in self._newest:
            times = (entry.newest_proof_utc for entry in self.find(reference))
            self._newest[name] = max(filter(None, times), default=None)
        return self._newest[name]

    def named_as_before(self, entry: LockEntry) -> tuple[LockEntry, ...]:
        """Return *entry* under the references this lock has for its digest, where it has no tag."""
        reference = ImageReference.parse(entry.reference)
        if reference.tag is not None:
            return (entry,)
        before = [old for old in self.find(reference) if old.platform == entry.platform]
        return tuple(replace(entry, reference=old.reference) for old in before) or (entry,)

    def key(self, entry: LockEntry) -> str:
        """Return the key of *entry* in the file: with its digest where the tag has another, too."""
        return key_of(entry, has_digest=(entry.reference, entry.platform) in self._ambiguous)

    @classmethod
    def of(cls, entries: Iterable[LockEntry]) -> Lock:
        """Make a lock of *entries*; of two about one thing the later counts."""
        by_subject = {entry.subject: entry for entry in entries}
        return cls(tuple(by_subject[subject] for subject in sorted(by_subject)))

    @classmethod
    def parse(cls, data: bytes) -> Lock:
        """Parse the file. Round trip: ``Lock.parse(lock.dump()) == lock``.

        Raises `InvalidInput` ``lock.conflict`` for an unfinished merge, ``lock.newer`` for a
        version this program does not know, ``lock.malformed`` for anything else.
        """
        entries = _read_document(data)
        lock = cls.of(entries)
        if len(lock.entries) < len(entries):
            raise _conflict("an entry with its digest in the key is there without, too", _KEEP_ONE)
        return lock

    def dump(self) -> bytes:
        """The file's bytes; equal locks give equal bytes."""
        lines = [
            f"{_json(self.key(each))}: {_json(entry_to_json(each))},\n" for each in self.entries
        ]
        body = "".join(f"  {line}\n" for line in lines)
        return f'{{\n{body}  "version": {LOCK_VERSION}\n}}\n'.encode()


def _frozen(index: dict[_Key, list[LockEntry]]) -> dict[_Key, tuple[LockEntry, ...]]:
    return {key: tuple(entries) for key, entries in index.items()}


def _name_of(reference: ImageReference) -> str:
    return f"{reference.repository}:{reference.tag or DEFAULT_TAG}"


def _repository_in(normalised: str) -> str:
    """Cut tag and digest off a normalised reference; parsing each entry takes ten times as long."""
    name = normalised.partition("@")[0]
    head, colon, tail = name.rpartition(":")
    return head if colon and "/" not in tail else name


def _conflict(problem: str, hint: str) -> InvalidInput:
    return InvalidInput(
        "lock.conflict", f"sealpin.lock has an unfinished merge: {problem}", hint=hint
    )


def _read_document(data: bytes) -> list[LockEntry]:
    if any(data.startswith(m) or b"\n" + m in data for m in _CONFLICT_MARKERS):
        raise _conflict(
            "it holds conflict markers",
            "delete the markers, keep one entry for each image, and run: sealpin pin;"
            " with `sealpin.lock merge=union` in .gitattributes git merges different images"
            " by itself",
        )
    try:
        document = jsonbytes.parse_object(data, what="it", max_bytes=MAX_LOCK_BYTES)
    except InvalidInput as error:
        if error.code == "json.duplicate-key":
            raise _conflict(error.message, _KEEP_ONE) from error
        raise malformed(error.message) from error
    version = document.pop("version", None)
    if not isinstance(version, int) or isinstance(version, bool):
        raise malformed("it has no version")
    if version > LOCK_VERSION:
        raise InvalidInput(
            "lock.newer",
            f"sealpin.lock was written by a newer sealpin: expected version {LOCK_VERSION},"
            f" got {version}",
            hint="update sealpin",
        )
    return [entry_from_json(key, value) for key, value in document.items()]


def _json(value: Any) -> str:
    """One line, ASCII only: no character in it may end a line for anybody."""
    return json.dumps(value, separators=(", ", ": "))

# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Evidence kept in a folder, to be verified again where no registry can be reached.

For each subject there is ``<algorithm>-<hex>.json``, which lists its evidence and what could not be
looked at, and for each piece of content one file ``content/<algorithm>/<hex>``, shared by the
subjects that have it. The manifest of a subject, which tells what an index contains, is kept the
same way. The bytes depend on the evidence alone: the same set gives the same files. A
record is no proof: content is checked against its digest when it is read, and everything else is
verified as if it had just been fetched.
"""

from __future__ import annotations

import json
import os
import stat
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from .. import jsonbytes
from ..digest import Digest
from ..errors import InvalidInput, SealpinError, Unavailable, VerificationFailed, quote
from ..evidence import Evidence, EvidenceKind, EvidenceSet, Gap, Route
from ..limits import (
    MAX_EVIDENCE_BYTES,
    MAX_EVIDENCE_PIECES,
    MAX_MANIFEST_BYTES,
    MAX_TOTAL_EVIDENCE_BYTES,
)
from ..next_steps import SAVE_EVIDENCE
from .confined import read_beneath
from .manifest import Manifest
from .unpack import ByteBudget

_VERSION = 1
_MAX_INDEX_BYTES = 64 * 1024 * 1024
_MAX_ENTRIES = 2 * MAX_EVIDENCE_PIECES
"""More than discovery finds, of pieces as of gaps."""
_CONTENT = "content"
_FOLDER_MODE, _FILE_MODE = 0o755, 0o644  # to be taken along, and read by whoever verifies


def save(evidence: EvidenceSet, directory: Path) -> Path:
    """Write *evidence* below *directory* and return the subject's file.

    Files that are there already with the same bytes are left alone. Nothing is written through a
    link below *directory*, where nothing is read through one either. Raises `InvalidInput`
    ``evidence.unwritable``.
    """
    try:
        _check_no_links(directory / _CONTENT)
        for item in evidence.items:
            _write(_content_path(directory, item.digest), item.content)
        path = directory / _index_name(evidence.subject)
        _write(path, _dump(evidence))
    except OSError as error:
        raise _unwritable(directory, error) from error
    return path


def load(directory: Path, subject: Digest) -> EvidenceSet:
    """Read what was saved for *subject*; every item has the route ``OFFLINE``.

    A piece whose content is missing or altered is a gap. Raises `Unavailable`
    ``evidence.not-saved`` when nothing was saved for *subject*, `InvalidInput`
    ``evidence.version``, ``evidence.malformed`` or ``json.*`` for a file that is none of ours.
    """
    name = _index_name(subject)
    content = read_beneath(directory, (name,), max_bytes=_MAX_INDEX_BYTES)
    if content is None:
        raise Unavailable(
            "evidence.not-saved",
            f"no evidence for {subject} was saved in {quote(directory)}",
        )
    try:
        document = jsonbytes.parse_object(content, what=f"evidence {name}")
    except InvalidInput as error:
        raise InvalidInput(error.code, error.message, hint=SAVE_EVIDENCE) from error
    _check_head(document, subject, where=quote(directory / name))
    budget = ByteBudget(MAX_TOTAL_EVIDENCE_BYTES)
    items: list[Evidence] = []
    gaps = [_read_gap(entry) for entry in _entries(document, "gaps")]
    for entry in _entries(document, "evidence"):
        try:
            items.append(_read_item(directory, subject, entry, budget))
        except SealpinError as error:
            gaps.append(Gap(location=f"{directory / name}", error=error))
    return EvidenceSet(subject=subject, items=tuple(items), gaps=tuple(gaps))


def _check_head(document: Mapping[str, Any], subject: Digest, *, where: str) -> None:
    version, claimed = document.get("version"), document.get("subject")
    if version != _VERSION:
        raise InvalidInput(
            "evidence.version",
            f"not evidence that this sealpin reads: expected version {_VERSION},"
            f" got {quote(version)}: {where}",
            hint="update sealpin, or save the evidence again: sealpin evidence save",
        )
    if claimed != str(subject):
        raise InvalidInput(
            "evidence.malformed",
            f"saved evidence is of another image: expected {subject}, got {quote(claimed)}:"
            f" {where}",
            hint="save it again: sealpin evidence save",
        )


def save_manifest(manifest: Manifest, directory: Path) -> None:
    """Write the bytes of a subject itself, as `save` writes its evidence, and raise as it does."""
    try:
        _check_no_links(directory / _CONTENT)
        _write(_content_path(directory, manifest.digest), manifest.content)
    except OSError as error:
        raise _unwritable(directory, error) from error


def load_manifest(directory: Path, subject: Digest) -> Manifest | None:
    """Read the bytes of *subject*; None where they were not saved.

    Raises `Unavailable` ``digest.mismatch`` for bytes that are not what was saved.
    """
    parts = (_CONTENT, subject.algorithm, subject.hex)
    content = read_beneath(directory, parts, max_bytes=MAX_MANIFEST_BYTES)
    if content is None:
        return None
    try:
        subject.check(content, where=f"saved evidence {directory.joinpath(*parts)}")
    except VerificationFailed as error:  # of the copy, which says nothing about the image
        raise Unavailable(error.code, error.message, hint=SAVE_EVIDENCE) from error
    return Manifest(digest=subject, media_type="", content=content)


def _unwritable(directory: Path, error: OSError) -> InvalidInput:
    return InvalidInput(
        "evidence.unwritable",
        f"evidence cannot be written to {quote(directory)}: {error.strerror}",
    )


def _index_name(subject: Digest) -> str:
    return f"{subject.algorithm}-{subject.hex}.json"


def _content_path(directory: Path, digest: Digest) -> Path:
    return directory / _CONTENT / digest.algorithm / digest.hex


def _dump(evidence: EvidenceSet) -> bytes:
    document = {
        "version": _VERSION,
        "subject": str(evidence.subject),
        "evidence": _sorted(_item_document(item) for item in evidence.items),
        "gaps": _sorted(
            {
                "location": gap.location,
                "code": gap.error.code,
                "message": gap.error.message,
                "conclusive": gap.conclusive,
            }
            for gap in evidence.gaps
        ),
    }
    return (json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def _item_document(item: Evidence) -> dict[str, Any]:
    return {
        "kind": item.kind.value,
        "digest": str(item.digest),
        "size": len(item.content),
        "annotations": dict(item.annotations),
        "found": item.route.value,
        "location": item.location,
    }


def _sorted(documents: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(documents, key=lambda document: json.dumps(document, sort_keys=True))


def _entries(document: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    entries = document.get(key)
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise InvalidInput("evidence.malformed", f'saved evidence has no list "{key}"')
    if len(entries) > _MAX_ENTRIES:
        raise InvalidInput(
            "evidence.malformed",
            f'saved evidence lists too much in "{key}": expected at most {_MAX_ENTRIES},'
            f" got {len(entries)}",
        )
    return entries


def _read_item(
    directory: Path, subject: Digest, entry: Mapping[str, Any], budget: ByteBudget
) -> Evidence:
    try:
        kind, digest = EvidenceKind(entry["kind"]), Digest.parse(entry["digest"])
        location, annotations = entry["location"], entry["annotations"]
        pairs = {**annotations, "": location}
        if not all(isinstance(text, str) for text in (*pairs, *pairs.values())):
            raise ValueError("not a text")
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidInput(
            "evidence.malformed", f"malformed entry of saved evidence: {quote(error)}"
        ) from error
    parts = (_CONTENT, digest.algorithm, digest.hex)
    content = read_beneath(directory, parts, max_bytes=MAX_EVIDENCE_BYTES)
    if content is None:
        raise Unavailable("evidence.not-saved", f"content {digest} was not saved along")
    digest.check(content, where=f"saved evidence {directory.joinpath(*parts)}")
    budget.take(len(content), where=str(digest))
    return Evidence(
        kind=kind,
        subject=subject,
        content=content,
        annotations=annotations,
        route=Route.OFFLINE,
        location=location,
    )


def _read_gap(entry: Mapping[str, Any]) -> Gap:
    """Restore a gap; one that is not plainly conclusive leaves absence unproven."""
    return Gap(
        location=str(entry.get("location", "")),
        error=Unavailable(
            str(entry.get("code", "evidence.gap")), str(entry.get("message", "unknown"))
        ),
        conclusive=entry.get("conclusive") is True,
    )


def _check_no_links(folder: Path) -> None:
    """Refuse a link in the place of the folder or of one for an algorithm in it."""
    for place in (folder, *(folder.iterdir() if folder.is_dir() else ())):
        if place.is_symlink():
            raise InvalidInput(
                "evidence.unwritable", f"evidence is not written through a link: {quote(place)}"
            )


def _write(path: Path, content: bytes) -> None:
    """Put *content* in place at once, or leave everything as it was."""
    with suppress(FileNotFoundError):
        found = path.lstat()
        is_like = stat.S_ISREG(found.st_mode) and found.st_size == len(content)
        if is_like and path.read_bytes() == content:
            return
    for folder in reversed([path.parent, *path.parent.parents]):
        if not folder.exists():
            folder.mkdir(mode=_FOLDER_MODE, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".sealpin-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), _FILE_MODE)
            file.write(content)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise

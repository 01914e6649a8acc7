# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Where a policy's values come from: files, roots, key services, remote texts.

The readers of documents are pure. What a document refers to is asked of a `Sources`; what cannot be
had becomes `Unresolved`, so that a policy loads (and can be validated) without a network, and
decides *inconclusive* where it would have needed one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from ..errors import InvalidInput, MissingDependency, SealpinError, Unavailable, quote
from ..records import dataclass, field
from ..trust.keys import NamedKey
from ..trust.root import TrustedRoot
from .model import Unresolved

if TYPE_CHECKING:
    # Reading documents takes YAML, which a run that names a signer does without.
    from .fields import Fields

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class TufRoot:
    """A trusted root kept in a TUF repository: ``remote`` or ``repository`` of a TrustRoot."""

    name: str
    root_json: bytes = field(repr=False)
    """The repository's first ``root.json``."""
    mirror: str = ""
    """URL; empty for a repository that is given whole."""
    archive: bytes = field(default=b"", repr=False)
    """The repository as a gzipped tar file."""
    targets: str = "targets"
    target: str = "trusted_root.json"


def _refuse_file(path: str) -> bytes:
    raise Unavailable("policy.source-missing", f"no file can be read here: {quote(path)}")


def _refuse_tuf(root: TufRoot) -> TrustedRoot:
    raise Unavailable(
        "policy.source-missing", f"TUF repositories are not read here: {quote(root.name)}"
    )


def _refuse_kms(uri: str, _hash_algorithm: str) -> NamedKey:
    raise Unavailable("policy.source-missing", f"key services are not asked here: {quote(uri)}")


def _refuse_remote(url: str) -> bytes:
    raise Unavailable(
        "policy.source-missing", f"remote policies are not fetched here: {quote(url)}"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """What the readers of documents may ask for."""

    default_root: Callable[[], TrustedRoot]
    """The root of policies that name none; asked for once, and only if one needs it."""
    read: Callable[[str], bytes] = _refuse_file
    """A file's content by its path relative to the document; checked with `check_path` before."""
    tuf_root: Callable[[TufRoot], TrustedRoot] = _refuse_tuf
    kms_key: Callable[[str, str], NamedKey] = _refuse_kms
    """By URI and hash algorithm (empty for the default)."""
    fetch: Callable[[str], bytes] = _refuse_remote
    """The text behind a policy's ``remote.url``; the checksum is checked by the reader."""


def resolve(make: Callable[[], _T]) -> _T | Unresolved:
    """Return what *make* makes, or why it could not be obtained. `InvalidInput` is raised."""
    try:
        return make()
    except (Unavailable, MissingDependency) as error:
        return Unresolved(_without_traceback(error))


def check_path(text: str) -> str:
    """Return *text* if it is a path inside its document's folder, else raise ``policy.path``.

    This is the lexical half; whoever reads must not follow a symbolic link out of the folder
    either.
    """
    malformed = not text or re.search(r"[\\\0]|^/|^[A-Za-z]:", text) is not None
    if malformed or ".." in text.split("/"):
        raise InvalidInput(
            "policy.path",
            f"not a path relative to the document and inside its folder: {quote(text)}",
        )
    return "/".join(part for part in text.split("/") if part not in ("", "."))


def path_field(entry: Fields, name: str) -> str:
    """Read a field that is a path inside the document's folder; empty when absent or wrong."""
    text = entry.text(name)
    if not text:
        return ""
    return entry.reader.attempt(text, entry.at(name), lambda: check_path(text)) or ""


def file_field(entry: Fields, name: str, sources: Sources) -> bytes | Unresolved | None:
    """Read the file a field names; None when the field is absent or, with a problem, wrong."""
    path = path_field(entry, name)
    if not path:
        return None
    return entry.reader.attempt(path, entry.at(name), lambda: resolve(lambda: sources.read(path)))


def _without_traceback(error: SealpinError) -> SealpinError:
    return error.with_traceback(None)

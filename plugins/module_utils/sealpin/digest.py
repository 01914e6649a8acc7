# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Digest: the content address every later step works with.

Grammar and registered algorithms: OCI image-spec v1.1, descriptor.md, "Digests". A digest compares
by algorithm and hexadecimal value; it is never compared as unparsed text.
"""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache

from .errors import InvalidInput, VerificationFailed, quote
from .records import dataclass

HASH_ALGORITHMS = ("sha224", "sha256", "sha384", "sha512")
"""What a signature may be made over; SHA-1 and MD5 are refused wherever they occur."""

_HEX_CHARS = {"sha256": 64, "sha512": 128}
_PATTERN = re.compile(r"([a-z0-9]+(?:[+._-][a-z0-9]+)*):([0-9a-f]+)")


@dataclass(frozen=True, slots=True, order=True)
class Digest:
    """A well-formed digest, which proves nothing by itself; make one with `parse` or `of`."""

    algorithm: str
    """``sha256`` or ``sha512``."""
    hex: str
    """Lower-case hexadecimal, 64 or 128 characters."""

    @classmethod
    def parse(cls, text: str) -> Digest:
        """Parse ``algorithm:hex``.

        Raises `InvalidInput` ``digest.malformed`` or ``digest.algorithm``.
        """
        return _parse(text)

    @classmethod
    def of(cls, content: bytes, algorithm: str = "sha256") -> Digest:
        """Hash *content*."""
        return cls(algorithm, hashlib.new(algorithm, content).hexdigest())

    @property
    def raw(self) -> bytes:
        """The digest's bytes."""
        return bytes.fromhex(self.hex)

    @property
    def tag_prefix(self) -> str:
        """``sha256-<hex>``, as tag schemes spell a digest.

        Distribution-spec v1.1 "Referrers Tag Schema" cuts the hexadecimal part at 64 characters.
        """
        return f"{self.algorithm}-{self.hex[:64]}"

    def check(self, content: bytes, *, where: str) -> None:
        """Raise `VerificationFailed` ``digest.mismatch`` unless *content* has this digest."""
        got = Digest.of(content, self.algorithm)
        if got != self:
            raise VerificationFailed(
                "digest.mismatch", f"content digest mismatch: expected {self}, got {got} ({where})"
            )

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.hex}"


@lru_cache(maxsize=1024)
def _parse(text: str) -> Digest:
    """A pure function of the text: one policy's hash stands in every entry of a lock."""
    match = _PATTERN.fullmatch(text)
    if match is None:
        raise InvalidInput("digest.malformed", f"not a digest: {quote(text)}")
    algorithm, value = match.groups()
    if algorithm not in _HEX_CHARS:
        raise InvalidInput(
            "digest.algorithm",
            f"unsupported digest algorithm: expected sha256 or sha512, got {quote(algorithm)}",
        )
    if len(value) != _HEX_CHARS[algorithm]:
        raise InvalidInput(
            "digest.malformed",
            f"digest has the wrong length: expected {_HEX_CHARS[algorithm]} hexadecimal"
            f" characters, got {len(value)} in {quote(text)}",
        )
    return Digest(algorithm, value)

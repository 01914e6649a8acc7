# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""A demand that provenance does not meet, with both values kept beside the message.

One answer is worded for people here and by slsa-verifier there (`peer_texts`); both are made from
the same two values.
"""

from __future__ import annotations

from ..errors import VerificationFailed, quote


class Mismatch(VerificationFailed):
    """What was expected is not what the provenance has."""

    def __init__(self, what: str, *, expected: str, got: str, code: str = "") -> None:
        super().__init__(
            code or f"slsa.{what}-mismatch",
            f"{what} mismatch: expected {quote(expected)}, got {quote(got)}",
        )
        self.what = what
        self.expected = expected
        self.got = got

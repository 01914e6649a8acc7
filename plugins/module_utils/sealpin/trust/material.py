# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""What one authority of a policy brings: whom it believes, and which checks it gives up.

A value of this type is all that `signatures.verify` knows of trust. Everything absent means strict;
each check given up is a named `Weakening` that travels into the result.
"""

from __future__ import annotations

from typing import Union

from ..errors import InvalidInput
from ..records import dataclass
from ..weakening import Weakening
from .keys import NamedKey
from .root import TrustedRoot

TLOG_WEAKENINGS = frozenset({Weakening.IGNORE_TLOG, Weakening.PRIVATE_INFRASTRUCTURE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """How many *distinct* authorities must agree (GHSA-9vcr-p3rj-q5q6)."""

    logs: int = 1
    ct_logs: int = 1
    timestamp_authorities: int = 1
    """Counts only where timestamps are required."""

    def __post_init__(self) -> None:
        if min(self.logs, self.ct_logs, self.timestamp_authorities) < 1:
            raise InvalidInput(
                "trust.threshold",
                "a threshold must be at least 1; name the weakening instead",
            )


ONE_OF_EACH = Thresholds()


@dataclass(frozen=True, slots=True, kw_only=True)
class KeylessTrust:
    """Signatures by certificates of the root's authorities; policy judges who signed."""

    root: TrustedRoot
    weakenings: frozenset[Weakening] = frozenset()
    require_timestamp: bool = False
    thresholds: Thresholds = ONE_OF_EACH
    given_certificate: bytes | None = None
    """PEM, or base64 of PEM: used instead of the evidence's own certificate, in the legacy format
    only.
    """
    given_sct: bytes | None = None
    """A detached signed certificate timestamp (RFC 6962 section 4.1 JSON), beside
    *given_certificate*.
    """

    @property
    def requires_log(self) -> bool:
        """Whether a transparency log must have seen the signature."""
        return not self.weakenings & TLOG_WEAKENINGS


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyTrust:
    """Signatures by one given key; the root has the logs and timestamp authorities."""

    key: NamedKey
    root: TrustedRoot | None = None
    weakenings: frozenset[Weakening] = frozenset()
    require_timestamp: bool = False
    thresholds: Thresholds = ONE_OF_EACH

    def __post_init__(self) -> None:
        if self.root is None and (self.requires_log or self.require_timestamp):
            raise InvalidInput(
                "trust.root-missing",
                f"checking signatures by {self.key.name} needs a trusted root for its log or"
                " timestamps, got none",
                hint="give a trusted root, or name the check to give up (insecure-ignore-tlog)",
            )

    @property
    def requires_log(self) -> bool:
        """Whether a transparency log must have seen the signature."""
        return not self.weakenings & TLOG_WEAKENINGS


SigningTrust = Union[KeylessTrust, KeyTrust]

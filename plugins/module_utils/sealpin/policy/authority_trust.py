# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""From an authority's roots, logs and timestamps to the trust evidence is verified under.

Equal trust is one object (`TrustTable`), so that a run verifies a signature once however many
authorities share it.
"""

from __future__ import annotations

from ..records import dataclass, replace
from ..trust.keys import NamedKey
from ..trust.material import TLOG_WEAKENINGS, KeylessTrust, KeyTrust
from ..trust.root import TrustedRoot
from ..weakening import Weakening
from .model import Unresolved

NOTHING = TrustedRoot()


@dataclass(frozen=True, slots=True, kw_only=True)
class Roots:
    """Which root says what; each may be one that could not be obtained."""

    certificates: TrustedRoot | Unresolved = NOTHING
    """Certificate authorities and certificate logs."""
    logs: TrustedRoot | Unresolved = NOTHING
    timestamps: TrustedRoot | Unresolved = NOTHING

    def joined(self) -> TrustedRoot | Unresolved:
        """Make one root of the three: each kind of authority from the root that defines it."""
        if isinstance(self.certificates, Unresolved):
            return self.certificates
        if isinstance(self.logs, Unresolved):
            return self.logs
        if isinstance(self.timestamps, Unresolved):
            return self.timestamps
        return replace(
            self.certificates,
            transparency_logs=self.logs.transparency_logs,
            timestamp_authorities=self.timestamps.timestamp_authorities,
        )


class TrustTable:
    """Makes trust, the same object for the same trust."""

    def __init__(self) -> None:
        self._made: dict[tuple[object, ...], KeylessTrust | KeyTrust] = {}
        self._roots: dict[TrustedRoot, TrustedRoot] = {}

    def keyless(
        self, roots: Roots, weakenings: frozenset[Weakening], *, require_timestamp: bool
    ) -> KeylessTrust | Unresolved:
        """Trust in the certificates of a root."""
        root = roots.joined()
        if isinstance(root, Unresolved):
            return root
        trust = KeylessTrust(
            root=self._one(root), weakenings=weakenings, require_timestamp=require_timestamp
        )
        key = ("keyless", id(trust.root), weakenings, require_timestamp)
        made = self._made.setdefault(key, trust)
        return made if isinstance(made, KeylessTrust) else trust

    def key(
        self,
        named: NamedKey | Unresolved,
        roots: Roots,
        weakenings: frozenset[Weakening],
        *,
        require_timestamp: bool,
    ) -> KeyTrust | Unresolved:
        """Trust in one key."""
        if isinstance(named, Unresolved):
            return named
        root: TrustedRoot | Unresolved | None = None
        if require_timestamp or not weakenings & TLOG_WEAKENINGS:
            root = roots.joined()
        if isinstance(root, Unresolved):
            return root
        trust = KeyTrust(
            key=named,
            root=self._one(root) if root is not None else None,
            weakenings=weakenings,
            require_timestamp=require_timestamp,
        )
        spelled = (named.key.key_id, named.hash_algorithm, named.window)
        key = ("key", spelled, id(trust.root), weakenings, require_timestamp)
        made = self._made.setdefault(key, trust)
        return made if isinstance(made, KeyTrust) else trust

    def _one(self, root: TrustedRoot) -> TrustedRoot:
        # By value, not by digest: a root's document leaves out the profile of its authorities.
        return self._roots.setdefault(root, root)

# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Decision: the three outcomes, with a finding for everything that was looked at.

Only `policy.evaluate` makes a `Decision` (held by a test), and only an allowed one can become a
`Pin`. RFC 9334 calls the maker of such a value an appraiser; the outcomes and their meaning are
ADR 0003.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

from ..descriptor import ResolvedArtifact
from ..digest import Digest
from ..records import dataclass
from ..reference import ImageReference
from ..signatures.verified import VerifiedStatement
from ..weakening import Weakening


class Outcome(Enum):
    """Never two: what could not be checked is neither good nor bad."""

    ALLOWED = "allowed"
    DENIED = "denied"
    INCONCLUSIVE = "inconclusive"


def worst(outcomes: Iterable[Outcome]) -> Outcome:
    """Denied over inconclusive over allowed; of nothing, allowed."""
    found = tuple(outcomes)
    for outcome in (Outcome.DENIED, Outcome.INCONCLUSIVE):
        if outcome in found:
            return outcome
    return Outcome.ALLOWED


class Scope(Enum):
    """What a finding is about."""

    IMAGE = "image"
    POLICY = "policy"
    AUTHORITY = "authority"
    ATTESTATION = "attestation"
    EVIDENCE = "evidence"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was checked, and its answer; those that passed are kept too."""

    scope: Scope
    name: str
    """Which policy, ``policy/authority``, ``policy/authority/attestation`` or evidence location."""
    outcome: Outcome
    code: str
    """Stable: ``policy.no-match``, ``identity.mismatch``, ``ok`` when it passed."""
    message: str
    """One line: what, expected, got, where."""
    hint: str = ""
    is_warning: bool = False
    """True where a refusal does not count (``mode: warn``) or a note does not refuse."""

    def as_note(self) -> Finding:
        """In a satisfied policy, what did not satisfy is for information."""
        if self.is_warning or self.outcome is Outcome.ALLOWED:
            return self
        # Spelled out: `dataclasses.replace` takes ten times as long.
        return Finding(
            scope=self.scope,
            name=self.name,
            outcome=self.outcome,
            code=self.code,
            message=self.message,
            hint=self.hint,
            is_warning=True,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorityResult:
    """The statements that satisfied one authority of one policy."""

    policy: str
    authority: str
    statements: tuple[VerifiedStatement, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The answer for one image."""

    reference: ImageReference
    artifact: ResolvedArtifact | None
    """None only when the reference could not be resolved (then the outcome is not allowed)."""
    outcome: Outcome
    findings: tuple[Finding, ...]
    satisfied: tuple[AuthorityResult, ...] = ()
    weakenings: frozenset[Weakening] = frozenset()
    unsigned: bool = False
    """Allowed without proof (``unsigned: allow``, ``static: pass``); marked so in the report and
    the lock.
    """
    policies: tuple[str, ...] = ()
    """Names of the policies that matched."""

    @property
    def digest(self) -> Digest | None:
        """The digest the decision is about: the resolved one."""
        return self.artifact.digest if self.artifact else None

    @property
    def statements(self) -> tuple[VerifiedStatement, ...]:
        """Every statement that satisfied an authority, once each, in order."""
        unique = {id(s): s for result in self.satisfied for s in result.statements}
        return tuple(unique.values())

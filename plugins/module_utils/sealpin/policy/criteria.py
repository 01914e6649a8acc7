# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""What one authority asks of evidence, whoever asks: equal criteria are one object.

Fifty policies that name the same signer ask fifty times the same of an image. Their authorities
share one `Criteria`, so that an image's evidence is appraised once under it (`appraisal`).
"""

from __future__ import annotations

from typing import Union

from ..records import dataclass
from ..trust.material import SigningTrust
from ..weakening import Weakening
from .model import (
    EvidenceRules,
    IdentityRule,
    KeyAuthority,
    KeylessAuthority,
    MatchReference,
    TrustPolicy,
    Unresolved,
)

EvidenceAuthority = Union[KeylessAuthority, KeyAuthority]


@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria:
    """An authority and what its policy adds, without their names."""

    trust: SigningTrust | Unresolved
    identities: tuple[IdentityRule, ...]
    """Empty for keys, and where a provenance rule decides who signed."""
    rules: EvidenceRules
    match_reference: MatchReference
    any_predicate_signs: bool
    """Whether a bundle with any predicate counts as a signature, a weakening."""

    @property
    def key(self) -> tuple[object, ...]:
        """What makes two criteria one.

        Equal trust is one object already. Attestation rules are compared by identity: their
        conditions hold JSON, and Python's ``1 == True`` is not JSON's.
        """
        rules = self.rules
        asked = (
            id(rules)
            if rules.attestations
            else (rules.wants_signature, rules.formats, rules.annotations)
        )
        return (
            id(self.trust),
            self.identities,
            asked,
            self.match_reference,
            self.any_predicate_signs,
        )


class CriteriaTable:
    """Makes criteria, the same object for the same criteria, for one run."""

    def __init__(self) -> None:
        self._made: dict[tuple[object, ...], Criteria] = {}
        self._of: dict[tuple[int, int], tuple[TrustPolicy, EvidenceAuthority, Criteria]] = {}

    def of(self, policy: TrustPolicy, authority: EvidenceAuthority) -> Criteria:
        """Return what *authority* of *policy* asks."""
        key = (id(policy), id(authority))
        known = self._of.get(key)
        if known is None:
            made = _read(policy, authority)
            # The entry keeps both objects alive: neither id can come to mean something else.
            known = policy, authority, self._made.setdefault(made.key, made)
            self._of[key] = known
        return known[2]


def _read(policy: TrustPolicy, authority: EvidenceAuthority) -> Criteria:
    return Criteria(
        trust=authority.trust,
        identities=authority.identities if isinstance(authority, KeylessAuthority) else (),
        rules=authority.rules,
        match_reference=policy.match_reference,
        any_predicate_signs=Weakening.ANY_PREDICATE_AS_SIGNATURE in policy.weakenings,
    )

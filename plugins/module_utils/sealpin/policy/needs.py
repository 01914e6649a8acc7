# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""What must be fetched before an image can be decided on."""

from __future__ import annotations

from datetime import datetime

from ..evidence import EvidenceKind
from ..records import dataclass
from ..reference import ImageReference
from .model import EvidencePlace, PolicySet, ProgramCondition, StaticAuthority
from .select import Resource, applicable, match_policies


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What must be fetched before an image can be decided on."""

    places: tuple[EvidencePlace, ...] = ()
    """Where evidence may lie; the image's own repository is a place whose repository is None."""
    kinds: frozenset[EvidenceKind] = frozenset()
    """Empty where no policy wants evidence."""
    configs: bool = False
    """Whether a program wants the image's configurations."""


def needs_of(
    policies: PolicySet,
    reference: ImageReference,
    *,
    now_utc: datetime,
    resource: Resource | None = None,
) -> Needs:
    """Say what to fetch for *reference*: the union over every policy that applies.

    Raises `InvalidInput` ``reference.not-for-cluster`` as `policy.select` does.
    """
    matches = match_policies(policies, reference, now_utc=now_utc, resource=resource)
    applying = applicable(policies, matches)
    places: dict[EvidencePlace, None] = {}
    kinds: set[EvidenceKind] = set()
    for policy in applying:
        for authority in policy.authorities:
            if isinstance(authority, StaticAuthority):
                continue
            rules = authority.rules
            if not rules.places_replace:
                places[EvidencePlace(repository=None)] = None
            places.update(dict.fromkeys(rules.places))
            kinds |= rules.kinds
    configs = any(
        isinstance(policy.condition, ProgramCondition) and policy.condition.inputs.config
        for policy in applying
    )
    return Needs(places=tuple(places), kinds=frozenset(kinds), configs=configs)

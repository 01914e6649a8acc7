# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Whether the authorities of a threshold are that many signers.

``threshold: 2`` is written for two who must agree. Two authorities that want the same of the same
signer are met by one signature: such a policy is refused when it is read. Two whose identities only
overlap (an expression that also matches the other's identity) are met by one signer who has the
right name, which `lint` remarks.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from itertools import combinations, islice

from ..errors import PolicyInvalid
from ..regexes import Pattern
from ..trust.root import TrustedRoot
from .model import (
    Authority,
    IdentityRule,
    KeyAuthority,
    KeylessAuthority,
    StaticAuthority,
    TextRule,
    TrustPolicy,
    Unresolved,
)

_MAX_PAIRS = 10_000


def check_distinct(policy: TrustPolicy) -> None:
    """Raise `PolicyInvalid` ``policy.threshold`` where fewer signers are named than it asks for."""
    by_signer: dict[Hashable, list[Authority]] = {}
    twice: list[str] = []
    for authority in policy.authorities:
        alike = by_signer.setdefault(_signer(authority), [])
        same = next((each for each in alike if _are_same(each, authority)), None)
        if same is None:
            alike.append(authority)
        else:
            twice.append(f"{authority.name} wants the same of the same signer as {same.name}")
    different = len(policy.authorities) - len(twice)
    if twice and different < policy.threshold:
        raise PolicyInvalid(
            "policy.threshold",
            f"{policy.name}: threshold: expected {policy.threshold} different authorities,"
            f" got {different}: {twice[0]}",
        )


def met_by_one(policy: TrustPolicy) -> Iterator[tuple[Authority, Authority]]:
    """Yield pairs of authorities that one signature may meet, where several must be met."""
    if policy.threshold > 1:
        for one, other in islice(combinations(policy.authorities, 2), _MAX_PAIRS):
            if _are_same(one, other) or _overlap(one, other):
                yield one, other


def _are_same(one: Authority, other: Authority) -> bool:
    if isinstance(one, StaticAuthority) or isinstance(other, StaticAuthority):
        return False
    return (
        _signer(one) == _signer(other) and _root(one) == _root(other) and one.rules == other.rules
    )


def _signer(authority: Authority) -> Hashable:
    """Who must have signed, whatever the policy calls it."""
    if isinstance(authority, KeylessAuthority):
        return frozenset(authority.identities)
    if isinstance(authority, StaticAuthority):
        return authority.name
    trust = authority.trust
    return trust if isinstance(trust, Unresolved) else trust.key.key


def _root(authority: KeyAuthority | KeylessAuthority) -> TrustedRoot | Unresolved | None:
    """Who says whose certificate it is; nobody has to for a key."""
    if isinstance(authority, KeyAuthority):
        return None
    return authority.trust if isinstance(authority.trust, Unresolved) else authority.trust.root


def _overlap(one: Authority, other: Authority) -> bool:
    if not isinstance(one, KeylessAuthority) or not isinstance(other, KeylessAuthority):
        return False
    return one.rules == other.rules and any(
        _may_be_one(first, second) for first in one.identities for second in other.identities
    )


def _may_be_one(one: IdentityRule, other: IdentityRule) -> bool:
    """Whether an identity that one of the rules spells out meets the other too."""
    extensions = dict(other.extensions)
    return (
        _covers(one.issuer, other.issuer)
        and _covers(one.subject, other.subject)
        and all(_covers(text, extensions.get(oid, text)) for oid, text in one.extensions)
    )


def _covers(one: TextRule, other: TextRule) -> bool:
    if isinstance(one, Pattern) and isinstance(other, Pattern):
        return one.text == other.text
    if isinstance(one, Pattern):
        return one.matches(str(other))
    return other.matches(one) if isinstance(other, Pattern) else one == other

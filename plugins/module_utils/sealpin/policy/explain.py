# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Why a policy has a say about an image or not: what ``policy match`` and ``policy explain`` show.

Made from names alone, before anything is fetched; a decision's findings tell the rest.
"""

from __future__ import annotations

from datetime import datetime

from ..records import dataclass
from ..reference import ImageReference
from .identity import describe
from .match import Dialect, cluster_name
from .model import (
    Authority,
    KeyAuthority,
    KeylessAuthority,
    PolicySet,
    StaticAuthority,
    TrustPolicy,
    Unresolved,
)
from .select import Match, applicable, match_policies


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyExplanation:
    """One policy and why it has a say or not."""

    name: str
    origin: str
    has_say: bool
    reason: str
    """``matches registry.test/**``, ``no glob covers registry.test/app``, …"""
    wants: tuple[str, ...]
    """One line for each authority: who must have signed what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """All policies, for one image."""

    reference: ImageReference
    policies: tuple[PolicyExplanation, ...]

    @property
    def has_match(self) -> bool:
        """Whether any policy covers the image."""
        return any(policy.has_say for policy in self.policies)


def explain(policies: PolicySet, reference: ImageReference, *, now_utc: datetime) -> Explanation:
    """Explain for every policy of the set whether it has a say about *reference* by its name.

    Raises `InvalidInput` ``reference.not-for-cluster`` as `policy.select` does.
    """
    matches = match_policies(policies, reference, now_utc=now_utc, resource=None)
    by_name = {match.policy.name: match for match in matches}
    applying = frozenset(policy.name for policy in applicable(policies, matches))
    return Explanation(
        reference=reference,
        policies=tuple(
            PolicyExplanation(
                name=policy.name,
                origin=policy.origin,
                has_say=policy.name in applying,
                reason=_reason(
                    policy,
                    by_name.get(policy.name),
                    reference,
                    applies=policy.name in applying,
                ),
                wants=_wants(policy),
            )
            for policy in policies.policies
        ),
    )


def _reason(
    policy: TrustPolicy, match: Match | None, reference: ImageReference, *, applies: bool
) -> str:
    if match is None:
        is_cluster = any(glob.dialect is Dialect.CLUSTER for glob in policy.images)
        name = cluster_name(reference.text) if is_cluster else str(reference.repository)
        return f"no glob covers {name}"
    globs = ", ".join(glob.text for glob in match.globs)
    if match.is_for_other_resources:
        return f"matches {globs}, but is limited to other Kubernetes resources"
    if match.is_excluded and match.exclusion is not None:
        until = match.exclusion.until_utc.date().isoformat()
        return f"matches {globs}, but excludes the image until {until}: {match.exclusion.reason}"
    return (
        f"matches {globs}" if applies else f"matches {globs}, but another policy is more specific"
    )


def _wants(policy: TrustPolicy) -> tuple[str, ...]:
    if policy.unsigned_allowed:
        return ("nothing: the image may be unsigned",)
    lines = tuple(f"{each.name}: {_authority(each)}" for each in policy.authorities)
    if len(lines) > 1:
        rule = f"{policy.threshold} of {len(lines)}"
        if policy.required:
            rule += f", among them {', '.join(policy.required)}"
        return (rule, *lines)
    return lines


def _authority(authority: Authority) -> str:
    if isinstance(authority, StaticAuthority):
        return "passes" if authority.passes else f"refuses: {authority.message}".removesuffix(": ")
    what = ["a signature"] if authority.rules.wants_signature else []
    what += [f"an attestation {each.name}" for each in authority.rules.attestations]
    return f"{' and '.join(what)} by {_signer(authority)}"


def _signer(authority: KeylessAuthority | KeyAuthority) -> str:
    if isinstance(authority, KeyAuthority):
        trust = authority.trust
        return (
            "a key that could not be loaded"
            if isinstance(trust, Unresolved)
            else f"the key {trust.key.name}"
        )
    if not authority.identities:
        return "the builder the provenance names"
    signers = [
        f"{describe(rule.subject)} ({describe(rule.issuer)})" for rule in authority.identities
    ]
    return " or ".join(signers)

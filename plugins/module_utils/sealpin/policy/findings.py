# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""What a decision says: the findings about an image and about its policies."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from ..reference import ImageReference
from ..weakening import Weakening
from .answer import Answer
from .decision import Finding, Outcome, Scope
from .model import TrustPolicy
from .select import Match


@lru_cache(maxsize=4096)
def policy_satisfied(name: str) -> Finding:
    """The finding of a satisfied policy, which is the same for every image."""
    return Finding(
        scope=Scope.POLICY, name=name, outcome=Outcome.ALLOWED, code="ok", message="satisfied"
    )


def match_notes(match: Match) -> Iterable[Finding]:
    """Tell of exclusions, running and run out; both are exceptions somebody should know of."""
    if match.exclusion is None:
        return
    until = match.exclusion.until_utc.date().isoformat()
    if match.is_excluded:
        code, message = "policy.excluded", f"excluded until {until}: {match.exclusion.reason}"
    else:
        code, message = (
            "policy.exclusion-ended",
            f"the exclusion ended on {until}: {match.exclusion.reason}",
        )
    yield Finding(
        scope=Scope.POLICY,
        name=match.policy.name,
        outcome=Outcome.ALLOWED,
        code=code,
        message=message,
        is_warning=True,
    )


def finding_of(scope: Scope, name: str, answer: Answer, *, is_warning: bool = False) -> Finding:
    """Say *answer* about what *name* is in *scope*; an answer that only passed has no words."""
    return Finding(
        scope=scope,
        name=name,
        outcome=answer.outcome,
        code=answer.code,
        message=answer.message or "satisfied",
        hint=answer.hint,
        is_warning=is_warning,
    )


def policy_finding(policy: TrustPolicy, answer: Answer) -> Finding:
    """Say what a policy answers."""
    return finding_of(Scope.POLICY, policy.name, answer)


def image_finding(reference: ImageReference, answer: Answer) -> Finding:
    """Say what is answered about an image before any policy has a say."""
    return finding_of(Scope.IMAGE, reference.normalised, answer)


def weakening_findings(
    reference: ImageReference, weakenings: frozenset[Weakening]
) -> Iterable[Finding]:
    """Say every check that was given up, in the order of their names."""
    for weakening in sorted(weakenings, key=lambda item: item.value):
        yield Finding(
            scope=Scope.IMAGE,
            name=reference.normalised,
            outcome=Outcome.ALLOWED,
            code=weakening.value,
            message=f"a check was given up: {weakening.value}",
            is_warning=True,
        )

# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Does the evidence satisfy one authority? Second step of a decision.

The evidence is appraised under the authority's criteria (`appraisal`); here the answer gets the
names of policy and authority, as findings.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from ..records import dataclass
from .answer import Answer, failed, passed
from .appraisal import Appraisal, Appraiser
from .decision import Finding, Outcome, Scope
from .findings import finding_of
from .model import Authority, StaticAuthority, TrustPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorityVerdict:
    """The answer of one authority."""

    authority: Authority
    outcome: Outcome
    appraisal: Appraisal
    findings: tuple[Finding, ...]
    """The authority's own first."""


def judge_authority(
    policy: TrustPolicy, authority: Authority, appraiser: Appraiser
) -> AuthorityVerdict:
    """Answer for one authority."""
    if isinstance(authority, StaticAuthority):
        appraisal = _STATIC_PASS if authority.passes else Appraisal(answer=_static_fail(authority))
    else:
        appraisal = appraiser.appraise(appraiser.question.memory.criteria.of(policy, authority))
    name = f"{policy.name}/{authority.name}"
    return AuthorityVerdict(
        authority=authority,
        outcome=appraisal.answer.outcome,
        appraisal=appraisal,
        findings=(
            _satisfied(name)
            if appraisal.is_plain
            else tuple(_findings(policy.name, name, appraisal))
        ),
    )


_STATIC_PASS = Appraisal(answer=passed())


def _static_fail(authority: StaticAuthority) -> Answer:
    message = f"disallowed by static policy: {authority.message}".removesuffix(": ")
    return failed("static.fail", message)


@lru_cache(maxsize=4096)
def _satisfied(name: str) -> tuple[Finding, ...]:
    """The findings of an authority without reproach, which are the same for every image."""
    return (finding_of(Scope.AUTHORITY, name, passed()),)


def _findings(policy: str, name: str, appraisal: Appraisal) -> Iterator[Finding]:
    """Yield the authority's finding, then those of each attestation and piece of evidence."""
    yield finding_of(Scope.AUTHORITY, name, appraisal.answer)
    for judged in appraisal.attestations:
        yield finding_of(Scope.ATTESTATION, f"{name}/{judged.rule.name}", judged.answer)
    for refused in appraisal.refused:
        where = f"{name}: {refused.evidence.location}"
        yield finding_of(Scope.EVIDENCE, where, refused.answer, is_warning=True)
    for statement, error in appraisal.other_names:
        yield Finding(
            scope=Scope.EVIDENCE,
            name=f"{policy}: {statement.evidence.location}",
            outcome=Outcome.ALLOWED,
            code=error.code,
            message=error.message,
            is_warning=True,
        )

# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Short ways to decide about one image under a policy text."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from sealpin.descriptor import ResolvedArtifact
from sealpin.digest import Digest
from sealpin.errors import Unavailable
from sealpin.evidence import EvidenceSet, Gap
from sealpin.policy.decision import Decision
from sealpin.policy.document import parse_policy_files
from sealpin.policy.evaluate import evaluate
from sealpin.policy.model import PolicySet
from sealpin.policy.program_input import NO_FACTS, Facts
from sealpin.policy.sources import Sources
from sealpin.policy.verifications import Verifications
from sealpin.reference import ImageReference
from sealpin.signatures.opinion import SecondOpinion
from sealpin.trust.root import TrustedRoot
from support.verification import NOW, SUBJECT

IMAGE = "registry.test/app:v1"
GITHUB = "https://token.actions.githubusercontent.com"


def load(
    text: str,
    root: TrustedRoot | Callable[[], TrustedRoot],
    *,
    files: Mapping[str, bytes] | None = None,
    **sources: object,
) -> PolicySet:
    """Load a policy text (dedented); *files* are what it may refer to."""
    known = files or {}
    return parse_policy_files(
        {"policy.yaml": textwrap.dedent(text).encode("utf-8")},
        sources=Sources(
            default_root=root if callable(root) else lambda: root,
            read=known.__getitem__,
            **sources,
        ),
    )


def decide(
    policies: PolicySet,
    signed: Iterable[object] = (),
    *,
    image: str = IMAGE,
    subject: Digest = SUBJECT,
    gaps: tuple[Gap, ...] = (),
    now_utc: datetime = NOW,
    facts: Facts = NO_FACTS,
    cache: Verifications | None = None,
) -> Decision:
    """Decide on *image*, whose digest is *subject*, with what a virtual Sigstore signed."""
    return evaluate(
        policies,
        ResolvedArtifact(reference=ImageReference.parse(image), digest=subject),
        EvidenceSet(
            subject=subject, items=tuple(each.as_evidence(subject) for each in signed), gaps=gaps
        ),
        now_utc=now_utc,
        second_opinion=SecondOpinion.OFF,
        cache=cache or Verifications(),
        facts=facts,
    )


def gap(code: str = "registry.rate-limited") -> Gap:
    """A place that did not answer."""
    return Gap(location="registry.test/app", error=Unavailable(code, "answered 429"))


def codes(decision: Decision) -> set[str]:
    """The codes of every finding."""
    return {finding.code for finding in decision.findings}

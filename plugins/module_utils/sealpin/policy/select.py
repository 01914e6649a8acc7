# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Which policies cover an image, and why the others do not.

First step of a decision, and all that ``policy match`` and ``policy explain`` need. A policy
applies when one of its globs covers the image, its ``match`` (if any) covers the Kubernetes
resource, and no exclusion that is still running takes the image out.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ..records import dataclass, field
from ..reference import ImageReference
from .match import Dialect, ImageGlob, cluster_name, repository_name
from .model import (
    Exclusion,
    LabelOperator,
    LabelRequirement,
    PolicySet,
    ResourceRule,
    Selection,
    TrustPolicy,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """The Kubernetes object an image is used by (``policy test --resource``)."""

    group: str
    """Empty for the core group."""
    version: str
    kind: str
    document: Mapping[str, Any] = field(repr=False)
    """The whole object."""

    @property
    def plural(self) -> str:
        """The resource name, guessed as Kubernetes' ``UnsafeGuessKindToResource`` does."""
        singular = self.kind.lower()
        if singular.endswith("s"):
            return f"{singular}es"
        return f"{singular[:-1]}ies" if singular.endswith("y") else f"{singular}s"

    @property
    def labels(self) -> Mapping[str, str]:
        """Of the top-level object."""
        metadata = self.document.get("metadata")
        labels = metadata.get("labels") if isinstance(metadata, dict) else None
        return labels if isinstance(labels, dict) else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A policy and what was found out about its applying to an image."""

    policy: TrustPolicy
    globs: tuple[ImageGlob, ...]
    """The globs that cover the image."""
    exclusion: Exclusion | None = None
    """The running exclusion that takes it out, or the one that has run out."""
    is_excluded: bool = False
    is_for_other_resources: bool = False

    @property
    def applies(self) -> bool:
        """Whether the policy has a say."""
        return bool(self.globs) and not self.is_excluded and not self.is_for_other_resources


def match_policies(
    policies: PolicySet,
    reference: ImageReference,
    *,
    now_utc: datetime,
    resource: Resource | None = None,
) -> tuple[Match, ...]:
    """Look at every policy whose globs cover *reference*, in order.

    Raises `InvalidInput` ``reference.not-for-cluster`` for a name a ClusterImagePolicy's glob
    cannot be asked about.
    """
    names = _Names(reference)
    matches = []
    for policy in policies.policies:
        globs = tuple([glob for glob in policy.images if glob.matches_name(names.of(glob.dialect))])
        if globs:
            matches.append(_match(policy, globs, reference, now_utc, resource))
    return tuple(matches)


class _Names:
    """An image's name in each dialect of globs; the cluster's is made only if a glob asks."""

    def __init__(self, reference: ImageReference) -> None:
        self._reference = reference
        self._repository = repository_name(reference.repository)

    def of(self, dialect: Dialect) -> str:
        if dialect is Dialect.REPOSITORY:
            return self._repository
        return cluster_name(self._reference.text)


def applicable(policies: PolicySet, matches: tuple[Match, ...]) -> tuple[TrustPolicy, ...]:
    """Return the policies that have a say: all that apply, or the most specific of them."""
    applying = [match for match in matches if match.applies]
    if policies.selection is Selection.MOST_SPECIFIC and applying:
        best = max(_specificity(match) for match in applying)
        applying = [match for match in applying if _specificity(match) == best]
    return tuple(match.policy for match in applying)


def _specificity(match: Match) -> tuple[int, int]:
    return max(glob.specificity for glob in match.globs)


def _match(
    policy: TrustPolicy,
    globs: tuple[ImageGlob, ...],
    reference: ImageReference,
    now_utc: datetime,
    resource: Resource | None,
) -> Match:
    if not policy.exclude and not policy.resources:
        return Match(policy=policy, globs=globs)
    exclusions = [exclusion for exclusion in policy.exclude if exclusion.image.matches(reference)]
    running = [exclusion for exclusion in exclusions if now_utc < exclusion.until_utc]
    return Match(
        policy=policy,
        globs=globs,
        exclusion=next(iter(running or exclusions), None),
        is_excluded=bool(running),
        is_for_other_resources=bool(policy.resources)
        and not _covers_resource(policy.resources, resource),
    )


def _covers_resource(rules: tuple[ResourceRule, ...], resource: Resource | None) -> bool:
    """Whether a limited policy covers *resource*; without one it has no say, as in the peer."""
    return resource is not None and any(_rule_covers(rule, resource) for rule in rules)


def _rule_covers(rule: ResourceRule, resource: Resource) -> bool:
    """Compare exactly, an absent field being empty text; only the version may be ``*``."""
    return (
        rule.resource == resource.plural
        and rule.version in (resource.version, "*")
        and rule.group == resource.group
        and all(_label_holds(requirement, resource.labels) for requirement in rule.labels)
    )


def _label_holds(requirement: LabelRequirement, labels: Mapping[str, str]) -> bool:
    """Evaluate one requirement of a label selector, Kubernetes' ``labels.Requirement.Matches``."""
    value = labels.get(requirement.key)
    match requirement.operator:
        case LabelOperator.IN:
            return value in requirement.values
        case LabelOperator.NOT_IN:
            return value not in requirement.values
        case LabelOperator.EXISTS:
            return value is not None
        case LabelOperator.DOES_NOT_EXIST:
            return value is None
    raise ValueError(f"unknown label operator {requirement.operator}")

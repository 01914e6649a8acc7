# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""What loads and yet is probably not meant; no remark changes a decision.

Identity patterns that match inside longer names, globs that also cover a look-alike host, policies
no image can match, checks that were given up: each by a stable code, the policy it is in, and what
to write instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..records import dataclass
from ..regexes import Pattern, lint_pattern
from ..weakening import Weakening
from .match import Dialect, ImageGlob
from .model import (
    AttestationRule,
    Authority,
    KeylessAuthority,
    Language,
    Mode,
    NoMatch,
    PolicySet,
    ProgramCondition,
    StaticAuthority,
    TrustPolicy,
    Unresolved,
)
from .thresholds import met_by_one


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """One remark."""

    code: str
    """``lint.pattern``, ``lint.look-alike``, ``lint.never-matches``, ``lint.unresolved`` or a
    weakening's.
    """
    policy: str
    origin: str
    """``file:line`` of the policy."""
    message: str


def lint(policies: PolicySet) -> tuple[Remark, ...]:
    """Look at every policy of a set, in order."""
    remarks = [remark for policy in policies.policies for remark in _lint_policy(policy)]
    if policies.no_match is not NoMatch.DENY:
        message = f"an image that no policy covers passes (no_match: {policies.no_match.value})"
        code = Weakening.NO_MATCH_ALLOWED.value
        remarks.append(Remark(code=code, policy="", origin="", message=message))
    return tuple(remarks)


def _lint_policy(policy: TrustPolicy) -> Iterator[Remark]:
    found = [
        *(each for glob in policy.images for each in _lint_glob(glob)),
        *_lint_reach(policy),
        *_lint_threshold(policy),
        *_lint_weakenings(policy),
        *(each for authority in policy.authorities for each in _lint_authority(authority)),
    ]
    for code, message in found:
        yield Remark(code=code, policy=policy.name, origin=policy.origin, message=message)


_Found = Iterator[tuple[str, str]]


def _lint_glob(glob: ImageGlob) -> _Found:
    host, slash, path = glob.text.partition("/")
    if "." in host and host.endswith("*") and host.strip("*"):
        name = host.rstrip("*")
        message = f"{glob.text} also covers hosts such as {name}.evil.example; write {name}/**"
        yield "lint.look-alike", message
    if glob.dialect is Dialect.CLUSTER:
        yield from _lint_cluster_glob(glob.text, path if slash else "")
        return
    namespace, more, _rest = path.partition("/")
    name = namespace.rstrip("*")
    if name and namespace != name and (more or "**" in namespace):
        message = f"{glob.text} also covers {host}/{name}-evil/…; write {host}/{name}/**"
        yield "lint.look-alike", message


def _lint_cluster_glob(text: str, path: str) -> _Found:
    """The cluster matches ``index.docker.io/library/x:latest`` or ``…@sha256:…``, never less."""
    if text in ("*", "*/*", "**"):
        return
    if text.startswith("docker.io/"):
        yield "lint.never-matches", f"{text}: Docker Hub is index.docker.io in a cluster's names"
    elif "*" not in text and ":" not in path and "@" not in path:
        yield (
            "lint.never-matches",
            f"{text}: a name always has a tag or a digest; write {text}:* or {text}@*",
        )
    elif re.search(r":[^/@]*$", path) and "@" not in path:
        yield (
            "lint.tag",
            f"{text}: a glob with a tag never covers an image that is pinned by digest",
        )
    elif re.search(r"[^/:@*]\*+$", path):
        name = text.rstrip("*")
        yield (
            "lint.look-alike",
            f"{text} also covers names such as {name}-evil; write {name}@* or {name}:*",
        )


def _lint_reach(policy: TrustPolicy) -> _Found:
    if policy.resources and not any(rule.resource and rule.version for rule in policy.resources):
        yield (
            "lint.never-matches",
            "match needs a resource and a version: without them it covers nothing",
        )
    uncovered = [
        each for each in policy.exclude if not any(_overlap(g, each.image) for g in policy.images)
    ]
    for exclusion in uncovered:
        yield (
            "lint.never-matches",
            f"the exclusion of {exclusion.image.text} is outside of the policy's images",
        )


def _lint_threshold(policy: TrustPolicy) -> _Found:
    for one, other in met_by_one(policy):
        names = f"{one.name} and {other.name}"
        message = f"threshold: {policy.threshold}, and one signature may meet both {names}"
        yield "lint.threshold", message


def _overlap(one: ImageGlob, other: ImageGlob) -> bool:
    """Whether two globs cover a name both, as far as trying one as the other's name tells."""
    return one.matches_name(_probe(other)) or other.matches_name(_probe(one))


def _probe(glob: ImageGlob) -> str:
    return glob.text.replace("**", "x").replace("*", "x")


def _lint_weakenings(policy: TrustPolicy) -> _Found:
    if policy.mode is Mode.WARN:
        yield Weakening.POLICY_WARN.value, "mode: warn turns every refusal into a warning"
    if policy.unsigned_allowed:
        yield Weakening.UNSIGNED_ALLOWED.value, "images pass without evidence (unsigned: allow)"
    for weakening in sorted(policy.weakenings, key=lambda each: each.value):
        yield weakening.value, f"a check is given up: {weakening.value}"


def _lint_authority(authority: Authority) -> _Found:
    if isinstance(authority, StaticAuthority):
        if authority.passes:
            yield (
                Weakening.STATIC_PASS.value,
                f"{authority.name} passes every image without evidence",
            )
        return
    if isinstance(authority.trust, Unresolved):
        yield "lint.unresolved", f"{authority.name}: {authority.trust.error.message}"
    else:
        for weakening in sorted(authority.trust.weakenings, key=lambda each: each.value):
            yield weakening.value, f"{authority.name} gives up a check: {weakening.value}"
    if isinstance(authority, KeylessAuthority):
        for rule in authority.identities:
            texts = (rule.issuer, rule.subject, *(value for _name, value in rule.extensions))
            for text in texts:
                if isinstance(text, Pattern):
                    for message in lint_pattern(text.text):
                        yield "lint.pattern", f"{authority.name}: {message}"
    for attestation in authority.rules.attestations:
        yield from _lint_attestation(attestation)


def _lint_attestation(rule: AttestationRule) -> _Found:
    if rule.written_type and ":" not in rule.predicate_type:
        yield "lint.predicate-type", f"{rule.name}: {rule.written_type} is no short name and no URI"
    for condition in rule.conditions:
        if not isinstance(condition, ProgramCondition):
            continue
        if isinstance(condition.text, Unresolved):
            yield "lint.unresolved", f"{rule.name}: {condition.text.error.message}"
        elif condition.language is Language.CUE and condition.absent_fields_pass:
            yield (
                Weakening.CUE_COSIGN_SEMANTICS.value,
                f"{rule.name}: a constraint on an absent field passes",
            )

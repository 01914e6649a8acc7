# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""From the model to Kyverno ImageValidatingPolicy documents (``policies.kyverno.io/v1beta1``).

Format: https://kyverno.io/docs/policy-types/image-validating-policy/. A signer is an attestor; the
function that verifies signatures tells how many attestors signed, which is held against the
threshold; attestations are asked for where a policy has one signer. It tells 0 for an image that
the policy does not cover, so those are left out before (`_covers`). As with `render_cluster`, a
policy is rendered whole or not at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..trust.root import TrustedRoot
from ..weakening import Weakening
from .match import Dialect, ImageGlob
from .model import (
    Authority,
    Formats,
    KeylessAuthority,
    MatchReference,
    Mode,
    StaticAuthority,
    TrustPolicy,
    Unresolved,
)
from .render_cluster import REKOR_URL, identity_document
from .rendering import Inexpressible, Rendering, key_fields, render_each

API_VERSION = "policies.kyverno.io/v1beta1"
CONTAINERS = ("containers", "initContainers", "ephemeralContainers")


def render_kyverno(policies: tuple[TrustPolicy, ...], *, default_root: TrustedRoot) -> Rendering:
    """Render ImageValidatingPolicy documents for Pods."""
    digest = str(default_root.digest)
    return render_each(policies, lambda policy, name: _render(policy, name, digest))


def _render(policy: TrustPolicy, document_name: str, default_root: str) -> dict[str, Any]:
    _check_expressible(policy)
    names = [f"signer{number}" for number in range(len(policy.authorities))]
    attestations = _attestations(policy)
    spec: dict[str, Any] = {
        "validationActions": ["Audit" if policy.mode is Mode.WARN else "Deny"],
        "failurePolicy": "Fail",
        "matchConstraints": {
            "resourceRules": [
                {
                    "apiGroups": [""],
                    "apiVersions": ["v1"],
                    "operations": ["CREATE", "UPDATE"],
                    "resources": ["pods", "pods/ephemeralcontainers"],
                }
            ]
        },
        "matchImageReferences": [{"expression": _covers(policy.images, "ref")}],
        "attestors": [
            {"name": name, "cosign": _attestor(authority, default_root)}
            for name, authority in zip(names, policy.authorities, strict=True)
        ],
    }
    if attestations:
        spec["attestations"] = [
            {"name": name, "intoto": {"type": type_}} for name, type_ in attestations.items()
        ]
    spec["validations"] = list(_validations(policy, names, attestations))
    return {
        "apiVersion": API_VERSION,
        "kind": "ImageValidatingPolicy",
        "metadata": {"name": document_name},
        "spec": spec,
    }


def _check_expressible(policy: TrustPolicy) -> None:
    """Raise `Inexpressible` for what no document of this kind can say of a policy as a whole."""
    if policy.exclude or policy.resources or policy.condition is not None or policy.weakenings:
        raise Inexpressible("exclude, match, a condition or a weakening of the whole policy")
    if policy.match_reference is MatchReference.REQUIRE:
        raise Inexpressible("match_reference: require")
    if not policy.authorities:
        raise Inexpressible("unsigned")


def _attestations(policy: TrustPolicy) -> dict[str, str]:
    """The attestations of the only signer by the names they get; several cannot have any."""
    found: dict[str, str] = {}
    for authority in policy.authorities:
        rules = () if isinstance(authority, StaticAuthority) else authority.rules.attestations
        for rule in rules:
            if len(policy.authorities) > 1 or rule.conditions or rule.provenance is not None:
                raise Inexpressible("attestations with conditions, or of one signer among several")
            found[f"attestation{len(found)}"] = rule.predicate_type
    return found


def _validations(
    policy: TrustPolicy, names: list[str], attestations: dict[str, str]
) -> Iterator[dict[str, str]]:
    signers = ", ".join(f"attestors.{name}" for name in names)
    wanted: list[tuple[str, int]] = []
    only = policy.authorities[0]
    if len(names) > 1 or (not isinstance(only, StaticAuthority) and only.rules.wants_signature):
        wanted.append((f"verifyImageSignatures(img, [{signers}])", policy.threshold))
    for name, authority in zip(names, policy.authorities, strict=True):
        if authority.name in policy.required:
            wanted.append((f"verifyImageSignatures(img, [attestors.{name}])", 1))
    wanted += [
        (f"verifyAttestationSignatures(img, attestations.{name}, [{signers}])", 1)
        for name in attestations
    ]
    covers = _covers(policy.images, "img")
    for kind in CONTAINERS:
        asked = f"images.{kind}.filter(img, {covers})"
        for call, count in wanted:
            yield {
                "expression": f"{asked}.map(img, {call}).all(count, count >= {count})",
                "message": f"{kind}: not signed as {policy.name} wants",
            }


def _attestor(authority: Authority, default_root: str) -> dict[str, Any]:
    if isinstance(authority, StaticAuthority):
        raise Inexpressible("a static answer")
    trust, rules = authority.trust, authority.rules
    if isinstance(trust, Unresolved):
        raise Inexpressible(f"{authority.name}: {trust.error.message}")
    if rules.places or rules.formats is not Formats.ANY:
        raise Inexpressible("a repository or a storage format")
    if trust.root is not None and str(trust.root.digest) != default_root:
        raise Inexpressible("a trusted root of its own")
    if trust.require_timestamp or trust.weakenings - {Weakening.IGNORE_TLOG, Weakening.IGNORE_SCT}:
        raise Inexpressible("a timestamp, or a weakening other than of the logs")
    found: dict[str, Any] = {}
    if isinstance(authority, KeylessAuthority):
        if not authority.identities:
            raise Inexpressible("a builder in place of an identity")
        identities = [identity_document(rule) for rule in authority.identities]
        found["keyless"] = {"identities": identities}
    else:
        found["key"] = key_fields(authority, hash_field="hashAlgorithm")
    log: dict[str, Any] = {"url": REKOR_URL}
    if Weakening.IGNORE_TLOG in trust.weakenings:
        log["insecureIgnoreTlog"] = True
    if Weakening.IGNORE_SCT in trust.weakenings:
        log["insecureIgnoreSCT"] = True
    found["ctlog"] = log
    if rules.annotations:
        found["annotations"] = dict(rules.annotations)
    return found


def _covers(globs: tuple[ImageGlob, ...], variable: str) -> str:
    """Write an expression (CEL) for whether *globs* cover the image whose text is *variable*.

    A Pod's text may be short (``nginx``), so it is taken apart by the function for it.
    """
    by_dialect: dict[Dialect, list[str]] = {}
    for glob in globs:
        if glob.text.startswith("localhost/"):
            # Its library takes such a name for one on Docker Hub.
            raise Inexpressible(f"the host localhost without a port ({glob.text})")
        by_dialect.setdefault(glob.dialect, []).append(glob.pattern)
    return " || ".join(
        f"({_NAMES[dialect].format(variable)}).matches(r'^(?:{'|'.join(patterns)})$')"
        for dialect, patterns in by_dialect.items()
    )


_REPOSITORY = (
    "(image({0}).registry().lowerAscii() in ['index.docker.io', 'registry-1.docker.io']"
    " ? 'docker.io' : image({0}).registry().lowerAscii()) + '/' + image({0}).repository()"
)
_NAMES = {
    Dialect.REPOSITORY: _REPOSITORY,
    Dialect.CLUSTER: (
        "image({0}).registry() + '/' + image({0}).repository()"
        " + (image({0}).containsDigest() ? '@' : ':') + image({0}).identifier()"
    ),
}
"""How CEL says the name a glob of a dialect is matched against."""

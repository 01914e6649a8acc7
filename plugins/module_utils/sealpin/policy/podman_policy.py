# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""From the model to the two files by which podman, skopeo and CRI-O judge an image they pull.

``policy.json`` (containers-policy.json(5)) says what each scope demands, ``registries.d``
(containers-registries.d(5)) that signatures are looked for beside the image. One file holds the
whole policy, so all of it is rendered or none: what the format cannot say is named, for every
policy at once.

The files never accept what the policy refuses, with one exception that scopes force: a scope is a
prefix, so what is demanded of a repository suffices for repositories below it, too. They refuse
more in these cases: the name in a signature must be the image's repository; bundles are not read;
the manifest that is pulled must be signed itself, not only the index above it; an authority or log
whose time is over is left out, since the format knows no times. Podman 4.3 reads keys without a log
only; everything else needs containers/image 5.24 or newer (podman 4.4).
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from typing import Any

from ..crypto import KeyAlgorithm
from ..errors import PolicyInvalid
from ..records import dataclass
from ..reference import Repository
from ..trust.material import ONE_OF_EACH, KeylessTrust, KeyTrust
from ..trust.root import TrustedRoot
from ..weakening import Weakening
from .match import Dialect, ImageGlob
from .model import (
    Authority,
    EvidenceRules,
    Formats,
    IdentityRule,
    KeylessAuthority,
    Mode,
    NoMatch,
    PolicySet,
    Selection,
    StaticAuthority,
    TrustPolicy,
    Unresolved,
)
from .rendering import Inexpressible, lasting_pem

Requirement = dict[str, Any]
"""One requirement object of containers-policy.json(5)."""

ACCEPT: Requirement = {"type": "insecureAcceptAnything"}
REJECT: Requirement = {"type": "reject"}
_EVERYTHING = ""
"""The scope of all registries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PodmanPolicy:
    """Both documents, as JSON values."""

    policy: Mapping[str, Any]
    """``policy.json``."""
    registries: Mapping[str, Any]
    """A file of ``registries.d``; JSON is YAML."""


def podman_policy(policies: PolicySet) -> PodmanPolicy:
    """Render *policies*.

    Raises `PolicyInvalid` ``policy.not-for-podman`` with everything the format cannot say.
    """
    refused = ["no_match: warn"] if policies.no_match is NoMatch.WARN else []
    by_scope: dict[str, list[Requirement]] = {}
    for policy in policies.policies:
        try:
            _add(by_scope, policy)
        except Inexpressible as error:
            refused.append(f"{policy.name}: {error}")
    if refused:
        raise PolicyInvalid(
            "policy.not-for-podman",
            f"podman's policy.json cannot say this: {'; '.join(refused)}",
            hint="verify these with sealpin, or give podman a simpler policy of its own",
        )
    if policies.selection is Selection.ALL:
        by_scope = {scope: list(_inherited(by_scope, scope)) for scope in by_scope}
    default = ACCEPT if policies.no_match is NoMatch.ALLOW else REJECT
    scopes = {scope: by_scope[scope] for scope in sorted(by_scope)}
    return PodmanPolicy(
        policy={"default": [default], "transports": {"docker": scopes}},
        registries=_registries(scopes),
    )


def _add(by_scope: dict[str, list[Requirement]], policy: TrustPolicy) -> None:
    """Add what *policy* demands to each of its scopes."""
    requirements = _requirements(policy)
    for glob in policy.images:
        scope = _scope(glob)
        if ACCEPT in requirements and "/" in scope:
            raise Inexpressible(f"no signature for {glob.text}, which is less than a registry")
        known = by_scope.setdefault(scope, [])
        known += [each for each in requirements if each not in known]


def _inherited(by_scope: Mapping[str, list[Requirement]], scope: str) -> Iterator[Requirement]:
    """Yield what *scope* and the scopes around it demand: podman reads the most specific only."""
    seen: list[Requirement] = []
    for around, requirements in by_scope.items():
        if around in (_EVERYTHING, scope) or scope.startswith(f"{around}/"):
            seen += [each for each in requirements if each not in seen]
    yield from seen


def _scope(glob: ImageGlob) -> str:
    """Return the scope a glob means; ``**`` and ``*`` are understood as its last component."""
    if glob.text == "**":
        return _EVERYTHING
    base, slash, last = glob.text.rpartition("/")
    ends_open = slash and last in ("*", "**")
    scope = base if ends_open else glob.text
    if "*" in scope or "[" in scope:
        raise Inexpressible(f"the glob {glob.text}")
    if glob.dialect is Dialect.CLUSTER and not ends_open:
        raise Inexpressible(f"the glob {glob.text}, which names a tag or digest")
    registry, slash, path = scope.partition("/")
    return f"{Repository.parse(f'{registry}/any/name').registry}{slash}{path}"


def _registries(scopes: Mapping[str, list[Requirement]]) -> dict[str, Any]:
    """Turn signatures on where some are wanted; elsewhere podman saves itself the request."""
    on = {"use-sigstore-attachments": True}
    wanted = [scope for scope, each in scopes.items() if any("signedIdentity" in r for r in each)]
    document: dict[str, Any] = {}
    if _EVERYTHING in wanted:
        document["default-docker"] = on
    named = {scope: on for scope in wanted if scope}
    return document | ({"docker": named} if named else {})


def _requirements(policy: TrustPolicy) -> list[Requirement]:
    """Return what *policy* demands; podman wants all of a list, so all must be wanted."""
    if policy.mode is Mode.WARN:
        raise Inexpressible("mode: warn")
    if policy.exclude or policy.resources or policy.condition is not None:
        raise Inexpressible("exclude, match or a condition")
    if policy.weakenings:
        raise Inexpressible(", ".join(sorted(each.value for each in policy.weakenings)))
    if not policy.authorities:
        return [ACCEPT if policy.unsigned_allowed else REJECT]
    every = len(policy.authorities)
    if policy.threshold < every and len(policy.required) < every:
        raise Inexpressible(f"{policy.threshold} of {every} authorities")
    return [_requirement(authority) for authority in policy.authorities]


def _requirement(authority: Authority) -> Requirement:
    if isinstance(authority, StaticAuthority):
        return ACCEPT if authority.passes else REJECT
    trust = authority.trust
    if isinstance(trust, Unresolved):
        raise Inexpressible(f"{authority.name}: {trust.error.message}")
    _check_rules(authority.rules)
    if trust.require_timestamp or trust.thresholds != ONE_OF_EACH:
        raise Inexpressible("timestamps, or several logs")
    signer = (
        _fulcio(authority, trust) if isinstance(trust, KeylessTrust) else {"keyData": _key(trust)}
    )
    log = _logs(trust.root) if trust.requires_log and trust.root is not None else {}
    # cosign writes no tag into what it signs.
    identity = {"signedIdentity": {"type": "matchRepository"}}
    return {"type": "sigstoreSigned", **signer, **log, **identity}


def _check_rules(rules: EvidenceRules) -> None:
    if rules.attestations or not rules.wants_signature:
        raise Inexpressible("attestations")
    if rules.annotations:
        raise Inexpressible("annotations")
    if rules.places:
        raise Inexpressible("signatures in another repository")
    if rules.formats is Formats.BUNDLE:
        raise Inexpressible("format: bundle")


def _key(trust: KeyTrust) -> str:
    if trust.weakenings - {Weakening.IGNORE_TLOG, Weakening.IGNORE_SCT}:
        raise Inexpressible("a weakening other than of the logs")
    pem = lasting_pem(trust.key)
    if trust.key.hash_algorithm not in ("", "sha256"):
        raise Inexpressible(f"the hash {trust.key.hash_algorithm}")
    return _base64(pem)


def _fulcio(authority: Authority, trust: KeylessTrust) -> Requirement:
    if Weakening.IGNORE_SCT not in trust.weakenings:
        raise Inexpressible("the certificate log, which podman never asks (insecure_ignore_sct)")
    if trust.weakenings != {Weakening.IGNORE_SCT}:
        raise Inexpressible("certificates without a log, or another weakening")
    if trust.given_certificate is not None:
        raise Inexpressible("a given certificate")
    identities = authority.identities if isinstance(authority, KeylessAuthority) else ()
    if len(identities) != 1:
        raise Inexpressible("one of several signers")
    issuer, email = _identity(identities[0])
    roots = [ca.root.pem for ca in trust.root.certificate_authorities if ca.window.end_utc is None]
    if not roots:
        raise Inexpressible("a trusted root without a certificate authority of today")
    pems = _base64(b"".join(roots))
    return {"fulcio": {"caData": pems, "oidcIssuer": issuer, "subjectEmail": email}}


def _identity(rule: IdentityRule) -> tuple[str, str]:
    if not isinstance(rule.issuer, str) or not isinstance(rule.subject, str):
        raise Inexpressible("a regular expression")
    if rule.extensions:
        raise Inexpressible("certificate extensions")
    if "@" not in rule.subject or "/" in rule.subject:
        raise Inexpressible(f"the signer {rule.subject}, which is no e-mail address")
    return rule.issuer, rule.subject


def _logs(root: TrustedRoot) -> Requirement:
    """Return the keys of logs; podman reads entries of Rekor v1, whose keys are on P-256."""
    keys = [
        _base64(log.key.pem)
        for log in root.transparency_logs
        if log.window.end_utc is None and log.key.algorithm is KeyAlgorithm.ECDSA_P256
    ]
    if not keys:
        raise Inexpressible("a trusted root without a log that podman reads")
    if len(keys) > 1:
        raise Inexpressible("a trusted root with several logs of one time")
    return {"rekorPublicKeyData": keys[0]}


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")

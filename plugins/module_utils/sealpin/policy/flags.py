# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""A policy from identity flags: ``verify`` decides on the same path as a document.

The flags are cosign's and slsa-verifier's; the modules' options are the same with underscores. They
make one policy with one authority that covers every image, because the caller has named the
images already.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import InvalidInput, quote
from ..records import dataclass
from ..slsa.builders import GITHUB_PREFIX
from ..trust.material import KeylessTrust, KeyTrust
from ..weakening import Weakening
from .fingerprint import make_policy_set
from .match import repository_glob
from .model import (
    AttestationRule,
    Authority,
    EvidencePlace,
    EvidenceRules,
    Formats,
    IdentityRule,
    KeyAuthority,
    KeylessAuthority,
    MatchReference,
    PolicySet,
    TrustPolicy,
)
from .publishers import find_publisher
from .signer_flags import SignerFlags

FLAGS_POLICY = "flags"
"""Name of the policy that flags make, in findings and reports."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceFlags:
    """What the evidence must carry and where it may lie."""

    annotations: tuple[tuple[str, str], ...] = ()
    """``-a key=value``, in order."""
    attestations: tuple[AttestationRule, ...] = ()
    """``--type`` with ``--policy``, or slsa-verifier's demands; they replace the image
    signature.
    """
    places: tuple[EvidencePlace, ...] = ()
    """``COSIGN_REPOSITORY``."""
    places_replace: bool = False
    formats: Formats = Formats.ANY
    any_predicate_as_signature: bool = False
    """Any attestation counts as an image signature, as in cosign; a weakening."""
    match_reference: MatchReference = MatchReference.WARN


def check_signer(signer: SignerFlags, *, attestations: Sequence[AttestationRule] = ()) -> None:
    """Find what is wrong with identity flags where no key says who signed.

    It is asked before the trusted root, which may be refreshed over the network. Raises
    `InvalidInput` ``identity.*``, ``pattern.*`` and ``publisher.unknown``.
    """
    if signer.publisher:
        find_publisher(signer.publisher)
        if signer != SignerFlags(publisher=signer.publisher):
            raise InvalidInput(
                "identity.with-publisher",
                "a publisher fixes the identity: expected no identity flags beside it",
            )
    elif signer != SignerFlags():
        _identity(signer)
    elif not _builder_decides(attestations):
        raise InvalidInput(
            "identity.missing",
            "nothing says who must have signed: a signature by anybody proves nothing",
            hint="name the signer and its issuer, a publisher, a key or a policy",
        )


def policy_from_flags(
    signer: SignerFlags, *, trust: KeylessTrust | KeyTrust, evidence: EvidenceFlags | None = None
) -> PolicySet:
    """Make the policy set of one invocation.

    Raises `InvalidInput` ``identity.*`` for flags that do not say who may sign, ``pattern.*`` for a
    bad expression, `MissingDependency` where an expression is given and ``re2`` is absent.
    """
    evidence = evidence or EvidenceFlags()
    publisher = find_publisher(signer.publisher) if signer.publisher else None
    rules = EvidenceRules(
        attestations=evidence.attestations,
        wants_signature=not evidence.attestations,
        places=evidence.places or (publisher.places if publisher else ()),
        places_replace=evidence.places_replace,
        formats=evidence.formats,
        annotations=tuple(
            sorted({*evidence.annotations, *(publisher.annotations if publisher else ())})
        ),
    )
    weakenings = (
        {Weakening.ANY_PREDICATE_AS_SIGNATURE} if evidence.any_predicate_as_signature else set()
    )
    policy = TrustPolicy(
        name=FLAGS_POLICY,
        images=publisher.images if publisher else (repository_glob("**"),),
        authorities=(_authority(signer, trust, rules),),
        match_reference=evidence.match_reference,
        weakenings=frozenset(weakenings),
        origin="command line",
    )
    return make_policy_set((policy,), origin=("command line",))


def _authority(
    signer: SignerFlags, trust: KeylessTrust | KeyTrust, rules: EvidenceRules
) -> Authority:
    if isinstance(trust, KeyTrust):
        if signer != SignerFlags():
            raise InvalidInput(
                "identity.with-key",
                f"a key says who signed: expected no identity flags beside {quote(trust.key.name)}",
            )
        return KeyAuthority(name="key", trust=trust, rules=rules)
    check_signer(signer, attestations=rules.attestations)
    if signer.publisher:
        identities = find_publisher(signer.publisher).identities
        return KeylessAuthority(
            name="keyless",
            identities=identities,
            trust=trust,
            rules=rules,
            publisher=signer.publisher,
        )
    if signer == SignerFlags():  # a demanded builder's certificate is the identity
        return KeylessAuthority(name="keyless", identities=(), trust=trust, rules=rules)
    return KeylessAuthority(
        name="keyless", identities=(_identity(signer),), trust=trust, rules=rules
    )


def _identity(signer: SignerFlags) -> IdentityRule:
    return IdentityRule(
        issuer=signer.issuer_rule(),
        subject=signer.subject_rule(),
        extensions=signer.claims,
    )


def _builder_decides(attestations: Sequence[AttestationRule]) -> bool:
    """Whether a provenance demand names a GitHub builder: its certificate is the identity."""
    builders = [rule.provenance.builder for rule in attestations if rule.provenance is not None]
    return any(builder is not None and builder.startswith(GITHUB_PREFIX) for builder in builders)

# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from sealpin.errors import InvalidInput
from sealpin.policy.decision import Outcome
from sealpin.policy.flags import EvidenceFlags, SignerFlags, policy_from_flags
from sealpin.policy.model import AttestationRule, MatchReference
from sealpin.slsa.expectations import ExpectedProvenance
from support.policies import GITHUB, codes, decide
from support.verification import SUBJECT, keyed, keyless
from support.virtual_sigstore import Identity, KeyPair, Signer

DIGEST = str(SUBJECT)
WORKFLOW = "https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1"
CLAIMS = {2: "push", 3: "a" * 40, 4: "release", 5: "acme/app", 6: "refs/tags/v1"}
OWN = Identity.uri(WORKFLOW, claims=CLAIMS)
GOOD = {
    "identity": WORKFLOW,
    "issuer": GITHUB,
    "workflow_trigger": "push",
    "workflow_sha": "a" * 40,
    "workflow_name": "release",
    "workflow_repository": "acme/app",
    "workflow_ref": "refs/tags/v1",
}


@pytest.fixture(scope="module")
def signed(sigstore):
    return sigstore.sign_image(DIGEST, identity=OWN, annotations={"repo": "acme/app"})


@pytest.fixture(scope="module")
def trust(sigstore):
    return keyless(sigstore)


def test_the_right_flags_allow(signed, trust):
    assert decide(policy_from_flags(SignerFlags(**GOOD), trust=trust), [signed]).outcome is (
        Outcome.ALLOWED
    )


@pytest.mark.parametrize("field", GOOD)
def test_each_flag_alone_refuses(field, signed, trust):
    flags = SignerFlags(**{**GOOD, field: GOOD[field] + "x"})
    decision = decide(policy_from_flags(flags, trust=trust), [signed])
    assert decision.outcome is Outcome.DENIED
    assert "identity.mismatch" in codes(decision)


@pytest.mark.parametrize(
    ("flags", "outcome"),
    [
        ({"identity_regexp": "acme/app", "issuer_regexp": "actions"}, Outcome.ALLOWED),
        ({"identity_regexp": "^acme/app", "issuer_regexp": "actions"}, Outcome.DENIED),
        ({"identity_regexp": "acme/app", "issuer_regexp": "actions$"}, Outcome.DENIED),
    ],
)
def test_expressions_search_unanchored(flags, outcome, signed, trust):
    assert decide(policy_from_flags(SignerFlags(**flags), trust=trust), [signed]).outcome is outcome


@pytest.mark.parametrize(
    ("flags", "code"),
    [
        ({}, "identity.missing"),
        ({"identity": "x"}, "identity.missing"),
        ({"issuer": "x"}, "identity.missing"),
        ({"identity": "x", "identity_regexp": "x", "issuer": "y"}, "identity.ambiguous"),
        ({"identity": "x", "issuer": "y", "issuer_regexp": "y"}, "identity.ambiguous"),
        ({"identity_regexp": "(", "issuer": "y"}, "pattern.malformed"),
        ({"publisher": "nobody"}, "publisher.unknown"),
        ({"publisher": "kubernetes", "identity": "x"}, "identity.with-publisher"),
    ],
)
def test_flags_that_do_not_say_who_may_sign_are_refused(flags, code, trust):
    with pytest.raises(InvalidInput) as caught:
        policy_from_flags(SignerFlags(**flags), trust=trust)
    assert caught.value.code == code


def test_a_key_takes_no_identity(sigstore):
    with pytest.raises(InvalidInput) as caught:
        policy_from_flags(SignerFlags(identity="x"), trust=keyed(sigstore, KeyPair()))
    assert caught.value.code == "identity.with-key"


def test_a_key_is_enough(sigstore):
    key = KeyPair()
    policies = policy_from_flags(SignerFlags(), trust=keyed(sigstore, key))
    right = sigstore.sign_image(DIGEST, signer=Signer(key=key))
    wrong = sigstore.sign_image(DIGEST, signer=Signer(key=KeyPair()))
    assert decide(policies, [right]).outcome is Outcome.ALLOWED
    assert decide(policies, [wrong]).outcome is Outcome.DENIED


@pytest.mark.parametrize(
    ("annotations", "outcome"),
    [
        ((("repo", "acme/app"),), Outcome.ALLOWED),
        ((("repo", "acme/other"),), Outcome.DENIED),
        ((("repo", "acme/app"), ("absent", "x")), Outcome.DENIED),
    ],
)
def test_annotations_are_all_wanted(annotations, outcome, signed, trust):
    evidence = EvidenceFlags(annotations=annotations)
    policies = policy_from_flags(SignerFlags(**GOOD), trust=trust, evidence=evidence)
    assert decide(policies, [signed]).outcome is outcome


def test_attestations_replace_the_signature(sigstore, signed, trust):
    rule = AttestationRule(name="x", predicate_type="https://x", written_type="https://x")
    evidence = EvidenceFlags(attestations=(rule,))
    policies = policy_from_flags(SignerFlags(**GOOD), trust=trust, evidence=evidence)
    attested = sigstore.attest(DIGEST, predicate_type="https://x", predicate={}, identity=OWN)
    assert decide(policies, [attested]).outcome is Outcome.ALLOWED
    assert decide(policies, [signed]).outcome is Outcome.DENIED


@pytest.mark.parametrize(
    ("builder", "loads"),
    [
        ("https://github.com/acme/app/.github/workflows/release.yml", True),
        ("https://cloudbuild.googleapis.com/GoogleHostedWorker", False),
        (None, False),
    ],
)
def test_only_a_github_builder_stands_in_for_an_identity(builder, loads, trust):
    provenance = ExpectedProvenance(builder=builder, source="github.com/acme/app")
    rule = AttestationRule(name="p", predicate_type="", written_type="", provenance=provenance)
    evidence = EvidenceFlags(attestations=(rule,))
    if loads:
        assert policy_from_flags(SignerFlags(), trust=trust, evidence=evidence).policies
    else:
        with pytest.raises(InvalidInput) as caught:
            policy_from_flags(SignerFlags(), trust=trust, evidence=evidence)
        assert caught.value.code == "identity.missing"


def test_the_signed_name_can_be_required(sigstore, trust):
    other = sigstore.sign_image(DIGEST, identity=OWN, reference="registry.test/other")
    for wanted, outcome in [
        (MatchReference.WARN, Outcome.ALLOWED),
        (MatchReference.REQUIRE, Outcome.DENIED),
    ]:
        evidence = EvidenceFlags(match_reference=wanted)
        policies = policy_from_flags(SignerFlags(**GOOD), trust=trust, evidence=evidence)
        assert decide(policies, [other]).outcome is outcome


def test_a_publisher_speaks_of_its_own_images_only(sigstore, trust):
    policies = policy_from_flags(SignerFlags(publisher="kubernetes"), trust=trust)
    identity = Identity.email(
        "krel-trust@k8s-releng-prod.iam.gserviceaccount.com", issuer="https://accounts.google.com"
    )
    signed = sigstore.sign_image(DIGEST, identity=identity)
    ours = decide(policies, [signed], image="registry.k8s.io/kube-apiserver:v1.30.0")
    assert ours.outcome is Outcome.ALLOWED
    other = decide(policies, [signed], image="registry.test/kube-apiserver:v1.30.0")
    assert other.outcome is Outcome.DENIED

# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The procedure as a whole: every form and kind of trust, and one wrong thing at a time."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import timedelta

import pytest

from sealpin import mediatypes
from sealpin.digest import Digest
from sealpin.errors import InvalidInput, VerificationFailed
from sealpin.signatures.opinion import SecondOpinion
from sealpin.signatures.verified import CertificateIdentity, KeyIdentity, TimeSource
from sealpin.signatures.verify import verify_blob
from sealpin.trust.material import Thresholds
from sealpin.trust.root import TrustedRoot
from sealpin.trust.window import Window
from sealpin.weakening import Weakening
from support.verification import (
    IGNORE_SCT,
    IGNORE_TLOG,
    NOW,
    SUBJECT,
    keyed,
    keyless,
    prove,
    refusal,
    root_of,
    signer,
)
from support.virtual_sigstore import (
    SIGNING_TIME,
    Edits,
    KeyPair,
    Signer,
    Stamp,
    VirtualSigstore,
    pem,
    pre_authentication_encoding,
)

DIGEST = str(SUBJECT)

FORMS = [
    pytest.param("sign_image", {}, id="sig-hashedrekord-0.0.1"),
    pytest.param("attest", {}, id="att-dsse-0.0.1"),
    pytest.param("attest", {"kind": "intoto-0.0.1"}, id="att-intoto-0.0.1"),
    pytest.param("attest", {"kind": "intoto-0.0.2"}, id="att-intoto-0.0.2"),
    pytest.param("bundle", {"version": "0.1"}, id="bundle-0.1"),
    pytest.param("bundle", {"version": "0.1", "proof": False}, id="bundle-0.1-promise-only"),
    pytest.param("bundle", {"version": "0.2"}, id="bundle-0.2"),
    pytest.param("bundle", {}, id="bundle-0.3"),
    pytest.param("bundle", {"kind": "intoto-0.0.2"}, id="bundle-intoto-0.0.2"),
    pytest.param("bundle", {"log": "v2"}, id="bundle-rekor-v2-hashedrekord"),
    pytest.param("bundle", {"log": "v2", "kind": "dsse"}, id="bundle-rekor-v2-dsse"),
    pytest.param("bundle", {"promise": False, "stamps": (Stamp(),)}, id="bundle-no-promise"),
    pytest.param("bundle", {"stamps": (Stamp(),)}, id="bundle-promise-and-timestamp"),
]
ALGORITHMS = ["ecdsa-p256", "ecdsa-p384", "ecdsa-p521", "rsa-2048", "rsa-4096", "ed25519"]


@pytest.fixture(scope="module")
def sigstore():
    return VirtualSigstore()


@pytest.mark.parametrize(("form", "recipe"), FORMS)
def test_verifies_every_keyless_form(sigstore, form, recipe):
    proven = prove(getattr(sigstore, form)(DIGEST, **recipe), keyless(sigstore))
    assert isinstance(proven.signer, CertificateIdentity)
    assert proven.subject == SUBJECT
    assert {time.at_utc for time in proven.times} == {SIGNING_TIME}
    assert len(proven.log_entries) == 1
    assert proven.weakenings == frozenset()


@pytest.mark.parametrize(("form", "recipe"), FORMS)
def test_verifies_every_form_by_key(sigstore, form, recipe):
    who = signer()
    proven = prove(getattr(sigstore, form)(DIGEST, signer=who, **recipe), keyed(sigstore, who.key))
    assert proven.signer == KeyIdentity(key_id=who.key.key_id.hex(), name="test.pub")


@pytest.mark.parametrize("form", ["sign_image", "attest", "bundle"])
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_verifies_with_every_kind_of_key(sigstore, form, algorithm):
    who = signer(algorithm)
    signed = getattr(sigstore, form)(DIGEST, signer=who, log="", stamps=())
    prove(signed, keyed(sigstore, who.key, weakenings=IGNORE_TLOG))


@pytest.mark.parametrize("algorithm", [a for a in ALGORITHMS if a != "ed25519"])
@pytest.mark.parametrize("form", ["sign_image", "attest", "bundle"])
def test_verifies_certificates_of_every_kind_of_key(sigstore, form, algorithm):
    who = sigstore.keyless(algorithm=algorithm)
    prove(getattr(sigstore, form)(DIGEST, signer=who), keyless(sigstore))


@pytest.mark.parametrize(("form", "recipe"), FORMS)
def test_refuses_another_subject(sigstore, form, recipe):
    signed = getattr(sigstore, form)(DIGEST, **recipe)
    other = Digest("sha256", "cd" * 32)
    assert refusal(signed, keyless(sigstore), subject=other) == "subject.mismatch"


@pytest.mark.parametrize(("form", "recipe"), FORMS)
def test_refuses_a_signature_over_something_else(sigstore, form, recipe):
    wrong = KeyPair()
    edits = Edits(signature=lambda _: wrong.sign(b"something else"))
    signed = getattr(sigstore, form)(DIGEST, edits=edits, **recipe)
    assert refusal(signed, keyless(sigstore)) == "signature.invalid"


@pytest.mark.parametrize(("form", "recipe"), FORMS)
def test_refuses_another_key(sigstore, form, recipe):
    signed = getattr(sigstore, form)(DIGEST, signer=signer(), **recipe)
    assert refusal(signed, keyed(sigstore, KeyPair())) == "signature.invalid"


@pytest.mark.parametrize("form", ["sign_image", "attest", "bundle"])
def test_refuses_a_signature_without_log_entry(sigstore, form):
    signed = getattr(sigstore, form)(DIGEST, log="", stamps=(Stamp(),))
    assert refusal(signed, keyless(sigstore)) == "tlog.missing"


@pytest.mark.parametrize("form", ["sign_image", "attest", "bundle"])
def test_a_timestamp_stands_in_when_the_log_is_given_up(sigstore, form):
    signed = getattr(sigstore, form)(DIGEST, log="", stamps=(Stamp(),))
    proven = prove(signed, keyless(sigstore, weakenings=IGNORE_TLOG, require_timestamp=True))
    assert [time.source for time in proven.times] == [TimeSource.RFC3161]
    assert proven.log_entries == ()
    assert proven.weakenings == IGNORE_TLOG


@pytest.mark.parametrize("form", ["sign_image", "attest", "bundle"])
def test_refuses_a_missing_timestamp_where_one_is_required(sigstore, form):
    signed = getattr(sigstore, form)(DIGEST, stamps=())
    assert refusal(signed, keyless(sigstore, require_timestamp=True)) == "timestamp.threshold"


@pytest.mark.parametrize("form", ["sign_image", "attest", "bundle"])
def test_the_present_stands_in_when_nothing_proves_a_moment(sigstore, form):
    signed = getattr(sigstore, form)(DIGEST, log="", stamps=())
    trust = keyless(sigstore, weakenings=IGNORE_TLOG)
    proven = prove(signed, trust, now_utc=SIGNING_TIME + timedelta(minutes=1))
    assert proven.times == ()
    assert refusal(signed, trust, now_utc=SIGNING_TIME + timedelta(minutes=11)) == "chain.expired"


def test_refuses_rekor_v2_without_a_timestamp(sigstore):
    signed = sigstore.bundle(DIGEST, log="v2", stamps=())
    assert refusal(signed, keyless(sigstore)) == "time.missing"


def test_a_key_needs_no_moment(sigstore):
    who = signer()
    signed = sigstore.bundle(DIGEST, log="v2", stamps=(), signer=who)
    assert prove(signed, keyed(sigstore, who.key)).times == ()


@pytest.mark.parametrize(
    ("end", "accepted"),
    [(SIGNING_TIME, True), (SIGNING_TIME - timedelta(seconds=1), False)],
    ids=["closed-end", "outside"],
)
def test_a_key_s_window_covers_the_proven_moment(sigstore, end, accepted):
    who = signer()
    signed = sigstore.sign_image(DIGEST, signer=who)
    trust = keyed(sigstore, who.key, window=Window(end_utc=end))
    if accepted:
        prove(signed, trust)
    else:
        assert refusal(signed, trust) == "key.window"


def test_a_key_s_window_covers_the_present_when_nothing_proves_a_moment(sigstore):
    who = signer()
    signed = sigstore.sign_image(DIGEST, signer=who, log="", stamps=())
    ended = Window(end_utc=NOW - timedelta(seconds=1))
    trust = keyed(sigstore, who.key, weakenings=IGNORE_TLOG, window=ended)
    assert refusal(signed, trust) == "key.window"


@pytest.mark.parametrize("chosen", ["sha224", "sha256", "sha384", "sha512"])
def test_a_key_s_hash_can_be_chosen(sigstore, chosen):
    who = signer()
    signed = sigstore.sign_image(DIGEST, signer=who, log="", stamps=(), hash_algorithm=chosen)
    prove(signed, keyed(sigstore, who.key, weakenings=IGNORE_TLOG, hash_algorithm=chosen))
    other = "sha512" if chosen != "sha512" else "sha384"
    trust = keyed(sigstore, who.key, weakenings=IGNORE_TLOG, hash_algorithm=other)
    assert refusal(signed, trust) == "signature.invalid"


def test_an_expired_certificate_beside_a_key_refuses(sigstore):
    who = sigstore.keyless(at_utc=SIGNING_TIME - timedelta(days=1))
    trust = keyed(sigstore, who.key)
    assert refusal(sigstore.sign_image(DIGEST, signer=who), trust) == "chain.expired"
    prove(sigstore.sign_image(DIGEST, signer=sigstore_valid(sigstore, who.key)), trust)


def sigstore_valid(sigstore, key):
    certificate = sigstore.certificate_authorities[0].issue(key)
    return Signer(key=key, certificate=certificate)


def test_refuses_a_certificate_for_another_key_than_the_given_one(sigstore):
    signed = sigstore.sign_image(DIGEST)
    assert refusal(signed, keyed(sigstore, KeyPair())) == "signer.key-mismatch"


def test_refuses_a_certificate_s_bundle_where_a_key_is_trusted(sigstore):
    who = sigstore.keyless()
    signed = sigstore.bundle(DIGEST, signer=who)
    assert refusal(signed, keyed(sigstore, who.key)) == "signer.not-a-key"


@pytest.mark.parametrize("form", ["sign_image", "attest", "bundle"])
def test_refuses_a_key_s_signature_where_certificates_are_trusted(sigstore, form):
    signed = getattr(sigstore, form)(DIGEST, signer=signer())
    assert refusal(signed, keyless(sigstore)) == "signer.no-certificate"


def test_any_signature_of_a_legacy_envelope_may_be_the_signer_s(sigstore):
    stranger = {"sig": "AAAA", "keyid": "not-a-hint"}
    edits = Edits(envelope=lambda e: {**e, "signatures": [stranger, *e["signatures"]]})
    prove(sigstore.attest(DIGEST, edits=edits), keyless(sigstore))


def test_a_keyid_is_only_a_hint(sigstore):
    edits = Edits(
        envelope=lambda e: {**e, "signatures": [{**e["signatures"][0], "keyid": "SHA256:other"}]}
    )
    for form in ("attest", "bundle"):
        prove(getattr(sigstore, form)(DIGEST, edits=edits), keyless(sigstore))


def test_a_given_certificate_replaces_the_layer_s(sigstore):
    who = sigstore.keyless()
    bare = replace(who, certificate=None)
    signed = sigstore.sign_image(DIGEST, signer=bare, log="", stamps=())
    given = pem([who.certificate])
    options = {"weakenings": IGNORE_TLOG, "given_certificate": given}
    proven = prove(signed, keyless(sigstore, **options), now_utc=SIGNING_TIME)
    assert isinstance(proven.signer, CertificateIdentity)


def test_a_given_certificate_is_not_for_bundles(sigstore):
    given = pem([sigstore.keyless().certificate])
    trust = keyless(sigstore, given_certificate=given)
    assert refusal(sigstore.bundle(DIGEST), trust) == "signer.given-certificate"


def test_a_malformed_given_certificate_is_the_user_s_mistake(sigstore):
    trust = keyless(sigstore, given_certificate=b"-----BEGIN nothing")
    with pytest.raises(InvalidInput):
        prove(sigstore.sign_image(DIGEST), trust)


def test_a_given_certificate_timestamp_is_used(sigstore):
    who = sigstore.keyless(scts=False)
    signed = sigstore.sign_image(DIGEST, signer=who)
    sct = sigstore.ct_logs[0].add_chain_response(who.certificate, at_utc=SIGNING_TIME)
    prove(signed, keyless(sigstore, given_sct=sct))
    assert refusal(signed, keyless(sigstore)) == "sct.missing"
    other = sigstore.keyless(scts=False)
    assert (
        refusal(sigstore.sign_image(DIGEST, signer=other), keyless(sigstore, given_sct=sct))
        == "sct.threshold"
    )


def test_certificate_timestamps_can_be_given_up_by_name(sigstore):
    signed = sigstore.sign_image(DIGEST, signer=sigstore.keyless(scts=False))
    assert prove(signed, keyless(sigstore, weakenings=IGNORE_SCT)).weakenings == IGNORE_SCT


def test_claims_can_be_given_up_for_the_legacy_format_only(sigstore):
    trust = keyless(sigstore, weakenings=frozenset({Weakening.IGNORE_CLAIMS}))
    other = Digest("sha256", "cd" * 32)
    for form in ("sign_image", "attest"):
        assert prove(getattr(sigstore, form)(DIGEST), trust, subject=other).subject == other
    assert refusal(sigstore.bundle(DIGEST), trust, subject=other) == "subject.mismatch"


def wrong_payload_type(sigstore, form):
    """Evidence that is right in everything but its payload type, which is signed for."""
    who = signer()
    kind = "application/vnd.other+json"
    message = pre_authentication_encoding(kind, b"{}")

    def envelope(made):
        signature = base64.b64encode(who.key.sign(message, hash_algorithm="sha256")).decode()
        payload = base64.b64encode(b"{}").decode()
        return {**made, "payloadType": kind, "payload": payload, "signatures": [{"sig": signature}]}

    signed = form(DIGEST, signer=who, log="", stamps=(), edits=Edits(envelope=envelope))
    return signed, keyed(sigstore, who.key, weakenings=IGNORE_TLOG)


@pytest.mark.parametrize("form", ["attest", "bundle"])
def test_refuses_a_payload_that_is_no_statement(sigstore, form):
    signed, trust = wrong_payload_type(sigstore, getattr(sigstore, form))
    assert refusal(signed, trust) == "dsse.payload-type"


@pytest.mark.parametrize("statement_type", [mediatypes.STATEMENT_V01, mediatypes.STATEMENT_V1])
def test_reads_statements_of_both_versions(sigstore, statement_type):
    signed = sigstore.attest(DIGEST, statement_type=statement_type, predicate={"a": 1})
    assert prove(signed, keyless(sigstore)).predicate == {"a": 1}


def test_refuses_a_statement_of_another_type(sigstore):
    edits = Edits(statement=lambda s: {**s, "_type": "https://evil.test/Statement"})
    for form in ("attest", "bundle"):
        signed = getattr(sigstore, form)(DIGEST, edits=edits)
        assert refusal(signed, keyless(sigstore)) == "statement.type"


def test_matches_any_subject_and_reports_that_one(sigstore):
    def two_subjects(statement):
        first = {"name": "other", "digest": {"sha256": "cd" * 32}, "annotations": {"a": "wrong"}}
        mine = {**statement["subject"][0], "name": "mine", "annotations": {"a": "right"}}
        return {**statement, "subject": [first, mine]}

    signed = sigstore.bundle(DIGEST, edits=Edits(statement=two_subjects))
    proven = prove(signed, keyless(sigstore))
    assert (proven.claimed_reference, proven.annotations) == ("mine", {"a": "right"})


def test_reports_the_legacy_payload_s_claims(sigstore):
    signed = sigstore.sign_image(DIGEST, annotations={"env": "prod"}, reference="r.test/app")
    proven = prove(signed, keyless(sigstore))
    assert (proven.annotations, proven.claimed_reference) == ({"env": "prod"}, "r.test/app")
    assert proven.predicate_type == mediatypes.COSIGN_SIGN_V1


def test_refuses_a_bundle_that_says_nothing_about_an_image(sigstore):
    assert refusal(sigstore.blob_bundle(b"file"), keyless(sigstore)) == "bundle.no-statement"


BLOB = b"the artifact"


def blob(content, trust, artifact=BLOB):
    return verify_blob(
        content, artifact, trust=trust, now_utc=NOW, second_opinion=SecondOpinion.OFF
    )


def blob_refusal(content, trust, artifact=BLOB):
    with pytest.raises(VerificationFailed) as raised:
        blob(content, trust, artifact)
    return raised.value.code


@pytest.mark.parametrize("log", ["v1", "v2"])
@pytest.mark.parametrize("artifact", [BLOB, Digest.of(BLOB)], ids=["content", "digest"])
def test_verifies_a_signed_file(sigstore, log, artifact):
    proven = blob(sigstore.blob_bundle(BLOB, log=log).content, keyless(sigstore), artifact)
    assert (proven.artifact, proven.statement) == (Digest.of(BLOB), None)


def test_verifies_an_attested_file(sigstore):
    content = sigstore.bundle(str(Digest.of(BLOB))).content
    statement = json.loads(blob(content, keyless(sigstore)).statement)
    assert statement["subject"][0]["digest"] == {"sha256": Digest.of(BLOB).hex}
    assert blob_refusal(content, keyless(sigstore), b"another") == "subject.mismatch"


def test_refuses_another_file(sigstore):
    content = sigstore.blob_bundle(BLOB).content
    assert blob_refusal(content, keyless(sigstore), b"another") == "subject.mismatch"


def without_message_digest(bundle):
    signature = bundle["messageSignature"]["signature"]
    return {**bundle, "messageSignature": {"signature": signature}}


def test_refuses_another_file_when_the_bundle_claims_no_digest(sigstore):
    content = sigstore.blob_bundle(BLOB, edits=Edits(bundle=without_message_digest)).content
    blob(content, keyless(sigstore))
    assert blob_refusal(content, keyless(sigstore), b"another") == "signature.invalid"


def test_refuses_a_digest_where_another_hash_was_signed(sigstore):
    who = signer("ecdsa-p384")
    content = sigstore.blob_bundle(
        BLOB, signer=who, edits=Edits(bundle=without_message_digest)
    ).content
    trust = keyed(sigstore, who.key, hash_algorithm="sha384")
    blob(content, trust)
    assert blob_refusal(content, trust, Digest.of(BLOB)) == "signature.needs-content"


def test_refuses_a_digest_where_ed25519_signed(sigstore):
    who = signer("ed25519")
    content = sigstore.blob_bundle(
        BLOB, signer=who, log="", stamps=(), edits=Edits(bundle=without_message_digest)
    ).content
    trust = keyed(sigstore, who.key, weakenings=IGNORE_TLOG)
    blob(content, trust)
    assert blob_refusal(content, trust, Digest.of(BLOB)) == "signature.needs-content"


def test_a_malformed_bundle_is_a_refused_one(sigstore):
    assert blob_refusal(b"{", keyless(sigstore)) == "json.malformed"


def test_refuses_a_file_s_envelope_that_is_no_statement(sigstore):
    content, trust = wrong_payload_type(sigstore, sigstore.bundle)
    assert blob_refusal(content.content, trust) == "dsse.payload-type"


def test_thresholds_of_timestamps_count_distinct_authorities(sigstore):
    signed = sigstore.bundle(DIGEST, stamps=(Stamp(nonce=1), Stamp(nonce=2)))
    two = Thresholds(timestamp_authorities=2)
    trust = keyless(sigstore, require_timestamp=True, thresholds=two)
    assert refusal(signed, trust) == "timestamp.threshold"
    prove(signed, keyless(sigstore, require_timestamp=True))


def test_a_root_without_authorities_verifies_nothing(sigstore):
    empty = replace(keyless(sigstore), root=TrustedRoot())
    assert refusal(sigstore.sign_image(DIGEST), empty) == "tlog.threshold"
    logs_only = TrustedRoot(transparency_logs=root_of(sigstore).transparency_logs)
    trust = replace(keyless(sigstore), root=logs_only)
    assert refusal(sigstore.sign_image(DIGEST), trust) == "chain.unknown-authority"


def test_the_second_engine_is_asked_only_where_it_reads_the_form(sigstore):
    trust = keyless(sigstore)
    auto = SecondOpinion.AUTO
    assert prove(sigstore.bundle(DIGEST), trust, second_opinion=auto).engines == (
        "sealpin",
        "sigstore",
    )
    assert prove(sigstore.sign_image(DIGEST), trust, second_opinion=auto).engines == ("sealpin",)
    assert prove(sigstore.bundle(DIGEST), trust).engines == ("sealpin",)

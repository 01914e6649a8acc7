# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Signatures put together from parts of others, and documents that two parsers read differently."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509

from sealpin.digest import Digest
from sealpin.errors import SealpinError
from sealpin.mediatypes import ANNOTATION_BUNDLE, ANNOTATION_CERTIFICATE, ANNOTATION_SIGNATURE
from sealpin.signatures.opinion import SecondOpinion
from sealpin.signatures.sct import SignedCertificateTimestamp, verify_scts
from sealpin.weakening import Weakening
from support.processor_time import at_most
from support.verification import (
    IGNORE_TLOG,
    SUBJECT,
    keyed,
    keyless,
    prove,
    refusal,
    root_of,
    with_annotations,
)
from support.virtual_sigstore import (
    SIGNING_TIME,
    Edits,
    KeyPair,
    Signer,
    Stamp,
    VirtualSigstore,
    der,
    der_of,
)

DIGEST = str(SUBJECT)
BIT_STRING = 0x03
OTHER = Digest("sha256", "cd" * 32)


@pytest.fixture(scope="module")
def sigstore() -> VirtualSigstore:
    return VirtualSigstore()


def edited(signed: Any, edit: Callable[[dict], None]) -> Any:
    """A bundle with its document changed."""
    document = signed.document
    edit(document)
    return replace(signed, content=json.dumps(document).encode())


def doubled(data: bytes, key: str, value: object) -> bytes:
    """*data* with *key* before the same key of the first object that has it."""
    name = json.dumps(key).encode()
    return data.replace(name, name + b": " + json.dumps(value).encode() + b"," + name, 1)


@pytest.mark.parametrize(
    "key", ["mediaType", "verificationMaterial", "rawBytes", "canonicalizedBody", "payload", "sig"]
)
def test_bundle_with_a_key_twice_is_refused(sigstore: VirtualSigstore, key: str) -> None:
    signed = sigstore.bundle(DIGEST)
    twice = replace(signed, content=doubled(signed.content, key, "x"))
    assert refusal(twice, keyless(sigstore)) == "json.duplicate-key"


@pytest.mark.parametrize("key", ["_type", "subject", "digest", "sha256", "predicateType"])
def test_signed_statement_with_a_key_twice_is_refused(sigstore: VirtualSigstore, key: str) -> None:
    edits = Edits(payload=lambda data: doubled(data, key, "x"))
    assert refusal(sigstore.bundle(DIGEST, edits=edits), keyless(sigstore)) == "json.duplicate-key"


@pytest.mark.parametrize("key", ["critical", "image", "docker-manifest-digest", "optional"])
def test_signed_payload_with_a_key_twice_is_refused(sigstore: VirtualSigstore, key: str) -> None:
    edits = Edits(payload=lambda data: doubled(data, key, "x"))
    layer = sigstore.sign_image(DIGEST, edits=edits)
    assert refusal(layer, keyless(sigstore)) == "json.duplicate-key"


@pytest.mark.parametrize("key", ["Payload", "body", "logIndex", "SignedEntryTimestamp"])
def test_annotation_of_a_log_with_a_key_twice_is_refused(
    sigstore: VirtualSigstore, key: str
) -> None:
    layer = sigstore.sign_image(DIGEST)
    text = doubled(layer.annotations[ANNOTATION_BUNDLE].encode(), key, "x").decode()
    changed = with_annotations(layer, **{ANNOTATION_BUNDLE: text})
    assert refusal(changed, keyless(sigstore)) == "json.duplicate-key"


@pytest.mark.parametrize("version", ["0.1", "0.2", "0.3"])
def test_log_entry_of_another_signature_by_the_same_key_is_refused(
    sigstore: VirtualSigstore, version: str
) -> None:
    signer = sigstore.keyless()
    other = sigstore.bundle(str(OTHER), signer=signer, version=version).document
    mixed = edited(
        sigstore.bundle(DIGEST, signer=signer, version=version),
        lambda own: own["verificationMaterial"].update(
            tlogEntries=other["verificationMaterial"]["tlogEntries"]
        ),
    )
    assert refusal(mixed, keyless(sigstore)).startswith("tlog.")


def test_log_entry_of_a_second_signature_over_the_same_content_is_refused(
    sigstore: VirtualSigstore,
) -> None:
    signer = sigstore.keyless()
    first, second = (sigstore.bundle(DIGEST, signer=signer) for _turn in range(2))
    entries = second.document["verificationMaterial"]["tlogEntries"]
    mixed = edited(first, lambda own: own["verificationMaterial"].update(tlogEntries=entries))
    assert refusal(mixed, keyless(sigstore)) == "tlog.signature-mismatch"


def test_log_entry_in_the_name_of_another_certificate_of_the_key_is_refused(
    sigstore: VirtualSigstore,
) -> None:
    layer, other = sigstore.sign_image(DIGEST), sigstore.sign_image(DIGEST)
    changed = with_annotations(
        layer, **{ANNOTATION_CERTIFICATE: other.annotations[ANNOTATION_CERTIFICATE]}
    )
    assert refusal(changed, keyless(sigstore)) == "signature.invalid"


def test_legacy_log_entry_of_another_image_is_refused(sigstore: VirtualSigstore) -> None:
    signer = sigstore.keyless()
    other = sigstore.sign_image(str(OTHER), signer=signer)
    changed = with_annotations(
        sigstore.sign_image(DIGEST, signer=signer),
        **{ANNOTATION_BUNDLE: other.annotations[ANNOTATION_BUNDLE]},
    )
    assert refusal(changed, keyless(sigstore)).startswith("tlog.")


def test_timestamp_over_another_signature_proves_no_moment(sigstore: VirtualSigstore) -> None:
    signer = sigstore.keyless()
    other = sigstore.bundle(str(OTHER), signer=signer, log="v2").document
    mixed = edited(
        sigstore.bundle(DIGEST, signer=signer, log="v2"),
        lambda own: own["verificationMaterial"].update(
            timestampVerificationData=other["verificationMaterial"]["timestampVerificationData"]
        ),
    )
    assert refusal(mixed, keyless(sigstore)) == "time.missing"


def test_integrated_time_without_a_promise_proves_no_moment(sigstore: VirtualSigstore) -> None:
    unproven = sigstore.bundle(DIGEST, promise=False, stamps=())
    assert refusal(unproven, keyless(sigstore)) == "time.missing"


@pytest.mark.parametrize("form", ["bundle", "sign_image", "attest"])
def test_signature_of_another_image_under_this_one_is_refused(
    sigstore: VirtualSigstore, form: str
) -> None:
    signed = getattr(sigstore, form)(str(OTHER))
    assert refusal(signed, keyless(sigstore)) == "subject.mismatch"


@pytest.mark.parametrize(
    "digests",
    [
        {"sha256": SUBJECT.hex.upper()},
        {"SHA256": SUBJECT.hex},
        {"sha256": f"sha256:{SUBJECT.hex}"},
        {"sha256": f"{SUBJECT.hex}\0"},
        {"sha512": SUBJECT.hex},
        {"sha512": SUBJECT.hex * 2},
        {"sha256": SUBJECT.hex[:32]},
        {},
    ],
)
def test_only_the_very_digest_is_the_subject(
    sigstore: VirtualSigstore, digests: dict[str, str]
) -> None:
    edits = Edits(statement=lambda it: {**it, "subject": [{"name": "a", "digest": digests}]})
    assert refusal(sigstore.bundle(DIGEST, edits=edits), keyless(sigstore)) == "subject.mismatch"


@pytest.mark.parametrize("claimed", [SUBJECT.hex, DIGEST.upper(), f"{DIGEST} ", f" {DIGEST}"])
def test_only_the_very_digest_is_the_legacy_subject(
    sigstore: VirtualSigstore, claimed: str
) -> None:
    assert refusal(sigstore.sign_image(claimed), keyless(sigstore)) == "subject.mismatch"


def test_giving_up_claims_gives_up_no_subject_of_a_bundle(sigstore: VirtualSigstore) -> None:
    trust = keyless(sigstore, weakenings=frozenset({Weakening.IGNORE_CLAIMS}))
    assert refusal(sigstore.bundle(str(OTHER)), trust) == "subject.mismatch"


def test_bundle_with_two_signatures_is_refused(sigstore: VirtualSigstore) -> None:
    def double(document: dict) -> None:
        signatures = document["dsseEnvelope"]["signatures"]
        document["dsseEnvelope"]["signatures"] = [*signatures, *signatures]

    twice = edited(sigstore.bundle(DIGEST), double)
    assert refusal(twice, keyless(sigstore)) == "bundle.content"


@pytest.mark.parametrize("kind", ["text/plain", "application/vnd.in-toto+JSON", ""])
def test_payload_of_another_type_is_refused(sigstore: VirtualSigstore, kind: str) -> None:
    """The type is signed, so changing it breaks the signature."""
    changed = edited(
        sigstore.bundle(DIGEST), lambda it: it["dsseEnvelope"].update(payloadType=kind)
    )
    assert refusal(changed, keyless(sigstore)) == "signature.invalid"


def test_legacy_payload_does_not_pass_as_an_attestation(sigstore: VirtualSigstore) -> None:
    layer = sigstore.sign_image(DIGEST)
    attested = replace(layer, kind=sigstore.attest(DIGEST).kind)
    with pytest.raises(SealpinError):
        prove(attested, keyless(sigstore))


def test_attestation_does_not_pass_as_a_legacy_signature(sigstore: VirtualSigstore) -> None:
    attested = sigstore.attest(DIGEST)
    sig = json.loads(attested.content)["signatures"][0]["sig"]
    layer = replace(
        with_annotations(attested, **{ANNOTATION_SIGNATURE: sig}),
        kind=sigstore.sign_image(DIGEST).kind,
    )
    assert refusal(layer, keyless(sigstore)) == "signature.invalid"


def _proof(change: Callable[[dict], None]) -> Edits:
    def edit(entry: dict) -> dict:
        change(entry["inclusionProof"])
        return entry

    return Edits(entry=edit)


@pytest.mark.parametrize(
    "change",
    [
        lambda proof: proof.update(logIndex=str(int(proof["treeSize"]))),
        lambda proof: proof.update(logIndex="-1"),
        lambda proof: proof.update(hashes=[*proof["hashes"], proof["rootHash"]]),
        lambda proof: proof.update(hashes=["AA=="] * 65),
        lambda proof: proof.update(treeSize="0"),
        lambda proof: proof.update(treeSize=str(int(proof["treeSize"]) + 1)),
        lambda proof: proof.update(rootHash="AA=="),
        lambda proof: proof["checkpoint"].update(envelope=""),
        lambda proof: proof["checkpoint"].update(
            envelope=proof["checkpoint"]["envelope"].replace("\n", "\n0", 1)
        ),
        lambda proof: proof["checkpoint"].update(
            envelope="evil.test" + proof["checkpoint"]["envelope"]
        ),
        lambda proof: proof.pop("checkpoint"),
    ],
    ids=[
        "index at the tree's size", "index below 0", "surplus hash", "many hashes", "no tree",
        "tree of another size", "another root", "no checkpoint text", "checkpoint of another size",
        "checkpoint of another origin", "no checkpoint",
    ],
)  # fmt: skip
@pytest.mark.parametrize("log", ["v1", "v2"])
def test_proof_that_is_off_is_refused(
    sigstore: VirtualSigstore, log: str, change: Callable[[dict], None]
) -> None:
    signed = sigstore.bundle(DIGEST, log=log, edits=_proof(change))
    assert refusal(signed, keyless(sigstore))


@pytest.mark.parametrize("field", ["logIndex", "integratedTime"])
def test_promise_covers_index_and_time(sigstore: VirtualSigstore, field: str) -> None:
    edits = Edits(entry=lambda entry: {**entry, field: str(int(entry[field]) + 1)})
    assert refusal(sigstore.bundle(DIGEST, edits=edits), keyless(sigstore)) == "tlog.promise"


def test_log_of_another_instance_counts_for_nothing(sigstore: VirtualSigstore) -> None:
    other = VirtualSigstore(certificate_authority=sigstore.certificate_authorities[0])
    other.ct_logs = sigstore.ct_logs
    assert refusal(other.bundle(DIGEST), keyless(sigstore)) == "tlog.threshold"


def test_two_entries_of_one_log_are_not_two_logs(sigstore: VirtualSigstore) -> None:
    trust = keyless(sigstore)
    trust = replace(trust, thresholds=replace(trust.thresholds, logs=2))
    signer = sigstore.keyless()
    entry = sigstore.bundle(DIGEST, signer=signer).document["verificationMaterial"]["tlogEntries"]
    twice = edited(
        sigstore.bundle(DIGEST, signer=signer),
        lambda own: own["verificationMaterial"]["tlogEntries"].extend(entry),
    )
    assert refusal(twice, trust).startswith("tlog.")


@pytest.mark.parametrize("seconds", [-1, 601])
def test_certificate_counts_for_its_own_minutes_only(
    sigstore: VirtualSigstore, seconds: int
) -> None:
    signer = sigstore.keyless(at_utc=SIGNING_TIME)
    late = sigstore.bundle(DIGEST, signer=signer, at_utc=SIGNING_TIME + timedelta(seconds=seconds))
    assert refusal(late, keyless(sigstore)) in ("chain.expired", "chain.not-yet-valid")


def test_every_proven_moment_must_lie_in_the_certificates_minutes(
    sigstore: VirtualSigstore,
) -> None:
    stamps = (Stamp(at_utc=SIGNING_TIME), Stamp(at_utc=SIGNING_TIME + timedelta(hours=1)))
    signed = sigstore.bundle(DIGEST, stamps=stamps)
    assert refusal(signed, keyless(sigstore)) == "chain.expired"


@pytest.mark.parametrize(
    "stamp", [Stamp(status=2), Stamp(signer=KeyPair()), Stamp(imprint=b"x" * 32)]
)
def test_token_that_is_off_proves_no_moment(sigstore: VirtualSigstore, stamp: Stamp) -> None:
    signed = sigstore.bundle(DIGEST, log="v2", stamps=(stamp,))
    assert refusal(signed, keyless(sigstore)) in ("time.missing", "timestamp.malformed")


def test_authority_of_certificates_does_not_sign_itself(sigstore: VirtualSigstore) -> None:
    """An intermediate of the trusted root in the place of a signing certificate."""
    own = sigstore.certificate_authorities[0].chain[0]
    signer = Signer(key=KeyPair(), certificate=own)
    assert refusal(sigstore.bundle(DIGEST, signer=signer), keyless(sigstore)) == "signature.invalid"


def test_leaf_does_not_issue_a_leaf(sigstore: VirtualSigstore) -> None:
    """A second instance's authority whose intermediate nobody trusted vouches for."""
    other = VirtualSigstore(rekor=sigstore.rekor)
    mixed = other.bundle(DIGEST, signer=other.keyless(), version="0.2")
    assert refusal(mixed, keyless(sigstore)) == "chain.unknown-authority"


def test_key_signature_needs_the_log_it_names_the_key_in(sigstore: VirtualSigstore) -> None:
    key, other = KeyPair(), KeyPair()
    foreign = sigstore.bundle(DIGEST, signer=Signer(key=other)).document
    mixed = edited(
        sigstore.bundle(DIGEST, signer=Signer(key=key)),
        lambda own: own["verificationMaterial"].update(
            tlogEntries=foreign["verificationMaterial"]["tlogEntries"]
        ),
    )
    assert refusal(mixed, keyed(sigstore, key)).startswith("tlog.")


@pytest.mark.parametrize("hash_algorithm", ["sha384", "sha512", "sha224"])
def test_signature_over_another_hash_than_the_trusted_one_is_refused(
    sigstore: VirtualSigstore, hash_algorithm: str
) -> None:
    key = KeyPair()
    signed = sigstore.sign_image(
        DIGEST, signer=Signer(key=key), log="", hash_algorithm=hash_algorithm
    )
    trust = keyed(sigstore, key, weakenings=IGNORE_TLOG, hash_algorithm="sha256")
    assert refusal(signed, trust) == "signature.invalid"


def test_required_second_opinion_that_cannot_read_the_root_is_no_agreement(
    sigstore: VirtualSigstore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sealpin.signatures.second_opinion._verifier", lambda *_unused: None)
    signed, trust = sigstore.bundle(DIGEST), keyless(sigstore)
    engines = prove(signed, trust, second_opinion=SecondOpinion.AUTO).engines
    assert engines == ("sealpin",)
    code = refusal(signed, trust, second_opinion=SecondOpinion.REQUIRE)
    assert code == "second-opinion.unavailable"


@pytest.mark.parametrize("timestamp_ms", [1 << 48, 1 << 60, (1 << 64) - 1])
def test_certificate_timestamp_beyond_all_times_is_refused(
    sigstore: VirtualSigstore, timestamp_ms: int
) -> None:
    root = root_of(sigstore)
    sct = SignedCertificateTimestamp(
        log_id=root.ct_logs[0].log_id,
        timestamp_ms=timestamp_ms,
        extensions=b"",
        signers=frozenset({root.ct_logs[0].key.algorithm}),
        signature=b"",
    )
    path = (root.certificate_authorities[0].root,)
    with pytest.raises(SealpinError):
        verify_scts(path, logs=root.ct_logs, detached=sct, minimum=1)


def with_certificate(signed: Any, certificate_der: bytes) -> Any:
    """A bundle with another certificate in the place of its own."""

    def edit(document: dict) -> None:
        encoded = base64.b64encode(certificate_der).decode()
        document["verificationMaterial"]["certificate"]["rawBytes"] = encoded

    return edited(signed, edit)


def test_name_in_bits_is_that_of_no_certificate(sigstore: VirtualSigstore) -> None:
    certificate = der_of(sigstore.certificate_authorities[0].issue(KeyPair()))
    name = der.utf8("sigstore.test")
    bits = bytes((BIT_STRING, len(name) - 2, 0)) + name[3:]
    assert name in certificate
    signed = with_certificate(sigstore.bundle(DIGEST), certificate.replace(name, bits))
    assert refusal(signed, keyless(sigstore)) == "certificate.malformed"


def test_certificate_of_a_size_that_none_has_is_not_read(sigstore: VirtualSigstore) -> None:
    names = x509.SubjectAlternativeName([x509.DNSName(f"{i}.example") for i in range(10_000)])
    certificate = sigstore.certificate_authorities[0].issue(
        KeyPair(), edit_extensions=lambda _unused: [(names, True)]
    )
    signed = with_certificate(sigstore.bundle(DIGEST), der_of(certificate))
    with pytest.raises(SealpinError, match="expected at most 65536 bytes, got ") as refused:
        prove(signed, keyless(sigstore))
    assert refused.value.code == "certificate.malformed"


@pytest.mark.parametrize("form", ["bundle", "attest"])
def test_very_many_values_around_a_signature_are_not_read(
    sigstore: VirtualSigstore, form: str
) -> None:
    signed = getattr(sigstore, form)(DIGEST)
    nested = b"[" * 20 + b"]" * 20 + b","
    content = signed.content.rstrip()[:-1] + b', "x": [' + nested * 400_000 + b"0]}"
    with at_most(processor_s=1):
        assert refusal(replace(signed, content=content), keyless(sigstore)) == "json.too-many"

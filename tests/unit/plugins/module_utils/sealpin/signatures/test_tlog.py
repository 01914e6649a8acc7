# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Log entries: promises, proofs, windows, thresholds, and what an entry must be about."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import timedelta

import pytest

from sealpin import mediatypes
from sealpin.digest import Digest
from sealpin.errors import VerificationFailed
from sealpin.signatures.bundle import read_bundle
from sealpin.signatures.opinion import SecondOpinion
from sealpin.signatures.parts import SignedContent
from sealpin.signatures.tlog import verify_entries
from sealpin.signatures.verify import verify_blob
from sealpin.trust.material import Thresholds
from support.verification import (
    SUBJECT,
    keyed,
    keyless,
    prove,
    refusal,
    root_of,
    signer,
    with_annotations,
)
from support.virtual_sigstore import (
    SIGNING_TIME,
    Edits,
    KeyPair,
    RekorV1,
    RekorV2,
    Stamp,
    Validity,
    VirtualSigstore,
    der_of,
)

DIGEST = str(SUBJECT)
SECOND = timedelta(seconds=1)


@pytest.fixture(scope="module")
def sigstore():
    return VirtualSigstore()


def entry_edit(**changes):
    return Edits(entry=lambda entry: {**entry, **changes})


def proof_edit(**changes):
    return Edits(
        entry=lambda entry: {**entry, "inclusionProof": {**entry["inclusionProof"], **changes}}
    )


@pytest.mark.parametrize(
    "field",
    [{"integratedTime": 1}, {"logIndex": 1}, {"logID": "00"}, {"body": "e30="}],
    ids=lambda field: next(iter(field)),
)
@pytest.mark.parametrize("form", ["sign_image", "attest", "bundle"])
def test_refuses_a_promise_over_another_entry(sigstore, form, field):
    edits = Edits(promise=lambda promised: {**promised, **field})
    signed = getattr(sigstore, form)(DIGEST, edits=edits)
    assert refusal(signed, keyless(sigstore)) == "tlog.promise"


def test_refuses_an_entry_with_neither_promise_nor_proof(sigstore):
    drop = Edits(entry=lambda entry: {k: v for k, v in entry.items() if k != "inclusionPromise"})
    signed = sigstore.bundle(DIGEST, version="0.1", proof=False, edits=drop)
    assert refusal(signed, keyless(sigstore)) == "bundle.no-promise"


def test_an_entry_that_nothing_vouches_for_is_refused_in_any_format(sigstore):
    parts = read_bundle(sigstore.bundle(DIGEST).content)
    bare = replace(parts.entries[0], promise=None, proof=None)
    content = SignedContent(
        signature=parts.signatures[0], signer=parts.certificate, data=b"", envelope=parts.content
    )
    logs = root_of(sigstore).transparency_logs
    with pytest.raises(VerificationFailed) as raised:
        verify_entries((bare,), content=content, logs=logs, minimum=1)
    assert raised.value.code == "tlog.unproven"


def test_a_digest_is_not_enough_where_the_log_hashed_otherwise(sigstore):
    blob = b"file"
    longer = {"algorithm": "sha512", "value": Digest.of(blob, "sha512").hex}
    content = sigstore.blob_bundle(blob, edits=at(("data", "hash"), longer)).content

    def verify(artifact):
        verify_blob(
            content,
            artifact,
            trust=keyless(sigstore),
            now_utc=SIGNING_TIME,
            second_opinion=SecondOpinion.OFF,
        )

    verify(blob)
    with pytest.raises(VerificationFailed) as raised:
        verify(Digest.of(blob))
    assert raised.value.code == "tlog.hash-unknown"


def test_an_integrated_time_without_a_promise_proves_nothing(sigstore):
    signed = sigstore.bundle(DIGEST, promise=False, stamps=())
    assert refusal(signed, keyless(sigstore)) == "time.missing"


def test_refuses_an_entry_of_an_unknown_log(sigstore):
    other = VirtualSigstore()
    other.certificate_authorities, other.ct_logs = (
        sigstore.certificate_authorities,
        sigstore.ct_logs,
    )
    assert refusal(other.bundle(DIGEST), keyless(sigstore)) == "tlog.threshold"


def twice(bundle):
    material = bundle["verificationMaterial"]
    entries = [material["tlogEntries"][0], material["tlogEntries"][0]]
    return {**bundle, "verificationMaterial": {**material, "tlogEntries": entries}}


def test_refuses_the_same_entry_twice(sigstore):
    signed = sigstore.bundle(DIGEST, edits=Edits(bundle=twice))
    assert refusal(signed, keyless(sigstore)) == "tlog.duplicate-entry"


def with_second_entry(sigstore, who, *, log="v1"):
    """A bundle with another entry for the same signature added."""
    first = json.loads(sigstore.bundle(DIGEST, signer=who).content)
    envelope = first["dsseEnvelope"]
    edits = Edits(
        signature=lambda _: base64.b64decode(envelope["signatures"][0]["sig"]),
        bundle=lambda second: {
            **second,
            "verificationMaterial": {
                **second["verificationMaterial"],
                "tlogEntries": [
                    *first["verificationMaterial"]["tlogEntries"],
                    *second["verificationMaterial"]["tlogEntries"],
                ],
            },
        },
    )
    return sigstore.bundle(DIGEST, signer=who, log=log, edits=edits)


def test_thresholds_count_distinct_logs(sigstore):
    who = sigstore.keyless()
    two = Thresholds(logs=2)
    same_log = with_second_entry(sigstore, who)
    assert refusal(same_log, keyless(sigstore, thresholds=two)) == "tlog.threshold"
    prove(same_log, keyless(sigstore))
    other_log = with_second_entry(sigstore, who, log="v2")
    proven = prove(other_log, keyless(sigstore, thresholds=two))
    assert len({entry.log for entry in proven.log_entries}) == 2


def test_a_second_wrong_entry_refuses_though_the_first_is_right(sigstore):
    who = sigstore.keyless()
    signed = with_second_entry(sigstore, who)
    document = json.loads(signed.content)
    document["verificationMaterial"]["tlogEntries"][1]["integratedTime"] = "1"
    wrong = replace(signed, content=json.dumps(document).encode())
    assert refusal(wrong, keyless(sigstore)) == "tlog.promise"


@pytest.mark.parametrize(
    ("start", "end", "code"),
    [
        (SIGNING_TIME, SIGNING_TIME, ""),
        (SIGNING_TIME + SECOND, None, "tlog.log-window"),
        (SIGNING_TIME - 2 * SECOND, SIGNING_TIME - SECOND, "tlog.log-window"),
    ],
    ids=["closed-at-both-ends", "before", "after"],
)
@pytest.mark.parametrize("log", ["v1", "v2"])
def test_a_log_counts_within_its_window(log, start, end, code):
    validity = Validity(start=start, end=end)
    sigstore = VirtualSigstore(
        rekor=RekorV1(validity=validity), rekor_v2=RekorV2(validity=validity)
    )
    signed = sigstore.bundle(DIGEST, log=log)
    if code:
        assert refusal(signed, keyless(sigstore)) == code
    else:
        prove(signed, keyless(sigstore))


def test_a_log_whose_window_ended_proves_nothing_without_a_moment():
    ended = Validity(end=SIGNING_TIME)
    sigstore = VirtualSigstore(rekor_v2=RekorV2(validity=ended))
    who = signer()
    signed = sigstore.bundle(DIGEST, log="v2", stamps=(), signer=who)
    assert refusal(signed, keyed(sigstore, who.key)) == "tlog.log-window"


def test_binds_rekor_v2_s_two_indexes(sigstore):
    signed = sigstore.bundle(DIGEST, log="v2", edits=entry_edit(logIndex="1"))
    assert refusal(signed, keyless(sigstore)) == "tlog.index-mismatch"


def test_reports_the_index_that_is_proven(sigstore):
    promised = prove(sigstore.bundle(DIGEST), keyless(sigstore)).log_entries[0]
    assert promised.index >= 1000
    assert (promised.has_promise, promised.has_inclusion_proof) == (True, True)
    signed = sigstore.bundle(DIGEST, promise=False, stamps=(Stamp(),))
    proven = prove(signed, keyless(sigstore)).log_entries[0]
    assert proven.index < 1000
    assert (proven.has_promise, proven.has_inclusion_proof) == (False, True)


PROOF_CHANGES = [
    ({"logIndex": "0"}, "merkle.path-length"),
    ({"logIndex": "999999"}, "merkle.index"),
    ({"hashes": []}, "merkle.path-length"),
    ({"rootHash": base64.b64encode(b"\0" * 32).decode()}, "merkle.root-mismatch"),
]


@pytest.mark.parametrize(("change", "code"), PROOF_CHANGES, ids=lambda value: str(value)[:20])
def test_refuses_a_changed_inclusion_proof(change, code):
    sigstore = VirtualSigstore()
    signed = sigstore.bundle(DIGEST, edits=proof_edit(**change))
    assert refusal(signed, keyless(sigstore)) == code


@pytest.mark.parametrize(
    ("edit", "code"),
    [
        (lambda text: text.replace("\n", "\n1", 1), "checkpoint.size-mismatch"),
        (
            lambda text: text.replace(text.split("\n")[2], base64.b64encode(b"\1" * 32).decode()),
            "checkpoint.root-mismatch",
        ),
        (lambda text: "elsewhere.test\n" + text.split("\n", 1)[1], "checkpoint.unsigned"),
    ],
    ids=["size", "root", "origin"],
)
@pytest.mark.parametrize("log", ["v1", "v2"])
def test_refuses_a_checkpoint_for_something_else(sigstore, log, edit, code):
    signed = sigstore.bundle(DIGEST, log=log, edits=Edits(checkpoint=edit))
    assert refusal(signed, keyless(sigstore)) == code


def test_refuses_a_time_beyond_the_calendar(sigstore):
    when = 10**15
    layer = sigstore.sign_image(
        DIGEST, edits=Edits(promise=lambda p: {**p, "integratedTime": when})
    )
    annotation = json.loads(layer.annotations[mediatypes.ANNOTATION_BUNDLE])
    annotation["Payload"]["integratedTime"] = when
    text = json.dumps(annotation)
    changed = with_annotations(layer, **{mediatypes.ANNOTATION_BUNDLE: text})
    assert refusal(changed, keyless(sigstore)) == "tlog.time"


# What an entry must be about.


def other_signature():
    return base64.b64encode(KeyPair().sign(b"other")).decode()


def at(path, value):
    """An edit that puts *value* at *path* of a body's spec."""

    def edit(body):
        body = json.loads(json.dumps(body))
        holder = body["spec"]
        for step in path[:-1]:
            holder = holder[step]
        holder[path[-1]] = value(holder[path[-1]]) if callable(value) else value
        return body

    return Edits(log_body=edit)


def b64(data):
    return base64.b64encode(data).decode()


V2 = ("hashedRekordV002",)
DSSE_V2 = ("dsseV002",)
OTHER_PEM = b64(KeyPair().public_pem)
OTHER_DER = {"rawBytes": b64(KeyPair().spki_der)}
OTHER_CERTIFICATE = {"rawBytes": b64(der_of(VirtualSigstore().keyless().certificate))}
ZEROS = "0" * 64
BINDINGS = [
    ("sign_image", {}, ("data", "hash", "value"), ZEROS, "tlog.hash-mismatch"),
    ("sign_image", {}, ("data", "hash", "algorithm"), "md5", "tlog.hash-unsupported"),
    ("sign_image", {}, ("signature", "content"), other_signature(), "tlog.signature-mismatch"),
    ("sign_image", {}, ("signature", "publicKey", "content"), OTHER_PEM, "tlog.signer-mismatch"),
    ("attest", {}, ("payloadHash", "value"), ZEROS, "tlog.hash-mismatch"),
    ("attest", {}, ("payloadHash", "algorithm"), "sha1", "tlog.hash-unsupported"),
    ("attest", {}, ("envelopeHash", "value"), ZEROS, "tlog.hash-mismatch"),
    ("attest", {}, ("signatures", 0, "signature"), other_signature(), "tlog.signature-mismatch"),
    ("attest", {}, ("signatures", 0, "verifier"), OTHER_PEM, "tlog.signer-mismatch"),
    ("attest", {}, ("signatures",), [], "tlog.signature-count"),
    ("attest", {}, ("signatures",), lambda s: [*s, *s], "tlog.signature-count"),
    ("attest", {"kind": "intoto-0.0.1"}, ("content", "hash", "value"), ZEROS, "tlog.hash-mismatch"),
    (
        "attest",
        {"kind": "intoto-0.0.1"},
        ("content", "payloadHash", "value"),
        ZEROS,
        "tlog.hash-mismatch",
    ),
    ("attest", {"kind": "intoto-0.0.1"}, ("publicKey",), OTHER_PEM, "tlog.signer-mismatch"),
    (
        "attest",
        {"kind": "intoto-0.0.2"},
        ("content", "payloadHash", "value"),
        ZEROS,
        "tlog.hash-mismatch",
    ),
    (
        "attest",
        {"kind": "intoto-0.0.2"},
        ("content", "envelope", "signatures", 0, "sig"),
        b64(other_signature().encode()),
        "tlog.signature-mismatch",
    ),
    (
        "attest",
        {"kind": "intoto-0.0.2"},
        ("content", "envelope", "signatures", 0, "publicKey"),
        OTHER_PEM,
        "tlog.signer-mismatch",
    ),
    (
        "attest",
        {"kind": "intoto-0.0.2"},
        ("content", "envelope", "signatures"),
        [],
        "tlog.signature-count",
    ),
    ("bundle", {"log": "v2"}, (*V2, "data", "digest"), b64(b"\0" * 32), "tlog.hash-mismatch"),
    ("bundle", {"log": "v2"}, (*V2, "data", "algorithm"), "MD5", "tlog.hash-unsupported"),
    ("bundle", {"log": "v2"}, (*V2, "data", "algorithm"), [], "json.field"),
    (
        "bundle",
        {"log": "v2"},
        (*V2, "signature", "content"),
        other_signature(),
        "tlog.signature-mismatch",
    ),
    (
        "bundle",
        {"log": "v2"},
        (*V2, "signature", "verifier"),
        {"publicKey": OTHER_DER},
        "tlog.signer-mismatch",
    ),
    (
        "bundle",
        {"log": "v2"},
        (*V2, "signature", "verifier"),
        {"x509Certificate": OTHER_CERTIFICATE},
        "tlog.signer-mismatch",
    ),
    (
        "bundle",
        {"log": "v2", "kind": "dsse"},
        (*DSSE_V2, "payloadHash", "digest"),
        b64(b"\0" * 32),
        "tlog.hash-mismatch",
    ),
    (
        "bundle",
        {"log": "v2", "kind": "dsse"},
        (*DSSE_V2, "signatures", 0, "content"),
        other_signature(),
        "tlog.signature-mismatch",
    ),
    (
        "bundle",
        {"log": "v2", "kind": "dsse"},
        (*DSSE_V2, "signatures", 0, "verifier"),
        {"publicKey": OTHER_DER},
        "tlog.signer-mismatch",
    ),
    ("bundle", {"log": "v2", "kind": "dsse"}, (*DSSE_V2, "signatures"), [], "tlog.signature-count"),
]


@pytest.mark.parametrize(
    "binding",
    BINDINGS,
    ids=[f"{row[0]}-{row[1].get('kind', '')}-{row[2][-1]}-{row[4]}" for row in BINDINGS],
)
def test_binds_an_entry_s_body(sigstore, binding):
    form, recipe, path, value, code = binding
    signed = getattr(sigstore, form)(DIGEST, edits=at(path, value), **recipe)
    assert refusal(signed, keyless(sigstore)) == code


def test_an_old_intoto_entry_may_leave_the_payload_hash_out(sigstore):
    def edit(body):
        content = {"hash": body["spec"]["content"]["hash"]}
        return {**body, "spec": {**body["spec"], "content": content}}

    signed = sigstore.attest(DIGEST, kind="intoto-0.0.1", edits=Edits(log_body=edit))
    prove(signed, keyless(sigstore))


def test_a_certificate_of_the_given_key_may_stand_in_an_entry(sigstore):
    who = sigstore.keyless()
    signed = sigstore.sign_image(DIGEST, signer=who)
    prove(signed, keyed(sigstore, who.key))


def test_a_bundle_cannot_rest_on_an_entry_of_the_whole_envelope(sigstore):
    signed = sigstore.bundle(DIGEST, kind="intoto-0.0.1")
    assert refusal(signed, keyless(sigstore)) == "tlog.kind-unsupported"


@pytest.mark.parametrize(
    ("form", "kind"),
    [
        ("sign_image", "rekord"),
        ("sign_image", "dsse"),
        ("attest", "rekord"),
        ("attest", "hashedrekord"),
    ],
)
def test_refuses_entries_of_other_kinds(sigstore, form, kind):
    edits = Edits(log_body=lambda body: {**body, "kind": kind})
    signed = getattr(sigstore, form)(DIGEST, edits=edits)
    assert refusal(signed, keyless(sigstore)) == "tlog.kind-unsupported"


def test_refuses_a_kind_that_the_bundle_calls_otherwise(sigstore):
    edits = entry_edit(kindVersion={"kind": "hashedrekord", "version": "0.0.1"})
    assert refusal(sigstore.bundle(DIGEST, edits=edits), keyless(sigstore)) == "tlog.kind-mismatch"

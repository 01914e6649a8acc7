# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Certificate timestamps: whose, over what, when, how many, and in which bytes."""

from __future__ import annotations

import base64
import json
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from sealpin.certificates import Certificate
from sealpin.errors import InvalidInput
from sealpin.signatures.sct import parse_detached, parse_list
from sealpin.trust.material import Thresholds
from support.verification import SUBJECT, keyless, prove, refusal
from support.virtual_sigstore import (
    SIGNING_TIME,
    CertificateTransparencyLog,
    KeyPair,
    Signer,
    Validity,
    VirtualSigstore,
)

DIGEST = str(SUBJECT)
SECOND = timedelta(seconds=1)
SCT_LIST = x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")


def signed_with(made, logs, **issue):
    """An image signed by a certificate that *logs* saw."""
    key, authority = KeyPair(), made.certificate_authorities[0]
    certificate = authority.issue(key, ct_logs=logs, **issue)
    return made.sign_image(DIGEST, signer=Signer(key=key, certificate=certificate))


@pytest.mark.parametrize("algorithm", ["ecdsa-p256", "ecdsa-p384", "rsa-2048", "ed25519"])
def test_verifies_logs_of_every_kind_of_key(algorithm):
    log = CertificateTransparencyLog(key=KeyPair(algorithm))
    made = VirtualSigstore(ct_log=log)
    prove(made.sign_image(DIGEST), keyless(made))


def test_refuses_a_signature_of_an_ed25519_log_over_something_else():
    made = VirtualSigstore(ct_log=CertificateTransparencyLog(key=KeyPair("ed25519")))

    class Damaged(CertificateTransparencyLog):
        def _sct(self, *signed):
            made = bytearray(super()._sct(*signed))
            made[-9] ^= 1
            return bytes(made)

    signed = signed_with(made, [Damaged(key=made.ct_logs[0].key)])
    assert refusal(signed, keyless(made)) == "sct.threshold"


@pytest.mark.parametrize("named", [b"\4\1", b"\10\7"], ids=["rsa", "ed25519"])
def test_refuses_a_signature_named_for_another_kind_of_key(named):
    made = VirtualSigstore()

    class Misnamed(CertificateTransparencyLog):
        def _sct(self, *signed):
            return super()._sct(*signed).replace(b"\0\0\4\3", b"\0\0" + named)

    signed = signed_with(made, [Misnamed(key=made.ct_logs[0].key)])
    assert refusal(signed, keyless(made)) == "sct.threshold"


def test_reads_a_list_beside_extensions_of_every_other_kind():
    made = VirtualSigstore(ct_log=CertificateTransparencyLog(key=KeyPair("ed25519")))
    der = made.keyless().certificate.public_bytes(serialization.Encoding.DER)
    certificate = Certificate.from_der(der, what="it")
    assert certificate.der == der
    assert certificate.subject_names()
    assert certificate.extension_oids()[-1] == SCT_LIST.dotted_string
    assert SCT_LIST.dotted_string not in certificate.critical_oids()


def test_refuses_a_list_that_is_critical():
    made = VirtualSigstore()

    raw = x509.UnrecognizedExtension(SCT_LIST, b"\4\2\0\0")
    signed = signed_with(made, (), edit_extensions=lambda found: [*found, (raw, True)])
    assert refusal(signed, keyless(made)) == "chain.unsupported-extension"


def test_verifies_a_timestamp_with_extensions():
    made = VirtualSigstore()
    prove(signed_with(made, made.ct_logs, sct_extensions=b"\0\1\2"), keyless(made))


def test_refuses_a_certificate_that_no_log_saw():
    made = VirtualSigstore()
    assert refusal(signed_with(made, ()), keyless(made)) == "sct.missing"


def test_refuses_an_unknown_log_s():
    made = VirtualSigstore()
    signed = signed_with(made, [CertificateTransparencyLog()])
    assert refusal(signed, keyless(made)) == "sct.threshold"


def test_an_unknown_log_s_does_no_harm_beside_a_known_one_s():
    made = VirtualSigstore()
    prove(signed_with(made, [CertificateTransparencyLog(), *made.ct_logs]), keyless(made))


def test_refuses_a_known_log_s_name_on_another_s_signature():
    made = VirtualSigstore()

    class Forged(CertificateTransparencyLog):
        def _sct(self, entry_type, entry, at_utc, extensions):
            sct = super()._sct(entry_type, entry, at_utc, extensions)
            return sct[:1] + made.ct_logs[0].key.key_id + sct[33:]

    assert refusal(signed_with(made, [Forged()]), keyless(made)) == "sct.threshold"


def test_refuses_a_timestamp_of_another_certificate():
    made = VirtualSigstore()
    first = made.keyless()
    stolen = first.certificate.extensions.get_extension_for_oid(SCT_LIST)
    raw = x509.UnrecognizedExtension(SCT_LIST, stolen.value.public_bytes())
    key = KeyPair()
    certificate = made.certificate_authorities[0].issue(
        key, edit_extensions=lambda extensions: [*extensions, (raw, False)]
    )
    signed = made.sign_image(DIGEST, signer=Signer(key=key, certificate=certificate))
    assert refusal(signed, keyless(made)) == "sct.threshold"


@pytest.mark.parametrize(
    ("validity", "code"),
    [
        (Validity(start=SIGNING_TIME, end=SIGNING_TIME), ""),
        (Validity(end=SIGNING_TIME - SECOND), "sct.threshold"),
        (Validity(start=SIGNING_TIME + SECOND), "sct.threshold"),
    ],
    ids=["closed-at-both-ends", "after", "before"],
)
def test_a_log_counts_within_its_window(validity, code):
    made = VirtualSigstore(ct_log=CertificateTransparencyLog(validity=validity))
    if code:
        assert refusal(made.sign_image(DIGEST), keyless(made)) == code
    else:
        prove(made.sign_image(DIGEST), keyless(made))


def test_thresholds_count_distinct_logs():
    made = VirtualSigstore()
    two = keyless(made, thresholds=Thresholds(ct_logs=2))
    assert refusal(signed_with(made, made.ct_logs * 2), two) == "sct.threshold"
    made.ct_logs.append(CertificateTransparencyLog(uri="https://other.test"))
    prove(signed_with(made, made.ct_logs), keyless(made, thresholds=Thresholds(ct_logs=2)))


def vector(data):
    return len(data).to_bytes(2, "big") + data


GOOD = b"\0" + b"\1" * 32 + b"\0" * 8 + vector(b"") + b"\4\3" + vector(b"sig")


def test_reads_a_list():
    scts = parse_list(vector(vector(GOOD) * 2))
    assert [sct.signature for sct in scts] == [b"sig", b"sig"]


@pytest.mark.parametrize(
    "content",
    [
        vector(vector(GOOD)) + b"x",
        vector(vector(GOOD + b"x")),
        vector(vector(b"\1" + GOOD[1:])),
        vector(vector(GOOD[:-1])),
        vector(vector(GOOD.replace(b"\4\3", b"\2\3"))),
        vector(vector(GOOD.replace(b"\4\3", b"\4\7"))),
        vector(vector(GOOD))[:-1],
        vector(vector(GOOD) * 33),
    ],
    ids=["tail", "long", "version", "short", "sha1", "sha256-and-ed25519", "cut", "many"],
)
def test_refuses_malformed_lists(content):
    with pytest.raises(InvalidInput) as raised:
        parse_list(content)
    assert raised.value.code == "sct.malformed"


DETACHED = {
    "sct_version": 0,
    "id": base64.b64encode(b"\1" * 32).decode(),
    "timestamp": 1000,
    "extensions": "",
    "signature": base64.b64encode(b"\4\3" + vector(b"sig")).decode(),
}


def test_reads_a_detached_one():
    sct = parse_detached(json.dumps(DETACHED).encode())
    assert (sct.log_id, sct.timestamp_ms, sct.signature) == (b"\1" * 32, 1000, b"sig")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"sct_version": 1}, "sct.malformed"),
        ({"timestamp": "soon"}, "json.field"),
        ({"signature": "AAAA"}, "sct.malformed"),
        ({"id": "!"}, "base64.malformed"),
    ],
)
def test_refuses_malformed_detached_ones(change, code):
    with pytest.raises(InvalidInput) as raised:
        parse_detached(json.dumps({**DETACHED, **change}).encode())
    assert raised.value.code == code

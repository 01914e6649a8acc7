# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Legacy layers: annotations that count, and annotations that are hints."""

from __future__ import annotations

import json

import pytest

from sealpin import mediatypes
from support.verification import SUBJECT, keyless, prove, refusal, with_annotations
from support.virtual_sigstore import Edits, VirtualSigstore

DIGEST = str(SUBJECT)


@pytest.fixture(scope="module")
def sigstore():
    return VirtualSigstore()


def bundle_with(layer, **changes):
    document = json.loads(layer.annotations[mediatypes.ANNOTATION_BUNDLE])
    payload = {**document["Payload"], **changes}
    return json.dumps({**document, "Payload": payload})


REFUSED = {
    "no signature": ({mediatypes.ANNOTATION_SIGNATURE: ""}, "legacy.no-signature"),
    "not base64": ({mediatypes.ANNOTATION_SIGNATURE: "!"}, "base64.malformed"),
    "not a certificate": (
        {mediatypes.ANNOTATION_CERTIFICATE: "-----BEGIN nothing"},
        "certificate.malformed",
    ),
    "not a chain": ({mediatypes.ANNOTATION_CHAIN: "x"}, "certificate.malformed"),
    "no certificate": ({mediatypes.ANNOTATION_CERTIFICATE: ""}, "signer.no-certificate"),
    "no log entry": ({mediatypes.ANNOTATION_BUNDLE: ""}, "tlog.missing"),
    "not an entry": ({mediatypes.ANNOTATION_BUNDLE: "[]"}, "json.not-an-object"),
    "an empty entry": ({mediatypes.ANNOTATION_BUNDLE: "{}"}, "json.field"),
    "no token": ({mediatypes.ANNOTATION_TIMESTAMP: "{}"}, "base64.malformed"),
}


@pytest.mark.parametrize(("changes", "code"), REFUSED.values(), ids=REFUSED.keys())
def test_refuses_layers(sigstore, changes, code):
    layer = with_annotations(sigstore.sign_image(DIGEST), **changes)
    assert refusal(layer, keyless(sigstore)) == code


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"logID": "zz"}, "legacy.log-id"),
        ({"logID": "00"}, "tlog.threshold"),
        ({"integratedTime": "1"}, "tlog.promise"),
        ({"logIndex": -1}, "json.field"),
        ({"body": "e30="}, "tlog.promise"),
    ],
    ids=str,
)
def test_refuses_entries(sigstore, changes, code):
    layer = sigstore.sign_image(DIGEST)
    text = bundle_with(layer, **changes)
    changed = with_annotations(layer, **{mediatypes.ANNOTATION_BUNDLE: text})
    assert refusal(changed, keyless(sigstore)) == code


def test_the_predicate_type_annotation_is_a_hint(sigstore):
    layer = with_annotations(sigstore.attest(DIGEST), predicateType="https://evil.test")
    assert prove(layer, keyless(sigstore)).predicate_type == mediatypes.SLSA_PROVENANCE_V02


def test_a_layer_of_some_other_shape_is_refused(sigstore):
    edits = Edits(payload=lambda _: b"[]")
    assert refusal(sigstore.sign_image(DIGEST, edits=edits), keyless(sigstore)) == (
        "json.not-an-object"
    )


def test_a_layer_s_token_is_read_only_where_timestamps_are_asked_for(sigstore):
    """Cosign's rule: ``--use-signed-timestamps``."""
    text = '{"SignedRFC3161Timestamp":"AAAA"}'
    layer = with_annotations(sigstore.sign_image(DIGEST), **{mediatypes.ANNOTATION_TIMESTAMP: text})
    prove(layer, keyless(sigstore))
    asked = keyless(sigstore, require_timestamp=True)
    assert refusal(layer, asked) == "timestamp.malformed"

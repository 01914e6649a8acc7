# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The legacy payload: the digest binds, the rest is reported."""

from __future__ import annotations

import json

import pytest

from sealpin.digest import Digest
from sealpin.errors import InvalidInput, VerificationFailed
from sealpin.signatures.simple_signing import check_subject, parse_simple_signing

DIGEST = Digest("sha256", "ab" * 32)
PAYLOAD = {
    "critical": {
        "identity": {"docker-reference": "r.test/app"},
        "image": {"docker-manifest-digest": str(DIGEST)},
        "type": "cosign container image signature",
    },
    "optional": {"env": "prod", "number": 1},
}


def parse(payload):
    return parse_simple_signing(json.dumps(payload).encode())


def with_digest(text):
    critical = {**PAYLOAD["critical"], "image": {"docker-manifest-digest": text}}
    return {**PAYLOAD, "critical": critical}


def test_reads_a_payload():
    signed = parse(PAYLOAD)
    check_subject(signed, DIGEST)
    assert (signed.claimed_reference, signed.annotations) == ("r.test/app", {"env": "prod"})


@pytest.mark.parametrize("optional", [None, {}])
def test_annotations_are_optional(optional):
    assert parse({**PAYLOAD, "optional": optional}).annotations == {}


def test_the_reference_is_optional():
    critical = {"image": PAYLOAD["critical"]["image"]}
    assert parse({"critical": critical}).claimed_reference == ""


@pytest.mark.parametrize(
    "text", ["", DIGEST.hex, str(DIGEST).upper(), str(DIGEST) + " ", "sha256:" + "cd" * 32]
)
def test_refuses_digests_that_are_not_the_one(text):
    with pytest.raises(VerificationFailed) as raised:
        check_subject(parse(with_digest(text)), DIGEST)
    assert raised.value.code == "subject.mismatch"


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"critical": {}},
        {"critical": {"image": {}}},
        {"critical": {"image": {"Docker-manifest-digest": str(DIGEST)}}},
        with_digest(1),
        {**PAYLOAD, "optional": "x"},
    ],
    ids=str,
)
def test_refuses_other_shapes(payload):
    with pytest.raises(InvalidInput) as raised:
        parse(payload)
    assert raised.value.code == "json.field"


def test_refuses_duplicate_keys():
    data = b'{"critical":{},"critical":{}}'
    with pytest.raises(InvalidInput) as raised:
        parse_simple_signing(data)
    assert raised.value.code == "json.duplicate-key"

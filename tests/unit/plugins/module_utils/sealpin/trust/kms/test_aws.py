# SPDX-FileCopyrightText: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""AWS KMS: boto3 against answers in the service's JSON 1.1 protocol."""

from __future__ import annotations

import base64
import json

import pytest

from sealpin.crypto import PublicKey
from sealpin.errors import InvalidInput, MissingDependency, Unavailable
from sealpin.trust.kms import aws
from support.https_answers import Answer, serve
from support.virtual_sigstore import KeyPair

KEY_ID = "1234abcd-12ab-34cd-56ef-1234567890ab"
ARN = f"arn:aws:kms:eu-central-1:111122223333:key/{KEY_ID}"


@pytest.fixture
def service(tmp_path, monkeypatch):
    """A function that starts the service with one answer."""
    for name in ("AWS_PROFILE", "AWS_REGION", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-a-secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    contexts = []

    def start(document: dict, status: int = 200):
        def answer(_unused):
            return Answer(
                status=status,
                headers={"Content-Type": "application/x-amz-json-1.1"},
                body=json.dumps(document).encode(),
            )

        context = serve(answer, tmp_path)
        contexts.append(context)
        running = context.__enter__()
        monkeypatch.setenv("AWS_CA_BUNDLE", str(running.ca_file))
        return running

    yield start
    for context in contexts:
        context.__exit__(None, None, None)


def key_answer(pair: KeyPair, usage: str = "SIGN_VERIFY") -> dict:
    return {
        "KeyId": ARN,
        "PublicKey": base64.b64encode(pair.spki_der).decode(),
        "KeySpec": "ECC_NIST_P256",
        "KeyUsage": usage,
        "SigningAlgorithms": ["ECDSA_SHA_256"],
    }


@pytest.mark.parametrize("algorithm", ["ecdsa-p256", "ecdsa-p384", "rsa-2048"])
@pytest.mark.parametrize("key", [KEY_ID, "alias/release", ARN], ids=["id", "alias", "arn"])
def test_fetches_the_public_key(service, algorithm, key):
    pair = KeyPair(algorithm)
    running = service(key_answer(pair))

    got = aws.fetch_public_key(f"awskms://{running.host}/{key}")

    assert got == PublicKey.from_der(pair.spki_der, what="the test's key")
    (request,) = running.requests
    assert request.headers["x-amz-target"] == "TrentService.GetPublicKey"
    assert json.loads(request.body) == {"KeyId": key}


def test_an_arn_says_the_region(service):
    running = service(key_answer(KeyPair()))

    aws.fetch_public_key(f"awskms://{running.host}/{ARN}")

    assert "/eu-central-1/kms/" in running.requests[0].headers["authorization"]


@pytest.mark.parametrize(
    ("error", "kind", "code"),
    [
        pytest.param("NotFoundException", InvalidInput, "kms.not-found", id="absent"),
        pytest.param("AccessDeniedException", Unavailable, "kms.refused", id="denied"),
        pytest.param("ExpiredTokenException", Unavailable, "kms.refused", id="expired"),
        pytest.param(
            "UnsupportedOperationException", InvalidInput, "kms.not-for-signatures", id="symmetric"
        ),
    ],
)
def test_says_what_the_service_refused(service, error, kind, code):
    running = service({"__type": error, "message": "because"}, status=400)

    with pytest.raises(kind) as caught:
        aws.fetch_public_key(f"awskms://{running.host}/{KEY_ID}")
    assert caught.value.code == code
    assert "because" in caught.value.message


def test_refuses_a_key_that_encrypts(service):
    running = service(key_answer(KeyPair("rsa-2048"), usage="ENCRYPT_DECRYPT"))

    with pytest.raises(InvalidInput) as caught:
        aws.fetch_public_key(f"awskms://{running.host}/{KEY_ID}")
    assert caught.value.code == "kms.not-for-signatures"


def test_an_untrusted_service_is_unreachable(service, monkeypatch):
    running = service(key_answer(KeyPair()))
    monkeypatch.delenv("AWS_CA_BUNDLE")

    with pytest.raises(Unavailable) as caught:
        aws.fetch_public_key(f"awskms://{running.host}/{KEY_ID}")
    assert caught.value.code == "kms.unreachable"
    assert running.requests == []


def test_no_credentials_are_refused_and_no_secret_is_shown(service, monkeypatch):
    running = service(key_answer(KeyPair()))
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")

    with pytest.raises(Unavailable) as caught:
        aws.fetch_public_key(f"awskms://{running.host}/{KEY_ID}")
    assert caught.value.code == "kms.refused"
    assert "not-a-secret" not in str(caught.value)


@pytest.mark.parametrize(
    "reference",
    [
        "awskms://",
        "awskms:///",
        f"awskms://{KEY_ID}",
        "awskms:///nonsense",
        f"awskms:///{KEY_ID}/more",
        "awskms:///arn:aws:s3:eu-central-1:111122223333:key/" + KEY_ID,
    ],
)
def test_refuses_a_malformed_reference_before_any_request(reference):
    with pytest.raises(InvalidInput) as caught:
        aws.fetch_public_key(reference)
    assert caught.value.code == "kms.reference"


def test_names_the_extra_when_the_library_is_absent(monkeypatch):
    monkeypatch.setattr(aws, "IS_AVAILABLE", False)

    with pytest.raises(MissingDependency) as caught:
        aws.fetch_public_key(f"awskms:///{KEY_ID}")
    assert "sealpin[awskms]" in caught.value.hint

# SPDX-FileCopyrightText: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Azure Key Vault: the client library, its challenge and its JSON Web Keys, over HTTPS."""

from __future__ import annotations

import base64
import json
import time

import pytest
from azure.core.credentials import AccessToken
from azure.keyvault.keys import KeyClient

from sealpin.crypto import PublicKey
from sealpin.errors import InvalidInput, MissingDependency, Unavailable
from sealpin.trust.kms import azure
from support.https_answers import Answer, Request, serve
from support.virtual_sigstore import KeyPair

CHALLENGE = (
    'Bearer authorization="https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555",'
    ' resource="https://vault.azure.net"'
)
TOKEN = "a-token-of-the-test"
VERSION = "0123456789abcdef0123456789abcdef"


class FixedCredential:
    """A credential whose token was fetched already."""

    def get_token(self, *_: str, **__: object) -> AccessToken:
        return AccessToken(TOKEN, int(time.time()) + 3600)


def b64url(value: int, size: int) -> str:
    return base64.urlsafe_b64encode(value.to_bytes(size, "big")).rstrip(b"=").decode()


def json_web_key(pair: KeyPair, *, hsm: bool = False) -> dict[str, object]:
    numbers = pair.private.public_key().public_numbers()
    suffix = "-HSM" if hsm else ""
    operations = ["sign", "verify"]
    if pair.algorithm.startswith("rsa"):
        size = pair.private.key_size // 8
        fields = {"kty": f"RSA{suffix}", "n": b64url(numbers.n, size), "e": b64url(numbers.e, 3)}
    else:
        bits = int(pair.algorithm.removeprefix("ecdsa-p"))
        size = (bits + 7) // 8
        fields = {
            "kty": f"EC{suffix}",
            "crv": f"P-{bits}",
            "x": b64url(numbers.x, size),
            "y": b64url(numbers.y, size),
        }
    return {
        "kid": f"https://acme.vault.azure.net/keys/k/{VERSION}",
        "key_ops": operations,
        **fields,
    }


@pytest.fixture
def vault(tmp_path, monkeypatch):
    """A vault that demands a token; set `key` or `failure`."""
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)

    class Vault:
        key: dict[str, object] | None = None
        failure = 0

        def answer(self, request: Request) -> Answer:
            headers = {"Content-Type": "application/json"}
            if request.headers.get("authorization") != f"Bearer {TOKEN}":
                return Answer(status=401, headers={"WWW-Authenticate": CHALLENGE})
            if self.failure:
                body = {"error": {"code": "Because", "message": "because"}}
                return Answer(status=self.failure, headers=headers, body=json.dumps(body).encode())
            return Answer(headers=headers, body=json.dumps({"key": self.key}).encode())

        def fetch(self, path: str = "/k") -> PublicKey:
            def connect(url: str) -> KeyClient:
                return KeyClient(
                    url,
                    FixedCredential(),
                    verify_challenge_resource=False,
                    retry_total=0,
                    connection_verify=str(self.service.ca_file),
                )

            reference = f"azurekms://{self.service.host}{path}"
            return azure.fetch_public_key(reference, connect=connect)

    vault = Vault()
    with serve(vault.answer, tmp_path) as vault.service:
        yield vault


@pytest.mark.parametrize("hsm", [False, True], ids=["software", "hsm"])
@pytest.mark.parametrize(
    "algorithm", ["ecdsa-p256", "ecdsa-p384", "ecdsa-p521", "rsa-2048", "rsa-4096"]
)
def test_fetches_the_public_key(vault, algorithm, hsm):
    pair = KeyPair(algorithm)
    vault.key = json_web_key(pair, hsm=hsm)

    assert vault.fetch() == PublicKey.from_der(pair.spki_der, what="the test's key")


@pytest.mark.parametrize(
    ("path", "asked"),
    [("/k", "/keys/k/?"), (f"/k/{VERSION}", f"/keys/k/{VERSION}?")],
    ids=["current", "version"],
)
def test_asks_for_the_version_that_is_named(vault, path, asked):
    vault.key = json_web_key(KeyPair())

    vault.fetch(path)

    assert vault.service.requests[-1].path.startswith(asked)


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        pytest.param(404, InvalidInput, "kms.not-found", id="absent"),
        pytest.param(403, Unavailable, "kms.refused", id="denied"),
        pytest.param(500, Unavailable, "kms.refused", id="broken"),
    ],
)
def test_says_what_the_service_refused(vault, status, kind, code):
    vault.failure = status

    with pytest.raises(kind) as caught:
        vault.fetch()
    assert caught.value.code == code
    assert TOKEN not in str(caught.value)


def test_refuses_a_key_that_encrypts(vault):
    vault.key = {**json_web_key(KeyPair("rsa-2048")), "key_ops": ["encrypt", "decrypt"]}

    with pytest.raises(InvalidInput) as caught:
        vault.fetch()
    assert caught.value.code == "kms.not-for-signatures"


@pytest.mark.parametrize(
    "change",
    [{"crv": "P-256K"}, {"kty": "oct"}, {"x": None}],
    ids=["curve", "symmetric", "no-x"],
)
def test_refuses_a_key_of_another_kind(vault, change):
    vault.key = {**json_web_key(KeyPair()), **change}

    with pytest.raises(Unavailable) as caught:
        vault.fetch()
    assert caught.value.code == "kms.unusable-answer"


def test_a_vault_that_is_not_there_is_unreachable(vault, tmp_path):
    with serve(vault.answer, tmp_path) as gone:
        pass
    vault.service = gone

    with pytest.raises(Unavailable) as caught:
        vault.fetch()
    assert caught.value.code == "kms.unreachable"


@pytest.mark.parametrize(
    "reference",
    [
        "azurekms://",
        "azurekms://acme.vault.azure.net",
        "azurekms://acme.vault.azure.net/k/short",
        "azurekms://user@acme.vault.azure.net/k",
        f"azurekms://acme.vault.azure.net/k/{VERSION}/more",
    ],
)
def test_refuses_a_malformed_reference_before_any_request(reference):
    with pytest.raises(InvalidInput) as caught:
        azure.fetch_public_key(reference)
    assert caught.value.code == "kms.reference"


def test_names_the_extra_when_the_library_is_absent(monkeypatch):
    monkeypatch.setattr(azure, "IS_AVAILABLE", False)

    with pytest.raises(MissingDependency) as caught:
        azure.fetch_public_key("azurekms://acme.vault.azure.net/k")
    assert "sealpin[azurekms]" in caught.value.hint

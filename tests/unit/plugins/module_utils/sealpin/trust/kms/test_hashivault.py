# SPDX-FileCopyrightText: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""HashiCorp Vault: hvac against answers of the transit engine, over HTTPS."""

from __future__ import annotations

import base64
import json

import pytest
from cryptography.hazmat.primitives import serialization

from sealpin.crypto import PublicKey
from sealpin.errors import InvalidInput, MissingDependency, Unavailable
from sealpin.trust.kms import hashivault
from support.https_answers import Answer, serve
from support.virtual_sigstore import KeyPair

TOKEN = "hvs.a-token-of-the-test"


def transit_key(pair: KeyPair, **fields: object) -> dict[str, object]:
    if pair.algorithm == "ed25519":
        raw = pair.private.public_key().public_bytes(
            serialization.Encoding.Raw, serialization.PublicFormat.Raw
        )
        text = base64.b64encode(raw).decode()
    else:
        text = pair.public_pem.decode()
    versions = {
        "1": {"creation_time": "2024-01-01T00:00:00Z", "public_key": "of an earlier version"},
        "2": {"creation_time": "2025-01-01T00:00:00Z", "public_key": text},
    }
    return {"type": pair.algorithm, "keys": versions, "latest_version": 2, **fields}


class Vault:
    """A transit engine with one key, or one failure."""

    data: dict[str, object] | None = None
    status = 200
    body = b""

    def answer(self, _unused):
        body = self.body or json.dumps(
            {"data": self.data} if self.status == 200 else {"errors": ["because"]}
        )
        return Answer(
            status=self.status,
            headers={"Content-Type": "application/json"},
            body=body if isinstance(body, bytes) else body.encode(),
        )

    def fetch(self, **variables: str) -> PublicKey:
        environment = {
            "VAULT_ADDR": f"https://{self.service.host}",
            "VAULT_TOKEN": TOKEN,
            "VAULT_CACERT": str(self.service.ca_file),
            **variables,
        }
        return hashivault.fetch_public_key("hashivault://images", environment=environment)


@pytest.fixture
def vault(tmp_path, monkeypatch):
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    vault = Vault()
    with serve(vault.answer, tmp_path) as vault.service:
        yield vault


@pytest.mark.parametrize("algorithm", ["ecdsa-p256", "ecdsa-p384", "rsa-2048", "ed25519"])
def test_fetches_the_latest_public_key(vault, algorithm):
    pair = KeyPair(algorithm)
    vault.data = transit_key(pair)

    assert vault.fetch() == PublicKey.from_der(pair.spki_der, what="the test's key")
    (request,) = vault.service.requests
    assert (request.method, request.path) == ("GET", "/v1/transit/keys/images")
    assert request.headers["x-vault-token"] == TOKEN


def test_honours_mount_and_namespace(vault):
    vault.data = transit_key(KeyPair())

    vault.fetch(TRANSIT_SECRET_ENGINE_PATH="signing", VAULT_NAMESPACE="acme")

    (request,) = vault.service.requests
    assert request.path == "/v1/signing/keys/images"
    assert request.headers["x-vault-namespace"] == "acme"


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        pytest.param(404, InvalidInput, "kms.not-found", id="absent"),
        pytest.param(403, Unavailable, "kms.refused", id="denied"),
        pytest.param(503, Unavailable, "kms.unreachable", id="sealed"),
        pytest.param(500, Unavailable, "kms.refused", id="broken"),
    ],
)
def test_says_what_the_service_refused(vault, status, kind, code):
    vault.status = status

    with pytest.raises(kind) as caught:
        vault.fetch()
    assert caught.value.code == code
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize(
    ("data", "kind", "code"),
    [
        pytest.param(
            {"type": "aes256-gcm96", "keys": {"1": 1700000000}, "latest_version": 1},
            InvalidInput,
            "kms.not-for-signatures",
            id="symmetric",
        ),
        pytest.param(
            transit_key(KeyPair(), latest_version=3),
            InvalidInput,
            "kms.not-for-signatures",
            id="no-such-version",
        ),
        pytest.param(
            {"type": "ed25519", "keys": {"1": {"public_key": "AAAA"}}, "latest_version": 1},
            InvalidInput,
            "key.malformed",
            id="short-ed25519",
        ),
        pytest.param(None, Unavailable, "kms.unusable-answer", id="no-data"),
    ],
)
def test_refuses_an_answer_without_a_usable_key(vault, data, kind, code):
    vault.data = data

    with pytest.raises(kind) as caught:
        vault.fetch()
    assert caught.value.code == code


@pytest.mark.parametrize("body", [b"<html>", b"[]"])
def test_refuses_an_answer_that_is_not_vaults(vault, body):
    vault.body = body

    with pytest.raises(Unavailable) as caught:
        vault.fetch()
    assert caught.value.code == "kms.unusable-answer"


def test_an_untrusted_vault_is_unreachable(vault):
    with pytest.raises(Unavailable) as caught:
        vault.fetch(VAULT_CACERT="")

    assert caught.value.code == "kms.unreachable"
    assert vault.service.requests == []


def test_demands_an_address():
    with pytest.raises(InvalidInput) as caught:
        hashivault.fetch_public_key("hashivault://images", environment={})
    assert caught.value.code == "kms.configuration"


@pytest.mark.parametrize(
    "reference", ["hashivault://", "hashivault://a/b", "hashivault://-a", "hashivault://a?b"]
)
def test_refuses_a_malformed_reference_before_any_request(reference):
    with pytest.raises(InvalidInput) as caught:
        hashivault.fetch_public_key(reference, environment={"VAULT_ADDR": "https://vault.test"})
    assert caught.value.code == "kms.reference"


def test_names_the_extra_when_the_library_is_absent(monkeypatch):
    monkeypatch.setattr(hashivault, "IS_AVAILABLE", False)

    with pytest.raises(MissingDependency) as caught:
        hashivault.fetch_public_key(
            "hashivault://images", environment={"VAULT_ADDR": "https://vault.test"}
        )
    assert "sealpin[hashivault]" in caught.value.hint

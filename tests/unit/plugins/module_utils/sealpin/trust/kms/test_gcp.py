# SPDX-FileCopyrightText: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Google Cloud KMS: the client library against a gRPC service on loopback."""

from __future__ import annotations

from concurrent import futures

import grpc
import pytest
from google.cloud.kms_v1 import (
    CryptoKeyVersion,
    GetPublicKeyRequest,
    KeyManagementServiceClient,
    ListCryptoKeyVersionsRequest,
    ListCryptoKeyVersionsResponse,
)
from google.cloud.kms_v1 import PublicKey as GooglePublicKey
from google.cloud.kms_v1.services.key_management_service.transports import (
    KeyManagementServiceGrpcTransport,
)

from sealpin.crypto import PublicKey
from sealpin.errors import InvalidInput, MissingDependency, Unavailable
from sealpin.trust.kms import gcp
from support.virtual_sigstore import KeyPair

KEY = "projects/acme/locations/global/keyRings/release/cryptoKeys/images"
STATES = CryptoKeyVersion.CryptoKeyVersionState


class KeyService:
    """Two calls of google.cloud.kms.v1.KeyManagementService."""

    def __init__(self) -> None:
        self.pair = KeyPair()
        self.failure: grpc.StatusCode | None = None
        self.states = {1: STATES.ENABLED}
        self.answered_name = ""
        self.asked: list[str] = []

    def get_public_key(self, request: GetPublicKeyRequest, context) -> GooglePublicKey:
        self.asked.append(request.name)
        if self.failure is not None:
            context.abort(self.failure, "because")
        name = self.answered_name or request.name
        return GooglePublicKey(pem=self.pair.public_pem.decode(), name=name)

    def list_versions(self, request: ListCryptoKeyVersionsRequest, _unused):
        assert request.filter == "state=ENABLED"
        versions = [
            CryptoKeyVersion(name=f"{request.parent}/cryptoKeyVersions/{number}", state=state)
            for number, state in self.states.items()
        ]
        return ListCryptoKeyVersionsResponse(crypto_key_versions=versions)


@pytest.fixture
def service():
    """A running service; `fetch` is our function with a client for it."""
    service = KeyService()
    handlers = {
        "GetPublicKey": grpc.unary_unary_rpc_method_handler(
            service.get_public_key,
            request_deserializer=GetPublicKeyRequest.deserialize,
            response_serializer=GooglePublicKey.serialize,
        ),
        "ListCryptoKeyVersions": grpc.unary_unary_rpc_method_handler(
            service.list_versions,
            request_deserializer=ListCryptoKeyVersionsRequest.deserialize,
            response_serializer=ListCryptoKeyVersionsResponse.serialize,
        ),
    }
    server = grpc.server(futures.ThreadPoolExecutor(2))
    server.add_generic_rpc_handlers(
        [grpc.method_handlers_generic_handler("google.cloud.kms.v1.KeyManagementService", handlers)]
    )
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()

    def connect() -> KeyManagementServiceClient:
        channel = grpc.insecure_channel(
            f"127.0.0.1:{port}", options=[("grpc.enable_http_proxy", 0)]
        )
        return KeyManagementServiceClient(
            transport=KeyManagementServiceGrpcTransport(channel=channel)
        )

    service.fetch = lambda reference: gcp.fetch_public_key(reference, connect=connect)
    service.stop = lambda: server.stop(0).wait(5)
    yield service
    service.stop()


@pytest.mark.parametrize("algorithm", ["ecdsa-p256", "ecdsa-p384", "rsa-2048"])
@pytest.mark.parametrize("spelling", ["cryptoKeyVersions", "versions"])
def test_fetches_the_public_key_of_a_version(service, algorithm, spelling):
    service.pair = KeyPair(algorithm)

    got = service.fetch(f"gcpkms://{KEY}/{spelling}/3")

    assert got == PublicKey.from_der(service.pair.spki_der, what="the test's key")
    assert service.asked == [f"{KEY}/cryptoKeyVersions/3"]


def test_takes_the_newest_enabled_version_by_number(service):
    service.states = {9: STATES.ENABLED, 10: STATES.ENABLED, 11: STATES.DISABLED}

    service.fetch(f"gcpkms://{KEY}")

    assert service.asked == [f"{KEY}/cryptoKeyVersions/10"]


def test_refuses_a_key_without_an_enabled_version(service):
    service.states = {}

    with pytest.raises(InvalidInput) as caught:
        service.fetch(f"gcpkms://{KEY}")
    assert caught.value.code == "kms.not-found"


@pytest.mark.parametrize(
    ("failure", "kind", "code"),
    [
        pytest.param(grpc.StatusCode.NOT_FOUND, InvalidInput, "kms.not-found", id="absent"),
        pytest.param(grpc.StatusCode.PERMISSION_DENIED, Unavailable, "kms.refused", id="denied"),
        pytest.param(grpc.StatusCode.UNAUTHENTICATED, Unavailable, "kms.refused", id="anonymous"),
        pytest.param(grpc.StatusCode.UNAVAILABLE, Unavailable, "kms.unreachable", id="down"),
        pytest.param(
            grpc.StatusCode.FAILED_PRECONDITION,
            InvalidInput,
            "kms.not-for-signatures",
            id="symmetric",
        ),
    ],
)
def test_says_what_the_service_refused(service, failure, kind, code):
    service.failure = failure

    with pytest.raises(kind) as caught:
        service.fetch(f"gcpkms://{KEY}/versions/1")
    assert caught.value.code == code
    assert "because" in caught.value.message


def test_refuses_an_answer_about_another_key(service):
    service.answered_name = f"{KEY}/cryptoKeyVersions/2"

    with pytest.raises(Unavailable) as caught:
        service.fetch(f"gcpkms://{KEY}/versions/1")
    assert caught.value.code == "kms.unusable-answer"


def test_a_service_that_is_not_there_is_unreachable(service):
    service.stop()

    with pytest.raises(Unavailable) as caught:
        service.fetch(f"gcpkms://{KEY}/versions/1")
    assert caught.value.code == "kms.unreachable"


@pytest.mark.parametrize(
    "reference",
    [
        "gcpkms://",
        "gcpkms://projects/acme",
        f"gcpkms://{KEY}/versions/0",
        f"gcpkms://{KEY}/versions/latest",
        f"gcpkms://{KEY}/versions/1/more",
    ],
)
def test_refuses_a_malformed_reference_before_any_request(reference):
    with pytest.raises(InvalidInput) as caught:
        gcp.fetch_public_key(reference)
    assert caught.value.code == "kms.reference"


def test_names_the_extra_when_the_library_is_absent(monkeypatch):
    monkeypatch.setattr(gcp, "IS_AVAILABLE", False)

    with pytest.raises(MissingDependency) as caught:
        gcp.fetch_public_key(f"gcpkms://{KEY}")
    assert "sealpin[gcpkms]" in caught.value.hint

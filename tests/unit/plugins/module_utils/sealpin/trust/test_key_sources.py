# SPDX-FileCopyrightText: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Every spelling of a key, and what is refused by name."""

from __future__ import annotations

import base64
import json

import pytest

from sealpin.crypto import PublicKey
from sealpin.errors import InvalidInput, Unavailable
from sealpin.trust import key_sources
from support.virtual_sigstore import KeyPair

PAIR = KeyPair()
PEM = PAIR.public_pem
KEY = PublicKey.from_pem(PEM, what="the test's key")
OTHER_PEM = KeyPair().public_pem


def load(reference: str, **options: object):
    options = {"fetch_url": never, "environment": {}, "allow_environment": False, **options}
    return key_sources.load_key_reference(str(reference), **options)


def never(url: str, _unused: int) -> bytes:
    raise AssertionError(f"{url} was fetched")


def refusal(reference: str, **options: object) -> InvalidInput | Unavailable:
    with pytest.raises((InvalidInput, Unavailable)) as caught:
        load(reference, **options)
    return caught.value


def secret(pem: bytes = PEM, *, name: str = "cosign", namespace: str = "", field: str = "data"):
    value = base64.b64encode(pem).decode() if field == "data" else pem.decode()
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": metadata,
        field: {"cosign.pub": value, "cosign.key": "cHJpdmF0ZQ=="},
    }


def documents(*items: dict) -> str:
    """JSON is YAML, and a stream may hold several."""
    return "".join(f"---\n{json.dumps(item)}\n" for item in items)


def test_reads_a_file(tmp_path):
    path = tmp_path / "cosign.pub"
    path.write_bytes(PEM)

    named = load(path, hash_algorithm="sha512")

    assert (named.key, named.name, named.hash_algorithm) == (KEY, str(path), "sha512")


def test_says_which_file_cannot_be_read(tmp_path):
    error = refusal(tmp_path / "absent.pub")

    assert error.code == "key.unreadable"
    assert "absent.pub" in error.message


@pytest.mark.parametrize("content", [b"", b"nonsense", b"a Secret nobody knows"])
def test_refuses_a_file_that_is_no_key(tmp_path, content):
    path = tmp_path / "cosign.pub"
    path.write_bytes(content)

    assert refusal(path).code == "key.malformed"


def test_refuses_an_endless_file(tmp_path):
    path = tmp_path / "cosign.pub"
    path.write_bytes(documents(secret()).encode() + b"\n" * key_sources.MAX_DOCUMENT_BYTES)

    assert refusal(path).code == "key.malformed"


def test_refuses_a_document_that_is_no_text(tmp_path):
    path = tmp_path / "secret.yaml"
    path.write_bytes(documents(secret()).encode() + b"# \xff")

    assert refusal(path).code == "yaml.encoding"


@pytest.mark.parametrize("field", ["data", "stringData"])
@pytest.mark.parametrize("suffix", ["json", "yaml"])
def test_reads_the_secret_of_a_document(tmp_path, field, suffix):
    path = tmp_path / f"secret.{suffix}"
    text = json.dumps(secret(field=field)) if suffix == "json" else documents(secret(field=field))
    path.write_text(text)

    assert load(path).key == KEY


def test_refuses_a_document_with_several_secrets_and_names_them(tmp_path):
    path = tmp_path / "secrets.yaml"
    path.write_text(documents(secret(), secret(OTHER_PEM, name="other", namespace="prod")))

    error = refusal(path)

    assert error.code == "key.ambiguous"
    assert "default/cosign" in error.hint
    assert "prod/other" in error.hint


def test_refuses_a_secret_without_a_public_key_and_shows_nothing_of_it(tmp_path):
    document = secret()
    del document["data"]["cosign.pub"]
    path = tmp_path / "secret.yaml"
    path.write_text(documents(document))

    error = refusal(path)

    assert error.code == "key.secret"
    assert "cHJpdmF0ZQ" not in str(error)


def test_reads_the_environment_where_that_is_allowed():
    environment = {"COSIGN_KEY": PEM.decode()}

    assert load("env://COSIGN_KEY", environment=environment, allow_environment=True).key == KEY
    assert refusal("env://COSIGN_KEY", environment=environment).code == "key.environment"


@pytest.mark.parametrize("environment", [{}, {"COSIGN_KEY": ""}], ids=["unset", "empty"])
def test_refuses_a_variable_without_a_value(environment):
    error = refusal("env://COSIGN_KEY", environment=environment, allow_environment=True)

    assert error.code == "key.environment-unset"


@pytest.mark.parametrize(
    "url", ["https://keys.test/cosign.pub", "http://127.0.0.1:1/k", "http://localhost/k"]
)
def test_fetches_a_url(url):
    asked = []

    named = load(url, fetch_url=lambda *arguments: asked.append(arguments) or PEM)

    assert named.key == KEY
    assert asked == [(url, 64 * 1024)]


@pytest.mark.parametrize(
    ("url", "code"),
    [
        pytest.param("http://keys.test/cosign.pub", "key.insecure-url", id="http"),
        pytest.param("http://127.0.0.1.test/k", "key.insecure-url", id="looks-like-loopback"),
        pytest.param("https://user:secret@keys.test/k", "key.url", id="credentials"),
        pytest.param("http://user:secret@keys.test/k", "key.url", id="credentials-over-http"),
    ],
)
def test_refuses_a_url_before_any_request(url, code):
    error = refusal(url)

    assert error.code == code
    assert ":secret@" not in str(error)


@pytest.mark.parametrize(
    "reference", ["https://keys.test/k", "hashivault://k", "awskms:///alias/k", "gcpkms://x"]
)
def test_fetches_nothing_offline(reference):
    error = refusal(reference, fetch_url=None)

    assert isinstance(error, Unavailable)
    assert error.code == "key.offline"


@pytest.mark.parametrize("scheme", ["awskms", "gcpkms", "azurekms", "hashivault"])
def test_hands_each_key_service_its_own_references(scheme):
    assert refusal(f"{scheme}://").code == "kms.reference"


@pytest.mark.parametrize(
    ("reference", "name"),
    [
        ("pkcs11:token=t;object=k", "pkcs11"),
        ("pkcs11://token", "pkcs11"),
        ("gitlab://acme/app", "gitlab"),
        ("sk://", "sk"),
        ("k8s://default/cosign", "k8s"),
    ],
)
def test_refuses_by_name_with_what_to_use_instead(reference, name):
    error = refusal(reference)

    assert error.code == f"key.{name}-unsupported"
    assert error.hint


def test_refuses_an_unknown_scheme():
    error = refusal("foo://key")

    assert error.code == "key.scheme"
    assert "hashivault://" in error.message

# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""``signaturePullSecrets``: a Secret opens the repository of its ``source``, and no other."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from sealpin.trust.root import TrustedRoot
from support.command import Ran, sealpin
from support.memory_registry import Behaviour, MemoryRegistry
from support.policies import load
from support.signed_site import SignedSite
from support.virtual_sigstore import KeyPair, Signer

PASSWORD = "not-for-any-message"
SECRET_TYPE = ".dockerconfigjson"


@pytest.fixture
def images(tmp_path: Path) -> Iterator[SignedSite]:
    """Where the images are, open to all."""
    with MemoryRegistry() as registry:
        yield SignedSite(registry=registry, folder=tmp_path)


@pytest.fixture(params=["basic", "bearer"])
def signatures(request: pytest.FixtureRequest) -> Iterator[MemoryRegistry]:
    """Where the signatures are, behind a password."""
    behaviour = Behaviour(authentication=request.param, users={"reader": PASSWORD})
    with MemoryRegistry(behaviour=behaviour) as registry:
        yield registry


@pytest.fixture(scope="module")
def key() -> KeyPair:
    return KeyPair()


def _policy(key: KeyPair, source: str) -> str:
    pem = key.public_pem.decode().replace("\n", "\\n")
    return (
        "apiVersion: policy.sigstore.dev/v1beta1\nkind: ClusterImagePolicy\n"
        'metadata: {name: p}\nspec:\n  images: [{glob: "**"}]\n'
        f'  authorities: [{{key: {{data: "{pem}"}}, source: [{source}]}}]\n'
    )


def _source(repository: str, *secrets: str) -> str:
    names = ", ".join(f"{{name: {name}}}" for name in secrets)
    return f'{{oci: "{repository}", signaturePullSecrets: [{names}]}}'


def _secret(name: str, content: str, *, entry: str = SECRET_TYPE) -> str:
    data = base64.b64encode(content.encode()).decode()
    return (
        "---\napiVersion: v1\nkind: Secret\n"
        f"metadata: {{name: {name}, namespace: cosign-system}}\n"
        f'type: kubernetes.io/dockerconfigjson\ndata: {{"{entry}": {data}}}\n'
    )


def _login(host: str, password: str = PASSWORD) -> dict[str, dict[str, str]]:
    return {host: {"auth": base64.b64encode(f"reader:{password}".encode()).decode()}}


def _logins(host: str, password: str = PASSWORD) -> str:
    return json.dumps({"auths": _login(host, password)})


def _signed(images: SignedSite, signatures: MemoryRegistry, key: KeyPair) -> str:
    """An image whose signature lies in ``sigs`` of the other registry; returns its digest."""
    digest = images.image()
    signed = images.sigstore.sign_image(digest, signer=Signer(key=key), reference=images.name)
    SignedSite(registry=signatures, folder=images.folder).attach(digest, signed, path="sigs")
    return digest


def _test(images: SignedSite, text: str, *words: str, **environment: str) -> Ran:
    policy = images.file("policy.yaml", text.encode())
    return sealpin(
        "policy", "test", "--policy", policy, f"--image={images.name}:1.0", *words, env=environment
    )


@pytest.mark.parametrize("written", ["dockerconfigjson", "dockercfg"])
def test_a_pull_secret_opens_the_repository_of_its_source(
    written: str, images: SignedSite, signatures: MemoryRegistry, key: KeyPair
) -> None:
    _signed(images, signatures, key)
    text = _policy(key, _source(f"{signatures.host}/sigs", "pull"))
    refused = _test(images, text)
    assert refused.code == 2
    if written == "dockercfg":
        secret = _secret("pull", json.dumps(_login(signatures.host)), entry=".dockercfg")
    else:
        secret = _secret("pull", _logins(signatures.host))
    ran = _test(images, text + secret)
    assert ran.code == 0, ran.out + ran.err
    assert PASSWORD not in ran.out + ran.err


def test_the_image_registry_never_sees_a_pull_secret(
    images: SignedSite, signatures: MemoryRegistry, key: KeyPair
) -> None:
    """Even where the Secret has an entry for it, and it asks for a password."""
    _signed(images, signatures, key)
    images.registry.behaviour.authentication = "basic"
    images.registry.behaviour.users = {"reader": PASSWORD}
    logins = json.dumps({"auths": _login(signatures.host) | _login(images.registry.host)})
    text = _policy(key, _source(f"{signatures.host}/sigs", "pull")) + _secret("pull", logins)
    ran = _test(images, text)
    assert ran.code == 2
    assert all("authorization" not in asked.headers for asked in images.registry.log)


def test_another_repository_of_the_same_registry_never_sees_a_pull_secret(
    signatures: MemoryRegistry, key: KeyPair, tmp_path: Path
) -> None:
    """Image and signatures in one registry: the image is read without the Secret."""
    site = SignedSite(registry=signatures, folder=tmp_path)
    _signed(site, signatures, key)
    text = _policy(key, _source(f"{signatures.host}/sigs", "pull"))
    ran = _test(site, text + _secret("pull", _logins(signatures.host)))
    assert ran.code == 2
    secret = base64.b64encode(f"reader:{PASSWORD}".encode()).decode()
    assert all(secret not in asked.headers.get("authorization", "") for asked in signatures.log)


def test_a_source_without_a_repository_is_the_images_own(
    signatures: MemoryRegistry, key: KeyPair, tmp_path: Path
) -> None:
    """Its evidence is read with the Secret; the image itself with the person's own login."""
    site = SignedSite(registry=signatures, folder=tmp_path)
    digest = site.image()
    signed = site.sigstore.sign_image(digest, signer=Signer(key=key), reference=site.name)
    site.attach(digest, signed)
    signatures.behaviour.users["person"] = "own"
    text = _policy(key, "{signaturePullSecrets: [{name: pull}]}")
    own = ("--registry-username=person", "--registry-password=own")
    ran = _test(site, text + _secret("pull", _logins(signatures.host)), *own)
    assert ran.code == 0, ran.out + ran.err


def test_a_missing_pull_secret_leaves_it_open_and_is_named(
    images: SignedSite, signatures: MemoryRegistry, key: KeyPair
) -> None:
    _signed(images, signatures, key)
    ran = _test(images, _policy(key, _source(f"{signatures.host}/sigs", "pull", "other")))
    assert ran.code == 2
    (problem,) = {
        finding["hint"]
        for image in json.loads(ran.out)["images"]
        for finding in image["findings"]
        if finding["code"] == "registry.unauthorized"
    }
    assert "pull, other" in problem


def test_a_wrong_pull_secret_is_inconclusive_and_stays_secret(
    images: SignedSite, signatures: MemoryRegistry, key: KeyPair
) -> None:
    _signed(images, signatures, key)
    text = _policy(key, _source(f"{signatures.host}/sigs", "pull"))
    ran = _test(images, text + _secret("pull", _logins(signatures.host, "wrong-word")))
    assert ran.code == 2
    assert "wrong-word" not in ran.out + ran.err


@pytest.mark.parametrize(
    "content",
    ["", "not JSON: hunter2", '{"auths": ["hunter2"]}', "[]"],
    ids=["empty", "text", "no mapping", "list"],
)
def test_a_pull_secret_that_holds_no_logins_is_refused_without_showing_it(
    content: str, images: SignedSite, key: KeyPair
) -> None:
    text = _policy(key, _source("registry.test/sigs", "pull")) + _secret("pull", content)
    ran = _test(images, text)
    assert ran.code == 3
    assert "signaturePullSecrets[0].name" in ran.err
    assert "hunter2" not in ran.out + ran.err


def test_a_pull_secret_starts_no_credential_helper(
    images: SignedSite, signatures: MemoryRegistry, key: KeyPair, tmp_path: Path
) -> None:
    """A policy file says what to send; it must not say what to run."""
    _signed(images, signatures, key)
    helper = tmp_path / "docker-credential-evil"
    helper.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    helper.chmod(0o755)
    logins = json.dumps({"credsStore": "evil", "auths": _login(signatures.host)})
    text = _policy(key, _source(f"{signatures.host}/sigs", "pull")) + _secret("pull", logins)
    ran = _test(images, text, PATH=f"{tmp_path}:/usr/bin:/bin")
    assert ran.code == 0, ran.out + ran.err
    assert not (tmp_path / "ran").exists()


def test_the_cluster_spelling_names_the_secret_again_and_the_short_one_cannot(
    images: SignedSite, key: KeyPair
) -> None:
    text = _policy(key, _source("registry.test/sigs", "pull"))
    policy = images.file("policy.yaml", (text + _secret("pull", _logins("registry.test"))).encode())
    cluster = sealpin("policy", "convert", "--to", "cluster", policy)
    assert (cluster.code, "signaturePullSecrets" in cluster.out) == (0, True)
    short = sealpin("policy", "convert", "--to", "sealpin", policy)
    assert (short.code, "signaturePullSecrets" in short.err) == (1, True)
    assert PASSWORD not in cluster.out + cluster.err + short.out + short.err


def test_a_password_is_not_in_the_policys_hash(key: KeyPair) -> None:
    """The hash is public, in lock files: it must not let anybody try passwords."""
    text = _policy(key, _source("registry.test/sigs", "pull"))
    hashes = {
        load(text + _secret("pull", _logins("registry.test", password)), TrustedRoot()).digest
        for password in ("one", "two")
    }
    assert len(hashes) == 1

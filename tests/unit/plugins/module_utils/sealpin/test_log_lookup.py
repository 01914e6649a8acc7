# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""``--rekor-url``: legacy evidence without an entry, and a log that is asked and not believed."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sealpin import mediatypes
from support import memory_registry
from support.command import Ran
from support.signed_site import KEYLESS, SignedSite
from support.virtual_sigstore import (
    Edits,
    KeyPair,
    SignedLayer,
    Signer,
    VirtualSigstore,
    rekor_service,
)
from support.virtual_sigstore.rekor_service import RekorService

PREDICATE = "https://example.test/scan/v1"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[SignedSite]:
    with memory_registry.serving() as registry:
        yield SignedSite(registry=registry, folder=tmp_path)


@pytest.fixture
def log() -> Iterator[RekorService]:
    with rekor_service.serving() as service:
        yield service


def entry_of(layer: SignedLayer) -> dict[str, Any]:
    """What the log said when the layer was signed."""
    return json.loads(layer.annotations[mediatypes.ANNOTATION_BUNDLE])


def without_entry(layer: SignedLayer) -> SignedLayer:
    kept = {k: v for k, v in layer.annotations.items() if k != mediatypes.ANNOTATION_BUNDLE}
    return replace(layer, annotations=kept)


def sign(site: SignedSite, log: RekorService, **options: object) -> SignedLayer:
    """Sign an image, keep the entry in the log alone, and return the layer as it was made."""
    digest = site.image()
    layer = site.sigstore.sign_image(digest, **options)
    log.entries.append(entry_of(layer))
    site.attach(digest, without_entry(layer))
    return layer


def test_a_log_is_asked_for_the_entry_of_a_keyless_signature(
    site: SignedSite, log: RekorService
) -> None:
    sign(site, log)
    refused = site.verify()
    assert (refused.code, "[tlog.missing]" in refused.err, log.asked) == (1, True, [])
    ran = site.verify("--rekor-url", log.url)
    assert ran.code == 0, ran.err
    assert json.loads(ran.out)[0]["optional"]["Bundle"] == log.entries[0]
    assert "Existence of the claims in the transparency log" in ran.err


def test_a_log_is_asked_for_the_entry_of_a_signature_by_key(
    site: SignedSite, log: RekorService
) -> None:
    key = KeyPair()
    sign(site, log, signer=Signer(key=key))
    public = site.file("key.pub", key.public_pem)
    assert site.verify("--key", public).code == 1
    ran = site.verify("--key", public, "--rekor-url", log.url)
    assert ran.code == 0, ran.err


@pytest.mark.parametrize("kind", ["dsse", "intoto-0.0.1", "intoto-0.0.2"])
def test_a_log_is_asked_for_the_entry_of_an_attestation(
    site: SignedSite, log: RekorService, kind: str
) -> None:
    digest = site.image()
    layer = site.sigstore.attest(digest, predicate_type=PREDICATE, kind=kind)
    log.entries.append(entry_of(layer))
    site.attach(digest, without_entry(layer), suffix="att")
    words = (*KEYLESS, "--type", PREDICATE, f"{site.name}:1.0")
    assert site.ask("verify-attestation", *words).code == 1
    ran = site.ask("verify-attestation", *words, "--rekor-url", log.url)
    assert ran.code == 0, ran.err


def test_a_given_signature_is_looked_up_too(site: SignedSite, log: RekorService) -> None:
    key = KeyPair()
    layer = sign(site, log, signer=Signer(key=key))
    words = (
        "--key",
        site.file("key.pub", key.public_pem),
        "--signature",
        layer.annotations[mediatypes.ANNOTATION_SIGNATURE],
        "--payload",
        site.file("payload.json", layer.content),
    )
    assert site.verify(*words).code == 1
    assert site.verify(*words, "--rekor-url", log.url).code == 0


def test_evidence_that_brings_its_entry_is_not_asked_about(
    site: SignedSite, log: RekorService
) -> None:
    digest = site.image()
    site.attach(digest, site.sigstore.sign_image(digest))
    site.refer(digest, site.sigstore.bundle(digest))
    assert site.verify("--rekor-url", log.url).code == 0
    assert not log.asked


def test_unrelated_entries_in_the_answer_are_passed_over(
    site: SignedSite, log: RekorService
) -> None:
    log.entries.append(entry_of(site.sigstore.sign_image("sha256:" + "00" * 32)))
    log.answers_everything = True
    sign(site, log)
    log.entries.append(entry_of(site.sigstore.sign_image("sha256:" + "11" * 32)))
    assert site.verify("--rekor-url", log.url).code == 0


def edited(path: tuple[str, ...], value: Any) -> Callable[[dict], dict]:
    """Edit the body before it is logged, so that the log's promise is over the changed one."""

    def edit(body: dict) -> dict:
        changed = json.loads(json.dumps(body))
        place = changed["spec"]
        for name in path[:-1]:
            place = place[name]
        place[path[-1]] = value
        return changed

    return edit


OTHER_KEY = base64.b64encode(KeyPair().public_pem).decode()
OTHER_SIGNATURE = base64.b64encode(KeyPair().sign(b"other")).decode()


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("data", "hash", "value"), "00" * 32),
        (("data", "hash", "algorithm"), "sha512"),
        (("signature", "content"), OTHER_SIGNATURE),
        (("signature", "publicKey", "content"), OTHER_KEY),
    ],
    ids=lambda value: ".".join(value) if isinstance(value, tuple) else "",
)
def test_an_entry_about_something_else_is_no_entry(
    site: SignedSite, log: RekorService, path: tuple[str, ...], value: str
) -> None:
    sign(site, log, edits=Edits(log_body=edited(path, value)))
    log.answers_everything = True
    ran = site.verify("--rekor-url", log.url)
    assert (ran.code, "[tlog.missing]" in ran.err) == (1, True), ran.err
    assert len(log.asked) == 1


@pytest.mark.parametrize(
    ("kind", "path", "value"),
    [
        ("dsse", ("envelopeHash", "value"), "00" * 32),
        ("dsse", ("signatures",), [{"signature": OTHER_SIGNATURE, "verifier": OTHER_KEY}]),
        ("intoto-0.0.1", ("content", "hash", "value"), "00" * 32),
        ("intoto-0.0.1", ("publicKey",), OTHER_KEY),
        ("intoto-0.0.1", ("content",), {}),
    ],
    ids=["envelope", "dsse signer", "content", "intoto signer", "shapeless"],
)
def test_an_entry_about_another_attestation_is_no_entry(
    site: SignedSite, log: RekorService, kind: str, path: tuple[str, ...], value: Any
) -> None:
    digest = site.image()
    edits = Edits(log_body=edited(path, value))
    layer = site.sigstore.attest(digest, predicate_type=PREDICATE, kind=kind, edits=edits)
    log.entries.append(entry_of(layer))
    log.answers_everything = True
    site.attach(digest, without_entry(layer), suffix="att")
    words = (*KEYLESS, "--type", PREDICATE, "--rekor-url", log.url, f"{site.name}:1.0")
    ran = site.ask("verify-attestation", *words)
    assert (ran.code, "[tlog.missing]" in ran.err) == (1, True), ran.err


@pytest.mark.parametrize("name", ["integratedTime", "logIndex", "logID", "body"])
def test_the_answer_must_be_what_the_log_promised(
    site: SignedSite, log: RekorService, name: str
) -> None:
    sign(site, log)
    payload = log.entries[0]["Payload"]
    changes = {
        "integratedTime": payload["integratedTime"] + 1,
        "logIndex": payload["logIndex"] + 1,
        "logID": "00" * 32,
        "body": base64.b64encode(base64.b64decode(payload["body"]) + b" ").decode(),
    }
    log.entries[0] = {**log.entries[0], "Payload": {**payload, name: changes[name]}}
    log.answers_everything = True
    ran = site.verify("--rekor-url", log.url)
    assert (ran.code, "tlog." in ran.err) == (1, True), ran.err


def test_an_entry_of_a_log_that_is_not_trusted_is_no_entry(
    site: SignedSite, log: RekorService
) -> None:
    sign(site, log)
    site.sigstore.logs[0] = VirtualSigstore().rekor
    ran = site.verify("--rekor-url", log.url)
    assert (ran.code, "[tlog.threshold]" in ran.err) == (1, True)


@pytest.mark.parametrize(
    "changes",
    [{"status": 500}, {"status": 404}, {"raw": b"<html>"}, {"raw": b'{"a": 1}'}, {"raw": b"[1"}],
    ids=str,
)
def test_a_log_that_does_not_answer_leaves_it_open(
    site: SignedSite, log: RekorService, changes: dict[str, Any]
) -> None:
    sign(site, log)
    for name, value in changes.items():
        setattr(log, name, value)
    ran = site.verify("--rekor-url", log.url, "--timeout", "2s")
    assert ran.code == 2, ran.err
    assert "log entry of" in ran.err


def test_a_log_without_the_entry_refuses(site: SignedSite, log: RekorService) -> None:
    sign(site, log)
    log.entries.clear()
    assert site.verify("--rekor-url", log.url).code == 1


def test_a_log_is_reached_by_https_alone(site: SignedSite, log: RekorService) -> None:
    sign(site, log)
    ran: Ran = site.verify("--rekor-url", "http://rekor.example.test")
    assert (ran.code, "https://" in ran.err) == (3, True)

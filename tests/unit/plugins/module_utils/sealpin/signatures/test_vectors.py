# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Signatures that real cosigns, Fulcios and Rekors made: each verifies, and nothing else does."""

from __future__ import annotations

import base64
import json
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timezone

import pytest

from sealpin import mediatypes
from sealpin.crypto import PublicKey
from sealpin.digest import Digest
from sealpin.errors import VerificationFailed
from sealpin.evidence import Evidence, EvidenceKind, Route
from sealpin.signatures.opinion import SecondOpinion
from sealpin.signatures.verified import TimeSource
from sealpin.signatures.verify import verify_evidence
from sealpin.trust.embedded import embedded_root
from sealpin.trust.keys import NamedKey, load_key
from sealpin.trust.material import KeylessTrust, KeyTrust
from sealpin.trust.root_json import parse_trusted_root
from sealpin.weakening import Weakening
from support.layout_evidence import layout_evidence
from support.vectors import vectors

NOW = datetime(2026, 11, 21, 12, tzinfo=timezone.utc)
OTHER_DIGEST = Digest("sha256", "0" * 64)
IGNORE_TLOG = frozenset({Weakening.IGNORE_TLOG})


def lab_trust(repository, root):
    """How the lab signed each repository (its README)."""
    folder, _slash, name = repository.partition("/")
    if folder == "private":
        return KeylessTrust(root=root, weakenings=IGNORE_TLOG, require_timestamp=True)
    if folder != "keyed":
        return KeylessTrust(root=root)
    key_name = f"{name.partition('-')[0]}.pub"
    key = load_key((vectors("lab") / "keys" / key_name).read_bytes(), name=key_name)
    return KeyTrust(key=key, root=root, weakenings=IGNORE_TLOG if "notlog" in name else frozenset())


def lab_evidence():
    lab = vectors("lab")
    root = parse_trusted_root((lab / "trusted_root.json").read_bytes())
    for marker in sorted((lab / "repositories").rglob("oci-layout")):
        repository = marker.parent.relative_to(lab / "repositories").as_posix()
        for evidence in layout_evidence(marker.parent):
            label = f"{repository}:{evidence.kind.value}:{evidence.digest.hex[:8]}"
            yield pytest.param(evidence, lab_trust(repository, root), id=label)


def public_evidence():
    """Of the public-good instance, under the root this release embeds."""
    trust = KeylessTrust(root=embedded_root())
    for name in ("public-good", "slsa"):
        for marker in sorted(vectors(name).rglob("oci-layout")):
            for evidence in layout_evidence(marker.parent):
                label = f"{name}:{evidence.kind.value}:{evidence.digest.hex[:8]}"
                yield pytest.param(evidence, trust, id=label)


LAB, PUBLIC = tuple(lab_evidence()), tuple(public_evidence())


def verify(evidence, trust, second_opinion=SecondOpinion.OFF):
    return verify_evidence(evidence, trust=trust, now_utc=NOW, second_opinion=second_opinion)


def test_there_is_as_much_evidence_as_the_vectors_hold():
    assert (len(LAB), len(PUBLIC)) == (72, 9)


@pytest.mark.parametrize(("evidence", "trust"), LAB + PUBLIC)
def test_verifies(evidence, trust):
    proven = verify(evidence, trust, SecondOpinion.AUTO)
    assert proven.subject == evidence.subject
    assert proven.evidence is evidence


@pytest.mark.parametrize(("evidence", "trust"), LAB + PUBLIC)
def test_does_not_verify_for_another_digest(evidence, trust):
    with pytest.raises(VerificationFailed) as refusal:
        verify(replace(evidence, subject=OTHER_DIGEST), trust)
    assert refusal.value.code == "subject.mismatch"


@pytest.mark.parametrize(("evidence", "trust"), LAB + PUBLIC)
def test_does_not_verify_by_another_key_or_root(evidence, trust):
    if isinstance(trust, KeyTrust):
        pem = (vectors("lab") / "keys" / "ecdsa.pub").read_bytes()
        other = "rsa.pub" if PublicKey.from_pem(pem, what="") == trust.key.key else "ecdsa.pub"
        key = load_key((vectors("lab") / "keys" / other).read_bytes(), name=other)
        foreign = replace(trust, key=key)
    else:
        conformance = vectors("sigstore-conformance") / "bundle-verify"
        root = conformance / "intoto-with-custom-trust-root" / "trusted_root.json"
        foreign = replace(trust, root=parse_trusted_root(root.read_bytes()))
    with pytest.raises(VerificationFailed):
        verify(evidence, foreign)


def connaisseur(image_digest):
    """The key-signed layers of connaisseur's test data."""
    folder = vectors("public-good") / "connaisseur"
    manifest = json.loads((folder / f"sha256-{image_digest}.sig.json").read_bytes())
    for layer in manifest["layers"]:
        yield Evidence(
            kind=EvidenceKind.SIGNATURE_LAYER,
            subject=Digest("sha256", image_digest),
            content=(folder / f"{layer['digest']}.json").read_bytes(),
            annotations=layer["annotations"],
            route=Route.OFFLINE,
            location="connaisseur",
        )


PEOPLE = {
    "alice": "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEusIAt6EJ3YrTHdg2qkWVS0KuotWQ"
    "wHDtyaXlq7Nhj8279+1u/l5pZhXJPW8PnGRRLdO5NbsuM6aT7pOcP100uw==",
    "bob": "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE01DasuXJ4rfzAEXsURSnbq4QzJ6o"
    "EJ2amYV/CBKqEhhl8fDESxsmbdqtBiZkDV2C3znIwV16SsJlRRYO+UrrAQ==",
}


@pytest.mark.parametrize(
    ("image_digest", "signers"),
    [
        ("bfec161fecb0a887df7cb85e4da327c65986ccda7060cf3cd92171c6c90d7533", ["alice", "bob"]),
        ("071bf7a986f1ca9cb2a1f0bc8392822a7777f90d58f2d2c6f271913e08de7c81", ["alice"]),
    ],
    ids=["many-layers", "one-layer"],
)
def test_each_layer_of_a_signed_image_is_one_person_s(image_digest, signers):
    layers = tuple(connaisseur(image_digest))
    found = []
    for name, spki in PEOPLE.items():
        key = PublicKey.from_der(base64.b64decode(spki), what=name)
        trust = KeyTrust(key=NamedKey(key=key, name=name), root=None, weakenings=IGNORE_TLOG)
        for layer in layers:
            with suppress(VerificationFailed):
                verify(layer, trust)
                found.append(name)
    assert found == signers


def keyless_layer():
    return next(p.values for p in PUBLIC if p.values[0].kind is EvidenceKind.SIGNATURE_LAYER)


def test_the_time_of_a_legacy_signature_is_its_log_s():
    proven = verify(*keyless_layer())
    assert [(time.source, time.at_utc.isoformat()) for time in proven.times] == [
        (TimeSource.LOG_PROMISE, "2024-05-30T15:18:17+00:00")
    ]
    assert proven.predicate_type == mediatypes.COSIGN_SIGN_V1
    assert proven.claimed_reference == "index.docker.io/phbelitz/rekor-test"


def test_refuses_every_single_byte_change_of_a_signed_payload():
    evidence, trust = keyless_layer()
    for position in range(len(evidence.content)):
        changed = bytearray(evidence.content)
        changed[position] ^= 1
        with pytest.raises(VerificationFailed):
            verify(replace(evidence, content=bytes(changed)), trust)


@pytest.mark.parametrize(
    "annotation", [mediatypes.ANNOTATION_SIGNATURE, mediatypes.ANNOTATION_CERTIFICATE]
)
def test_refuses_every_single_byte_change_of_signature_and_certificate(annotation):
    evidence, trust = keyless_layer()
    text = evidence.annotations[annotation]
    is_pem = text.startswith("-----")
    body = "".join(text.split("\n")[1:-2]) if is_pem else text
    raw = bytearray(base64.b64decode(body))
    for position in range(len(raw)):
        raw[position] ^= 1
        changed = base64.b64encode(raw).decode()
        raw[position] ^= 1
        if is_pem:
            changed = f"-----BEGIN CERTIFICATE-----\n{changed}\n-----END CERTIFICATE-----\n"
        annotations = {**evidence.annotations, annotation: changed}
        with pytest.raises(VerificationFailed):
            verify(replace(evidence, annotations=annotations), trust)


SIGNED_FIELDS = (
    ("dsseEnvelope", "payload"),
    ("dsseEnvelope", "signatures", 0, "sig"),
    ("verificationMaterial", "certificate", "rawBytes"),
    ("verificationMaterial", "tlogEntries", 0, "canonicalizedBody"),
    ("verificationMaterial", "tlogEntries", 0, "inclusionPromise", "signedEntryTimestamp"),
    ("verificationMaterial", "tlogEntries", 0, "inclusionProof", "rootHash"),
    ("verificationMaterial", "tlogEntries", 0, "inclusionProof", "hashes", 0),
    ("verificationMaterial", "tlogEntries", 0, "logId", "keyId"),
)


@pytest.mark.parametrize("path", SIGNED_FIELDS, ids=lambda path: str(path[-2:]))
def test_refuses_every_single_byte_change_of_a_bundle_s_signed_parts(path):
    evidence, trust = next(p.values for p in PUBLIC if p.values[0].kind is EvidenceKind.BUNDLE)
    document = json.loads(evidence.content)
    holder = document
    for step in path[:-1]:
        holder = holder[step]
    raw = bytearray(base64.b64decode(holder[path[-1]]))
    for position in range(len(raw)):
        raw[position] ^= 1
        holder[path[-1]] = base64.b64encode(raw).decode()
        raw[position] ^= 1
        with pytest.raises(VerificationFailed):
            verify(replace(evidence, content=json.dumps(document).encode()), trust)

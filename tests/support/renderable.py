# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Policies that other formats can hold, and evidence that tells them apart."""

from __future__ import annotations

from support.policies import GITHUB
from support.virtual_sigstore import Identity, KeyPair, SignedLayer, Signer, VirtualSigstore

ONE, TWO = (Identity.uri(f"https://github.com/acme/{name}") for name in ("one", "two"))
KEY = KeyPair()


def keyless(name: str) -> str:
    """The field of a signer."""
    return f'keyless: {{issuer: "{GITHUB}", identity: "https://github.com/acme/{name}"}}'


POLICIES = {
    "keyless": f"- {{images: ['registry.test/**'], {keyless('one')}}}",
    "literal-glob": f"- {{images: ['registry.test/app'], {keyless('one')}}}",
    "signature-and-attestation": (
        f"- {{images: ['registry.test/**'], {keyless('one')}, attestations: [{{type: spdx}}]}}"
    ),
    "attestation-alone": (
        f"- {{images: ['registry.test/**'], {keyless('one')},"
        " attestations: [{type: spdx}], signature: replaced}"
    ),
    "condition": (
        f"- {{images: ['registry.test/**'], {keyless('one')}, signature: replaced,"
        " attestations: [{type: spdx, conditions:"
        " [{path: /name, equals: x}, {path: /size, at_most: 3}, {path: /tag, matches: ^v}]}]}"
    ),
    "two-of-two": (
        f"- {{images: ['registry.test/**'], threshold: 2, authorities:"
        f" [{{name: one, {keyless('one')}}}, {{name: two, {keyless('two')}}}]}}"
    ),
    "required": (
        f"- {{images: ['registry.test/**'], required: [two], authorities:"
        f" [{{name: one, {keyless('one')}}}, {{name: two, {keyless('two')}}}]}}"
    ),
    "key": "- {images: ['registry.test/**'], key: key.pub}",
    "unsigned": "- {images: ['registry.test/**'], unsigned: allow}",
    "refused": "- {images: ['registry.test/**'], unsigned: refuse}",
    "static": "- {images: ['registry.test/**'], static: fail, message: no}",
    "warn": f"- {{images: ['registry.test/**'], mode: warn, {keyless('one')}}}",
    "other-image": f"- {{images: ['other.test/**'], {keyless('one')}}}",
}
ATTESTED = {"name": "x", "size": 3, "tag": "v1"}


def policy_text(name: str) -> str:
    """The configuration with the policy called *name*; a key is in ``key.pub``."""
    return f"version: 1\npolicies:\n  {POLICIES[name]}\n"


def evidence_sets(sigstore: VirtualSigstore, digest: str) -> list[list[SignedLayer]]:
    """Sets of evidence; between them every policy above is satisfied by one and refused by one."""
    sbom = "https://spdx.dev/Document"
    one, two = (sigstore.sign_image(digest, identity=each) for each in (ONE, TWO))
    good = sigstore.attest(digest, predicate_type=sbom, predicate=ATTESTED, identity=ONE)
    bad = sigstore.attest(
        digest, predicate_type=sbom, predicate={**ATTESTED, "size": 4}, identity=ONE
    )
    keyed = sigstore.sign_image(digest, signer=Signer(key=KEY))
    return [[], [one], [two], [one, two], [good], [bad], [one, good], [two, good], [keyed]]

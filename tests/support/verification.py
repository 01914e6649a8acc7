# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Short ways to verify what the virtual Sigstore signs, or to see why it is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from sealpin.digest import Digest
from sealpin.errors import SealpinError
from sealpin.signatures.opinion import SecondOpinion
from sealpin.signatures.verified import VerifiedStatement
from sealpin.signatures.verify import verify_evidence
from sealpin.trust.keys import load_key
from sealpin.trust.material import KeylessTrust, KeyTrust, SigningTrust
from sealpin.trust.root import TrustedRoot
from sealpin.trust.root_json import parse_trusted_root
from sealpin.weakening import Weakening
from support.virtual_sigstore import SIGNING_TIME, KeyPair, Signer, VirtualSigstore

SUBJECT = Digest("sha256", "ab" * 32)
NOW = SIGNING_TIME + timedelta(days=100)
IGNORE_TLOG = frozenset({Weakening.IGNORE_TLOG})
IGNORE_SCT = frozenset({Weakening.IGNORE_SCT})


def root_of(sigstore: VirtualSigstore) -> TrustedRoot:
    return parse_trusted_root(sigstore.trusted_root_json())


def keyless(sigstore: VirtualSigstore, **options: object) -> KeylessTrust:
    """Trust in everything of *sigstore*; *options* are `KeylessTrust`'s."""
    return KeylessTrust(root=root_of(sigstore), **options)


def keyed(sigstore: VirtualSigstore, key: KeyPair, **options: object) -> KeyTrust:
    """Trust in *key*, and in the logs and timestamp authorities of *sigstore*.

    *options* are `KeyTrust`'s, and ``window`` and ``hash_algorithm`` the key's.
    """
    of_key = {name: options.pop(name) for name in ("window", "hash_algorithm") if name in options}
    named = load_key(key.public_pem, name="test.pub", **of_key)
    return KeyTrust(**{"key": named, "root": root_of(sigstore), **options})


def prove(
    signed: object,
    trust: SigningTrust,
    *,
    subject: Digest = SUBJECT,
    now_utc: datetime = NOW,
    second_opinion: SecondOpinion = SecondOpinion.OFF,
) -> VerifiedStatement:
    """Verify what a virtual Sigstore signed, as evidence about *subject*."""
    return verify_evidence(
        signed.as_evidence(subject), trust=trust, now_utc=now_utc, second_opinion=second_opinion
    )


def refusal(signed: object, trust: SigningTrust, **options: object) -> str:
    """The code with which it is refused."""
    with pytest.raises(SealpinError) as raised:
        prove(signed, trust, **options)
    return raised.value.code


def signer(algorithm: str = "ecdsa-p256") -> Signer:
    """A key of its own, without certificate."""
    return Signer(key=KeyPair(algorithm))


def with_annotations(layer: object, **changes: str) -> object:
    """A legacy layer with some annotations changed; names are constants of `mediatypes`."""
    return replace(layer, annotations={**layer.annotations, **changes})

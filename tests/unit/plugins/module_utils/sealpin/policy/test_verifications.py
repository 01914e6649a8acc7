# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""What was verified once in a run is not verified again, and never for another trust."""

from __future__ import annotations

from sealpin.policy.verifications import Verifications
from sealpin.signatures.opinion import SecondOpinion
from support.verification import NOW, SUBJECT, keyless
from support.virtual_sigstore import VirtualSigstore

DIGEST = str(SUBJECT)


def test_one_piece_of_evidence_is_verified_once_under_each_trust():
    sigstore = VirtualSigstore()
    evidence = sigstore.bundle(DIGEST).as_evidence(DIGEST)
    memory = Verifications()
    trust, other = keyless(sigstore), keyless(VirtualSigstore())

    def verify(chosen):
        return memory.verify(evidence, trust=chosen, now_utc=NOW, second_opinion=SecondOpinion.OFF)

    proven = verify(trust)
    assert verify(trust) is proven
    refused = verify(other)
    assert refused is not proven
    assert verify(other) is refused
    assert verify(trust) is proven

# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Which pins an update may move: never behind what the lock proves, however much it holds."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timezone

import pytest

from sealpin.digest import Digest
from sealpin.errors import VerificationFailed
from sealpin.manifests.lock import Lock
from sealpin.manifests.pin import Pin
from sealpin.pinning import Update
from sealpin.policy.decision import AuthorityResult
from sealpin.reference import ImageReference
from support.builders import decision, statement
from support.lock_entries import entry, site
from support.processor_time import at_most

TAG = "a.test/x:1"


def pin(hour: int) -> Pin:
    """Make a pin of `TAG` by evidence of 1 May 2024."""
    made = decision(ImageReference.parse(TAG))
    at_utc = datetime(2024, 5, 1, hour, tzinfo=timezone.utc)
    result = AuthorityResult(
        policy="p", authority="a", statements=(statement(made.digest, at_utc=at_utc),)
    )
    return Pin(site=site(TAG), decision=dataclasses.replace(made, satisfied=(result,)))


def lock(size: int) -> Lock:
    """Make a lock with *size* digests of `TAG`, each proven at ten o'clock."""
    one = entry(TAG)
    digests = (Digest.parse(f"sha256:{number:064x}") for number in range(size))
    return Lock.of(dataclasses.replace(one, digest=digest) for digest in digests)


@pytest.mark.parametrize("hour", [10, 11])
def test_evidence_as_new_as_the_locks_moves_a_pin(hour: int) -> None:
    offered = pin(hour)
    assert Update(lock=lock(3)).admit(offered) is offered


def test_older_evidence_is_refused_and_named() -> None:
    with pytest.raises(
        VerificationFailed, match=r"2024-05-01T10:00:00Z or later, got .*T09"
    ) as told:
        Update(lock=lock(3)).admit(pin(9))
    assert told.value.code == "update.rollback"


def test_a_lock_without_a_proof_of_the_tag_forbids_nothing() -> None:
    offered = pin(9)
    for known in (Lock(), Lock.of([entry("a.test/x:2")])):
        assert Update(lock=known).admit(offered) is offered


def test_very_many_digests_of_one_tag_are_looked_through_once() -> None:
    update, offered = Update(lock=lock(2_000)), pin(11)
    with at_most(5):
        for _turn in range(2_000):
            update.admit(offered)

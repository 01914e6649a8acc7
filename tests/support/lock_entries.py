# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Sites of files and the lock's entries for them."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timezone

from sealpin.descriptor import Descriptor, Platform
from sealpin.digest import Digest
from sealpin.manifests.finder import find_sites
from sealpin.manifests.lock_entry import LockEntry
from sealpin.manifests.pin import Pin
from sealpin.manifests.site import ImageSite
from sealpin.policy.decision import AuthorityResult
from sealpin.reference import ImageReference

from .builders import decision, statement

POLICY = Digest.of(b"policy")
ROOT = Digest.of(b"root")


def site(image: str) -> ImageSite:
    """Return where a Compose file names *image*."""
    data = f"services: {{a: {{image: '{image}'}}}}".encode()
    (found,) = find_sites("compose.yaml", data).sites
    return found


def entry(image: str, *, platform: str = "", **changes: object) -> LockEntry:
    """Return the entry of *image*, signed on 1 May 2024 at 10:00, under `POLICY` and `ROOT`."""
    reference = ImageReference.parse(image)
    child = Descriptor(
        media_type="",
        digest=Digest.of(b"child"),
        size_bytes=1,
        platform=Platform.parse("linux/arm64"),
    )
    made = decision(reference, children=(child,))
    result = AuthorityResult(
        policy="p",
        authority="a",
        statements=(statement(made.digest, at_utc=datetime(2024, 5, 1, 10, tzinfo=timezone.utc)),),
    )
    made = dataclasses.replace(made, satisfied=(result,))
    pin = Pin(
        site=site(image), decision=made, platform=Platform.parse(platform) if platform else None
    )
    made_entry = LockEntry.of(pin, policy=POLICY, trusted_root=ROOT)
    return dataclasses.replace(made_entry, **changes)

# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""``sealpin evidence``: take the evidence for pinned images along, and verify it without a network.

What is saved is believed by nobody: ``evidence verify`` and ``check --evidence`` verify every piece
again, under the policy and trust of the day.
"""

from __future__ import annotations

from collections.abc import Sequence

from .. import evidence_save, evidence_verify
from ..subverbs import SubVerb, run_subverb


def run(argv: Sequence[str]) -> int:
    """Run ``evidence save`` or ``evidence verify``."""
    return run_subverb("evidence", SUBVERBS, argv)


SUBVERBS = {
    "save": SubVerb(
        description="save the evidence for pinned images",
        make_parser=evidence_save.make_parser,
        run=evidence_save.run,
    ),
    "verify": SubVerb(
        description="verify pinned images from saved evidence",
        make_parser=evidence_verify.make_parser,
        run=evidence_verify.run,
    ),
}

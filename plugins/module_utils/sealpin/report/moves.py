# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""A pin that moves: what was proven about the old digest beside what is proven about the new one.

The old side is the lock's record, so it is what was proven then; a digest the lock does not know
has no old side but the digest itself.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from itertools import zip_longest
from typing import Any

from ..manifests.lock_entry import LockEntry, Proof
from ..manifests.pin import Pin
from .text import Style, printable

_LABEL = 10
_GAP = 2
_FIELDS = ("digest", "signer", "proof", "signed")


def move_to_dict(pin: Pin, previous: LockEntry | None) -> dict[str, Any]:
    """Return both sides of *pin*, which replaces a digest."""
    proofs = {
        Proof.of(statement, authority=f"{result.policy}/{result.authority}")
        for result in pin.decision.satisfied
        for statement in result.statements
    }
    known = previous.proofs if previous is not None else ()
    return {
        "was": _side(str(pin.site.reference.digest), known),
        "now": _side(str(pin.digest), tuple(sorted(proofs))),
        "in_lock": previous is not None,
    }


def move_lines(move: Mapping[str, Any], style: Style, *, indent: str) -> list[str]:
    """Return the two sides in two columns; what is the same on both is dim."""
    side = (style.width - len(indent) - _LABEL - _GAP) // 2
    column = side + _GAP
    titles = style.paint(f"{'was':<{column}}now", "1")
    lines = [f"{indent}{'':<{_LABEL}}{titles}"]
    for field in _FIELDS:
        was, now = (_cell(move[when][field], side) for when in ("was", "now"))
        colour = "2" if was == now else "33"
        for number, (left, right) in enumerate(zip_longest(was, now, fillvalue="")):
            label = field if number == 0 else ""
            row = f"{left:<{column}}{right}".rstrip()
            lines.append(f"{indent}{label:<{_LABEL}}{style.paint(row, colour)}".rstrip())
    return lines


def _side(digest: str, proofs: tuple[Proof, ...]) -> dict[str, Any]:
    return {
        "digest": digest,
        "signer": sorted({_signer(proof) for proof in proofs}),
        "proof": sorted({proof.predicate_type for proof in proofs}),
        "signed": max((proof.signed_at for proof in proofs), default=""),
    }


def _signer(proof: Proof) -> str:
    return ", ".join(proof.identity) if proof.identity else f"key sha256:{proof.key[:16]}"


def _cell(value: str | list[str], width: int) -> list[str]:
    texts = [value] if isinstance(value, str) else value
    lines = [
        line
        for text in texts
        for line in textwrap.wrap(printable(text), width, break_on_hyphens=False)
    ]
    return lines or ["-"]

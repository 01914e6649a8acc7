# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The bound on how many referrers are looked at.

Anyone who may push to a repository can attach any number of referrers to any digest. What lies
within the bound is used; that there was more is a gap, so a signature among the rest is neither
believed nor declared absent.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..descriptor import Descriptor
from ..errors import SealpinError, Unavailable
from ..evidence import Gap, Route
from ..limits import MAX_REFERRERS
from .source import Referrers


def bounded(
    found: Sequence[Descriptor],
    *,
    where: str,
    route: Route,
    failure: SealpinError | None = None,
) -> Referrers:
    """Return *found* cut at the bound; *failure* is why the list ended early."""
    unique = tuple({descriptor.digest: descriptor for descriptor in found}.values())
    failures = [failure] if failure is not None else []
    if len(unique) > MAX_REFERRERS:
        failures.append(
            Unavailable(
                "evidence.too-many-referrers",
                f"more than {MAX_REFERRERS} referrers, the rest was not looked at: {where}",
            )
        )
    return Referrers(
        descriptors=unique[:MAX_REFERRERS],
        route=route,
        gaps=tuple(Gap(location=where, error=error) for error in failures),
    )

# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""What a second engine may be asked, and what its answer is; the engine is `second_opinion`."""

from __future__ import annotations

from enum import Enum

from ..records import dataclass


class SecondOpinion(Enum):
    """When the second engine is asked."""

    AUTO = "auto"
    """Wherever it is installed and reads the form."""
    REQUIRE = "require"
    """Wherever it reads the form; it must be installed and working."""
    OFF = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """Which engines agreed, and by which documented deviations one of them could not."""

    engines: tuple[str, ...] = ("sealpin",)
    notes: tuple[str, ...] = ()


NO_OPINION = Opinion()

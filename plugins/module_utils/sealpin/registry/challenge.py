# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Challenge: what a registry's ``WWW-Authenticate`` asks for (RFC 9110 section 11.6.1)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..records import dataclass, field

_MAX_HEADER_CHARS = 8192
_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_PARAMETER = re.compile(rf'\s*({_TOKEN})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))\s*(?:,|$)')
_SCHEME = re.compile(rf"[\s,]*({_TOKEN})(?:\s+|\s*(?:,|$))")


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """One challenge of the header."""

    scheme: str
    """In lower case: ``bearer``, ``basic`` or one that is not understood here."""
    parameters: Mapping[str, str] = field(default_factory=dict)
    """Names in lower case, values without their quotes."""


def parse_challenges(header: str) -> tuple[Challenge, ...]:
    """Read every challenge of *header*; what follows something malformed is left out."""
    challenges: list[Challenge] = []
    position, header = 0, header[:_MAX_HEADER_CHARS]
    while match := _SCHEME.match(header, position):
        position = match.end()
        parameters: dict[str, str] = {}
        while parameter := _PARAMETER.match(header, position):
            name, quoted, plain = parameter.groups()
            value = plain if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
            parameters.setdefault(name.lower(), value)
            position = parameter.end()
        challenges.append(Challenge(scheme=match[1].lower(), parameters=parameters))
    return tuple(challenges)

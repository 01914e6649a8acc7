# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Summaries: a few lines about a predicate of any type, for people to read.

Apart from `predicates`, since a run that shows no predicate loads no view of one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..mediatypes import COSIGN_SIGN_V1, SLSA_PROVENANCE_V02, SLSA_PROVENANCE_V1, SLSA_VSA_V1
from . import builds, components, vulnerabilities
from .jsonpath import find_text, lines, listed
from .predicates import APKO, COSIGN_CUSTOM, CYCLONEDX, LINK, OPENVEX, SPDX, VULNERABILITIES


def summarise(predicate_type: str, predicate: Any) -> tuple[str, ...]:
    """Return a few ``label: text`` lines about a predicate, for people to read.

    What is shown is what the signer wrote; nothing is decided on it. A predicate of an unknown type
    shows the names of its fields.
    """
    return _SUMMARIES.get(predicate_type, _summarise_any)(predicate)


def _summarise_signature(predicate: Any) -> tuple[str, ...]:
    names = predicate if isinstance(predicate, dict) else {}
    return lines(*((name, find_text(predicate, name)) for name in names))


def _summarise_custom(predicate: Any) -> tuple[str, ...]:
    text = find_text(predicate, "Data")
    return lines(("data", text), ("written", find_text(predicate, "Timestamp")))


def _summarise_link(predicate: Any) -> tuple[str, ...]:
    return lines(("step", find_text(predicate, "name")))


def _summarise_any(predicate: Any) -> tuple[str, ...]:
    if isinstance(predicate, dict):
        return lines(("fields", listed(find_text(name) for name in predicate)))
    return lines(("value", find_text(predicate)))


_SUMMARIES: Mapping[str, Callable[[Any], tuple[str, ...]]] = {
    COSIGN_SIGN_V1: _summarise_signature,
    COSIGN_CUSTOM: _summarise_custom,
    LINK: _summarise_link,
    SPDX: components.summarise_spdx,
    CYCLONEDX: components.summarise_cyclonedx,
    VULNERABILITIES: vulnerabilities.summarise_scan,
    OPENVEX: vulnerabilities.summarise_openvex,
    APKO: builds.summarise_apko,
    SLSA_PROVENANCE_V02: builds.summarise_provenance_v02,
    SLSA_PROVENANCE_V1: builds.summarise_provenance_v1,
    SLSA_VSA_V1: builds.summarise_vsa,
}

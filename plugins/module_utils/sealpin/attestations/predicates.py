# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Predicate types: the short names people type, the URIs statements carry, and a view for people.

The short names are cosign's ``--type`` values; any other text is taken for a URI as it stands.
https://github.com/in-toto/attestation/blob/main/spec/v1/predicate.md
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..mediatypes import COSIGN_SIGN_V1, SLSA_PROVENANCE_V02, SLSA_PROVENANCE_V1, SLSA_VSA_V1
from . import builds, components, vulnerabilities
from .jsonpath import find_text, lines, listed

COSIGN_CUSTOM = "https://cosign.sigstore.dev/attestation/v1"
LINK = "https://in-toto.io/Link/v1"
SPDX = "https://spdx.dev/Document"
CYCLONEDX = "https://cyclonedx.org/bom"
VULNERABILITIES = "https://cosign.sigstore.dev/attestation/vuln/v1"
OPENVEX = "https://openvex.dev/ns"
APKO = "https://apko.dev/image-configuration"

PREDICATE_TYPES: Mapping[str, str] = {
    "custom": COSIGN_CUSTOM,
    "slsaprovenance": SLSA_PROVENANCE_V02,
    "slsaprovenance02": SLSA_PROVENANCE_V02,
    "slsaprovenance1": SLSA_PROVENANCE_V1,
    "link": LINK,
    "spdx": SPDX,
    "spdxjson": SPDX,
    "cyclonedx": CYCLONEDX,
    "vuln": VULNERABILITIES,
    "openvex": OPENVEX,
}
"""Short name to URI."""


def predicate_type(text: str) -> str:
    """Return the URI that *text* stands for: a short name's, or *text* itself."""
    return PREDICATE_TYPES.get(text, text)


def short_names(uri: str) -> tuple[str, ...]:
    """Return the short names of *uri*; none for a type that has only its URI."""
    return tuple(name for name, value in PREDICATE_TYPES.items() if value == uri)


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

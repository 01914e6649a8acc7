# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Predicate types: the short names people type and the URIs statements carry.

The short names are cosign's ``--type`` values; any other text is taken for a URI as it stands.
https://github.com/in-toto/attestation/blob/main/spec/v1/predicate.md
"""

from __future__ import annotations

from collections.abc import Mapping

from ..mediatypes import SLSA_PROVENANCE_V02, SLSA_PROVENANCE_V1

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

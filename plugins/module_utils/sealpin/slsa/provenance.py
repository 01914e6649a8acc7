# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""One view over SLSA provenance v0.2 and v1, whichever builder wrote it.

`read_provenance` parses what a verified statement claims; it believes nothing. What the signing
certificate knows is compared in `slsa.expectations`.
https://slsa.dev/spec/v1.0/provenance, https://slsa.dev/spec/v0.2/provenance
"""

from __future__ import annotations

from typing import Any

from ..errors import InvalidInput, VerificationFailed, quote
from ..mediatypes import SLSA_PROVENANCE_V02, SLSA_PROVENANCE_V1
from .buildtypes import V02_READERS, V1_READERS, read_any_v02, read_any_v1
from .claims import Claims, Provenance, malformed


def read_provenance(predicate_type: str, predicate: Any) -> Provenance:
    """Read a predicate of type SLSA provenance v0.2 or v1.

    Raises `VerificationFailed` ``slsa.predicate-type``, ``slsa.provenance-malformed`` or
    ``slsa.source-inconsistent``.
    """
    if predicate_type not in (SLSA_PROVENANCE_V02, SLSA_PROVENANCE_V1):
        raise VerificationFailed(
            "slsa.predicate-type",
            "statement is no provenance that can be read: expected predicate type"
            f" {SLSA_PROVENANCE_V02} or {SLSA_PROVENANCE_V1}, got {quote(predicate_type)}",
        )
    read = _read_v02 if predicate_type == SLSA_PROVENANCE_V02 else _read_v1
    try:
        return read(Claims(predicate, "predicate"))
    except InvalidInput as error:
        raise malformed(error.message) from error


def _read_v02(predicate: Claims) -> Provenance:
    build_type = predicate.text("buildType")
    base = Provenance(
        predicate_type=SLSA_PROVENANCE_V02,
        builder_id=predicate["builder"].text("id"),
        build_type=build_type,
        entry_point=predicate["invocation"]["configSource"].text("entryPoint"),
        invocation=predicate["metadata"].text("buildInvocationId")
        or predicate["metadata"].text("buildInvocationID"),
    )
    return V02_READERS.get(build_type, read_any_v02)(predicate, base)


def _read_v1(predicate: Claims) -> Provenance:
    definition = predicate["buildDefinition"]
    build_type = definition.text("buildType")
    base = Provenance(
        predicate_type=SLSA_PROVENANCE_V1,
        builder_id=predicate["runDetails"]["builder"].text("id"),
        build_type=build_type,
        invocation=predicate["runDetails"]["metadata"].text("invocationId"),
    )
    return V1_READERS.get(build_type, read_any_v1)(predicate, base)

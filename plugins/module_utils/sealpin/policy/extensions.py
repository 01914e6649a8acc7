# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Names of Fulcio's certificate extensions, as policies and options spell them.

Numbers: https://github.com/sigstore/fulcio/blob/main/docs/oid-info.md.
"""

from __future__ import annotations

from ..errors import InvalidInput, quote
from ..mediatypes import FULCIO_OID_PREFIX

EXTENSION_NUMBERS = {
    "github_workflow_trigger": 2,
    "github_workflow_sha": 3,
    "github_workflow_name": 4,
    "github_workflow_repository": 5,
    "github_workflow_ref": 6,
    "build_signer_uri": 9,
    "build_signer_digest": 10,
    "runner_environment": 11,
    "source_repository_uri": 12,
    "source_repository_digest": 13,
    "source_repository_ref": 14,
    "source_repository_identifier": 15,
    "source_repository_owner_uri": 16,
    "source_repository_owner_identifier": 17,
    "build_config_uri": 18,
    "build_config_digest": 19,
    "build_trigger": 20,
    "run_invocation_uri": 21,
    "source_repository_visibility": 22,
}
"""Names of the extensions a policy may compare, and the last arc of their OID."""


def extension_oid(name: str) -> str:
    """Return the dotted OID of a named extension. Raises `InvalidInput` ``identity.extension``."""
    number = EXTENSION_NUMBERS.get(name)
    if number is None:
        raise InvalidInput(
            "identity.extension",
            f"no certificate extension is called {quote(name)}",
            hint=f"known are {', '.join(EXTENSION_NUMBERS)}",
        )
    return f"{FULCIO_OID_PREFIX}.{number}"

# SPDX-FileCopyrightText: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""A Sigstore of our own making that speaks the real wire formats, for tests.

::

    sigstore = VirtualSigstore()
    layer = sigstore.sign_image(digest, identity=Identity.email("dev@acme.test"))     # .sig
    layer = sigstore.attest(digest, predicate={...}, kind="intoto-0.0.1")             # .att
    bundle = sigstore.bundle(digest, log="v2", signer=Signer(key=KeyPair("ed25519")))
    root = sigstore.trusted_root_json()

Every default is right; one defect at a time is made through `Edits` (one stage of a signature),
`Stamp` (a timestamp), `edit_extensions` (a certificate) and the authorities' own arguments.
``tests/unit/support`` hands its output to the ``sigstore`` package and ``tests/interop`` to real
cosigns, so that it is not merely self-consistent.
"""

from __future__ import annotations

from .certificate_authority import CertificateAuthority, Identity, der_of, pem
from .ct_log import CertificateTransparencyLog
from .keys import ALGORITHMS, KeyPair
from .rekor import RekorV1, RekorV2, canonical
from .signing import Edits, Recipe, SignedBundle, SignedLayer, Signer
from .sigstore import VirtualSigstore, pre_authentication_encoding
from .timestamp_authority import Stamp, TimestampAuthority
from .windows import FAR_AHEAD, LONG_AGO, SIGNING_TIME, Validity

__all__ = [
    "ALGORITHMS",
    "FAR_AHEAD",
    "LONG_AGO",
    "SIGNING_TIME",
    "CertificateAuthority",
    "CertificateTransparencyLog",
    "Edits",
    "Identity",
    "KeyPair",
    "Recipe",
    "RekorV1",
    "RekorV2",
    "SignedBundle",
    "SignedLayer",
    "Signer",
    "Stamp",
    "TimestampAuthority",
    "Validity",
    "VirtualSigstore",
    "canonical",
    "der_of",
    "pem",
    "pre_authentication_encoding",
]

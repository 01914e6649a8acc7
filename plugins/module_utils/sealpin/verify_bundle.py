# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The verification of a single bundle in a file, without a registry."""

from __future__ import annotations

from pathlib import Path

from .digest import Digest
from .errors import InvalidInput, VerificationFailed
from .inputs import read_artifact, read_file
from .policy.identity import mismatch
from .policy.model import KeylessAuthority, StaticAuthority, Unresolved
from .rules import flags_policy
from .run_options import Machine, RunOptions
from .signatures.verified import CertificateIdentity, VerifiedBlob
from .signatures.verify import verify_blob


def verify_bundle(
    options: RunOptions, machine: Machine, *, bundle: Path, artifact: Path | Digest
) -> VerifiedBlob:
    """Verify the bundle in a file over *artifact*, and that it is signed by whom the options name.

    Raises what `signatures.verify.verify_blob` raises, `VerificationFailed`
    ``identity.mismatch``, and `InvalidInput` ``identity.missing`` or ``file.*``.
    """
    (authority,) = flags_policy(options, machine).policies[0].authorities
    if isinstance(authority, StaticAuthority) or isinstance(authority.trust, Unresolved):
        raise InvalidInput("identity.missing", "the options do not say who may have signed")
    base = machine.base
    verified = verify_blob(
        read_file(base / bundle, what="the bundle"),
        artifact if isinstance(artifact, Digest) else read_artifact(base / artifact),
        trust=authority.trust,
        now_utc=machine.clock.now_utc(),
        second_opinion=options.second_opinion,
    )
    if isinstance(authority, KeylessAuthority) and isinstance(verified.signer, CertificateIdentity):
        reasons = [mismatch(rule, verified.signer) for rule in authority.identities]
        if all(reasons):
            raise VerificationFailed("identity.mismatch", " / ".join(reasons))
    return verified

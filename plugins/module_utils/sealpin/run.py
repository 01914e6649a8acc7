# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""From options to a session, and the verification of a single bundle."""

from __future__ import annotations

from pathlib import Path

from .api import Collect, Session, as_gathered
from .digest import Digest
from .errors import InvalidInput, VerificationFailed
from .inputs import read_artifact, read_file
from .policy.identity import mismatch
from .policy.model import KeylessAuthority, StaticAuthority, Unresolved
from .reaching import NO_REGISTRIES, ConfiguredRegistries, registry_options
from .records import replace
from .registry.connect import connect
from .registry.source import Source
from .rules import flags_policy
from .run_options import Machine, RunOptions
from .signatures.second_opinion import SecondOpinion
from .signatures.verified import CertificateIdentity, VerifiedBlob
from .signatures.verify import verify_blob


def open_session(
    options: RunOptions,
    machine: Machine,
    *,
    registries: ConfiguredRegistries = NO_REGISTRIES,
    source: Source | None = None,
    collect: Collect = as_gathered,
) -> Session:
    """Return the session of a run.

    *registries* are those of a configuration file; the options come first. *source* is one that
    was connected already, for the same options. Raises
    `InvalidInput` for options that contradict each other or files that do not load, before any
    request.
    """
    if options.max_workers < 1:
        raise InvalidInput("usage", f"expected at least one worker, got {options.max_workers}")
    reach = registry_options(options, machine, registries=registries)
    return Session(
        source or connect(reach),
        clock=machine.clock,
        second_opinion=SecondOpinion(options.second_opinion),
        max_workers=options.max_workers,
        collect=collect,
        weakenings_of=registries.weakenings,
        sign_in=lambda logins: connect(replace(reach, logins=logins)),
    )


def verify_bundle(
    options: RunOptions, machine: Machine, *, bundle: Path, artifact: Path | Digest
) -> VerifiedBlob:
    """Verify the bundle in a file over *artifact*, and that it is signed by whom the options name.

    Raises what `signatures.verify.verify_blob` raises, and `VerificationFailed`
    ``identity.mismatch``.
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
        second_opinion=SecondOpinion(options.second_opinion),
    )
    if isinstance(authority, KeylessAuthority) and isinstance(verified.signer, CertificateIdentity):
        reasons = [mismatch(rule, verified.signer) for rule in authority.identities]
        if all(reasons):
            raise VerificationFailed("identity.mismatch", " / ".join(reasons))
    return verified

# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The second engine: what the ``sigstore`` package reads, it verifies too. Its only importer.

It reads one form (docs/verification.md says which), so most legacy evidence has
one engine, and the result says so. Where it reads the form and refuses what this project accepts,
that piece of evidence is refused, unless the reason is one of its documented deviations: then the
result carries the deviation's code.

The package can load a trusted root from a file only, so a temporary one is written: the one place
in `signatures` that touches a disk.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from ..certificates import Certificate
from ..crypto import KeyAlgorithm
from ..digest import Digest
from ..errors import Unavailable, VerificationFailed, missing_library, quote
from ..records import dataclass
from ..trust.material import TLOG_WEAKENINGS, KeylessTrust, SigningTrust
from ..trust.root import TrustedRoot
from ..weakening import Weakening
from .dsse import Envelope
from .opinion import NO_OPINION, Opinion, SecondOpinion
from .parts import Form, SignedParts
from .sct import read_embedded
from .verified import TimeSource, VerifiedTime

_ENVELOPE_KINDS = (("dsse", "0.0.1"), ("hashedrekord", "0.0.2"))
_MESSAGE_KINDS = (("hashedrekord", "0.0.1"), ("hashedrekord", "0.0.2"))


def ask(
    mode: SecondOpinion,
    bundle: bytes,
    parts: SignedParts,
    trust: SigningTrust,
    times: tuple[VerifiedTime, ...],
    *,
    artifact: bytes | Digest | None = None,
) -> Opinion:
    """Let the second engine verify *bundle*, which this project has verified already.

    *times* are the moments proven. *artifact* is what a message signature is over. Raises
    `VerificationFailed` ``second-opinion.disagrees``, and where the engine is required,
    `MissingDependency` if it is absent and `Unavailable` ``second-opinion.unavailable`` if it
    cannot read the root.
    """
    if mode is SecondOpinion.OFF or not reads_form(parts, trust):
        return NO_OPINION
    library = _library()
    if library is None:
        if mode is SecondOpinion.REQUIRE:
            raise missing_library("sigstore", purpose="the required second opinion")
        return NO_OPINION
    verifier = _verifier(library, (trust.root or TrustedRoot()).document())
    if verifier is None:
        if mode is SecondOpinion.REQUIRE:
            raise Unavailable(
                "second-opinion.unavailable",
                "the required second opinion is not available: sigstore does not read this root",
                hint="leave second_opinion at auto for roots that only sealpin reads",
            )
        return NO_OPINION
    try:
        _verify(library, verifier, bundle, parts, artifact)
    # The package lets foreign errors out of malformed input; whatever it raises is a refusal.
    except Exception as error:
        note = _deviation(parts, trust, times, str(error))
        if note is None:
            raise VerificationFailed(
                "second-opinion.disagrees",
                f"sealpin accepts this signature and sigstore does not: {quote(error)}",
                hint="report this as a defect; one of the two engines is wrong",
            ) from error
        return Opinion(notes=(note,))
    return Opinion(engines=("sealpin", "sigstore"))


def reads_form(parts: SignedParts, trust: SigningTrust) -> bool:
    """Whether the second engine reads this form of signature under this kind of trust."""
    if parts.form is not Form.BUNDLE or not isinstance(trust, KeylessTrust):
        return False
    if trust.weakenings & (TLOG_WEAKENINGS | {Weakening.IGNORE_SCT}):
        return False
    if parts.chain and Weakening.CERTIFICATE_CHAIN in trust.weakenings:
        return False
    if len(parts.entries) != 1 or parts.entries[0].proof is None:
        return False
    kinds = _ENVELOPE_KINDS if isinstance(parts.content, Envelope) else _MESSAGE_KINDS
    if parts.entries[0].claimed_kind not in kinds:
        return False
    if parts.timestamps and not trust.root.timestamp_authorities:
        return False
    leaf = parts.certificate
    if leaf is None or leaf.public_key.algorithm is not KeyAlgorithm.ECDSA_P256:
        return False
    scts = read_embedded(leaf)
    return len(scts) == 1 and KeyAlgorithm.ED25519 not in scts[0].signers


def _verify(
    library: SimpleNamespace,
    verifier: Any,
    bundle: bytes,
    parts: SignedParts,
    artifact: bytes | Digest | None,
) -> None:
    """Raise whatever the package raises, or ValueError where it read other bytes than we did."""
    policy = _SameCertificate(parts.certificate)
    document = library.Bundle.from_json(bundle)
    if isinstance(parts.content, Envelope):
        kind, payload = verifier.verify_dsse(document, policy)
        if (kind, payload) != (parts.content.payload_type, parts.content.payload):
            raise ValueError("the two engines read different payloads")
    elif isinstance(artifact, Digest):
        # SHA2_256 of sigstore_common.proto's HashAlgorithm, the one this package takes.
        hashed = library.Hashed(algorithm="SHA2_256", digest=artifact.raw)
        verifier.verify_artifact(hashed, document, policy)
    else:
        verifier.verify_artifact(artifact, document, policy)


class _SameCertificate:
    """A policy of the package: the certificate it verified is the one we did."""

    def __init__(self, expected: Certificate | None) -> None:
        self._expected = expected

    def verify(self, cert: Any) -> None:
        """Fulfil the package's ``VerificationPolicy``; *cert* is a ``cryptography`` certificate."""
        if self._expected is None or cert != self._expected.library_object:
            raise ValueError("the two engines read different certificates")


@dataclass(frozen=True, slots=True)
class _Deviation:
    """A case in which the package is known to refuse what the specification accepts."""

    note: str
    refusal: str
    """What its message says then."""
    applies: Callable[[SignedParts, KeylessTrust, tuple[VerifiedTime, ...]], bool]


def _is_at_window_end(
    _parts: SignedParts, trust: KeylessTrust, times: tuple[VerifiedTime, ...]
) -> bool:
    """It takes the last moment of a timestamp authority's window to be outside of it."""
    ends = {(a.name, a.window.end_utc) for a in trust.root.timestamp_authorities}
    return any(
        time.source is TimeSource.RFC3161 and (time.authority, time.at_utc) in ends
        for time in times
    )


def _is_outside_web_profile(
    parts: SignedParts, trust: KeylessTrust, _times: tuple[VerifiedTime, ...]
) -> bool:
    """It validates paths by the web's profile, which private authorities need not follow."""
    authorities = trust.root.certificate_authorities
    leaf = parts.certificate
    issuers = [c for a in authorities for c in (*a.intermediates, a.root)]
    return leaf is not None and (
        _AUTHORITY_KEY_IDENTIFIER not in leaf.extension_oids()
        or any(kind == "other" for kind, _value in leaf.subject_names())
        or any(not _fits_web_profile(issuer) for issuer in issuers)
    )


def _fits_web_profile(authority: Certificate) -> bool:
    return (
        authority.may_sign_certificates is True
        and _BASIC_CONSTRAINTS in authority.critical_oids()
        and authority.public_key.algorithm is not KeyAlgorithm.ED25519
    )


_AUTHORITY_KEY_IDENTIFIER = "2.5.29.35"
_BASIC_CONSTRAINTS = "2.5.29.19"

_DEVIATIONS = (
    _Deviation(
        "second-opinion.timestamp-end", "not enough sources of verified time", _is_at_window_end
    ),
    _Deviation(
        "second-opinion.certificate-profile",
        "failed to build timestamp certificate chain",
        _is_outside_web_profile,
    ),
)


def _deviation(
    parts: SignedParts, trust: SigningTrust, times: tuple[VerifiedTime, ...], refusal: str
) -> str | None:
    if not isinstance(trust, KeylessTrust):
        return None
    for deviation in _DEVIATIONS:
        if deviation.refusal in refusal and deviation.applies(parts, trust, times):
            return deviation.note
    return None


@lru_cache(maxsize=1)
def _library() -> SimpleNamespace | None:
    """Import what we use of the package, when first asked; None if it is absent or broken."""
    try:
        # Costs 0.3 s, so only on this path.
        from sigstore.hashes import Hashed
        from sigstore.models import Bundle
        from sigstore.models import TrustedRoot as LibraryRoot
        from sigstore.verify import Verifier
    # A half-upgraded environment fails in ways an ImportError does not cover (pydantic's).
    except Exception:  # noqa: BLE001
        return None
    return SimpleNamespace(
        Bundle=Bundle,
        Hashed=Hashed,
        Root=LibraryRoot,
        Verifier=Verifier,
    )


def _verifier(library: SimpleNamespace, document: bytes) -> Any:
    """The package's verifier for a root; None if it cannot read that root."""
    return _make_verifier(library.Root, library.Verifier, document)


@lru_cache(maxsize=8)
def _make_verifier(root_class: Any, verifier_class: Any, document: bytes) -> Any:
    import tempfile

    with tempfile.TemporaryDirectory(prefix="sealpin-") as directory:
        path = Path(directory, "trusted_root.json")
        path.write_bytes(document)
        try:
            return verifier_class(trusted_root=root_class.from_file(str(path)))
        # As above: a root it cannot read is a form it does not read.
        except Exception:  # noqa: BLE001
            return None

# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""TrustedRoot: which authorities are believed, for what, and from when until when.

Every key and certificate carries a window, closed at both ends, and nothing an authority made
outside of it counts. A root comes from a Sigstore ``trusted_root.json`` (`root_json`) or from PEM
files (`root_pems`); `TrustedRoot.document` writes any root in the first form, canonically, which is
what its digest is over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..chain import ChainProfile
from ..digest import Digest
from ..errors import InvalidInput, quote
from ..records import dataclass, replace
from .window import ALWAYS, Window

if TYPE_CHECKING:  # reading keys loads a library; a root that is only carried about needs none
    from ..certificates import Certificate
    from ..crypto import PublicKey


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateAuthority:
    """One issuer of signing certificates."""

    name: str
    """Its URI, or the file it was read from."""
    root: Certificate
    intermediates: tuple[Certificate, ...] = ()
    window: Window = ALWAYS
    profile: ChainProfile = ChainProfile.SIGSTORE


@dataclass(frozen=True, slots=True, kw_only=True)
class TransparencyLog:
    """A signature log (Rekor) or a certificate log (RFC 6962)."""

    name: str
    """Its base URL, or the file its key was read from."""
    log_id: bytes
    """Rekor v1 and RFC 6962: SHA-256 of the key. Rekor v2: the checkpoint key's full identifier."""
    key: PublicKey
    window: Window = ALWAYS


@dataclass(frozen=True, slots=True, kw_only=True)
class TimestampAuthority:
    """One issuer of RFC 3161 tokens."""

    name: str
    leaf: Certificate
    """The certificate that signs tokens."""
    intermediates: tuple[Certificate, ...]
    root: Certificate
    window: Window = ALWAYS
    profile: ChainProfile = ChainProfile.SIGSTORE

    @classmethod
    def of_chain(
        cls,
        chain: tuple[Certificate, ...],
        *,
        name: str,
        window: Window = ALWAYS,
        profile: ChainProfile,
    ) -> TimestampAuthority:
        """Take the signing certificate, then its issuers up to the root.

        Raises `InvalidInput` ``trust.incomplete``.
        """
        if len(chain) < 2 or chain[0].is_authority:
            raise InvalidInput(
                "trust.incomplete",
                f"timestamp authority {quote(name)}: expected a signing certificate, then its"
                f" issuers up to the root, got {len(chain)} certificates",
            )
        return cls(
            name=name,
            leaf=chain[0],
            intermediates=chain[1:-1],
            root=chain[-1],
            window=window,
            profile=profile,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedRoot:
    """Everything believed. Immutable: shared between threads, cached by its bytes."""

    certificate_authorities: tuple[CertificateAuthority, ...] = ()
    transparency_logs: tuple[TransparencyLog, ...] = ()
    ct_logs: tuple[TransparencyLog, ...] = ()
    timestamp_authorities: tuple[TimestampAuthority, ...] = ()
    unsupported: tuple[str, ...] = ()
    """Logs left out because this version cannot verify with their kind of key; to be shown, never
    believed.
    """

    def joined(self, other: TrustedRoot) -> TrustedRoot:
        """Believe everything this root and *other* believe."""
        return replace(
            self,
            certificate_authorities=self.certificate_authorities + other.certificate_authorities,
            transparency_logs=self.transparency_logs + other.transparency_logs,
            ct_logs=self.ct_logs + other.ct_logs,
            timestamp_authorities=self.timestamp_authorities + other.timestamp_authorities,
            unsupported=self.unsupported + other.unsupported,
        )

    def document(self) -> bytes:
        """Write the root as a ``trusted_root.json``, in RFC 8785 form.

        Round trip: ``parse_trusted_root(root.document())`` believes the same, except that the
        profile of a private authority and the names of unsupported logs are not part of that
        format.
        """
        from .root_json import document_of

        return document_of(self)

    @property
    def digest(self) -> Digest:
        """Of `document`: the same for the same trust, however it was spelled."""
        return Digest.of(self.document())

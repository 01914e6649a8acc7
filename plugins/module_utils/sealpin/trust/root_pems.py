# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""A trusted root of PEM files, without windows other than the certificates' own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..chain import ChainProfile
from ..errors import InvalidInput
from .root import CertificateAuthority, TimestampAuthority, TransparencyLog, TrustedRoot

if TYPE_CHECKING:  # as in `root`
    from ..certificates import Certificate

MAX_PEM_CERTIFICATES = 100
"""In one PEM file of roots or intermediates."""


def root_from_pems(
    *,
    ca_roots: bytes = b"",
    ca_intermediates: bytes = b"",
    certificate_chain: bytes = b"",
    rekor_keys: tuple[bytes, ...] = (),
    ct_keys: tuple[bytes, ...] = (),
    timestamp_chain: bytes = b"",
    name: str = "given PEM",
) -> TrustedRoot:
    """Make a root from PEM files, all without windows other than the certificates' own.

    *ca_roots* is one or more roots, each usable with every certificate of *ca_intermediates*.
    *certificate_chain* is one authority, intermediates first and root last. *timestamp_chain*
    is one timestamp authority, its signing certificate first and its root last. *rekor_keys*
    and *ct_keys* are one public key each.

    Raises `InvalidInput` ``certificate.malformed``, ``key.*``, ``trust.incomplete`` or
    ``trust.too-many-certificates``.
    """
    timestamp_authorities: tuple[TimestampAuthority, ...] = ()
    if timestamp_chain:
        chain = _chain(timestamp_chain, name)
        timestamp_authorities = (
            TimestampAuthority.of_chain(chain, name=name, profile=ChainProfile.PRIVATE),
        )
    return TrustedRoot(
        certificate_authorities=_authorities(certificate_chain, ca_roots, ca_intermediates, name),
        transparency_logs=tuple(_log_from_pem(pem, name) for pem in rekor_keys),
        ct_logs=tuple(_log_from_pem(pem, name) for pem in ct_keys),
        timestamp_authorities=timestamp_authorities,
    )


def _authorities(
    certificate_chain: bytes, ca_roots: bytes, ca_intermediates: bytes, name: str
) -> tuple[CertificateAuthority, ...]:
    """Make an authority of the chain, and one of each root with all the intermediates."""
    found: tuple[CertificateAuthority, ...] = ()
    if certificate_chain:
        *between, root = _chain(certificate_chain, name)
        found += (_private_authority(name, root, tuple(between)),)
    if ca_intermediates and not ca_roots:
        raise InvalidInput(
            "trust.incomplete",
            f"intermediate certificates without a root trust nothing ({name})",
            hint="give the roots too",
        )
    if ca_roots:
        shared = _chain(ca_intermediates, name) if ca_intermediates else ()
        found += tuple(_private_authority(name, root, shared) for root in _chain(ca_roots, name))
    return found


def _private_authority(
    name: str, root: Certificate, intermediates: tuple[Certificate, ...]
) -> CertificateAuthority:
    return CertificateAuthority(
        name=name, root=root, intermediates=intermediates, profile=ChainProfile.PRIVATE
    )


def _log_from_pem(pem: bytes, name: str) -> TransparencyLog:
    from ..crypto import PublicKey

    key = PublicKey.from_pem(pem, what=f"the log key in {name}")
    return TransparencyLog(name=name, log_id=bytes.fromhex(key.key_id), key=key)


def _chain(pem: bytes, name: str) -> tuple[Certificate, ...]:
    from ..certificates import Certificate

    certificates = Certificate.chain_from_pem(pem, what=f"the certificates in {name}")
    if len(certificates) > MAX_PEM_CERTIFICATES:
        raise InvalidInput(
            "trust.too-many-certificates",
            f"too many certificates: at most {MAX_PEM_CERTIFICATES}, got {len(certificates)}"
            f" ({name})",
        )
    return certificates

# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""TLS settings and the context made from them.

What a person names must load: a CA file that cannot be read is an error and never a silent return
to the system's authorities. Own authorities are added to the system's, since one run may read
public and private registries.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InvalidInput, quote
from ..records import dataclass, field

if TYPE_CHECKING:
    import ssl


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorities:
    """Certificate authorities that were read already."""

    name: str
    """Where they came from, for messages."""
    pem: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsOptions:
    """How the other side is authenticated, and how we are."""

    ca_files: tuple[Path, ...] = ()
    """PEM files with further certificate authorities."""
    authorities: tuple[Authorities, ...] = ()
    """Further ones that are no files here."""
    client_certificate: Path | None = None
    """PEM chain, leaf first; `client_key` belongs to it."""
    client_key: Path | None = None
    server_name: str = ""
    """The name expected in the server's certificate, instead of the host in the address."""
    unsafe_unverified: bool = False
    """The server's certificate is not checked (``insecure.registry`` in the report)."""


def make_context(options: TlsOptions) -> ssl.SSLContext:
    """Build the context. Raises `InvalidInput` ``tls.ca-file``, ``tls.client-certificate``."""
    import ssl  # loaded for what is reached, not for what could be

    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    for path in options.ca_files:
        _add_authorities(context, path, cafile=path)
    for given in options.authorities:
        _add_authorities(context, given.name, cadata=given.pem.decode("ascii", "ignore"))
    if options.client_certificate is not None:
        _add_client_certificate(context, options)
    elif options.client_key is not None:
        raise InvalidInput(
            "tls.client-certificate", "a client key was given without its client certificate"
        )
    if options.unsafe_unverified:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _add_authorities(context: ssl.SSLContext, name: str | Path, **where: Any) -> None:
    import ssl

    # Python 3.13 demands RFC 5280 extensions that many private authorities never wrote into their
    # own certificates; the chain, the dates and the name are checked without them all the same.
    context.verify_flags &= ~getattr(ssl, "VERIFY_X509_STRICT", 0)
    try:
        context.load_verify_locations(**where)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InvalidInput(
            "tls.ca-file",
            f"certificate authorities do not load from {quote(name)}: {reason}",
            hint="give a readable file with one or more PEM certificates",
        ) from error


def _add_client_certificate(context: ssl.SSLContext, options: TlsOptions) -> None:
    certificate = options.client_certificate
    if certificate is None:
        return
    try:
        # An encrypted key would make OpenSSL ask on the terminal.
        context.load_cert_chain(certificate, options.client_key, password=_no_password)
    except (OSError, ValueError) as error:
        raise InvalidInput(
            "tls.client-certificate",
            f"client certificate does not load from {quote(certificate)}: {error}",
        ) from error


def _no_password() -> str:
    raise ValueError("the client key is encrypted; give it unencrypted, readable by you only")

# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""RFC 3161 tokens: a timestamp authority saw the signature at some moment.

The only importer of ``rfc3161_client``, which verifies the token; the rules of `chain` for the
authority's certificate are added here. Each authority is tried alone, with its own chain and
window, so that a token of one can never borrow another's window. A token by nobody known is no
proof and no refusal (anybody may add or remove one); why it did not count is kept for the message
when a moment is missing. The library is imported when the first token is met.
"""

from __future__ import annotations

from datetime import datetime
from types import ModuleType
from typing import TYPE_CHECKING

from ..chain import ChainPurpose, verify_chain
from ..errors import InvalidInput, VerificationFailed, missing_library, quote
from ..records import dataclass
from ..trust.root import TimestampAuthority
from .verified import TimeSource, VerifiedTime

if TYPE_CHECKING:
    from rfc3161_client import TimeStampResponse


@dataclass(frozen=True, slots=True, kw_only=True)
class Timestamps:
    """What a signature's tokens prove."""

    times: tuple[VerifiedTime, ...] = ()
    authority_count: int = 0
    """Distinct authorities among them."""
    refusals: tuple[str, ...] = ()
    """Why the tokens that prove nothing do not, one line each."""


def verify_timestamps(
    tokens: tuple[bytes, ...], *, message: bytes, authorities: tuple[TimestampAuthority, ...]
) -> Timestamps:
    """Check each of *tokens* (TimeStampResp, DER) over *message*.

    Raises `InvalidInput` ``timestamp.malformed``, `VerificationFailed` ``timestamp.duplicate``,
    `MissingDependency`.
    """
    if not tokens:
        return Timestamps()
    if len(set(tokens)) != len(tokens):
        raise VerificationFailed("timestamp.duplicate", "the same timestamp token is there twice")
    library = _library()
    times, keys, refusals = [], set(), []
    for token in tokens:
        response = _decode(library, token)
        for authority in authorities:
            try:
                times.append(_verify(library, response, message, authority))
            except VerificationFailed as refusal:
                refusals.append(refusal.message)
            else:
                keys.add(authority.leaf.public_key.spki_der)
                break
    if not authorities:
        refusals.append("the trusted root has no timestamp authority")
    return Timestamps(
        times=tuple(times), authority_count=len(keys), refusals=tuple(dict.fromkeys(refusals))
    )


def _verify(
    library: ModuleType, response: TimeStampResponse, message: bytes, authority: TimestampAuthority
) -> VerifiedTime:
    builder = library.VerifierBuilder().tsa_certificate(authority.leaf.library_object)
    builder = builder.add_root_certificate(authority.root.library_object)
    for certificate in authority.intermediates:
        builder = builder.add_intermediate_certificate(certificate.library_object)
    try:
        builder.build().verify_message(response, message)
    except (library.VerificationError, ValueError) as error:
        raise VerificationFailed(
            "timestamp.invalid", f"timestamp does not verify with {authority.name}: {error}"
        ) from error
    at_utc: datetime = response.tst_info.gen_time
    if not authority.window.contains(at_utc):
        raise VerificationFailed(
            "timestamp.authority-window",
            f"timestamp authority {authority.name} is trusted from {authority.window},"
            f" got a token of {at_utc:%Y-%m-%dT%H:%M:%SZ}",
        )
    # The library checks the path as OpenSSL does; what `chain` refuses beyond that is refused here.
    verify_chain(
        authority.leaf,
        intermediates=authority.intermediates,
        roots=(authority.root,),
        at_utc=at_utc,
        purpose=ChainPurpose.TIMESTAMPING,
        profile=authority.profile,
    )
    return VerifiedTime(at_utc=at_utc, source=TimeSource.RFC3161, authority=authority.name)


def _decode(library: ModuleType, token: bytes) -> TimeStampResponse:
    try:
        response: TimeStampResponse = library.decode_timestamp_response(token)
        _checked = response.tst_info
    except ValueError as error:
        raise InvalidInput(
            "timestamp.malformed", f"not an RFC 3161 timestamp response: {quote(error)}"
        ) from error
    return response


def _library() -> ModuleType:
    try:
        import rfc3161_client  # needed only when a token exists
    except ImportError as error:
        raise missing_library("rfc3161-client", purpose="checking a timestamp") from error
    return rfc3161_client

# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""What can be wrong between us and a key service, in the project's own errors.

Each provider's file turns its client library's exceptions into these, so that "the service refused"
and "there is no such key" mean the same whoever runs it.
"""

from __future__ import annotations

from ...errors import InvalidInput, MissingDependency, Unavailable, quote

CONNECT_TIMEOUT_S = 5
READ_TIMEOUT_S = 10


def missing_extra(library: str, *, extra: str) -> MissingDependency:
    """The error for an absent client library."""
    return MissingDependency(
        "dependency.missing-library",
        f"a key in {extra}:// needs the Python library {library}, which is not installed",
        hint=f"install it beside sealpin: pip install 'sealpin[{extra}]'",
    )


def malformed_reference(reference: str, *, expected: str) -> InvalidInput:
    """The error for a reference that is not of the provider's form."""
    return InvalidInput(
        "kms.reference", f"not a key reference: expected {expected}, got {quote(reference)}"
    )


def no_such_key(reference: str, why: object) -> InvalidInput:
    """The error for a key the service does not know."""
    return InvalidInput("kms.not-found", f"there is no key {quote(reference)}: {quote(why)}")


def not_for_signatures(reference: str, purpose: object) -> InvalidInput:
    """The error for a key that encrypts, or a symmetric one."""
    return InvalidInput(
        "kms.not-for-signatures",
        f"the key {quote(reference)} is not for signatures, but {quote(purpose)}",
    )


def refused(reference: str, why: object) -> Unavailable:
    """The error for missing, expired or insufficient credentials."""
    return Unavailable(
        "kms.refused",
        f"the key service did not give the public key of {quote(reference)}: {quote(why)}",
        hint="check the credentials of the provider's own tools; they are used here as they are",
    )


def unreachable(reference: str, why: object) -> Unavailable:
    """The error for a service that gave no answer."""
    return Unavailable(
        "kms.unreachable", f"the key service of {quote(reference)} cannot be reached: {quote(why)}"
    )


def unusable_answer(reference: str, why: object) -> Unavailable:
    """The error for an answer that is not what the service's interface says."""
    return Unavailable(
        "kms.unusable-answer",
        f"the key service's answer for {quote(reference)} cannot be used: {quote(why)}",
    )

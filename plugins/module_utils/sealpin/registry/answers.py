# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Answers: what a status that is not 200 means for the caller.

404 is the only status that says "it is not there". Everything else that is not an answer is
`Unavailable`, so that a throttled or forbidden lookup can never be read as "unsigned".
"""

from __future__ import annotations

from .. import jsonbytes
from ..errors import InvalidInput, SealpinError, Unavailable, quote
from .retry import retry_after_s
from .transport import Response

HIDDEN = "a registry may hide what needs a login like this"
"""Why "not found" need not be the last word of a registry."""
_MAX_SHOWN_ERRORS = 3


class NotFound(InvalidInput):
    """The registry, layout or mirror answered, and does not have it."""

    def __init__(self, what: str, *, hint: str) -> None:
        super().__init__("registry.not-found", f"not found: {what}", hint=hint)
        self.what = what


def refusal(response: Response, what: str) -> SealpinError:
    """Return the error that *response* is to somebody who asked for *what*."""
    detail = _detail(response)
    status = response.status
    if status == 404:
        return NotFound(
            what + (f" ({detail})" if detail else ""), hint=f"check the name and the tag; {HIDDEN}"
        )
    if status == 401:
        return _unauthorized(response, f"{what}{_said(detail)}")
    if status == 403:
        return Unavailable(
            "registry.denied",
            f"the registry denies {response.login or 'whoever has no login'} access to"
            f" {what}{_said(detail)}",
            hint="ask for access, or log in as somebody who has it",
        )
    if status == 429:
        wait_s = retry_after_s(response)
        patience = f", to be asked again after {wait_s:g} s" if wait_s is not None else ""
        return Unavailable(
            "registry.rate-limited",
            f"the registry limits the rate of requests: {what}{patience}",
            hint="log in for a higher limit, or try later",
        )
    if status >= 500:
        return Unavailable(
            "registry.server-error",
            f"the registry failed with {status} for {what}{_said(detail)}",
            hint="try again later, or read from a --mirror",
        )
    return Unavailable(
        "registry.unexpected-status",
        f"unexpected status {status} for {what}{_said(detail)}",
    )


def _unauthorized(response: Response, what: str) -> Unavailable:
    return Unavailable(
        "registry.unauthorized",
        f"the registry refuses {response.login} for {what}"
        if response.login
        else f"the registry wants a login, and none was found: {what}",
        hint="log in (docker login, podman login), or give credentials; a private or missing"
        " repository answers like this too",
    )


def error_codes(response: Response) -> tuple[str, ...]:
    """Return the codes of an error body (distribution-spec "Error Codes"), or nothing."""
    try:
        errors = jsonbytes.parse_object(response.body, what="error").get("errors")
    except InvalidInput:
        return ()
    entries = errors[:_MAX_SHOWN_ERRORS] if isinstance(errors, list) else []
    return tuple(
        str(entry["code"]) for entry in entries if isinstance(entry, dict) and "code" in entry
    )


def _detail(response: Response) -> str:
    return ", ".join(quote(code).strip('"') for code in error_codes(response))


def _said(detail: str) -> str:
    return f": {detail}" if detail else ""

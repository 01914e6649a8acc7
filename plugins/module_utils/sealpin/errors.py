# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The exceptions of the core, sorted by what the caller does next.

::

    SealpinError
    ├── InvalidInput          fix what was given: a reference, a file, an option
    ├── Unavailable           try again: registry, network, authorisation, a document out of reach
    ├── VerificationFailed    do not use it: a signature, a claim or a digest is wrong
    ├── PolicyInvalid         fix the policy: it does not load, so nothing is decided
    └── MissingDependency     install it: a library or program this path needs is absent

``Unavailable`` and ``MissingDependency`` always lead to an *inconclusive* decision, never to
"denied for lack of a signature" and never to "allowed". Each error has a stable ``code``
(``checkpoint.root-mismatch``) that reports, documentation and tests share, one message (what,
expected, got, where) and a hint that says what to do next.
"""

from __future__ import annotations

from .next_steps import NEXT_STEPS

MAX_QUOTED_CHARS = 200


class SealpinError(Exception):
    """Root of every error raised on purpose; anything else is a bug in Sealpin."""

    def __init__(self, code: str, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint or NEXT_STEPS.get(code, "")

    def __str__(self) -> str:
        return f"{self.message} [{self.code}]"


class InvalidInput(SealpinError):
    """What was given is malformed."""


class Unavailable(SealpinError):
    """It could not be checked now; says nothing about the image."""


class VerificationFailed(SealpinError):
    """A check was made and the answer is no."""


class PolicyInvalid(SealpinError):
    """A policy document does not load."""


class MissingDependency(SealpinError):
    """A library or program is absent."""


def missing_library(name: str, *, purpose: str) -> MissingDependency:
    """Make the error for an absent Python library."""
    return MissingDependency(
        "dependency.missing-library",
        f"{purpose} needs the Python library {name}, which is not installed",
        hint=f"install it beside sealpin: pip install {name}",
    )


def quote(text: object) -> str:
    """Return untrusted *text* fit for one line of a message: escaped, and cut at 200 characters."""
    shown = str(text)
    if len(shown) > MAX_QUOTED_CHARS:
        shown = shown[:MAX_QUOTED_CHARS] + "…"
    if shown.isprintable():
        return f'"{shown}"'
    return '"' + "".join(c if c.isprintable() else repr(c)[1:-1] for c in shown) + '"'

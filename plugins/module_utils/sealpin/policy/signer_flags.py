# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Who may have signed, as flags say it; their mistakes are found before anything is asked.

Imports nothing that verifies, so that the answer to a mistake is fast and the registry can be asked
while the rest still loads.
"""

from __future__ import annotations

from ..errors import InvalidInput
from ..records import dataclass
from ..regexes import Pattern, compile_pattern
from .extensions import extension_oid


@dataclass(frozen=True, slots=True, kw_only=True)
class SignerFlags:
    """Who may have signed, as flags say it; all empty for a key."""

    identity: str = ""
    identity_regexp: str = ""
    issuer: str = ""
    issuer_regexp: str = ""
    workflow_trigger: str = ""
    workflow_sha: str = ""
    workflow_name: str = ""
    workflow_repository: str = ""
    workflow_ref: str = ""
    publisher: str = ""

    @property
    def claims(self) -> tuple[tuple[str, str], ...]:
        """The workflow claims as certificate extensions, sorted by OID."""
        wanted = {
            "github_workflow_trigger": self.workflow_trigger,
            "github_workflow_sha": self.workflow_sha,
            "github_workflow_name": self.workflow_name,
            "github_workflow_repository": self.workflow_repository,
            "github_workflow_ref": self.workflow_ref,
        }
        return tuple(
            sorted((extension_oid(name), value) for name, value in wanted.items() if value)
        )

    def issuer_rule(self) -> str | Pattern:
        """Return the issuer to expect. Raises `InvalidInput` ``identity.*``, ``pattern.*``."""
        return text_rule(self.issuer, self.issuer_regexp, "certificate-oidc-issuer")

    def subject_rule(self) -> str | Pattern:
        """Return the identity to expect. Raises `InvalidInput` ``identity.*``, ``pattern.*``."""
        return text_rule(self.identity, self.identity_regexp, "certificate-identity")


def text_rule(exact: str, pattern: str, flag: str) -> str | Pattern:
    """Return the one that is given, the exact text or the expression, compiled.

    Raises `InvalidInput` ``identity.ambiguous`` for both, ``identity.missing`` for neither, since
    anyone could have signed then; and as `compile_pattern`.
    """
    if bool(exact) == bool(pattern):
        got = "both" if exact else "neither"
        raise InvalidInput(
            "identity.ambiguous" if exact else "identity.missing",
            f"expected exactly one of --{flag} and --{flag}-regexp, got {got}",
            hint="say who must have signed, or name a publisher (--publisher) or a key (--key)",
        )
    return exact or compile_pattern(pattern, where=f"--{flag}-regexp")

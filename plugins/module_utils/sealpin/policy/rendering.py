# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""What every rendering of policies in another format has in common.

A policy is rendered whole or not at all. What the other format cannot say would be missing from its
rule and make it laxer, so it is named as an `Omission` and the policy left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import chain, count
from typing import Any

from ..records import dataclass
from ..trust.keys import NamedKey
from ..trust.window import ALWAYS
from .model import KeyAuthority, TrustPolicy, Unresolved


@dataclass(frozen=True, slots=True, kw_only=True)
class Omission:
    """A policy that was not rendered, and the first thing the other format cannot say."""

    policy: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendering:
    """Documents (as JSON values) and what was left out."""

    documents: tuple[Mapping[str, Any], ...]
    omissions: tuple[Omission, ...]


class Inexpressible(Exception):
    """The other format cannot say this."""


def render_each(
    policies: tuple[TrustPolicy, ...], render: Callable[[TrustPolicy, str], Mapping[str, Any]]
) -> Rendering:
    """Let *render* make a document of each policy and a Kubernetes name for it.

    It raises `Inexpressible` for a policy to leave out.
    """
    documents, omissions = [], []
    for policy, name in zip(policies, document_names(policies), strict=True):
        try:
            documents.append(render(policy, name))
        except Inexpressible as error:
            omissions.append(Omission(policy=policy.name, reason=str(error)))
    return Rendering(documents=tuple(documents), omissions=tuple(omissions))


def document_names(policies: tuple[TrustPolicy, ...]) -> tuple[str, ...]:
    """Kubernetes names for policies, no two alike: in a cluster the later would replace the other.

    Lower case, other characters as dashes; a name that is one already is kept, and of those that
    would come out alike the later get a number.
    """
    plain = [_document_name(policy.name) for policy in policies]
    kept = {name for name, policy in zip(plain, policies, strict=True) if name == policy.name}
    names: list[str] = []
    for policy, name in zip(policies, plain, strict=True):
        taken = {*names, *(kept if name != policy.name else ())}
        numbered = (f"{name}-{number}" for number in count(2))
        names.append(next(each for each in chain([name], numbered) if each not in taken))
    return tuple(names)


def _document_name(text: str) -> str:
    name = "".join(c if c.isascii() and c.isalnum() else "-" for c in text.lower())
    return name[:240].strip("-") or "policy"


def key_fields(authority: KeyAuthority, *, hash_field: str) -> dict[str, str]:
    """The key of an authority as PEM and, if one is chosen, its hash as *hash_field*."""
    if isinstance(authority.trust, Unresolved):
        raise Inexpressible(f"{authority.name}: {authority.trust.error.message}")
    named = authority.trust.key
    fields = {"data": lasting_pem(named).decode("ascii"), hash_field: named.hash_algorithm}
    return {name: value for name, value in fields.items() if value}


def lasting_pem(named: NamedKey) -> bytes:
    """The PEM of a key; raises `Inexpressible` for one that is trusted for a time only."""
    if named.window != ALWAYS:
        raise Inexpressible(f"the time of the key {named.name}")
    return named.key.pem

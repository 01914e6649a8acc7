# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The policy hash: SHA-256 of the canonical model, with its keys and publisher rows.

What decides is in it, how it was spelled is not: comments, order of fields, file names and the
choice between the two spellings change nothing, a byte of a key does. Trusted roots are not in it,
because they change on their own when they are refreshed; `root_digest` hashes them. The lock
records both (`manifests.lock`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from enum import Enum
from typing import Any

from .. import jsonbytes
from ..digest import Digest
from ..records import fields, is_dataclass
from ..reference import Repository
from ..regexes import Pattern
from ..trust.keys import NamedKey
from ..trust.root import TrustedRoot
from .match import ImageGlob
from .model import (
    EvidencePlace,
    NoMatch,
    PolicySet,
    Selection,
    StaticAuthority,
    TrustPolicy,
    Unresolved,
)

_VERSION = 1
"""Part of what is hashed; goes up when the same model would hash differently."""


def make_policy_set(
    policies: tuple[TrustPolicy, ...],
    *,
    no_match: NoMatch = NoMatch.DENY,
    selection: Selection = Selection.ALL,
    origin: tuple[str, ...] = (),
) -> PolicySet:
    """Put policies together under their hash."""
    model = {
        "version": _VERSION,
        "no_match": no_match.value,
        "selection": selection.value,
        "policies": [_plain(policy) for policy in policies],
    }
    return PolicySet(
        policies=policies,
        no_match=no_match,
        selection=selection,
        digest=str(Digest.of(jsonbytes.canonical(model))),
        origin=origin,
    )


def root_digest(policies: PolicySet, authorities: Iterable[str]) -> Digest | None:
    """Hash the trusted roots behind *authorities* (``policy/authority``, as findings name them).

    One root is its own digest, several are hashed together; None where only keys were trusted.
    """
    wanted = frozenset(authorities)
    roots = {
        str(authority.trust.root.digest)
        for policy in policies.policies
        for authority in policy.authorities
        if f"{policy.name}/{authority.name}" in wanted
        and not isinstance(authority, StaticAuthority)
        and not isinstance(authority.trust, Unresolved)
        and authority.trust.root is not None
    }
    if len(roots) == 1:
        return Digest.parse(roots.pop())
    return Digest.of("\n".join(sorted(roots)).encode("ascii")) if roots else None


def trust_digest(policies: PolicySet) -> str:
    """Everything a decision depends on: the policies' hash and that of all their roots."""
    authorities = [f"{p.name}/{each.name}" for p in policies.policies for each in p.authorities]
    return f"{policies.digest} {root_digest(policies, authorities) or ''}"


def _plain(value: Any) -> Any:
    """Turn a model value into JSON whose canonical form is unique for it."""
    atom = _ATOMS.get(type(value))
    if atom is not None:
        return atom(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, frozenset):
        return sorted(_plain(item) for item in value)
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if is_dataclass(value):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value) if f.compare}
    return value


def _plain_key(key: NamedKey) -> Any:
    """What is believed, not what the file is called."""
    return {
        "spki": key.key.key_id,
        "window": str(key.window),
        "hash_algorithm": key.hash_algorithm,
    }


def _plain_place(place: EvidencePlace) -> Any:
    """Where evidence lies; who may read it there says nothing of whom to believe."""
    return {"repository": _plain(place.repository), "tag_prefix": place.tag_prefix}


_ATOMS: Mapping[type, Callable[[Any], Any]] = {
    TrustedRoot: lambda _root: "trusted root",
    NamedKey: _plain_key,
    EvidencePlace: _plain_place,
    Pattern: lambda pattern: {"pattern": pattern.text},
    ImageGlob: lambda glob: {glob.dialect.value: glob.text},
    Unresolved: lambda unresolved: {"unresolved": unresolved.error.code},
    Repository: str,
    datetime: datetime.isoformat,
    bytes: bytes.hex,
    float: lambda number: {"number": repr(number)},
}

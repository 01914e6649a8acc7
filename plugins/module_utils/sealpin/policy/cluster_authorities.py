# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The authorities of a ClusterImagePolicy: who may sign, as a key, a certificate or whoever.

`cluster_trust` reads whom an authority believes, `cluster_evidence` what it wants of evidence.
Where these differ from policy-controller, it is always the stricter reading.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..regexes import compile_pattern
from ..weakening import Weakening
from .authority_trust import NOTHING, Roots, TrustTable
from .cluster_evidence import ReadProgram, read_evidence_rules
from .cluster_objects import ClusterObjects
from .cluster_trust import read_certificates, read_demands, read_named_key
from .fields import Fields, render
from .model import (
    Authority,
    EvidenceRules,
    IdentityRule,
    KeyAuthority,
    KeylessAuthority,
    StaticAuthority,
    TextRule,
)

_ACTIONS = {"pass": True, "fail": False}


def read_authority(
    entry: Fields, index: int, objects: ClusterObjects, table: TrustTable, read_program: ReadProgram
) -> Authority | None:
    """Read one entry of ``authorities``; what it makes counts only if no problem was noted."""
    name = entry.text("name") or f"authority-{index}"
    kind = entry.exactly_one("key", "keyless", "static")
    inner = entry.mapping(kind) if kind else None
    if inner is None:
        return None
    authority: Authority | None
    if kind == "static":
        authority = _read_static(entry, inner, name)
    else:
        rules = read_evidence_rules(entry, objects, read_program)
        if kind == "keyless":
            authority = _read_keyless(
                entry, inner, name=name, rules=rules, objects=objects, table=table
            )
        else:
            authority = _read_key(
                entry, inner, name=name, rules=rules, objects=objects, table=table
            )
    inner.finish()
    entry.finish()
    return authority


def _read_static(entry: Fields, inner: Fields, name: str) -> StaticAuthority:
    passes = inner.choice("action", _ACTIONS, details="unsupported action")
    if not inner.has("action"):
        inner.reader.missing(inner.at("action"))
    for other in ("attestations", "source", "ctlog", "rfc3161timestamp"):
        if entry.has(other):
            entry.reader.add("expected exactly one, got both", entry.at("static"), entry.at(other))
    return StaticAuthority(name=name, passes=passes is True, message=inner.text("message"))


def _read_keyless(
    entry: Fields,
    inner: Fields,
    *,
    name: str,
    rules: EvidenceRules,
    objects: ClusterObjects,
    table: TrustTable,
) -> KeylessAuthority | None:
    if inner.has("url") and inner.has("ca-cert"):
        inner.reader.add("expected exactly one, got both", inner.at("ca-cert"), inner.at("url"))
    inner.text("url")  # where the signer got the certificate; says nothing of whom to believe
    identities = tuple(_read_identities(inner))
    base = objects.root(inner.text("trustRootRef")) if inner.has("trustRootRef") else None
    demands = read_demands(entry, objects, base=base or objects.default_root(), wants_log=True)
    certificates = read_certificates(inner, objects, base or objects.default_root())
    weakenings = demands.weakenings
    if inner.boolean("insecureIgnoreSCT"):
        weakenings |= {Weakening.IGNORE_SCT}
    if not identities:
        return None
    trust = table.keyless(
        Roots(certificates=certificates, logs=demands.logs, timestamps=demands.timestamps),
        weakenings,
        require_timestamp=demands.require_timestamp,
    )
    return KeylessAuthority(name=name, identities=identities, trust=trust, rules=rules)


def _read_key(
    entry: Fields,
    inner: Fields,
    *,
    name: str,
    rules: EvidenceRules,
    objects: ClusterObjects,
    table: TrustTable,
) -> KeyAuthority | None:
    named = read_named_key(inner, objects)
    base = (
        objects.default_root() if entry.has("ctlog") or entry.has("rfc3161timestamp") else NOTHING
    )
    demands = read_demands(entry, objects, base=base, wants_log=False)
    if named is None:
        return None
    trust = table.key(
        named,
        Roots(certificates=base, logs=demands.logs, timestamps=demands.timestamps),
        demands.weakenings,
        require_timestamp=demands.require_timestamp,
    )
    return KeyAuthority(name=name, trust=trust, rules=rules)


def _read_identities(inner: Fields) -> Iterator[IdentityRule]:
    path = inner.at("identities")
    if not inner.items("identities"):
        inner.reader.missing(
            path, details=f"{render(path)}: Invalid value: at least one is expected"
        )
    for entry in inner.mappings("identities"):
        issuer = _read_text_rule(entry, "issuer", "issuerRegExp")
        subject = _read_text_rule(entry, "subject", "subjectRegExp")
        entry.finish()
        if issuer is not None and subject is not None:
            yield IdentityRule(issuer=issuer, subject=subject)


def _read_text_rule(entry: Fields, exact: str, pattern: str) -> TextRule | None:
    text, expression = entry.text(exact), entry.text(pattern)
    if text and expression:
        entry.reader.add("expected exactly one, got both", entry.at(exact), entry.at(pattern))
        return None
    if expression:
        path = entry.at(pattern)
        return entry.reader.attempt(
            expression, path, lambda: compile_pattern(expression, where="the pattern")
        )
    if not text:
        entry.reader.missing(entry.at(exact), entry.at(pattern))
    return text or None

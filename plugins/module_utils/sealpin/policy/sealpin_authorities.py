# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Authorities of the short spelling: ``keyless``, ``key``, ``publisher``, ``static``.

`sealpin_trust` reads whom an authority believes, `sealpin_conditions` the attestations it wants.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from ..records import replace
from ..reference import Repository
from ..regexes import compile_pattern
from .authority_trust import TrustTable
from .cluster_objects import ClusterObjects
from .extensions import extension_oid
from .fields import Fields
from .match import ImageGlob
from .model import (
    Authority,
    EvidencePlace,
    EvidenceRules,
    Formats,
    IdentityRule,
    KeyAuthority,
    KeylessAuthority,
    StaticAuthority,
    TextRule,
)
from .publishers import Publisher, find_publisher
from .sealpin_conditions import read_attestations
from .sealpin_trust import TrustReader
from .sources import Sources

AUTHORITY_KINDS = ("keyless", "key", "publisher", "static")
RULE_FIELDS = (
    "attestations",
    "provenance",
    "annotations",
    "signature",
    "repository",
    "repository_only",
    "tag_prefix",
    "formats",
)
"""What says where an authority's evidence lies and what it must carry."""

_IDENTITY = ("issuer", "issuer_regexp", "identity", "identity_regexp", "extensions")
_FORMATS = {choice.value: choice for choice in Formats}
_SIGNATURE = {"required": True, "replaced": False}
_STATIC = {"pass": True, "fail": False}


class AuthorityReader:
    """Reads authorities under one file's default root."""

    def __init__(self, *, objects: ClusterObjects, table: TrustTable, root_path: str) -> None:
        self.sources: Sources = objects.sources
        self._trust = TrustReader(objects=objects, table=table, root_path=root_path)

    def read(self, entry: Fields, *, name: str) -> list[Authority]:
        """Read the one authority of *entry*; its kind is its name where *name* is empty."""
        kind = entry.exactly_one(*AUTHORITY_KINDS)
        if kind == "static":
            passes = entry.choice("static", _STATIC)
            return [
                StaticAuthority(
                    name=name or kind, passes=passes is True, message=entry.text("message")
                )
            ]
        if kind == "publisher":
            return self._read_publisher(entry, name)
        rules = _read_rules(entry, self.sources)
        if kind == "keyless":
            return self._read_keyless(entry, name or kind, rules)
        if kind == "key":
            return self._read_key(entry, name or kind, rules)
        return []

    def publisher_images(self, entry: Fields) -> tuple[ImageGlob, ...]:
        """The images of the publisher *entry* names; none when it names none."""
        publisher = self._publisher(entry) if entry.has("publisher") else None
        return publisher.images if publisher is not None else ()

    def _publisher(self, entry: Fields) -> Publisher | None:
        value, path = entry.any("publisher"), entry.at("publisher")
        name = value.get("name") if isinstance(value, dict) else value
        if not isinstance(name, str):
            entry.reader.invalid(value, path, "expected a publisher's name")
            return None
        return entry.reader.attempt(name, path, lambda: find_publisher(name))

    def _read_publisher(self, entry: Fields, name: str) -> list[Authority]:
        publisher = self._publisher(entry)
        inner = _mapping_or_empty(entry, "publisher")
        inner.text("name")
        rules = _read_rules(entry, self.sources)
        trust = self._trust.keyless(inner)
        inner.finish()
        if publisher is None:
            return []
        rules = replace(
            rules,
            places=(*rules.places, *publisher.places),
            annotations=tuple(sorted({*rules.annotations, *publisher.annotations})),
        )
        return [
            KeylessAuthority(
                name=name or publisher.name,
                identities=publisher.identities,
                trust=trust,
                rules=rules,
                publisher=publisher.name,
            )
        ]

    def _read_keyless(self, entry: Fields, name: str, rules: EvidenceRules) -> list[Authority]:
        inner = _mapping_or_empty(entry, "keyless")
        builder_decides = any(rule.provenance is not None for rule in rules.attestations)
        if inner.has("identities"):
            identities = [
                _read_identity(each, is_own=True) for each in inner.mappings("identities")
            ]
        elif builder_decides and not any(inner.has(field) for field in _IDENTITY):
            identities = []
        else:
            identities = [_read_identity(inner, is_own=False)]
        trust = self._trust.keyless(inner)
        inner.finish()
        found = tuple(identity for identity in identities if identity is not None)
        if len(found) < len(identities):
            return []
        authority = entry.reader.attempt(
            name,
            entry.at("keyless"),
            lambda: KeylessAuthority(name=name, identities=found, trust=trust, rules=rules),
        )
        return [authority] if authority is not None else []

    def _read_key(self, entry: Fields, name: str, rules: EvidenceRules) -> list[Authority]:
        """Read ``key``: a path, a key service's URI, or a mapping with one of them or PEM."""
        value = entry.any("key")
        if isinstance(value, str):
            field = "kms" if "://" in value else "file"
            inner = Fields({field: value}, entry.at("key"), entry.reader)
        else:
            inner = _mapping_or_empty(entry, "key")
        trust = self._trust.key(inner)
        inner.finish()
        if trust is None:
            return []
        return [KeyAuthority(name=name, trust=trust, rules=rules)]


def _read_rules(entry: Fields, sources: Sources) -> EvidenceRules:
    attestations = tuple(read_attestations(entry, sources))
    wants_signature = entry.choice("signature", _SIGNATURE) is not False
    if not wants_signature and not attestations:
        entry.reader.missing(
            entry.at("attestations"), details="what replaces the signature must be named"
        )
    places = _read_places(entry)
    only = entry.boolean("repository_only")
    if only and not places:
        entry.reader.missing(entry.at("repository"))
    return EvidenceRules(
        attestations=attestations,
        wants_signature=wants_signature,
        places=places,
        places_replace=only,
        formats=entry.choice("formats", _FORMATS) or Formats.ANY,
        annotations=entry.pairs("annotations"),
    )


def _read_places(entry: Fields) -> tuple[EvidencePlace, ...]:
    """Read ``repository`` and ``tag_prefix``: one place, or none where neither is given."""
    text, prefix = entry.text("repository"), entry.text("tag_prefix")
    if not text and not prefix:
        return ()
    repository = None
    if text:
        path = entry.at("repository")
        repository = entry.reader.attempt(text, path, lambda: Repository.parse(text))
    return (EvidencePlace(repository=repository, tag_prefix=prefix),)


def _mapping_or_empty(entry: Fields, name: str) -> Fields:
    """The mapping at *name*, or an empty one where a plain text stands there."""
    value = entry.any(name)
    return Fields({} if isinstance(value, str) else value, entry.at(name), entry.reader)


def _read_identity(inner: Fields, *, is_own: bool) -> IdentityRule | None:
    issuer = _read_text_rule(inner, "issuer", "issuer_regexp")
    subject = _read_text_rule(inner, "identity", "identity_regexp")
    extensions = tuple(sorted(_read_extensions(inner), key=lambda pair: pair[0]))
    if is_own:
        inner.finish()
    if issuer is None or subject is None:
        return None
    return IdentityRule(issuer=issuer, subject=subject, extensions=extensions)


def _read_text_rule(entry: Fields, exact: str, pattern: str) -> TextRule | None:
    given = entry.exactly_one(exact, pattern)
    text = entry.text(given) if given else ""
    if given != pattern:
        return text or None
    return entry.reader.attempt(
        text, entry.at(pattern), lambda: compile_pattern(text, where=pattern)
    )


def _read_extensions(entry: Fields) -> Iterator[tuple[str, TextRule]]:
    """Read ``extensions``: names, or with ``_regexp`` at the end the same as patterns."""
    inner = entry.mapping("extensions")
    if inner is None:
        return
    for field in inner.names():
        text, path = inner.text(field), inner.at(field)
        name = field.removesuffix("_regexp")
        oid = inner.reader.attempt(field, path, partial(extension_oid, name))
        rule: TextRule | None = text
        if field != name:
            rule = inner.reader.attempt(text, path, partial(compile_pattern, text, where=field))
        if not text:
            inner.reader.missing(path)
        elif oid is not None and rule is not None:
            yield oid, rule
    inner.finish()

# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Authorities of the short spelling: ``keyless``, ``key``, ``publisher``, ``static``."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from ..records import dataclass, replace
from ..reference import Repository
from ..regexes import compile_pattern
from ..trust.keys import NamedKey, load_key
from ..trust.material import KeylessTrust
from ..trust.root import TrustedRoot
from ..trust.root_json import parse_trusted_root
from ..weakening import Weakening
from .authority_trust import Roots, TrustTable
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
    Unresolved,
)
from .publishers import Publisher, find_publisher
from .sealpin_conditions import read_attestations
from .sources import Sources, file_field, path_field, resolve
from .trust_root import certificate_authority

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

_FORMATS = {choice.value: choice for choice in Formats}
_SIGNATURE = {"required": True, "replaced": False}
_STATIC = {"pass": True, "fail": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Demands:
    """Whom an authority believes, and what it gives up."""

    root: TrustedRoot | Unresolved
    weakenings: frozenset[Weakening]
    require_timestamp: bool


class AuthorityReader:
    """Reads authorities under one file's default root."""

    def __init__(self, *, objects: ClusterObjects, table: TrustTable, root_path: str) -> None:
        self.sources: Sources = objects.sources
        self._objects = objects
        self._table = table
        self._root_path = root_path

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
        rules = self._read_rules(entry)
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
        rules = self._read_rules(entry)
        demands = self._read_demands(inner)
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
                trust=self._keyless_trust(demands),
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
        demands = self._read_demands(inner)
        inner.finish()
        found = tuple(identity for identity in identities if identity is not None)
        if len(found) < len(identities):
            return []
        authority = entry.reader.attempt(
            name,
            entry.at("keyless"),
            lambda: KeylessAuthority(
                name=name, identities=found, trust=self._keyless_trust(demands), rules=rules
            ),
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
        algorithms = {word: word for word in ("sha224", "sha256", "sha384", "sha512")}
        algorithm = inner.choice("hash_algorithm", algorithms) or ""
        named = self._read_named_key(inner, algorithm)
        demands = self._read_demands(inner, has_certificate=False)
        inner.finish()
        if named is None:
            return []
        trust = self._table.key(
            named,
            Roots(certificates=demands.root, logs=demands.root, timestamps=demands.root),
            demands.weakenings,
            require_timestamp=demands.require_timestamp,
        )
        return [KeyAuthority(name=name, trust=trust, rules=rules)]

    def _read_named_key(self, inner: Fields, algorithm: str) -> NamedKey | Unresolved | None:
        given = inner.exactly_one("file", "data", "kms")
        if not given:
            return None
        text = inner.text(given)
        if given == "kms":
            return resolve(lambda: self.sources.kms_key(text, algorithm))
        if given == "file":
            pem = file_field(inner, "file", self.sources)
            name = text
        else:
            pem, name = text.encode(), inner.reader.origin(inner.at("data"))
        if pem is None or isinstance(pem, Unresolved):
            return pem
        return inner.reader.attempt(
            text, inner.at(given), lambda: load_key(pem, name=name, hash_algorithm=algorithm)
        )

    def _read_rules(self, entry: Fields) -> EvidenceRules:
        attestations = tuple(read_attestations(entry, self.sources))
        wants_signature = entry.choice("signature", _SIGNATURE) is not False
        if not wants_signature and not attestations:
            entry.reader.missing(
                entry.at("attestations"), details="what replaces the signature must be named"
            )
        repository, prefix = entry.text("repository"), entry.text("tag_prefix")
        only = entry.boolean("repository_only")
        places: tuple[EvidencePlace, ...] = ()
        if repository or prefix:
            path = entry.at("repository")
            parsed = (
                entry.reader.attempt(repository, path, lambda: Repository.parse(repository))
                if repository
                else None
            )
            places = (EvidencePlace(repository=parsed, tag_prefix=prefix),)
        elif only:
            entry.reader.missing(entry.at("repository"))
        return EvidenceRules(
            attestations=attestations,
            wants_signature=wants_signature,
            places=places,
            places_replace=only,
            formats=entry.choice("formats", _FORMATS) or Formats.ANY,
            annotations=entry.pairs("annotations"),
        )

    def _read_demands(self, inner: Fields, *, has_certificate: bool = True) -> _Demands:
        """Read the fields of trust that ``keyless``, ``key`` and ``publisher`` share."""
        weakenings = set()
        if inner.boolean("insecure_ignore_tlog"):
            weakenings.add(Weakening.IGNORE_TLOG)
        if has_certificate and inner.boolean("insecure_ignore_sct"):
            weakenings.add(Weakening.IGNORE_SCT)
        root = self._read_root(inner)
        return _Demands(
            root=self._with_own_authorities(inner, root) if has_certificate else root,
            weakenings=frozenset(weakenings),
            require_timestamp=inner.boolean("require_timestamp"),
        )

    def _with_own_authorities(
        self, inner: Fields, root: TrustedRoot | Unresolved
    ) -> TrustedRoot | Unresolved:
        ca_file = file_field(inner, "ca_file", self.sources)
        if isinstance(ca_file, Unresolved):
            return ca_file
        if ca_file is None or isinstance(root, Unresolved):
            return root
        path, name = inner.at("ca_file"), inner.text("ca_file")
        own = inner.reader.attempt(name, path, lambda: certificate_authority(ca_file, name))
        if own is None:
            return root
        return replace(root, certificate_authorities=own.certificate_authorities)

    def _read_root(self, inner: Fields) -> TrustedRoot | Unresolved:
        """The root an authority names, else the file's, else the default one."""
        path = path_field(inner, "trusted_root") or self._root_path
        if not path:
            return self._objects.default_root()
        found = inner.reader.attempt(path, inner.at("trusted_root"), lambda: self._load_root(path))
        return found if found is not None else TrustedRoot()

    def _load_root(self, path: str) -> TrustedRoot | Unresolved:
        data = resolve(lambda: self.sources.read(path))
        return data if isinstance(data, Unresolved) else parse_trusted_root(data, what=path)

    def _keyless_trust(self, demands: _Demands) -> KeylessTrust | Unresolved:
        return self._table.keyless(
            Roots(certificates=demands.root, logs=demands.root, timestamps=demands.root),
            demands.weakenings,
            require_timestamp=demands.require_timestamp,
        )


_IDENTITY = ("issuer", "issuer_regexp", "identity", "identity_regexp", "extensions")


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

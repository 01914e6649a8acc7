# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The short spelling, `.sealpin.yaml`; its fields are in docs/policy.md and the JSON Schema.

It is another spelling of `policy.model`, stricter than the cluster's by default: a signature *and*
the attestations are wanted, a key's signature is wanted in a log, every policy that matches must
allow. What weakens that is a field whose name says so. The file's settings that are not policy
(mirrors, trust, second opinion) are its `Settings`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta, timezone
from functools import partial

from ..errors import InvalidInput, PolicyInvalid, quote
from ..records import dataclass, field
from ..signatures.opinion import SecondOpinion
from ..trust.window import parse_time
from ..weakening import Weakening
from .authority_trust import TrustTable
from .cluster_objects import ClusterObjects
from .fields import Fields
from .file_settings import FileSettings, read_file_settings
from .match import ImageGlob, covers, repository_glob
from .model import (
    Authority,
    Exclusion,
    MatchReference,
    Mode,
    NoMatch,
    Selection,
    TrustPolicy,
)
from .sealpin_authorities import AUTHORITY_KINDS, RULE_FIELDS, AuthorityReader
from .sealpin_conditions import read_policy_condition
from .sources import path_field
from .thresholds import check_distinct

VERSION = 1

_MODES = {mode.value: mode for mode in Mode}
_NO_MATCH = {choice.value: choice for choice in NoMatch}
_SELECTIONS = {choice.value: choice for choice in Selection}
_MATCH_REFERENCE = {choice.value: choice for choice in MatchReference}
_SECOND_OPINIONS = {choice.value: choice for choice in SecondOpinion}
_UNSIGNED = {"allow": True, "refuse": False}
_CONNECTION_FIELDS = ("ca_file", "unsafe_unverified_tls", "unsafe_http")
_DURATION = re.compile(r"([1-9][0-9]{0,4})(m|h|d)")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrySettings:
    """How one registry, or a prefix of its names, is reached."""

    prefix: str
    """``registry.example`` or, for a mirror, ``registry.example/team``: whole components."""
    mirror: str = ""
    """Another prefix, or ``dir:PATH`` relative to the file."""
    ca_file: str = ""
    """PEM file, relative to the file."""
    unsafe_unverified_tls: bool = False
    unsafe_http: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the file says beside policy."""

    registries: tuple[RegistrySettings, ...] = ()
    trusted_root: str = ""
    """Path of a ``trusted_root.json``, relative to the file; empty is the public-good instance."""
    max_root_age: timedelta | None = None
    """An older root makes decisions inconclusive."""
    root_ttl: timedelta = timedelta(hours=24)
    """After which a root is refreshed."""
    second_opinion: SecondOpinion = SecondOpinion.AUTO
    files: FileSettings = field(default_factory=FileSettings)


@dataclass(frozen=True, slots=True, kw_only=True)
class SealpinDocument:
    """One file of the short spelling, read."""

    policies: tuple[TrustPolicy, ...] = ()
    no_match: NoMatch | None = None
    selection: Selection = Selection.ALL


def read_sealpin_document(
    top: Fields, *, settings: Settings, objects: ClusterObjects, table: TrustTable
) -> SealpinDocument:
    """Read the rest of a file's top level; it counts only if its reader has no problems."""
    version = top.integer("version", 0)
    if version != VERSION:
        top.reader.invalid(version, top.at("version"), f"expected {VERSION}")
    match_reference = top.choice("match_reference", _MATCH_REFERENCE) or MatchReference.WARN
    authorities = AuthorityReader(objects=objects, table=table, root_path=settings.trusted_root)
    policies = []
    for index, entry in enumerate(top.mappings("policies")):
        policy = _read_policy(entry, index, authorities, match_reference)
        if policy is not None:
            policies.append(policy)
    no_match = top.choice("no_match", _NO_MATCH)
    selection = top.choice("selection", _SELECTIONS) or Selection.ALL
    top.texts("include")  # followed by `policy.document`
    top.finish()
    return SealpinDocument(policies=tuple(policies), no_match=no_match, selection=selection)


def read_settings(top: Fields) -> Settings:
    """Read what a file says beside policy; it decides which root the policies are read with."""
    trust = top.mapping("trust")
    registries = tuple(read_registries(top))
    second_opinion = top.choice("second_opinion", _SECOND_OPINIONS) or SecondOpinion.AUTO
    files = read_file_settings(top)
    if trust is None:
        return Settings(registries=registries, second_opinion=second_opinion, files=files)
    ttl = _read_duration(trust, "refresh_after")
    settings = Settings(
        registries=registries,
        trusted_root=path_field(trust, "trusted_root"),
        max_root_age=_read_duration(trust, "max_age"),
        root_ttl=ttl if ttl is not None else Settings().root_ttl,
        second_opinion=second_opinion,
        files=files,
    )
    trust.finish()
    return settings


def read_registries(top: Fields) -> list[RegistrySettings]:
    """Read the ``registries`` field of a document's top level; problems go to its reader."""
    registries = top.mapping("registries")
    found = []
    for prefix in registries.names() if registries is not None else ():
        entry = registries.mapping(prefix) if registries is not None else None
        if entry is not None:
            found.append(_read_registry(entry, prefix))
            entry.finish()
    return found


def _read_registry(entry: Fields, prefix: str) -> RegistrySettings:
    for name in _CONNECTION_FIELDS:
        if "/" in prefix and entry.has(name):
            entry.reader.add(
                f"a connection is made to a whole registry: expected {quote(name)} under"
                f" {quote(prefix.partition('/')[0])}",
                entry.at(name),
            )
    return RegistrySettings(
        prefix=prefix,
        mirror=entry.text("mirror"),
        ca_file=path_field(entry, "ca_file"),
        unsafe_unverified_tls=entry.boolean("unsafe_unverified_tls"),
        unsafe_http=entry.boolean("unsafe_http"),
    )


def _read_duration(entry: Fields, name: str) -> timedelta | None:
    text = entry.text(name)
    if not text:
        return None
    match = _DURATION.fullmatch(text)
    if match is None:
        entry.reader.invalid(text, entry.at(name), "expected a number and m, h or d, such as 7d")
        return None
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def _read_policy(
    entry: Fields, index: int, authorities: AuthorityReader, match_reference: MatchReference
) -> TrustPolicy | None:
    problems_before = len(entry.reader.problems)
    name = entry.text("name") or f"policies[{index}]"
    unsigned = entry.choice("unsigned", _UNSIGNED)
    found, own_images = _read_signers(entry, authorities, is_unsigned=unsigned is not None)
    images = _read_globs(entry, own_images)
    exclude = tuple(_read_exclusions(entry))
    threshold, required = entry.integer("threshold", 1), entry.texts("required")
    mode = entry.choice("mode", _MODES) or Mode.ENFORCE
    match_reference = entry.choice("match_reference", _MATCH_REFERENCE) or match_reference
    condition = read_policy_condition(entry, authorities.sources)
    any_predicate = entry.boolean("unsafe_any_attestation_is_signature")
    entry.finish()
    if len(entry.reader.problems) > problems_before:
        return None
    try:
        policy = TrustPolicy(
            name=name,
            images=images,
            exclude=exclude,
            authorities=tuple(found),
            threshold=threshold,
            required=tuple(text for _key, text in required),
            mode=mode,
            match_reference=match_reference,
            unsigned_allowed=unsigned is True,
            condition=condition,
            weakenings=frozenset({Weakening.ANY_PREDICATE_AS_SIGNATURE} if any_predicate else ()),
            origin=entry.reader.origin(entry.path),
        )
        check_distinct(policy)
    except PolicyInvalid as error:
        entry.reader.add(error.message, entry.path)
        return None
    return policy


def _read_signers(
    entry: Fields, authorities: AuthorityReader, *, is_unsigned: bool
) -> tuple[list[Authority], tuple[ImageGlob, ...]]:
    """Read who must have signed, and the images of the publisher that is named, if one is."""
    found: list[Authority] = []
    if entry.has("authorities"):
        _refuse_beside(entry, "authorities", (*AUTHORITY_KINDS, *RULE_FIELDS, "unsigned"))
        for number, inner in enumerate(entry.mappings("authorities", required=True)):
            found += authorities.read(inner, name=inner.text("name") or f"authority-{number}")
            inner.finish()
        return found, ()
    if is_unsigned:
        _refuse_beside(entry, "unsigned", (*AUTHORITY_KINDS, *RULE_FIELDS))
        return found, ()
    found += authorities.read(entry, name="")
    return found, authorities.publisher_images(entry)


def _refuse_beside(entry: Fields, name: str, others: tuple[str, ...]) -> None:
    for other in others:
        if entry.has(other):
            entry.reader.add("expected exactly one, got both", entry.at(name), entry.at(other))


def _read_globs(entry: Fields, publisher_images: tuple[ImageGlob, ...]) -> tuple[ImageGlob, ...]:
    """Read ``images``; a publisher's policy that has none covers the publisher's."""
    if publisher_images and not entry.has("images"):
        return publisher_images
    entry.items("images", required=True)
    found = []
    for path, text in entry.texts("images"):
        glob = entry.reader.attempt(text, path, partial(repository_glob, text))
        if glob is not None:
            found.append(glob)
            if publisher_images and not any(covers(own, glob) for own in publisher_images):
                entry.reader.invalid(
                    text,
                    path,
                    "the publisher's images are " + ", ".join(own.text for own in publisher_images),
                    hint="spell issuer and identity to trust the publisher for other names",
                )
    return tuple(found)


def _read_exclusions(entry: Fields) -> Iterator[Exclusion]:
    for exclusion in entry.mappings("exclude"):
        text = exclusion.text("image", required=True)
        until = exclusion.text("until", required=True)
        reason = exclusion.text("reason", required=True)
        exclusion.finish()
        reader = exclusion.reader
        glob = reader.attempt(text, exclusion.at("image"), partial(repository_glob, text))
        until_utc = reader.attempt(until, exclusion.at("until"), partial(_parse_until, until))
        if glob is not None and until_utc is not None:
            yield Exclusion(image=glob, until_utc=until_utc, reason=reason)


def _parse_until(text: str) -> datetime:
    """Parse a day (its end is meant, UTC) or an RFC 3339 moment."""
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
        try:
            return datetime.combine(date.fromisoformat(text), time.max, timezone.utc)
        except ValueError as error:
            raise InvalidInput("policy.until", f"not a day: {quote(text)}") from error
    return parse_time(text, what="until")

# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""What an authority of a ClusterImagePolicy wants of evidence, and where the evidence lies.

Attestations replace the signature, and a ``source`` the image's own repository, as in
policy-controller. ``signatureFormat`` absent accepts both formats, for keys too; any word but
``legacy`` and ``bundle`` is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Union

from ..attestations.predicates import predicate_type
from ..errors import InvalidInput, quote
from ..reference import Repository
from .cluster_objects import ClusterObjects
from .fields import Fields
from .model import (
    AttestationRule,
    EvidencePlace,
    EvidenceRules,
    Formats,
    ProgramCondition,
    PullSecret,
)

ReadProgram = Callable[[Fields], Union[ProgramCondition, None]]
"""Reads the ``policy`` of an attestation; None, with a problem noted, where it does not read."""

_FORMATS = {"legacy": Formats.LEGACY, "bundle": Formats.BUNDLE}


def read_evidence_rules(
    entry: Fields, objects: ClusterObjects, read_program: ReadProgram
) -> EvidenceRules:
    """Read ``attestations``, ``source`` and ``signatureFormat`` of one entry of ``authorities``."""
    attestations = tuple(_read_attestations(entry, read_program))
    places = tuple(_read_places(entry, objects))
    return EvidenceRules(
        attestations=attestations,
        wants_signature=not attestations,
        places=places,
        places_replace=bool(places),
        formats=entry.choice("signatureFormat", _FORMATS) or Formats.ANY,
    )


def _read_attestations(entry: Fields, read_program: ReadProgram) -> Iterator[AttestationRule]:
    for attestation in entry.mappings("attestations"):
        name = attestation.text("name", required=True)
        written = attestation.text("predicateType", required=True)
        policy = attestation.mapping("policy")
        for field in ("fetchConfigFile", "includeSpec", "includeObjectMeta", "includeTypeMeta"):
            if policy is not None and policy.has(field):
                policy.reader.add("must not set the field(s)", policy.at(field))
        program = read_program(policy) if policy is not None else None
        attestation.finish()
        yield AttestationRule(
            name=name,
            predicate_type=predicate_type(written),
            written_type=written,
            conditions=(program,) if program is not None else (),
        )


def _read_places(entry: Fields, objects: ClusterObjects) -> Iterator[EvidencePlace]:
    """Read ``source``: one place that replaces the image's own."""
    sources = list(entry.mappings("source"))
    if len(sources) > 1:
        entry.reader.invalid("source", entry.at("source"), "only single source is supported")
    for source in sources:
        oci, prefix = source.text("oci"), source.text("tagPrefix")
        secrets = tuple(_read_pull_secrets(source, objects))
        source.finish()
        repository = None
        if oci:
            path = source.at("oci")
            repository = source.reader.attempt(oci, path, partial(_parse_oci, oci))
        yield EvidencePlace(repository=repository, tag_prefix=prefix, pull_secrets=secrets)


def _read_pull_secrets(source: Fields, objects: ClusterObjects) -> Iterator[PullSecret]:
    for entry in source.mappings("signaturePullSecrets"):
        name = entry.text("name", required=True)
        entry.finish()
        secret = entry.reader.attempt(name, entry.at("name"), partial(objects.pull_secret, name))
        if secret is not None:
            yield secret


def _parse_oci(text: str) -> Repository:
    """Parse ``host/path``; a host alone, which the peer accepts and misreads, is refused."""
    host, slash, _rest = text.partition("/")
    if not slash or not ("." in host or ":" in host):
        raise InvalidInput(
            "reference.repository", f"expected a registry and a repository, got {quote(text)}"
        )
    return Repository.parse(text)

# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The tasks about attestations: demand them, demand a build, or look at what there is.

The first two are policies with one more demand, decided on like every other. Looking at what there
is without saying who must have signed is possible only under a name that says so, and every
attestation then says of itself that it is not verified.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from ._sessions import (
    Params,
    open_registry,
    open_session,
    read_rules,
    registry_weakenings,
    run_options,
)
from ._tasks import Entry, Work, decided_entry, error_entry, resolved_entry, unresolved_entry
from .sealpin.api import Session
from .sealpin.attestations.predicates import predicate_type
from .sealpin.attestations.summaries import summarise
from .sealpin.descriptor import ResolvedArtifact
from .sealpin.errors import InvalidInput, SealpinError
from .sealpin.evidence import Evidence, EvidenceKind, EvidenceSet
from .sealpin.policy.decision import Decision, Outcome
from .sealpin.policy.fingerprint import trust_digest
from .sealpin.policy.model import AttestationRule, EvidencePlace
from .sealpin.policy.needs import Needs
from .sealpin.reference import ImageReference, Repository
from .sealpin.report.document import statement_to_dict
from .sealpin.rules import Rules
from .sealpin.signatures.bundle import read_bundle
from .sealpin.signatures.dsse import Envelope
from .sealpin.signatures.legacy import read_layer
from .sealpin.signatures.statement import parse_statement
from .sealpin.slsa.builders import CONTAINER_GENERATOR
from .sealpin.slsa.expectations import ExpectedProvenance

_KINDS = frozenset({EvidenceKind.ATTESTATION_LAYER, EvidenceKind.BUNDLE})
_ABSENT = frozenset({"attestation.missing", "attestation.type"})


def verify_attestations(params: Params) -> Work:
    """Demand an attestation of each type in ``types``, signed by whom the task expects."""
    if not params["types"]:
        raise InvalidInput(
            "task.no-types", "the list of types is empty, so no attestation would be demanded"
        )
    return _deciding(params, read_rules(params, attestations=tuple(map(_rule, params["types"]))))


def verify_provenance(params: Params) -> Work:
    """Demand provenance of the build the task expects."""
    builder = params.get("builder_id")
    if not builder and not run_options(params).names_a_signer:
        builder = CONTAINER_GENERATOR
    expected = ExpectedProvenance(
        builder=builder,
        source=params["source_uri"],
        branch=params.get("source_branch"),
        tag=params.get("source_tag"),
        versioned_tag=params.get("source_versioned_tag"),
        inputs={k: str(v) for k, v in (params.get("build_workflow_input") or {}).items()},
    )
    rule = AttestationRule(
        name="provenance", predicate_type="", written_type="provenance", provenance=expected
    )
    return _deciding(params, read_rules(params, attestations=(rule,)))


def read_attestations(params: Params) -> Work:
    """Return the attestations of each image: the verified ones, or whatever lies there."""
    if params["unsafe_unverified"]:
        return Work(answer=lambda references: _unverified(references, params), refuse=_unresolved)
    if not params.get("types"):
        raise InvalidInput(
            "task.no-types",
            "verified attestations are asked for by type: expected types, got none",
            hint="name the types, or set unsafe_unverified to see what lies there",
        )
    rules = [read_rules(params, attestations=(_rule(name),)) for name in params["types"]]

    def answer(references: Sequence[ImageReference]) -> Iterable[Entry]:
        with open_session(params, rules[0]) as session:
            decided = [session.decide(references, rule.policies) for rule in rules]
        return [_read_entry(decisions, params) for decisions in zip(*decided, strict=True)]

    return Work(
        answer=answer,
        refuse=_refused,
        depends_on=" ".join(trust_digest(rule.policies) for rule in rules),
    )


def _deciding(params: Params, rules: Rules) -> Work:
    weakenings = registry_weakenings(params)

    def answer(references: Sequence[ImageReference]) -> Iterable[Entry]:
        with open_session(params, rules) as session:
            decisions = session.decide(references, rules.policies)
        for decision in decisions:
            entry = decided_entry(decision, weakenings, None)
            entry["attestations"] = _verified(decision, params)
            yield entry

    return Work(answer=answer, refuse=_refused, depends_on=trust_digest(rules.policies))


def _rule(name: str) -> AttestationRule:
    return AttestationRule(name=name, predicate_type=predicate_type(name), written_type=name)


def _read_entry(decisions: Sequence[Decision], params: Params) -> Entry:
    """Unite one image's decisions, a type each; that there is none of a type is no failure."""
    entries = [decided_entry(decision, registry_weakenings(params), None) for decision in decisions]
    bad = [e for e in entries if e["outcome"] != "allowed" and e["code"] not in _ABSENT]
    entry = bad[0] if bad else {**entries[0], "outcome": "resolved", "code": "", "message": ""}
    entry["statements"] = [s for one in entries for s in one["statements"]]
    entry["attestations"] = [a for decision in decisions for a in _verified(decision, params)]
    return entry


def _verified(decision: Decision, params: Params) -> list[dict[str, Any]]:
    if decision.outcome is not Outcome.ALLOWED:
        return []
    return [
        _view(s.predicate_type, s.predicate, params, verified=True, more=statement_to_dict(s))
        for s in decision.statements
    ]


def _unverified(references: Sequence[ImageReference], params: Params) -> Iterable[Entry]:
    options = run_options(params)
    with open_registry(options) as session:
        resolved = session.resolve(references)
        for reference, artifact in zip(references, resolved, strict=True):
            try:
                yield _unverified_entry(session, reference, artifact, params)
            except SealpinError as error:
                yield _unresolved(reference.text, error)


def _refused(image: str, error: SealpinError) -> Entry:
    return {**error_entry(image, error), "attestations": []}


def _unresolved(image: str, error: SealpinError) -> Entry:
    return {**unresolved_entry(image, error), "attestations": []}


def _unverified_entry(
    session: Session,
    reference: ImageReference,
    resolved: ResolvedArtifact | SealpinError,
    params: Params,
) -> Entry:
    if isinstance(resolved, SealpinError):
        raise resolved
    evidence = session.gather(resolved, needs=_needs(params))
    wanted = {predicate_type(name) for name in params.get("types") or ()}
    views = list(_views(evidence, wanted, params))
    return {**resolved_entry(replace(resolved, reference=reference)), "attestations": views}


def _needs(params: Params) -> Needs:
    repository = run_options(params).repository
    places = [EvidencePlace(repository=None)]
    if repository:
        places.append(EvidencePlace(repository=Repository.parse(repository)))
    return Needs(places=tuple(places), kinds=_KINDS)


def _views(evidence: EvidenceSet, wanted: set[str], params: Params) -> Iterable[dict[str, Any]]:
    """Show each attestation. Raises the first gap's error: a list with holes is no list."""
    for gap in evidence.gaps:
        if not gap.conclusive:
            raise gap.error
    for item in evidence.items:
        content = _content(item)
        if not isinstance(content, Envelope):
            continue
        statement = parse_statement(content.payload)
        if wanted and statement.predicate_type not in wanted:
            continue
        more = {"evidence": {"digest": str(item.digest), "location": item.location}}
        yield _view(
            statement.predicate_type, statement.predicate, params, verified=False, more=more
        )


def _content(item: Evidence) -> object:
    parts = read_bundle(item.content) if item.kind is EvidenceKind.BUNDLE else read_layer(item)
    return parts.content


def _view(
    uri: str, predicate: Any, params: Params, *, verified: bool, more: dict[str, Any]
) -> dict[str, Any]:
    view = {
        **more,
        "predicate_type": uri,
        "verified": verified,
        "summary": list(summarise(uri, predicate)),
    }
    if params.get("predicates"):
        view["predicate"] = predicate
    return view

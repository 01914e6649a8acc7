# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""ClusterImagePolicy documents, v1alpha1 and v1beta1, which have the same fields.

Format: https://docs.sigstore.dev/policy-controller/overview/ and the Go types of policy-controller
0.15. This file reads the policy and its programs, `policy.cluster_authorities` the authorities.
Documents are read strictly; what the peer accepts and then passes over (a ``remote`` text its
tester never fetches, say) is honoured or refused.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from functools import partial

from ..errors import PolicyInvalid, quote
from .authority_trust import TrustTable
from .cluster_authorities import read_authority
from .cluster_objects import ClusterObjects
from .fields import Fields
from .match import ImageGlob, cluster_glob
from .model import (
    Authority,
    LabelOperator,
    LabelRequirement,
    Language,
    MatchReference,
    Mode,
    ProgramCondition,
    ProgramInputs,
    ResourceRule,
    TrustPolicy,
    Unresolved,
)
from .sources import resolve

RESOURCES = frozenset(
    {"pods", "replicasets", "deployments", "jobs", "cronjobs", "statefulsets", "daemonsets"}
)
"""Names ``match[].resource`` may have: what the cluster's webhook is registered for."""

_LANGUAGES = {"cue": Language.CUE, "rego": Language.REGO}
_MODES = {"enforce": Mode.ENFORCE, "warn": Mode.WARN}
_LABEL_OPERATORS = {operator.value: operator for operator in LabelOperator}
_WITH_VALUES = (LabelOperator.IN, LabelOperator.NOT_IN)
CUE_SEMANTICS_ANNOTATION = "sealpin/cue-semantics"
"""``cosign`` here makes CUE pass where a constrained field is absent, as in the cluster; a
weakening.
"""


def read_cluster_image_policy(
    spec: Fields,
    *,
    name: str,
    annotations: dict[str, str],
    objects: ClusterObjects,
    table: TrustTable,
) -> TrustPolicy | None:
    """Read a policy's ``spec``; None, with problems, when it does not load."""
    problems_before = len(spec.reader.problems)
    images = tuple(_read_images(spec))
    mode = spec.choice("mode", _MODES, details="unsupported mode") or Mode.ENFORCE
    resources = tuple(_read_match(entry) for entry in spec.mappings("match"))
    lenient = annotations.get(CUE_SEMANTICS_ANNOTATION) == "cosign"
    authorities = tuple(_read_authorities(spec, objects, table, lenient=lenient))
    condition = _read_condition(spec.mapping("policy"), objects, lenient=lenient)
    spec.finish()
    if len(spec.reader.problems) > problems_before:
        return None
    try:
        return TrustPolicy(
            name=name,
            images=images,
            authorities=authorities,
            resources=resources,
            mode=mode,
            match_reference=MatchReference.WARN,
            condition=condition,
            origin=spec.reader.origin(spec.path),
        )
    except PolicyInvalid as error:
        spec.reader.add(error.message, spec.at("authorities"))
        return None


def _read_authorities(
    spec: Fields, objects: ClusterObjects, table: TrustTable, *, lenient: bool
) -> Iterator[Authority]:
    def read_policy(fields: Fields) -> ProgramCondition | None:
        return read_program(fields, objects, lenient=lenient, inputs=ProgramInputs())

    must_have = not objects.config.empty_authorities_load
    for index, entry in enumerate(spec.mappings("authorities", required=must_have)):
        authority = read_authority(entry, index, objects, table, read_policy)
        if authority is not None:
            yield authority


def read_program(
    program: Fields, objects: ClusterObjects, *, lenient: bool, inputs: ProgramInputs
) -> ProgramCondition | None:
    """Read a ``policy``; a missing text is never an empty one. None, with problems, if wrong."""
    language = program.choice(
        "type", _LANGUAGES, details="only [cue,rego] are supported at the moment"
    )
    if not program.has("type"):
        program.reader.missing(program.at("type"))
    given = program.exactly_one("data", "configMapRef", "remote")
    text: str | Unresolved | None = None
    if given == "data":
        text = program.text("data")
    elif given == "configMapRef":
        text = _read_config_map_text(program, objects)
    elif given == "remote":
        text = _read_remote_text(program, objects)
    program.finish()
    if language is None or text is None:
        return None
    return ProgramCondition(
        language=language,
        text=text,
        absent_fields_pass=lenient and language is Language.CUE,
        inputs=inputs,
    )


def _read_condition(
    program: Fields | None, objects: ClusterObjects, *, lenient: bool
) -> ProgramCondition | None:
    """Read the program over all authorities' answers, and what its input shall hold besides."""
    if program is None:
        return None
    inputs = ProgramInputs(
        config=program.boolean("fetchConfigFile"),
        spec=program.boolean("includeSpec"),
        metadata=program.boolean("includeObjectMeta"),
        typemeta=program.boolean("includeTypeMeta"),
    )
    return read_program(program, objects, lenient=lenient, inputs=inputs)


def _read_config_map_text(program: Fields, objects: ClusterObjects) -> str | Unresolved | None:
    reference = program.mapping("configMapRef")
    if reference is None:
        return None
    name, key = reference.text("name", required=True), reference.text("key", required=True)
    reference.text("namespace")
    reference.finish()
    return objects.config_map(name, key)


def _read_remote_text(program: Fields, objects: ClusterObjects) -> str | Unresolved | None:
    """Read ``remote``: the text behind the URL counts only under its checksum."""
    remote = program.mapping("remote")
    if remote is None:
        return None
    url, expected = remote.text("url"), remote.text("sha256sum", required=True)
    remote.finish()
    if re.match(r"https://[^/?#\s@]+(?:[/?#]|$)", url) is None:
        remote.reader.invalid(url, remote.at("url"), "host and https scheme are expected")
        return None
    if expected and re.fullmatch(r"[0-9a-f]{64}", expected) is None:
        remote.reader.invalid(
            expected, remote.at("sha256sum"), "64 lower-case hexadecimal digits are expected"
        )
        return None
    body = resolve(lambda: objects.sources.fetch(url))
    if isinstance(body, Unresolved):
        return body
    got = hashlib.sha256(body).hexdigest()
    if got != expected:
        remote.reader.invalid(
            expected, remote.at("sha256sum"), f"the text behind {quote(url)} has {got}"
        )
        return None
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        remote.reader.invalid(url, remote.at("url"), "the text is not UTF-8")
        return None


def _read_images(spec: Fields) -> list[ImageGlob]:
    globs = []
    for entry in spec.mappings("images", required=True):
        text = entry.text("glob", required=True)
        entry.finish()
        if text:
            glob = entry.reader.attempt(text, entry.at("glob"), partial(cluster_glob, text))
            if glob is not None:
                globs.append(glob)
    return globs


def _read_match(entry: Fields) -> ResourceRule:
    resource = entry.text("resource")
    if resource and resource not in RESOURCES:
        entry.reader.invalid(resource, entry.at("resource"), "unsupported resource name")
    rule = ResourceRule(
        group=entry.text("group"),
        version=entry.text("version"),
        resource=resource,
        labels=tuple(_read_selector(entry)),
    )
    if entry.has("selector") and not (rule.group or rule.version or rule.resource):
        entry.reader.invalid(
            resource, entry.at("selector"), "selector requires a resource type to match the labels"
        )
    entry.finish()
    return rule


def _read_selector(entry: Fields) -> list[LabelRequirement]:
    selector = entry.mapping("selector")
    if selector is None:
        return []
    found = [
        LabelRequirement(key=key, operator=LabelOperator.IN, values=(value,))
        for key, value in selector.pairs("matchLabels")
    ]
    for expression in selector.mappings("matchExpressions"):
        requirement = _read_expression(expression)
        if requirement is not None:
            found.append(requirement)
    selector.finish()
    return found


def _read_expression(expression: Fields) -> LabelRequirement | None:
    """Read one of ``matchExpressions``; None, with problems, without a known operator."""
    key = expression.text("key", required=True)
    expression.text("operator", required=True)
    operator = expression.choice("operator", _LABEL_OPERATORS)
    values = tuple(text for _path, text in expression.texts("values"))
    if operator in _WITH_VALUES and not values:
        expression.reader.missing(expression.at("values"))
    elif operator is not None and operator not in _WITH_VALUES and values:
        expression.reader.invalid(list(values), expression.at("values"), "expected no values")
    expression.finish()
    if operator is None:
        return None
    return LabelRequirement(key=key, operator=operator, values=values)

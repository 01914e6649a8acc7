# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""From the model to the short spelling: ``policy convert`` of ClusterImagePolicies.

The other direction is `render_cluster`. As there, a policy is converted whole or not at all, and
what stands in the way is named: globs with a tag, limits to Kubernetes resources, roots without a
file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..errors import InvalidInput
from ..records import replace
from ..regexes import Pattern
from ..trust.root import TrustedRoot
from ..weakening import Weakening
from .extensions import EXTENSION_NUMBERS, extension_oid
from .match import Dialect, ImageGlob, repository_glob
from .model import (
    AttestationRule,
    Authority,
    Condition,
    EvidenceRules,
    Formats,
    IdentityRule,
    KeylessAuthority,
    Mode,
    PointerCondition,
    ProgramCondition,
    SchemaCondition,
    StaticAuthority,
    TextRule,
    TrustPolicy,
    Unresolved,
)
from .rendering import Inexpressible, Rendering, key_fields, render_each


def convert_to_short(
    policies: tuple[TrustPolicy, ...], *, default_root: TrustedRoot, root_files: Mapping[str, str]
) -> Rendering:
    """Convert policies to one `.sealpin.yaml` (as a JSON value).

    *root_files* maps the digest of a trusted root to the file that holds it; *default_root* needs
      none.
    """
    converter = _Converter(str(default_root.digest), root_files)
    entries = render_each(policies, lambda policy, _name: converter.policy(policy))
    document = {"version": 1, "policies": list(entries.documents)}
    return replace(entries, documents=(document,))


class _Converter:
    def __init__(self, default_root: str, root_files: Mapping[str, str]) -> None:
        self.default_root = default_root
        self.root_files = root_files

    def policy(self, policy: TrustPolicy) -> dict[str, Any]:
        if policy.resources:
            raise Inexpressible("match")
        if policy.exclude:
            raise Inexpressible("exclude")
        found: dict[str, Any] = {
            "name": policy.name,
            "images": list(dict.fromkeys(short_glob(glob) for glob in policy.images)),
        }
        if Weakening.ANY_PREDICATE_AS_SIGNATURE in policy.weakenings:
            found["unsafe_any_attestation_is_signature"] = True
        if policy.mode is Mode.WARN:
            found["mode"] = "warn"
        if policy.match_reference.value != "warn":
            found["match_reference"] = policy.match_reference.value
        if not policy.authorities:
            return found | {"unsigned": "allow" if policy.unsigned_allowed else "refuse"}
        found["authorities"] = [self.authority(each) for each in policy.authorities]
        if policy.threshold > 1:
            found["threshold"] = policy.threshold
        if policy.required:
            found["required"] = list(policy.required)
        if policy.condition is not None:
            found["condition"] = _condition(policy.condition) | _inputs(policy.condition)
        return found

    def authority(self, authority: Authority) -> dict[str, Any]:
        found: dict[str, Any] = {"name": authority.name}
        if isinstance(authority, StaticAuthority):
            found["static"] = "pass" if authority.passes else "fail"
            return found | ({"message": authority.message} if authority.message else {})
        trust, rules = authority.trust, authority.rules
        if isinstance(trust, Unresolved):
            raise Inexpressible(f"{authority.name}: {trust.error.message}")
        demands: dict[str, Any] = {**self._root(trust.root)}
        if Weakening.IGNORE_TLOG in trust.weakenings:
            demands["insecure_ignore_tlog"] = True
        if Weakening.IGNORE_SCT in trust.weakenings:
            demands["insecure_ignore_sct"] = True
        if trust.require_timestamp:
            demands["require_timestamp"] = True
        if isinstance(authority, KeylessAuthority):
            found["keyless"] = {
                "identities": [_identity(each) for each in authority.identities]
            } | demands
        else:
            found["key"] = key_fields(authority, hash_field="hash_algorithm") | demands
        if rules.attestations:
            found["attestations"] = [_attestation(each) for each in rules.attestations]
            if not rules.wants_signature:
                found["signature"] = "replaced"
        found |= _place(rules)
        if rules.formats is not Formats.ANY:
            found["formats"] = rules.formats.value
        if rules.annotations:
            found["annotations"] = dict(rules.annotations)
        return found

    def _root(self, root: TrustedRoot | None) -> dict[str, str]:
        digest = str(root.digest) if root is not None else self.default_root
        if digest in self.root_files:
            return {"trusted_root": self.root_files[digest]}
        if digest != self.default_root:
            raise Inexpressible("a trusted root that is in no file of its own")
        return {}


def _place(rules: EvidenceRules) -> dict[str, Any]:
    if not rules.places:
        return {}
    place = rules.places[0]
    if place.pull_secrets:
        raise Inexpressible("signaturePullSecrets (log in to the registry instead)")
    where = {"repository": str(place.repository or ""), "tag_prefix": place.tag_prefix}
    only = {"repository_only": True} if rules.places_replace and place.repository else {}
    return {key: value for key, value in where.items() if value} | only


def short_glob(glob: ImageGlob) -> str:
    """Spell a cluster's glob in the short dialect, or raise `Inexpressible`."""
    if glob.dialect is Dialect.REPOSITORY:
        return glob.text
    text = {"*": "index.docker.io/library/*", "*/*": "index.docker.io/*/*"}.get(
        glob.text, glob.text
    )
    text = re.sub(r"(?::\*|@\*|@sha256:\*)$", "", text)
    text = text.replace("index.docker.io/", "docker.io/", 1) if text.startswith("index.") else text
    covers_all_tags = text != glob.text or text.endswith("*")
    try:
        if not covers_all_tags:
            raise Inexpressible(
                f"the glob {glob.text}, which never covers a name or covers one tag"
            )
        return repository_glob(text).text
    except InvalidInput as error:
        raise Inexpressible(f"the glob {glob.text}") from error


def _identity(rule: IdentityRule) -> dict[str, Any]:
    found: dict[str, Any] = {**_text("issuer", rule.issuer), **_text("identity", rule.subject)}
    if rule.extensions:
        names = {extension_oid(name): name for name in EXTENSION_NUMBERS}
        found["extensions"] = {
            key: value
            for oid, wanted in rule.extensions
            for key, value in _text(names[oid], wanted).items()
        }
    return found


def _text(name: str, rule: TextRule) -> dict[str, str]:
    return {f"{name}_regexp": rule.text} if isinstance(rule, Pattern) else {name: rule}


def _attestation(rule: AttestationRule) -> dict[str, Any]:
    if rule.provenance is not None:
        raise Inexpressible("provenance")
    found: dict[str, Any] = {"name": rule.name, "type": rule.written_type}
    comparisons = [each for each in rule.conditions if isinstance(each, PointerCondition)]
    if comparisons:
        found["conditions"] = [_comparison(each) for each in comparisons]
    for condition in rule.conditions:
        if not isinstance(condition, PointerCondition):
            found |= _condition(condition)
    return found


def _comparison(condition: PointerCondition) -> dict[str, Any]:
    expected = condition.expected
    value = expected.text if isinstance(expected, Pattern) else expected
    return {"path": condition.pointer, condition.operator.value: value}


def _condition(condition: Condition) -> dict[str, Any]:
    if isinstance(condition, SchemaCondition):
        return {"schema": dict(condition.schema)}
    if isinstance(condition, PointerCondition):
        return {"conditions": [_comparison(condition)]}
    if isinstance(condition.text, Unresolved):
        raise Inexpressible(condition.text.error.message)
    semantics = {"cueSemantics": "cosign"} if condition.absent_fields_pass else {}
    return {condition.language.value: condition.text, **semantics}


def _inputs(condition: Condition) -> dict[str, Any]:
    if not isinstance(condition, ProgramCondition):
        return {}
    names = ("config", "spec", "metadata", "typemeta")
    wanted = [name for name in names if getattr(condition.inputs, name)]
    return {"inputs": wanted} if wanted else {}

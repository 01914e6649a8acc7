# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""From the model to ClusterImagePolicy documents: the same rule for the cluster.

What the format cannot say (an exclusion, certificate extensions, annotations) leaves a policy out
(`rendering`). What it says differently is spelled so that the decision stays: a signature *and*
attestations become two authorities, and those, thresholds and required authorities a Rego program
over the authorities that matched.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..regexes import Pattern
from ..trust.root import TrustedRoot
from ..weakening import Weakening
from .match import Dialect, ImageGlob
from .model import (
    AttestationRule,
    Authority,
    EvidenceRules,
    Formats,
    IdentityRule,
    KeyAuthority,
    KeylessAuthority,
    MatchReference,
    Mode,
    ProgramCondition,
    ResourceRule,
    StaticAuthority,
    TextRule,
    TrustPolicy,
    Unresolved,
)
from .render_rego import NoRego, attestation_program, authorities_program
from .rendering import Inexpressible, Rendering, key_fields, render_each

API_VERSION = "policy.sigstore.dev/v1beta1"
FULCIO_URL = "https://fulcio.sigstore.dev"
REKOR_URL = "https://rekor.sigstore.dev"
ATTESTATIONS_SUFFIX = "-attestations"


def render_cluster(
    policies: tuple[TrustPolicy, ...], *, default_root: TrustedRoot, root_names: Mapping[str, str]
) -> Rendering:
    """Render ClusterImagePolicy documents.

    *root_names* maps the digest of a trusted root to the name of the TrustRoot that holds it in the
      cluster; *default_root* needs none.
    """
    return render_each(policies, _Renderer(str(default_root.digest), root_names).policy)


class _Renderer:
    def __init__(self, default_root: str, root_names: Mapping[str, str]) -> None:
        self.default_root = default_root
        self.root_names = root_names

    def policy(self, policy: TrustPolicy, name: str) -> dict[str, Any]:
        if policy.exclude:
            raise Inexpressible("exclude")
        if policy.match_reference is MatchReference.REQUIRE:
            raise Inexpressible("match_reference: require")
        if policy.weakenings:
            raise Inexpressible(", ".join(sorted(each.value for each in policy.weakenings)))
        return {
            "apiVersion": API_VERSION,
            "kind": "ClusterImagePolicy",
            "metadata": {"name": name},
            "spec": self._spec(policy),
        }

    def _spec(self, policy: TrustPolicy) -> dict[str, Any]:
        spec: dict[str, Any] = {
            "images": [{"glob": text} for glob in policy.images for text in cluster_globs(glob)]
        }
        if policy.mode is Mode.WARN:
            spec["mode"] = "warn"
        if policy.resources:
            spec["match"] = [_resource(rule) for rule in policy.resources]
        rendered = [list(self.authority(authority)) for authority in policy.authorities]
        spec["authorities"] = [each for group in rendered for each in group]
        if not policy.authorities:
            action = "pass" if policy.unsigned_allowed else "fail"
            spec["authorities"] = [{"name": "unsigned", "static": {"action": action}}]
        condition = _condition(policy, [[each["name"] for each in group] for group in rendered])
        if condition:
            spec["policy"] = condition
        return spec

    def authority(self, authority: Authority) -> Iterator[dict[str, Any]]:
        """Yield one authority; two where a signature and attestations are wanted."""
        if isinstance(authority, StaticAuthority):
            static = {
                "action": "pass" if authority.passes else "fail",
                "message": authority.message,
            }
            yield {
                "name": authority.name,
                "static": {key: value for key, value in static.items() if value},
            }
            return
        rules = authority.rules
        base = self._signer(authority) | _places(rules)
        if rules.annotations:
            raise Inexpressible("annotations")
        if rules.formats is not Formats.ANY:
            base["signatureFormat"] = rules.formats.value
        if rules.wants_signature:
            yield {"name": authority.name, **base}
        if rules.attestations:
            suffix = ATTESTATIONS_SUFFIX if rules.wants_signature else ""
            attestations = [_attestation(rule) for rule in rules.attestations]
            yield {"name": authority.name + suffix, **base, "attestations": attestations}

    def _signer(self, authority: KeylessAuthority | KeyAuthority) -> dict[str, Any]:
        trust = authority.trust
        if isinstance(trust, Unresolved):
            raise Inexpressible(f"{authority.name}: {trust.error.message}")
        if trust.weakenings - {Weakening.IGNORE_TLOG, Weakening.IGNORE_SCT}:
            raise Inexpressible("a weakening other than of the logs")
        reference = self._root_reference(trust.root)
        signer: dict[str, Any] = {}
        if isinstance(authority, KeylessAuthority):
            signer["keyless"] = {"url": FULCIO_URL, **reference, **_keyless(authority)}
            if Weakening.IGNORE_SCT in trust.weakenings:
                signer["keyless"]["insecureIgnoreSCT"] = True
            if Weakening.IGNORE_TLOG in trust.weakenings and not trust.require_timestamp:
                raise Inexpressible("a keyless authority without log or timestamp")
        else:
            signer["key"] = key_fields(authority, hash_field="hashAlgorithm")
        if Weakening.IGNORE_TLOG not in trust.weakenings:
            signer["ctlog"] = {"url": REKOR_URL, **reference}
        if trust.require_timestamp:
            if not reference:
                raise Inexpressible("a timestamp by the default root")
            signer["rfc3161timestamp"] = reference
        return signer

    def _root_reference(self, root: TrustedRoot | None) -> dict[str, str]:
        if root is None:
            return {}
        digest = str(root.digest)
        if digest in self.root_names:
            return {"trustRootRef": self.root_names[digest]}
        if digest != self.default_root:
            raise Inexpressible("a trusted root that no TrustRoot is named for")
        return {}


def _condition(policy: TrustPolicy, groups: list[list[str]]) -> dict[str, Any]:
    """Say what a policy asks of its authorities together; *groups* are their rendered names."""
    required = [
        groups[i] for i, each in enumerate(policy.authorities) if each.name in policy.required
    ]
    needs_program = policy.threshold > 1 or required or any(len(group) > 1 for group in groups)
    if policy.condition is None:
        if not needs_program:
            return {}
        return {"type": "rego", "data": authorities_program(groups, policy.threshold, required)}
    if needs_program:
        raise Inexpressible("a condition beside threshold, required or signature and attestations")
    return _program(policy.condition, "condition")


def cluster_globs(glob: ImageGlob) -> Iterator[str]:
    """Spell a glob in the cluster's dialect, where a name always ends in a tag or a digest."""
    if glob.dialect is Dialect.CLUSTER:
        yield glob.text
        return
    text = glob.text
    for alias in ("docker.io", "registry-1.docker.io"):
        if text.startswith(f"{alias}/"):
            text = "index." + text.removeprefix("registry-1.").removeprefix("index.")
    if text.startswith("localhost/"):
        raise Inexpressible(f"the host localhost without a port ({glob.text})")
    if text.endswith("*"):
        yield text
    else:
        yield f"{text}:*"
        yield f"{text}@*"


def _resource(rule: ResourceRule) -> dict[str, Any]:
    found: dict[str, Any] = {
        key: value
        for key, value in (
            ("group", rule.group),
            ("version", rule.version),
            ("resource", rule.resource),
        )
        if value
    }
    if rule.labels:
        found["selector"] = {
            "matchExpressions": [
                {"key": each.key, "operator": each.operator.value}
                | ({"values": list(each.values)} if each.values else {})
                for each in rule.labels
            ]
        }
    return found


def _places(rules: EvidenceRules) -> dict[str, Any]:
    if not rules.places:
        return {}
    if not rules.places_replace or len(rules.places) > 1:
        raise Inexpressible("a repository beside the image's own")
    place = rules.places[0]
    found = {
        "oci": str(place.repository) if place.repository else "",
        "tagPrefix": place.tag_prefix,
    }
    source: dict[str, Any] = {key: value for key, value in found.items() if value}
    if place.pull_secrets:
        source["signaturePullSecrets"] = [{"name": secret.name} for secret in place.pull_secrets]
    return {"source": [source]}


def _keyless(authority: KeylessAuthority) -> dict[str, Any]:
    if not authority.identities:
        raise Inexpressible("a builder in place of an identity")
    return {"identities": [identity_document(rule) for rule in authority.identities]}


def identity_document(rule: IdentityRule) -> dict[str, str]:
    """Say who may sign as the cluster's policies do: exactly, or with ``RegExp``."""
    if rule.extensions:
        raise Inexpressible("certificate extensions")
    return {**_text("issuer", rule.issuer), **_text("subject", rule.subject)}


def _text(name: str, rule: TextRule) -> dict[str, str]:
    return {f"{name}RegExp": rule.text} if isinstance(rule, Pattern) else {name: rule}


def _attestation(rule: AttestationRule) -> dict[str, Any]:
    if rule.provenance is not None or not rule.predicate_type:
        raise Inexpressible("provenance")
    found: dict[str, Any] = {"name": rule.name, "predicateType": rule.predicate_type}
    if len(rule.conditions) == 1 and isinstance(rule.conditions[0], ProgramCondition):
        found["policy"] = _program(rule.conditions[0], rule.name)
    elif rule.conditions:
        try:
            found["policy"] = {"type": "rego", "data": attestation_program(rule.conditions)}
        except NoRego as error:
            raise Inexpressible(str(error)) from error
    return found


def _program(condition: object, name: str) -> dict[str, Any]:
    if not isinstance(condition, ProgramCondition) or isinstance(condition.text, Unresolved):
        raise Inexpressible(f"the condition of {name}")
    inputs = {
        "fetchConfigFile": condition.inputs.config,
        "includeSpec": condition.inputs.spec,
        "includeObjectMeta": condition.inputs.metadata,
        "includeTypeMeta": condition.inputs.typemeta,
    }
    program = {"type": condition.language.value, "data": condition.text}
    return program | {key: True for key, value in inputs.items() if value}

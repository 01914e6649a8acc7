# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from sealpin.policy.explain import explain
from sealpin.policy.fields import DocumentInvalid
from sealpin.policy.lint import lint
from sealpin.policy.select import Resource, applicable, match_policies
from sealpin.reference import ImageReference
from support.policies import IMAGE, load
from support.verification import NOW


def _resource(kind="Pod", group="", version="v1", labels=None):
    document = {"metadata": {"labels": labels or {}}}
    return Resource(group=group, version=version, kind=kind, document=document)


def _policy(match, root):
    return load(
        f"""\
        apiVersion: policy.sigstore.dev/v1beta1
        kind: ClusterImagePolicy
        metadata: {{name: app}}
        spec:
          images: [{{glob: "registry.test/**"}}]
          match: [{match}]
          authorities: [{{static: {{action: pass}}}}]
        """,
        root,
    )


PODS = "{resource: pods, version: v1, selector: {SELECTOR}}"
LABELLED = PODS.replace("SELECTOR", "matchLabels: {a: b}")
EXPRESSION = PODS.replace("SELECTOR", "matchExpressions: [{key: a, operator: X}]")


@pytest.mark.parametrize(
    ("match", "resource", "covered"),
    [
        ("{resource: pods, version: v1}", _resource(), True),
        ("{resource: pods, version: v1}", None, False),
        ("{resource: pods, version: '*'}", _resource(version="v2"), True),
        ("{resource: pods, version: v1}", _resource(version="v2"), False),
        ("{resource: pods}", _resource(), False),
        ("{resource: cronjobs, version: v1, group: batch}", _resource("CronJob", "batch"), True),
        ("{resource: cronjobs, version: v1, group: apps}", _resource("CronJob", "batch"), False),
        ("{resource: cronjobs, version: v1}", _resource("CronJob", "batch"), False),
        (LABELLED, _resource(labels={"a": "b"}), True),
        (LABELLED, _resource(labels={"a": "c"}), False),
        (LABELLED, _resource(), False),
        (EXPRESSION.replace("X", "NotIn, values: [b]"), _resource(), True),
        (EXPRESSION.replace("X", "Exists"), _resource(), False),
        (EXPRESSION.replace("X", "DoesNotExist"), _resource(), True),
        ("{resource: jobs, version: v1}, {resource: pods, version: v1}", _resource(), True),
    ],
)  # fmt: skip
def test_a_policy_limited_to_resources_covers_those(match, resource, covered, root):
    matches = match_policies(
        _policy(match, root), ImageReference.parse(IMAGE), now_utc=NOW, resource=resource
    )
    assert [each.applies for each in matches] == [covered]


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("{key: a}", "missing field(s)"),
        ("{key: a, operator: ''}", "missing field(s)"),
        ("{key: a, operator: Like, values: [b]}", "expected one of In, NotIn, Exists"),
        ("{key: a, operator: In}", "missing field(s)"),
        ("{key: a, operator: Exists, values: [b]}", "expected no values"),
    ],
)
def test_a_label_expression_that_means_nothing_is_one_problem(expression, problem, root):
    match = PODS.replace("SELECTOR", f"matchExpressions: [{expression}]")
    with pytest.raises(DocumentInvalid) as caught:
        _policy(match, root)
    (found,) = caught.value.problems
    assert problem in found.message


@pytest.mark.parametrize(
    ("kind", "plural"),
    [("Pod", "pods"), ("Ingress", "ingresses"), ("NetworkPolicy", "networkpolicies")],
)
def test_resource_names_are_guessed_as_kubernetes_does(kind, plural):
    assert _resource(kind).plural == plural


TEXT = """\
version: 1
selection: most-specific
policies:
  - {name: wide, images: ["**"], unsigned: allow}
  - {name: near, images: ["registry.test/**"], key: a.pub}
  - name: several
    images: ["registry.test/app"]
    threshold: 2
    required: [k8s]
    exclude: [{image: registry.test/app, until: 2999-01-01, reason: "ticket 7"}]
    authorities:
      - {name: k8s, publisher: {name: kubernetes}}
      - {name: never, static: fail, message: closed}
  - {name: other, images: ["other.test/**"], static: pass}
"""


def test_an_explanation_tells_of_every_policy_why(root):
    from support.virtual_sigstore import KeyPair

    policies = load(TEXT, root, files={"a.pub": KeyPair().public_pem})
    found = explain(policies, ImageReference.parse(IMAGE), now_utc=NOW)
    reasons = {each.name: each.reason for each in found.policies}
    assert found.has_match
    assert reasons == {
        "wide": "matches **, but another policy is more specific",
        "near": "matches registry.test/**",
        "several": "matches registry.test/app, but excludes the image until 2999-01-01: ticket 7",
        "other": "no glob covers registry.test/app",
    }
    wants = {each.name: each.wants for each in found.policies}
    assert wants["wide"] == ("nothing: the image may be unsigned",)
    assert wants["near"] == ("key: a signature by the key a.pub",)
    assert wants["several"][0] == "2 of 2, among them k8s"
    assert "krel-trust@k8s-releng-prod" in wants["several"][1]
    assert wants["several"][2] == "never: refuses: closed"


def test_applicable_of_nothing_is_nothing(root):
    policies = load(TEXT.replace("a.pub", "x").replace(", key: x", ", static: pass"), root)
    assert applicable(policies, ()) == ()


def _remarks(entry, root, head=""):
    text = f"version: 1\n{head}policies: [{{name: app, {entry}}}]\n"
    return [remark.code for remark in lint(load(text, root))]


KEYLESS = 'keyless: {issuer: "https://i", identity: "x"}'


@pytest.mark.parametrize(
    ("entry", "codes"),
    [
        (f"images: ['a.b/**'], {KEYLESS}", []),
        (f"images: ['ghcr.io**'], {KEYLESS}", ["lint.look-alike"]),
        (f"images: ['ghcr.io/acme**'], {KEYLESS}", ["lint.look-alike"]),
        (f"images: ['ghcr.io/acme*/**'], {KEYLESS}", ["lint.look-alike"]),
        (f"images: ['ghcr.io/acme*', 'ghcr.io/**/x'], {KEYLESS}", []),
        (f"images: ['*.example.com/**'], {KEYLESS}", []),
        ("images: ['a.b/**'], keyless: {issuer: i, identity_regexp: 'x.y'}", ["lint.pattern"] * 2),
        ("images: ['a.b/**'], keyless: {issuer: i, identity_regexp: '^x$'}", []),
        ("images: ['a.b/**'], unsigned: allow", ["insecure.unsigned-allowed"]),
        ("images: ['a.b/**'], static: pass", ["insecure.static-pass"]),
        (f"images: ['a.b/**'], mode: warn, {KEYLESS}", ["insecure.mode-warn"]),
        ("images: ['a.b/**'], key: {kms: 'awskms:///x'}", ["lint.unresolved"]),
        (
            "images: ['a.b/**'], keyless: {issuer: i, identity: x, insecure_ignore_tlog: true}",
            ["insecure.ignore-tlog"],
        ),
        (
            (
                "images: ['a.b/**'], unsigned: refuse,"
                " exclude: [{image: c.d/e, until: 2030-01-01, reason: r}]"
            ),
            ["lint.never-matches"],
        ),
        (f"images: ['a.b/**'], attestations: [{{type: sbdx}}], {KEYLESS}", ["lint.predicate-type"]),
    ],
)
def test_lint_tells_what_is_probably_not_meant(entry, codes, root):
    assert _remarks(entry, root) == codes


def test_lint_tells_of_images_without_a_policy(root):
    entry = f"images: ['a.b/**'], {KEYLESS}"
    assert _remarks(entry, root, "no_match: warn\n") == ["insecure.no-match-allowed"]


@pytest.mark.parametrize(
    ("glob", "codes"),
    [
        ("ghcr.io/foo/bar", ["lint.never-matches"]),
        ("docker.io/**", ["lint.never-matches"]),
        ("ghcr.io/foo/bar:v1", ["lint.tag"]),
        ("ghcr.io/foo/bar*", ["lint.look-alike"]),
        ("ghcr.io**", ["lint.look-alike"]),
        ("ghcr.io/foo/*", []),
        ("ghcr.io/foo/bar@*", []),
        ("**", []),
    ],
)
def test_lint_knows_the_clusters_globs(glob, codes, root):
    policies = load(
        f"""\
        apiVersion: policy.sigstore.dev/v1beta1
        kind: ClusterImagePolicy
        metadata: {{name: app}}
        spec:
          images: [{{glob: "{glob}"}}]
          authorities: [{{static: {{action: fail}}}}]
        """,
        root,
    )
    assert [remark.code for remark in lint(policies)] == codes

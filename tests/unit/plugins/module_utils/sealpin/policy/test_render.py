# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The same rule in another format decides the same, or is not rendered at all."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from sealpin.policy.convert import convert_to_short
from sealpin.policy.decision import Outcome
from sealpin.policy.document import parse_policy_files
from sealpin.policy.render_cluster import render_cluster
from sealpin.policy.render_kyverno import render_kyverno
from sealpin.policy.sources import Sources
from sealpin.policy.yaml_text import write_document
from sealpin.regexes import compile_pattern
from sealpin.trust.window import Window
from sealpin.yamldoc import parse_documents
from sealpin.yamlschema import to_plain
from support.engines import needs_regopy
from support.policies import decide, load
from support.renderable import KEY, POLICIES, evidence_sets, keyless, policy_text
from support.vectors import vectors
from support.verification import NOW, SUBJECT

DIGEST = str(SUBJECT)


@pytest.fixture(scope="module")
def evidence(sigstore):
    return evidence_sets(sigstore, DIGEST)


def _load_text(text, root):
    return parse_policy_files(
        {"rendered.yaml": text.encode("utf-8")}, sources=Sources(default_root=lambda: root)
    )


def _original(name, root):
    return load(policy_text(name), root, files={"key.pub": KEY.public_pem})


@pytest.mark.parametrize("name", POLICIES)
def test_the_clusters_documents_decide_the_same(name, root, evidence):
    needs_regopy()
    policies = _original(name, root)
    rendering = render_cluster(policies.policies, default_root=root, root_names={})
    assert rendering.omissions == ()
    again = _load_text("---\n".join(map(write_document, rendering.documents)), root)
    assert [_outcomes(policies, each) for each in evidence] == [
        _outcomes(again, each) for each in evidence
    ]


@pytest.mark.parametrize("name", POLICIES)
def test_there_and_back_decides_the_same(name, root, evidence):
    needs_regopy()
    policies = _original(name, root)
    there = render_cluster(policies.policies, default_root=root, root_names={})
    cluster = _load_text("---\n".join(map(write_document, there.documents)), root)
    back = convert_to_short(cluster.policies, default_root=root, root_files={})
    assert back.omissions == ()
    short = _load_text(write_document(back.documents[0]), root)
    assert [_outcomes(policies, each) for each in evidence] == [
        _outcomes(short, each) for each in evidence
    ]


def _outcomes(policies, signed):
    return decide(policies, signed).outcome


def test_the_sets_of_evidence_tell_the_policies_apart(root, evidence):
    for name in POLICIES.keys() - {"unsigned", "warn", "refused", "static", "other-image"}:
        outcomes = {_outcomes(_original(name, root), each) for each in evidence}
        assert outcomes == {Outcome.ALLOWED, Outcome.DENIED}, name


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ("exclude: [{image: registry.test/x, until: 2030-01-01, reason: r}]", "exclude"),
        ("match_reference: require", "match_reference"),
        ("annotations: {a: b}", "annotations"),
        ("repository: registry.test/s", "a repository beside"),
        ("provenance: {source: github.com/a/b}", "provenance"),
        ("unsafe_any_attestation_is_signature: true", "insecure.any-predicate"),
        ("attestations: [{type: spdx, schema: {type: object}}]", "JSON Schema"),
    ],
)
def test_what_the_cluster_cannot_say_is_named_and_not_rendered(entry, reason, root):
    text = f"version: 1\npolicies: [{{images: ['a.b/**'], {keyless('one')}, {entry}}}]\n"
    rendering = render_cluster(load(text, root).policies, default_root=root, root_names={})
    assert rendering.documents == ()
    assert reason in rendering.omissions[0].reason


def test_the_hash_of_a_key_is_written_in_every_format(root):
    key = "key: {file: key.pub, hash_algorithm: sha512}"
    text = f"version: 1\npolicies: [{{images: ['a.b/**'], {key}}}]\n"
    policies = load(text, root, files={"key.pub": KEY.public_pem}).policies
    cluster = render_cluster(policies, default_root=root, root_names={}).documents[0]
    kyverno = render_kyverno(policies, default_root=root).documents[0]
    short = convert_to_short(policies, default_root=root, root_files={}).documents[0]
    assert cluster["spec"]["authorities"][0]["key"]["hashAlgorithm"] == "sha512"
    assert kyverno["spec"]["attestors"][0]["cosign"]["key"]["hashAlgorithm"] == "sha512"
    assert short["policies"][0]["authorities"][0]["key"]["hash_algorithm"] == "sha512"


def test_a_key_that_is_trusted_for_a_time_is_left_out_of_every_format(root):
    text = "version: 1\npolicies: [{images: ['a.b/**'], key: key.pub}]\n"
    (policy,) = load(text, root, files={"key.pub": KEY.public_pem}).policies
    (authority,) = policy.authorities
    key = replace(authority.trust.key, window=Window(end_utc=NOW))
    timed = replace(authority, trust=replace(authority.trust, key=key))
    policies = (replace(policy, authorities=(timed,)),)
    for rendering in (
        render_cluster(policies, default_root=root, root_names={}),
        render_kyverno(policies, default_root=root),
        convert_to_short(policies, default_root=root, root_files={}),
    ):
        assert [each.reason for each in rendering.omissions] == ["the time of the key key.pub"]


def test_what_weakens_a_whole_policy_is_converted_too(root):
    weak = "unsafe_any_attestation_is_signature: true"
    text = f"version: 1\npolicies: [{{images: ['a.b/**'], {keyless('one')}, {weak}}}]\n"
    policies = load(text, root).policies
    short = convert_to_short(policies, default_root=root, root_files={}).documents[0]
    again = _load_text(write_document(short), root).policies
    assert again[0].weakenings == policies[0].weakenings != frozenset()


def test_a_root_of_its_own_is_referred_to_by_name(root, sigstore):
    other = replace(root, ct_logs=())
    policies = load(f"version: 1\npolicies: [{{images: ['a.b/**'], {keyless('one')}}}]\n", other)
    nameless = render_cluster(policies.policies, default_root=root, root_names={})
    assert "no TrustRoot" in nameless.omissions[0].reason
    named = render_cluster(
        policies.policies, default_root=root, root_names={str(other.digest): "ours"}
    )
    authority = named.documents[0]["spec"]["authorities"][0]
    assert authority["keyless"]["trustRootRef"] == "ours"
    assert authority["ctlog"]["trustRootRef"] == "ours"


def test_two_policies_never_get_one_name_in_the_cluster(root):
    """There the second would take the first one's place; a name that will do is kept."""
    names = ["A b", "a-b", "a.b", "a-b-2"]
    text = "".join(f"- {{name: '{n}', images: ['a.b/**'], {keyless('one')}}}\n" for n in names)
    policies = load(f"version: 1\npolicies:\n{text}", root).policies
    for rendering in (
        render_cluster(policies, default_root=root, root_names={}),
        render_kyverno(policies, default_root=root),
    ):
        given = [document["metadata"]["name"] for document in rendering.documents]
        assert given == ["a-b-3", "a-b", "a-b-4", "a-b-2"]


KYVERNO_GLOBS = [
    ("registry.test/**", ["registry.test/app", "registry.test/a/b"], ["registry.test.evil/app"]),
    ("registry.test/*/x", ["registry.test/a/x"], ["registry.test/a/b/x", "registry_test/a/x"]),
    ("registry.test:5000/app", ["registry.test:5000/app"], ["registry.test:5000/app2"]),
    ("docker.io/library/*", ["docker.io/library/nginx"], ["docker.io/acme/nginx"]),
    ("**", ["docker.io/library/nginx", "a.b/c"], []),
]


@pytest.mark.parametrize(("glob", "covered", "others"), KYVERNO_GLOBS)
def test_kyverno_asks_of_the_images_the_policy_covers_and_no_others(glob, covered, others, root):
    """Its functions count no signer of an image outside, and the Pod would be refused for it."""
    text = f"version: 1\npolicies: [{{images: ['{glob}'], {keyless('one')}}}]\n"
    (document,) = render_kyverno(load(text, root).policies, default_root=root).documents
    (reference,) = document["spec"]["matchImageReferences"]
    covers = reference["expression"].replace("(ref)", "(img)")
    for each in document["spec"]["validations"]:
        assert f".filter(img, {covers}).map(img, verify" in each["expression"]
    pattern = compile_pattern(covers.split("matches(r'")[1].removesuffix("')"), where="test")
    assert [name for name in (*covered, *others) if pattern.matches(name)] == covered


def test_kyverno_has_no_name_for_a_registry_on_localhost(root):
    """Its library takes ``localhost/app`` for an image on Docker Hub."""
    text = f"version: 1\npolicies: [{{images: ['localhost/**'], {keyless('one')}}}]\n"
    rendering = render_kyverno(load(text, root).policies, default_root=root)
    assert (rendering.documents, len(rendering.omissions)) == ((), 1)


def test_kyverno_documents_ask_every_kind_of_container(root):
    rendering = render_kyverno(_original("two-of-two", root).policies, default_root=root)
    spec = rendering.documents[0]["spec"]
    assert [each["name"] for each in spec["attestors"]] == ["signer0", "signer1"]
    assert [each["expression"].split(".")[1] for each in spec["validations"]] == [
        "containers",
        "initContainers",
        "ephemeralContainers",
    ]
    assert "count >= 2" in spec["validations"][0]["expression"]


@pytest.mark.parametrize("name", ["unsigned", "condition"])
def test_kyverno_gets_no_policy_it_cannot_hold(name, root):
    rendering = render_kyverno(_original(name, root).policies, default_root=root)
    assert rendering.documents == ()
    assert len(rendering.omissions) == 1


CONVERTIBLE = [
    case["path"]
    for case in json.loads((vectors("policy") / "cases.json").read_text(encoding="utf-8"))["cases"]
    if case["set"] in ("e2e", "examples") and case["kind"] == "ClusterImagePolicy"
]


@pytest.mark.parametrize("path", CONVERTIBLE)
def test_the_peers_documents_convert_or_say_why_not(path, root):
    loaded = parse_policy_files(
        {path: (vectors("policy") / path).read_bytes()}, sources=Sources(default_root=lambda: root)
    )
    rendering = convert_to_short(loaded.policies, default_root=root, root_files={})
    count = len(rendering.documents[0]["policies"])
    assert count + len(rendering.omissions) == len(loaded.policies)
    if count:
        again = _load_text(write_document(rendering.documents[0]), root)
        assert [policy.name for policy in again.policies] == [
            entry["name"] for entry in rendering.documents[0]["policies"]
        ]


@pytest.mark.parametrize(
    "value",
    [
        {"a": "word", "b": "true", "c": "1", "d": "", "e": "x: y", "f": "- a", "g": "\ttab"},
        {"text": "one\ntwo\n", "odd": "one\ntwo", "ends": "one\n\n", "indented": " a\nb\n"},
        {"list": [{"a": 1, "b": {"c": [1, "2", True, None]}}, "x"], "empty": [], "none": {}},
        {'quote"d key': "é \u2028", "n": 1.5},
    ],
)
def test_what_is_written_reads_back(value):
    text = write_document(value)
    document = parse_documents(text, where="x")[0]
    assert to_plain(document.root, document=document) == value

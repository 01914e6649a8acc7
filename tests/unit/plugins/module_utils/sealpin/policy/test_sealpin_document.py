# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import re
from datetime import timedelta

import jsonschema
import pytest

from sealpin.errors import InvalidInput, PolicyInvalid, Unavailable
from sealpin.policy.document import load_configuration, parse_policy_files
from sealpin.policy.fields import DocumentInvalid
from sealpin.policy.sources import Sources
from sealpin.trust.root import TrustedRoot
from support.policies import GITHUB, load
from support.sealpin_document import EVERYTHING, KEY, SCHEMA, files_of, plain
from support.virtual_sigstore import KeyPair


@pytest.fixture
def sources(sigstore, root):
    files = {**files_of(root), "ca.pem": sigstore.certificate_authorities[0].chain_pem}
    return Sources(default_root=lambda: root, read=files.__getitem__)


def _load(text, sources):
    return load_configuration({".sealpin.yaml": text.encode("utf-8")}, sources=sources)


def test_every_field_loads_and_satisfies_the_schema(sources):
    configuration = _load(EVERYTHING, sources)
    names = [policy.name for policy in configuration.policies.policies]
    assert names == ["everything", "short", "keyed", "known", "closed"]
    (registry,) = configuration.settings.registries
    assert (registry.prefix, registry.mirror) == ("registry.example", "dir:mirror")
    assert (registry.ca_file, registry.unsafe_unverified_tls) == ("ca.pem", True)
    assert registry.unsafe_http
    assert configuration.settings.max_root_age == timedelta(days=30)
    assert configuration.settings.root_ttl == timedelta(hours=12)
    jsonschema.Draft202012Validator(SCHEMA).validate(plain(EVERYTHING))


@pytest.mark.parametrize(
    "field", ["ca_file: ca.pem", "unsafe_unverified_tls: true", "unsafe_http: true"]
)
def test_a_connection_is_set_for_a_whole_registry(field, sources):
    """A path chooses a mirror; it cannot choose a connection, so saying so is an error."""
    with pytest.raises(DocumentInvalid, match=r"a whole registry: .*under .registry\.example."):
        _load(f"version: 1\nregistries: {{registry.example/team: {{{field}}}}}\n", sources)


def test_the_schema_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


WRONG = {
    "version": (
        "version: 1",
        "version: 2",
        "invalid value: 2: version",
    ),
    "word": (
        "no_match: deny",
        "no_match: maybe",
        "invalid value: maybe: no_match",
    ),
    "threshold": (
        "threshold: 2",
        "threshold: 9",
        "threshold",
    ),
    "required": (
        "required: [one]",
        "required: [none]",
        "required",
    ),
    "authority-name": (
        "name: two",
        "name: one",
        "two authorities have one name",
    ),
    "policy-name": (
        "name: short",
        "name: everything",
        "duplicate policy name",
    ),
    "unknown": (
        "mode: enforce",
        "mod: enforce",
        "unknown field: policies[0].mod",
    ),
    "until": (
        "until: 2030-01-01",
        "until: soon",
        "not a time",
    ),
    "reason": (
        ', reason: "ticket 1"',
        "",
        "missing field(s): policies[0].exclude[0].reason",
    ),
    "pattern": (
        "/a, matches: ^x$",
        "/a, matches: (x",
        "not an RE2",
    ),
    "pointer": (
        "{path: /a, equals: 1}",
        "{path: a, equals: 1}",
        "not a JSON pointer",
    ),
    "schema": (
        "schema: {type: object}",
        "schema: {type: 5}",
        "not a JSON Schema",
    ),
    "ref": (
        "schema: {type: object}",
        "schema: {$ref: 'http://x'}",
        "may only refer to itself",
    ),
    "extension": (
        "github_workflow_repository",
        "github_workflow_repo",
        "no certificate extension",
    ),
    "publisher": (
        "publisher: kubernetes}",
        "publisher: kubernete}",
        "no publisher is called",
    ),
    "duration": (
        "max_age: 30d",
        "max_age: 30",
        "expected text",
    ),
    "escape": (
        "key: key.pub",
        "key: ../key.pub",
        "inside its folder",
    ),
    "absolute": (
        "key: key.pub",
        "key: /etc/key.pub",
        "inside its folder",
    ),
    "unsigned-and-key": (
        "unsigned: allow",
        "unsigned: allow, key: key.pub",
        "got both",
    ),
    "provenance": (
        "versioned_tag: v1}",
        "versioned_tag: one}",
        "not a semantic version",
    ),
}
"""What is changed, into what, and what the message says."""


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_told_with_its_place(name, sources):
    before, after, wanted = WRONG[name]
    assert before in EVERYTHING
    with pytest.raises(PolicyInvalid) as caught:
        _load(EVERYTHING.replace(before, after, 1), sources)
    assert caught.value.code == "policy.invalid"
    assert wanted in caught.value.message
    assert re.match(r"\.sealpin\.yaml:\d+", caught.value.message)


def test_every_problem_is_told_at_once(sources):
    text = "version: 1\nno_match: x\npolicies:\n  - {images: [nginx], keyles: {}}\n"
    with pytest.raises(DocumentInvalid) as caught:
        _load(text, sources)
    places = [(p.line, p.column, p.field) for p in caught.value.problems]
    assert (2, 11, "no_match") in places
    assert (4, 15, "policies[0].images[0]") in places
    assert any(p.hint == "did you mean keyless?" for p in caught.value.problems)


def test_a_private_key_in_a_policy_is_not_repeated(sources):
    private = "-----BEGIN PRIVATE KEY----- c2VjcmV0 -----END PRIVATE KEY-----"
    text = f'version: 1\npolicies: [{{images: ["a.b/c"], key: {{data: "{private}"}}}}]\n'
    with pytest.raises(DocumentInvalid) as caught:
        _load(text, sources)
    assert "c2VjcmV0" not in caught.value.message


def test_a_file_that_cannot_be_read_now_leaves_the_policy_inconclusive(root):
    def read(path):
        raise Unavailable("file.gone", path)

    policies = parse_policy_files(
        {"p.yaml": b'version: 1\npolicies: [{name: a, images: ["a.b/**"], key: a.pub}]\n'},
        sources=Sources(default_root=lambda: root, read=read),
    )
    assert policies.policies[0].authorities[0].trust.error.code == "file.gone"


def test_a_file_that_is_not_there_is_the_policys_fault(root):
    def read(path):
        raise InvalidInput("file.unreadable", f"no such file: {path}")

    with pytest.raises(DocumentInvalid, match=r"no such file: a\.pub"):
        parse_policy_files(
            {"p.yaml": b'version: 1\npolicies: [{name: a, images: ["a.b/**"], key: a.pub}]\n'},
            sources=Sources(default_root=lambda: root, read=read),
        )


def test_includes_hold_cluster_documents_only(root):
    files = {"inner.yaml": b"version: 1\n"}
    with pytest.raises(DocumentInvalid, match="only one configuration"):
        load("version: 1\ninclude: [inner.yaml]\n", root, files=files)


def test_the_default_root_is_not_asked_for_when_no_policy_needs_it(root):
    def no_root() -> TrustedRoot:
        raise AssertionError

    policies = load('version: 1\npolicies: [{images: ["a.b/**"], unsigned: allow}]\n', no_root)
    assert len(policies.policies) == 1


# The policy hash.

BASE = (
    f'version: 1\npolicies:\n  - {{name: a, images: ["a.b/**"],'
    f' keyless: {{issuer: "{GITHUB}", identity: x}}}}\n'
)


@pytest.mark.parametrize(
    ("change", "same"),
    [
        pytest.param(("version: 1", "# comment\nversion: 1"), True, id="comment"),
        pytest.param(("name: a, images", "mode: enforce, name: a, images"), True, id="default"),
        pytest.param(("identity: x", "identity: y"), False, id="identity"),
        pytest.param(("identity: x", "identity_regexp: x"), False, id="pattern"),
        pytest.param(("a.b/**", "a.b/*"), False, id="glob"),
        pytest.param(("version: 1", "version: 1\nno_match: allow"), False, id="no-match"),
    ],
)
def test_the_hash_covers_what_decides_and_nothing_else(change, same, root):
    assert (load(BASE, root).digest == load(BASE.replace(*change), root).digest) is same


def test_the_hash_covers_the_keys_bytes_and_not_their_file(root):
    text = 'version: 1\npolicies: [{name: a, images: ["a.b/**"], key: FILE}]\n'
    other = KeyPair().public_pem
    files = {"one.pub": KEY, "two.pub": KEY, "other.pub": other}
    one, two, three = (load(text.replace("FILE", name), root, files=files).digest for name in files)
    assert one == two != three

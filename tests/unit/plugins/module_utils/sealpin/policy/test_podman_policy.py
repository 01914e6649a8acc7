# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""podman's documents say what the policy says, or the policy is refused with what they cannot."""

from __future__ import annotations

import base64

import pytest

from sealpin.crypto import KeyAlgorithm, PublicKey
from sealpin.errors import PolicyInvalid
from sealpin.policy.podman_policy import ACCEPT, REJECT, podman_policy
from support.policies import GITHUB, load
from support.virtual_sigstore import KeyPair

KEY = KeyPair()
OTHER = KeyPair()
FILES = {"key.pub": KEY.public_pem, "other.pub": OTHER.public_pem}
PLAIN = "key: {file: key.pub, insecure_ignore_tlog: true}"
MAIL = (
    "keyless: {issuer: 'https://accounts.google.com', identity: release@acme.test,"
    " insecure_ignore_sct: true}"
)
ACME = "https://github.com/acme/one"


def _key(pair):
    return {
        "type": "sigstoreSigned",
        "keyData": base64.b64encode(pair.public_pem).decode(),
        "signedIdentity": {"type": "matchRepository"},
    }


def _render(root, policies, head=""):
    return podman_policy(load(f"version: 1\n{head}\npolicies:\n{policies}", root, files=FILES))


def _scopes(rendered):
    return rendered.policy["transports"]["docker"]


def test_demands_a_key_below_a_namespace_and_turns_its_signatures_on(root):
    rendered = _render(root, f"  - {{images: ['registry.test/acme/**'], {PLAIN}}}")
    assert rendered.policy == {
        "default": [REJECT],
        "transports": {"docker": {"registry.test/acme": [_key(KEY)]}},
    }
    assert rendered.registries == {
        "docker": {"registry.test/acme": {"use-sigstore-attachments": True}}
    }


def test_demands_the_log_of_the_root_with_a_key(root):
    rendered = _render(root, "  - {images: ['registry.test/**'], key: key.pub}")
    (requirement,) = _scopes(rendered)["registry.test"]
    key = PublicKey.from_pem(base64.b64decode(requirement["rekorPublicKeyData"]), what="the log")
    assert key in [log.key for log in root.transparency_logs]
    assert key.algorithm is KeyAlgorithm.ECDSA_P256


def test_demands_an_email_address_its_issuer_and_the_authorities_of_the_root(root):
    rendered = _render(root, f"  - {{images: ['registry.test/**'], {MAIL}}}")
    (requirement,) = _scopes(rendered)["registry.test"]
    assert requirement["fulcio"] == {
        "caData": base64.b64encode(root.certificate_authorities[0].root.pem).decode(),
        "oidcIssuer": "https://accounts.google.com",
        "subjectEmail": "release@acme.test",
    }
    assert "rekorPublicKeyData" in requirement
    assert "keyData" not in requirement


@pytest.mark.parametrize(
    ("glob", "scope"),
    [
        ("registry.test/app", "registry.test/app"),
        ("registry.test/*", "registry.test"),
        ("localhost:5000/a/b/**", "localhost:5000/a/b"),
        ("docker.io/library/nginx", "docker.io/library/nginx"),
        ("index.docker.io/acme/**", "docker.io/acme"),
        ("**", ""),
    ],
)
def test_turns_a_glob_into_the_scope_podman_looks_up(root, glob, scope):
    rendered = _render(root, f"  - {{images: ['{glob}'], {PLAIN}}}")
    assert list(_scopes(rendered)) == [scope]
    on = {"use-sigstore-attachments": True}
    assert rendered.registries == ({"docker": {scope: on}} if scope else {"default-docker": on})


def test_repeats_what_a_wider_policy_demands_since_podman_reads_one_scope(root):
    policies = f"""\
  - {{images: ['registry.test/**'], {PLAIN}}}
  - {{images: ['registry.test/app'], key: {{file: other.pub, insecure_ignore_tlog: true}}}}
  - {{images: ['registry.test.example/**'], unsigned: refuse}}
"""
    both = _scopes(_render(root, policies))
    assert both["registry.test/app"] == [_key(KEY), _key(OTHER)]
    assert both["registry.test"] == [_key(KEY)]
    assert both["registry.test.example"] == [REJECT]
    best = _scopes(_render(root, policies, "selection: most-specific"))
    assert best["registry.test/app"] == [_key(OTHER)]


def test_wants_every_authority_where_the_policy_does(root):
    authorities = (
        f"authorities: [{{name: one, {PLAIN}}}, {{name: two,"
        " key: {file: other.pub, insecure_ignore_tlog: true}}]"
    )
    rendered = _render(root, f"  - {{images: ['registry.test/**'], threshold: 2, {authorities}}}")
    assert _scopes(rendered)["registry.test"] == [_key(KEY), _key(OTHER)]


def test_accepts_without_a_signature_only_whole_registries(root):
    rendered = _render(root, "  - {images: ['registry.test/**'], unsigned: allow}")
    assert _scopes(rendered) == {"registry.test": [ACCEPT]}
    assert rendered.registries == {}


def test_accepts_what_no_policy_speaks_of_only_if_told_so(root):
    policies = f"  - {{images: ['registry.test/**'], {PLAIN}}}"
    assert _render(root, policies, "no_match: allow").policy["default"] == [ACCEPT]


INEXPRESSIBLE = {
    "attestations": (
        f"images: [r.test/a], {PLAIN}, attestations: [{{type: spdx}}]",
        "attestations",
    ),
    "regexp": (
        (
            f"images: [r.test/a], keyless: {{issuer: '{GITHUB}', identity_regexp: '^a@b$',"
            " insecure_ignore_sct: true}"
        ),
        "regular expression",
    ),
    "uri": (
        (
            f"images: [r.test/a], keyless: {{issuer: '{GITHUB}', identity: '{ACME}',"
            " insecure_ignore_sct: true}"
        ),
        "no e-mail address",
    ),
    "certificate-log": (
        f"images: [r.test/a], keyless: {{issuer: '{GITHUB}', identity: a@b.test}}",
        "certificate log",
    ),
    "one-of-two": (
        f"images: [r.test/a], authorities: [{{name: one, {PLAIN}}}, {{name: two, key: other.pub}}]",
        "1 of 2 authorities",
    ),
    "warn": (f"images: [r.test/a], mode: warn, {PLAIN}", "mode: warn"),
    "unsigned": ("images: [r.test/a], unsigned: allow", "less than a registry"),
    "glob-inside": (f"images: ['r.test/*/a'], {PLAIN}", "the glob r.test/*/a"),
    "glob-of-name": (f"images: ['r.test/a*'], {PLAIN}", "the glob r.test/a*"),
    "glob-of-registry": (f"images: ['*.test/**'], {PLAIN}", "the glob *.test/**"),
    "annotations": (f"images: [r.test/a], {PLAIN}, annotations: {{a: b}}", "annotations"),
    "repository": (f"images: [r.test/a], {PLAIN}, repository: r.test/sigs", "another repository"),
    "bundles": (f"images: [r.test/a], {PLAIN}, formats: bundle", "bundle"),
    "timestamp": (
        "images: [r.test/a], key: {file: key.pub, require_timestamp: true}",
        "timestamps",
    ),
    "exclusion": (
        (
            f"images: [r.test/**], {PLAIN}, exclude:"
            " [{image: r.test/x, until: 2100-01-01T00:00:00Z, reason: later}]"
        ),
        "exclude",
    ),
}


@pytest.mark.parametrize(
    ("policy", "reason"), [pytest.param(*row, id=name) for name, row in INEXPRESSIBLE.items()]
)
def test_names_what_the_format_cannot_say(root, policy, reason):
    with pytest.raises(PolicyInvalid) as refused:
        _render(root, f"  - {{name: ours, {policy}}}")
    assert refused.value.code == "policy.not-for-podman"
    assert "ours: " in refused.value.message
    assert reason in refused.value.message


def test_names_everything_at_once(root):
    policies = f"""\
  - {{name: one, images: ['r.test/a*'], {PLAIN}}}
  - {{name: two, images: ['r.test/a'], mode: warn, {PLAIN}}}
"""
    with pytest.raises(PolicyInvalid, match=r"no_match: warn; one: .*; two: "):
        _render(root, policies, "no_match: warn")

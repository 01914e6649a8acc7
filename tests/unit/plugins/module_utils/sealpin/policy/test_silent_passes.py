# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Ways in which the peer lets an image pass without a word; here each is refused or told."""

from __future__ import annotations

import base64
import hashlib

import pytest

from sealpin.errors import PolicyInvalid
from sealpin.policy.decision import Outcome
from sealpin.policy.document import parse_policy_files
from sealpin.policy.fields import DocumentInvalid
from sealpin.policy.sources import Sources
from sealpin.weakening import Weakening
from support.engines import needs_regopy
from support.policies import GITHUB, codes, decide, gap
from support.verification import SUBJECT
from support.virtual_sigstore import Identity, KeyPair, Signer, pem

DIGEST = str(SUBJECT)
WORKFLOW = "https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1"
OWN = Identity.uri(WORKFLOW)
KEYLESS = f"""\
  - name: own
    keyless:
      identities: [{{issuer: "{GITHUB}", subject: "{WORKFLOW}"}}]
"""
ATTESTATION = """\
    attestations:
    - name: sbom
      predicateType: https://spdx.dev/Document
      policy: {type: cue, %s}
"""
HEAD = """\
apiVersion: policy.sigstore.dev/v1beta1
kind: ClusterImagePolicy
metadata: {name: NAME}
spec:
  images: [{glob: "registry.test/**"}]
"""


def _policy(name="app", authorities=KEYLESS, rest=""):
    return HEAD.replace("NAME", name) + "  authorities:\n" + authorities + rest


TRUST_ROOT = """\
apiVersion: policy.sigstore.dev/v1alpha1
kind: TrustRoot
metadata: {name: ours}
"""
PASSES = _policy("passes", "  - {static: {action: pass}}\n")
FAILS = _policy("fails", "  - {static: {action: fail}}\n")


@pytest.fixture
def load(root):
    def _load(*texts, **sources):
        files = {f"p{number}.yaml": text.encode() for number, text in enumerate(texts)}
        return parse_policy_files(files, sources=Sources(default_root=lambda: root, **sources))

    return _load


@pytest.fixture
def attested(sigstore):
    return sigstore.attest(
        DIGEST,
        predicate_type="https://spdx.dev/Document",
        predicate={"name": "x"},
        identity=OWN,
    )


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"{PASSES}---\n{FAILS}".replace("\n", "\r\n"), id="crlf"),
        pytest.param(f"{PASSES}--- # second\n{FAILS}", id="comment-after-the-dashes"),
        pytest.param(f"# licence\n---\n{PASSES}---\n---\n{FAILS}", id="licence-and-empty-document"),
        pytest.param(f"\ufeff{PASSES}---\n{FAILS}", id="byte-order-mark"),
    ],
)
def test_no_document_of_a_file_is_lost(text, load):
    policies = load(text)
    assert [policy.name for policy in policies.policies] == ["passes", "fails"]
    assert decide(policies).outcome is Outcome.DENIED


def test_a_second_policy_of_one_name_is_an_error_and_not_dropped(load):
    with pytest.raises(PolicyInvalid, match="duplicate policy name"):
        load(PASSES, FAILS.replace("fails", "passes"))


def test_a_second_authority_of_one_name_is_an_error_and_not_overwritten(load):
    with pytest.raises(DocumentInvalid, match="two authorities have one name"):
        load(_policy(authorities=KEYLESS + KEYLESS))


def test_a_key_that_is_there_twice_is_an_error(load):
    with pytest.raises(PolicyInvalid, match="twice"):
        load(PASSES.replace("spec:\n", "spec:\n  mode: enforce\n  mode: warn\n"))


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("configMapRef: {name: c, key: k}", "policy.config-map-missing"),
        ("remote: {url: 'https://a.b/p', sha256sum: '" + "0" * 64 + "'}", "policy.source-missing"),
    ],
)
def test_a_text_that_was_not_fetched_is_not_an_empty_one(source, code, load, attested):
    policies = load(_policy(rest=ATTESTATION % source))
    decision = decide(policies, [attested])
    assert decision.outcome is Outcome.INCONCLUSIVE
    assert code in codes(decision)


def test_a_remote_text_counts_under_its_checksum_only(load, attested):
    body = b'predicate: name: "x"'
    source = "remote: {url: 'https://a.b/p', sha256sum: '%s'}"
    good = _policy(rest=ATTESTATION % source % hashlib.sha256(body).hexdigest())
    assert decide(load(good, fetch=lambda _: body), [attested]).outcome is Outcome.ALLOWED
    with pytest.raises(DocumentInvalid, match="sha256sum"):
        load(good, fetch=lambda _: body + b"\n")


@pytest.mark.parametrize(
    ("key", "sources"),
    [
        ("secretRef: {name: s}", {}),
        ("kms: 'hashivault://x'", {}),
    ],
)
def test_a_key_that_was_not_resolved_is_not_no_key(key, sources, load):
    decision = decide(load(_policy(authorities=f"  - key: {{{key}}}\n"), **sources))
    assert decision.outcome is Outcome.INCONCLUSIVE


def test_a_secret_in_the_files_is_resolved(load, sigstore):
    key = KeyPair()
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n  cosign.pub: |\n"
    secret += "".join(f"    {line}\n" for line in key.public_pem.decode().splitlines())
    policies = load(_policy(authorities="  - key: {secretRef: {name: s}}\n"), secret)
    signed = sigstore.sign_image(DIGEST, signer=Signer(key=key))
    assert decide(policies, [signed]).outcome is Outcome.ALLOWED


CUE_N_OF_M = """\
  policy:
    type: cue
    data: |
      import "list"
      authorityMatches: {
        own: signatures: list.MinItems(1)
        second: signatures: list.MinItems(1)
      }
"""
SECOND = KEYLESS.replace("name: own", "name: second").replace(WORKFLOW, "https://second")


def test_cue_absence_does_not_defeat_n_of_m(load, sigstore):
    policies = load(_policy(authorities=KEYLESS + SECOND, rest=CUE_N_OF_M))
    one = sigstore.sign_image(DIGEST, identity=OWN)
    two = sigstore.sign_image(DIGEST, identity=Identity.uri("https://second"))
    assert decide(policies, [one]).outcome is Outcome.DENIED
    assert decide(policies, [one, two]).outcome is Outcome.ALLOWED
    unchecked = decide(policies, [one], gaps=(gap(),))
    assert unchecked.outcome is Outcome.INCONCLUSIVE


def test_cue_absence_passes_only_under_its_own_name(load, attested):
    policy = _policy(rest=ATTESTATION % "data: 'predicate: absent: \"x\"'")
    assert decide(load(policy), [attested]).outcome is Outcome.DENIED
    lenient = policy.replace(
        "metadata: {name: app}",
        "metadata: {name: app, annotations: {sealpin/cue-semantics: cosign}}",
    )
    decision = decide(load(lenient), [attested])
    assert decision.outcome is Outcome.ALLOWED
    assert decision.weakenings == {Weakening.CUE_COSIGN_SEMANTICS}


def test_a_comment_is_not_a_policy_that_passes(load, attested):
    policies = load(_policy(rest=ATTESTATION % "data: '// nothing'"))
    assert decide(policies, [attested]).outcome is Outcome.DENIED


def test_one_true_result_of_a_rego_set_does_not_outvote_the_others(load, attested):
    needs_regopy()
    rule = 'isCompliant[r] {{ r := {{"result": {}, "error": "no", "warning": ""}} }}'
    for results, outcome in (
        (["true", "false"], Outcome.DENIED),
        (["true"], Outcome.ALLOWED),
    ):
        text = "\\n".join(["package sigstore", *map(rule.format, results)])
        data = text.replace('"', '\\"')
        policy = _policy(rest=(ATTESTATION % f'data: "{data}"').replace("cue", "rego"))
        assert decide(load(policy), [attested]).outcome is outcome


def test_a_timestamp_authority_beside_a_ctlog_does_not_switch_the_log_off(load, root, sigstore):
    both = "    ctlog: {url: https://rekor.sigstore.dev}\n    rfc3161timestamp: {}\n"
    policies = load(_policy(authorities=KEYLESS + both))
    authority = policies.policies[0].authorities[0]
    assert authority.trust.requires_log
    assert authority.trust.require_timestamp


@pytest.mark.parametrize("version", ["v1alpha1", "v1beta1"])
def test_a_ctlog_with_only_a_root_is_not_dropped(version, load):
    text = _policy(
        authorities="  - key: {kms: 'hashivault://x'}\n    ctlog: {trustRootRef: absent}\n"
    )
    policies = load(text.replace("v1beta1", version), kms_key=lambda *_: _named())
    authority = policies.policies[0].authorities[0]
    assert authority.trust.error.code == "policy.trust-root-missing"
    assert decide(policies).outcome is Outcome.INCONCLUSIVE


def _named():
    from sealpin.trust.keys import load_key

    return load_key(KeyPair().public_pem, name="x")


@pytest.mark.parametrize(
    "log", ["", "    ctlog: {}\n", "    ctlog: {url: https://rekor.sigstore.dev}\n"]
)
def test_a_keyless_authority_always_wants_a_log_entry(log, load, sigstore):
    policies = load(_policy(authorities=KEYLESS + log))
    logged = sigstore.sign_image(DIGEST, identity=OWN)
    unlogged = sigstore.sign_image(DIGEST, identity=OWN, log="")
    assert decide(policies, [logged]).outcome is Outcome.ALLOWED
    assert decide(policies, [unlogged]).outcome is Outcome.DENIED


def test_a_trust_root_without_ctlog_still_wants_a_log_entry(load, root):
    from sealpin.policy.model import KeylessAuthority

    text = _policy(
        authorities=KEYLESS.replace("keyless:\n", "keyless:\n      trustRootRef: ours\n")
    )
    trust_root = f"""\
apiVersion: policy.sigstore.dev/v1alpha1
kind: TrustRoot
metadata: {{name: ours}}
spec:
  remote: {{root: {"eyJzaWduYXR1cmVzIjogWzFdfQ=="}, mirror: https://mirror.test}}
"""
    policies = load(text, trust_root, tuf_root=lambda _: root)
    authority = policies.policies[0].authorities[0]
    assert isinstance(authority, KeylessAuthority)
    assert authority.trust.requires_log
    assert authority.trust.root.transparency_logs == root.transparency_logs


@pytest.mark.parametrize("version", ["v1alpha1", "v1beta1"])
def test_a_timestamp_demand_with_an_empty_root_is_not_dropped(version, load):
    text = _policy(authorities=KEYLESS + '    rfc3161timestamp: {trustRootRef: ""}\n')
    policies = load(text.replace("v1beta1", version))
    assert policies.policies[0].authorities[0].trust.require_timestamp


def test_every_defect_of_a_trust_root_is_told_and_not_only_the_last(load):
    entry = '{subject: {organization: o, commonName: c}, uri: "https://x", certChain: "%s"}'
    text = f"""\
apiVersion: policy.sigstore.dev/v1alpha1
kind: TrustRoot
metadata: {{name: ours}}
spec:
  sigstoreKeys:
    certificateAuthorities: [{entry % "!!!"}, {entry % "aGk="}]
    tLogs: [{{baseURL: "https://x", hashAlgorithm: sha-256, publicKey: "aGk="}}]
"""
    with pytest.raises(DocumentInvalid) as caught:
        load(PASSES, text)
    told = " ".join(problem.message for problem in caught.value.problems)
    for field in (
        "certificateAuthorities[0].certChain",
        "certificateAuthorities[1].certChain",
        "tLogs[0].publicKey",
    ):
        assert field in told


@pytest.mark.parametrize(
    ("field", "chosen", "missing"),
    [
        ("certificateAuthorities", slice(0, 1), "expected a self-issued root"),
        ("timestampAuthorities", slice(1, None), "expected one timestamping certificate, got 0"),
        ("timestampAuthorities", slice(0, -1), "expected a self-issued root"),
    ],
    ids=["authority without a root", "timestamps without a leaf", "timestamps without a root"],
)
def test_a_trust_root_whose_chain_lacks_an_end_trusts_nobody(
    field, chosen, missing, load, sigstore
):
    chain = {
        "certificateAuthorities": sigstore.certificate_authorities[0].chain,
        "timestampAuthorities": sigstore.timestamp_authorities[0].chain,
    }[field]
    encoded = base64.b64encode(pem(chain[chosen])).decode()
    entry = (
        f'{{subject: {{organization: o, commonName: c}}, uri: "https://x", certChain: {encoded}}}'
    )
    keys = f"spec:\n  sigstoreKeys:\n    {field}: [{entry}]\n"
    with pytest.raises(DocumentInvalid, match=missing):
        load(PASSES, TRUST_ROOT + keys)


def test_a_trust_root_that_nobody_signed_is_refused(load, root):
    remote = "spec:\n  remote: {root: e30=, mirror: https://mirror.test}\n"
    with pytest.raises(DocumentInvalid, match="missing signatures"):
        load(PASSES, TRUST_ROOT + remote, tuf_root=lambda _: root)


def test_a_place_of_evidence_without_a_repository_is_no_repository_of_docker_hub(load):
    with pytest.raises(DocumentInvalid, match="expected a registry and a repository"):
        load(_policy(authorities=KEYLESS + "    source: [{oci: ghcr.io}]\n"))


def test_a_key_without_ctlog_says_that_no_log_is_asked(load, sigstore):
    key = KeyPair()
    pem = key.public_pem.decode().replace("\n", "\\n")
    policies = load(_policy(authorities=f'  - key: {{data: "{pem}"}}\n'))
    signed = sigstore.sign_image(DIGEST, signer=Signer(key=key), log="", stamps=())
    decision = decide(policies, [signed])
    assert decision.outcome is Outcome.ALLOWED
    assert decision.weakenings == {Weakening.IGNORE_TLOG}


def test_an_unknown_signature_format_is_not_legacy(load):
    with pytest.raises(DocumentInvalid, match="signatureFormat"):
        load(_policy(authorities=KEYLESS + "    signatureFormat: budnle\n"))


@pytest.mark.parametrize(("form", "other"), [("legacy", "bundle"), ("bundle", "sign_image")])
def test_a_signature_format_that_is_asked_for_is_the_only_one(form, other, load, sigstore):
    policies = load(_policy(authorities=KEYLESS + f"    signatureFormat: {form}\n"))
    right = "sign_image" if form == "legacy" else "bundle"
    assert (
        decide(policies, [getattr(sigstore, right)(DIGEST, identity=OWN)]).outcome
        is Outcome.ALLOWED
    )
    assert (
        decide(policies, [getattr(sigstore, other)(DIGEST, identity=OWN)]).outcome is Outcome.DENIED
    )


def test_a_ca_cert_works(load, sigstore, root):
    chain = sigstore.certificate_authorities[0].chain_pem.decode()
    block = "".join(f"          {line}\n" for line in chain.splitlines())
    authority = KEYLESS.replace("keyless:\n", f"keyless:\n      ca-cert:\n        data: |\n{block}")
    signed = sigstore.sign_image(DIGEST, identity=OWN)
    assert decide(load(_policy(authorities=authority)), [signed]).outcome is Outcome.ALLOWED
    from support.virtual_sigstore import VirtualSigstore

    stranger = VirtualSigstore().sign_image(DIGEST, identity=OWN)
    assert decide(load(_policy(authorities=authority)), [stranger]).outcome is Outcome.DENIED


def test_a_policy_without_authorities_allows_nothing(load):
    text = HEAD.replace("NAME", "empty") + "  authorities: []\n"
    with pytest.raises(DocumentInvalid, match=r"missing field\(s\): spec\.authorities"):
        load(text)
    config = (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: config-policy-controller}\n"
        'data: {fail-on-empty-authorities: "false"}\n'
    )
    assert decide(load(text, config)).outcome is Outcome.DENIED


@pytest.mark.parametrize(
    ("word", "outcome"),
    [("deny", Outcome.DENIED), ("warn", Outcome.ALLOWED), ("allow", Outcome.ALLOWED)],
)
def test_the_clusters_own_no_match_policy_counts(word, outcome, load):
    config = (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: config-policy-controller}\n"
        f"data: {{no-match-policy: {word}}}\n"
    )
    assert decide(load(PASSES, config), image="other.test/app").outcome is outcome


def test_warnings_are_not_lost_on_success(load):
    decision = decide(load(FAILS.replace("spec:\n", "spec:\n  mode: warn\n")))
    assert decision.outcome is Outcome.ALLOWED
    assert any(f.is_warning and f.code == "static.fail" for f in decision.findings)


def test_attestations_of_a_cluster_policy_replace_the_signature(load, attested):
    policies = load(_policy(rest=ATTESTATION % "data: 'predicate: name: \"x\"'"))
    assert decide(policies, [attested]).outcome is Outcome.ALLOWED


def test_a_policy_for_other_resources_is_not_one_that_passes(load):
    limited = FAILS.replace("spec:\n", "spec:\n  match: [{resource: pods, version: v1}]\n")
    decision = decide(load(limited))
    assert decision.outcome is Outcome.DENIED
    assert "policy.no-match" in codes(decision)


def test_a_name_the_cluster_refuses_is_denied(load):
    decision = decide(load(PASSES), image="registry.test/x")
    assert decision.outcome is Outcome.DENIED
    assert codes(decision) == {"reference.not-for-cluster"}


def test_a_crash_of_the_memory_is_no_pass(load, sigstore, monkeypatch):
    """The peer's webhook reports nothing when every error is of another kind."""
    from sealpin.errors import Unavailable
    from sealpin.signatures import verify

    def unavailable(*_, **__):
        raise Unavailable("cancelled", "cancelled")

    monkeypatch.setattr(verify, "verify_evidence", unavailable)
    signed = sigstore.sign_image(DIGEST, identity=OWN)
    assert decide(load(_policy()), [signed]).outcome is Outcome.INCONCLUSIVE

# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from datetime import timedelta

import pytest

from sealpin.descriptor import ResolvedArtifact
from sealpin.digest import Digest
from sealpin.errors import InvalidInput, Unavailable, VerificationFailed
from sealpin.evidence import EvidenceKind, EvidenceSet
from sealpin.policy.decision import Outcome, Scope
from sealpin.policy.evaluate import decide_unresolved, evaluate
from sealpin.policy.needs import needs_of
from sealpin.policy.verifications import Verifications
from sealpin.reference import ImageReference
from sealpin.signatures.opinion import SecondOpinion
from sealpin.weakening import Weakening
from support.policies import GITHUB, IMAGE, codes, decide, gap, load
from support.verification import NOW, SUBJECT
from support.virtual_sigstore import Identity, KeyPair, Signer

DIGEST = str(SUBJECT)
WORKFLOW = "https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1"
OWN = Identity.uri(WORKFLOW, claims={5: "acme/app", 6: "refs/tags/v1"})
KEYLESS = f"""\
    keyless: {{issuer: "{GITHUB}", identity: "{WORKFLOW}"}}
"""
POLICY = f"""\
version: 1
policies:
  - name: app
    images: ["registry.test/**"]
{KEYLESS}"""


@pytest.fixture(scope="module")
def legacy(sigstore):
    return sigstore.sign_image(DIGEST, identity=OWN, annotations={"team": "a"})


@pytest.fixture(scope="module")
def bundle(sigstore):
    return sigstore.bundle(DIGEST, identity=OWN)


@pytest.fixture(scope="module")
def foreign(sigstore):
    return sigstore.sign_image(DIGEST, identity=Identity.email("mallory@evil.test"))


@pytest.mark.parametrize("form", ["legacy", "bundle"])
def test_allows_what_the_policy_wants_in_both_formats(form, request, root):
    decision = decide(load(POLICY, root), [request.getfixturevalue(form)])
    assert decision.outcome is Outcome.ALLOWED
    assert decision.digest == SUBJECT
    assert [result.authority for result in decision.satisfied] == ["keyless"]
    assert decision.weakenings == frozenset()
    assert not decision.unsigned
    assert decision.policies == ("app",)


def test_denies_an_unsigned_image(root):
    decision = decide(load(POLICY, root))
    assert decision.outcome is Outcome.DENIED
    assert "signature.missing" in codes(decision)


def test_a_bad_signature_never_masks_a_good_one(root, legacy, foreign):
    for order in ([foreign, legacy], [legacy, foreign]):
        decision = decide(load(POLICY, root), order)
        assert decision.outcome is Outcome.ALLOWED
        refused = [f for f in decision.findings if f.scope is Scope.EVIDENCE]
        assert [finding.code for finding in refused] == ["identity.mismatch"]
        assert all(finding.is_warning for finding in refused)


def test_a_gap_makes_absence_inconclusive(root, foreign):
    for signed in ([], [foreign]):
        decision = decide(load(POLICY, root), signed, gaps=(gap(),))
        assert decision.outcome is Outcome.INCONCLUSIVE
        assert "registry.rate-limited" in codes(decision)
        told = {finding.message for finding in decision.findings if not finding.is_warning}
        assert len(told) == 1, "the only authority's reason is the policy's, and is told once"


def test_a_conclusive_gap_hides_nothing(root):
    from dataclasses import replace

    decision = decide(load(POLICY, root), gaps=(replace(gap(), conclusive=True),))
    assert decision.outcome is Outcome.DENIED


def test_what_is_proven_stays_allowed_whatever_gaps_there_are(root, legacy):
    assert decide(load(POLICY, root), [legacy], gaps=(gap(),)).outcome is Outcome.ALLOWED


def test_evidence_for_another_digest_is_a_callers_defect(root, legacy):
    other = Digest.of(b"other")
    with pytest.raises(ValueError, match="cannot decide"):
        evaluate(
            load(POLICY, root),
            ResolvedArtifact(reference=ImageReference.parse(IMAGE), digest=other),
            EvidenceSet(subject=SUBJECT, items=(legacy.as_evidence(SUBJECT),)),
            now_utc=NOW,
            second_opinion=SecondOpinion.OFF,
            cache=Verifications(),
        )


def test_a_signature_for_another_digest_is_refused(sigstore, root):
    other = Digest.of(b"other")
    signed = sigstore.sign_image(str(other), identity=OWN)
    assert decide(load(POLICY, root), [signed]).outcome is Outcome.DENIED


# Several policies, several authorities.


def _policies(*entries: str) -> str:
    return "version: 1\npolicies:\n" + "".join(entries)


def _entry(name: str, body: str, images: str = "registry.test/**") -> str:
    return f'  - name: {name}\n    images: ["{images}"]\n{body}'


OTHER = f'    keyless: {{issuer: "{GITHUB}", identity: "https://other"}}\n'


def test_every_policy_that_matches_must_allow(root, legacy):
    decision = decide(load(_policies(_entry("a", KEYLESS), _entry("b", OTHER)), root), [legacy])
    assert decision.outcome is Outcome.DENIED
    by_policy = {f.name: f.outcome for f in decision.findings if f.scope is Scope.POLICY}
    assert by_policy == {"a": Outcome.ALLOWED, "b": Outcome.DENIED}


def test_denied_outranks_inconclusive_over_policies(root, legacy):
    text = _policies(
        _entry("a", "    static: fail\n"),
        _entry("b", OTHER),
    )
    assert decide(load(text, root), [legacy], gaps=(gap(),)).outcome is Outcome.DENIED


def test_most_specific_selection_asks_the_nearest_policy_only(root, legacy):
    text = _policies(_entry("wide", OTHER), _entry("near", KEYLESS, "registry.test/app"))
    assert decide(load(text, root), [legacy]).outcome is Outcome.DENIED
    specific = text.replace("version: 1\n", "version: 1\nselection: most-specific\n")
    decision = decide(load(specific, root), [legacy])
    assert decision.outcome is Outcome.ALLOWED
    assert decision.policies == ("near",)


AUTHORITIES = f"""\
    authorities:
      - {{name: own, keyless: {{issuer: "{GITHUB}", identity: "{WORKFLOW}"}}}}
      - {{name: second, keyless: {{issuer: "{GITHUB}", identity: "mallory@evil.test"}}}}
      - {{name: third, keyless: {{issuer: "{GITHUB}", identity: "nobody"}}}}
"""


@pytest.mark.parametrize(
    ("rule", "signed", "gaps", "outcome"),
    [
        pytest.param("", ["legacy"], False, Outcome.ALLOWED, id="any-one"),
        pytest.param("    threshold: 2\n", ["legacy"], False, Outcome.DENIED, id="one-of-two"),
        pytest.param(
            "    threshold: 2\n", ["legacy", "foreign"], False, Outcome.ALLOWED, id="two-of-two"
        ),
        pytest.param(
            "    threshold: 2\n", ["legacy"], True, Outcome.INCONCLUSIVE, id="two-with-gap"
        ),
        pytest.param(
            "    required: [second]\n", ["legacy"], False, Outcome.DENIED, id="not-the-one"
        ),
        pytest.param("    required: [own]\n", ["legacy"], False, Outcome.ALLOWED, id="the-one"),
        pytest.param(
            "    required: [second]\n",
            ["legacy"],
            True,
            Outcome.INCONCLUSIVE,
            id="the-one-with-gap",
        ),
        pytest.param(
            "    threshold: 2\n    required: [third]\n",
            ["legacy", "foreign"],
            False,
            Outcome.DENIED,
            id="enough-without-the-required",
        ),
    ],
)
def test_threshold_and_required_authorities(rule, signed, gaps, outcome, request):
    policies = load(_policies(_entry("app", AUTHORITIES + rule)), request.getfixturevalue("root"))
    evidence = [request.getfixturevalue(name) for name in signed]
    decision = decide(policies, evidence, gaps=(gap(),) if gaps else ())
    assert decision.outcome is outcome


def test_one_key_that_cannot_be_had_does_not_stop_another_authority(root, legacy):
    body = f"""\
    authorities:
      - {{name: kms, key: "awskms:///alias/x"}}
      - {{name: own, keyless: {{issuer: "{GITHUB}", identity: "{WORKFLOW}"}}}}
"""
    policies = load(_policies(_entry("app", body)), root)
    assert decide(policies, [legacy]).outcome is Outcome.ALLOWED
    decision = decide(policies)
    assert decision.outcome is Outcome.INCONCLUSIVE
    assert "policy.source-missing" in codes(decision)


# Who signed: each field alone.


@pytest.mark.parametrize(
    "keyless",
    [
        pytest.param(f'issuer: "{GITHUB}.evil", identity: "{WORKFLOW}"', id="issuer"),
        pytest.param(f'issuer_regexp: "^https://evil", identity: "{WORKFLOW}"', id="issuer-regexp"),
        pytest.param(f'issuer: "{GITHUB}", identity: "{WORKFLOW}.0"', id="identity"),
        pytest.param(f'issuer: "{GITHUB}", identity: "{WORKFLOW[:-1]}"', id="identity-prefix"),
        pytest.param(f'issuer: "{GITHUB}", identity_regexp: "acme/other"', id="identity-regexp"),
        *(
            pytest.param(
                f'issuer: "{GITHUB}", identity: "{WORKFLOW}", extensions: {{{name}: "{value}"}}',
                id=name,
            )
            for name, value in [
                ("github_workflow_repository", "acme/other"),
                ("github_workflow_ref", "refs/heads/main"),
                ("github_workflow_trigger", "push"),
                ("source_repository_owner_uri_regexp", "acme"),
            ]
        ),
    ],
)
def test_each_identity_field_alone_refuses(keyless, root, legacy):
    good = f'issuer: "{GITHUB}", identity: "{WORKFLOW}"'
    entry = _entry("app", f"    keyless: {{{good}}}\n")
    assert decide(load(_policies(entry), root), [legacy]).outcome is Outcome.ALLOWED
    entry = _entry("app", f"    keyless: {{{keyless}}}\n")
    decision = decide(load(_policies(entry), root), [legacy])
    assert decision.outcome is Outcome.DENIED
    assert "identity.mismatch" in codes(decision)


def test_the_right_extensions_are_satisfied(root, legacy):
    entry = _entry(
        "app",
        f'    keyless: {{issuer: "{GITHUB}", identity_regexp: "^https://github\\\\.com/acme/",'
        " extensions: {github_workflow_repository: acme/app, github_workflow_ref_regexp: v1$}}\n",
    )
    assert decide(load(_policies(entry), root), [legacy]).outcome is Outcome.ALLOWED


def test_any_of_several_identities_suffices(root, legacy):
    entry = _entry(
        "app",
        f"""\
    keyless:
      identities:
        - {{issuer: "{GITHUB}", identity: "nobody"}}
        - {{issuer: "{GITHUB}", identity: "{WORKFLOW}"}}
""",
    )
    assert decide(load(_policies(entry), root), [legacy]).outcome is Outcome.ALLOWED


def test_annotations_must_be_the_signers(root, legacy, bundle):
    def policy(value):
        body = f'{KEYLESS}    annotations: {{team: "{value}"}}\n'
        return load(_policies(_entry("app", body)), root)

    assert decide(policy("a"), [legacy]).outcome is Outcome.ALLOWED
    assert "annotation.mismatch" in codes(decide(policy("b"), [legacy]))
    assert decide(policy("a"), [bundle]).outcome is Outcome.DENIED


# Keys.


@pytest.mark.parametrize("form", ["sign_image", "bundle"])
def test_a_key_authority_takes_both_formats(form, sigstore, root):
    key, other = KeyPair(), KeyPair()
    signed = getattr(sigstore, form)(DIGEST, signer=Signer(key=key))
    policies = load(
        _policies(_entry("app", "    key: app.pub\n")), root, files={"app.pub": key.public_pem}
    )
    assert decide(policies, [signed]).outcome is Outcome.ALLOWED
    policies = load(
        _policies(_entry("app", "    key: app.pub\n")), root, files={"app.pub": other.public_pem}
    )
    assert decide(policies, [signed]).outcome is Outcome.DENIED


def test_a_key_wants_a_log_entry_unless_the_weakening_is_named(sigstore, root):
    key = KeyPair()
    signed = sigstore.sign_image(DIGEST, signer=Signer(key=key), log="", stamps=())
    files = {"app.pub": key.public_pem}
    strict = load(_policies(_entry("app", "    key: app.pub\n")), root, files=files)
    assert decide(strict, [signed]).outcome is Outcome.DENIED
    weak = load(
        _policies(_entry("app", "    key: {file: app.pub, insecure_ignore_tlog: true}\n")),
        root,
        files=files,
    )
    decision = decide(weak, [signed])
    assert decision.outcome is Outcome.ALLOWED
    assert decision.weakenings == {Weakening.IGNORE_TLOG}
    assert "insecure.ignore-tlog" in codes(decision)


# Attestations.


def _attested(sigstore, predicate_type="https://spdx.dev/Document", **options):
    return sigstore.attest(
        DIGEST, predicate_type=predicate_type, predicate={"name": "x"}, identity=OWN, **options
    )


VULNERABILITIES = "https://cosign.sigstore.dev/attestation/vuln/v1"
ATTESTED = KEYLESS + "    attestations: [{type: spdx}]\n"


def test_signature_and_attestation_are_both_wanted(sigstore, root, legacy):
    policies = load(_policies(_entry("app", ATTESTED)), root)
    attestation = _attested(sigstore)
    assert decide(policies, [legacy, attestation]).outcome is Outcome.ALLOWED
    without_signature = decide(policies, [attestation])
    assert without_signature.outcome is Outcome.DENIED
    assert "signature.missing" in codes(without_signature)
    without_attestation = decide(policies, [legacy])
    assert without_attestation.outcome is Outcome.DENIED
    assert "attestation.missing" in codes(without_attestation)


def test_attestations_may_replace_the_signature_when_the_policy_says_so(sigstore, root):
    policies = load(_policies(_entry("app", ATTESTED + "    signature: replaced\n")), root)
    assert decide(policies, [_attested(sigstore)]).outcome is Outcome.ALLOWED


def test_cve_2022_35930_an_attestation_of_another_type_does_not_count(sigstore, root, legacy):
    other = _attested(sigstore, VULNERABILITIES)
    decision = decide(load(_policies(_entry("app", ATTESTED)), root), [legacy, other])
    assert decision.outcome is Outcome.DENIED
    assert "attestation.type" in codes(decision)


def test_absence_of_a_type_names_each_type_that_was_proven_once(sigstore, root, legacy):
    types = [VULNERABILITIES, "https://example.com/own/v1", VULNERABILITIES]
    by_mallory = sigstore.attest(
        DIGEST,
        predicate_type="https://example.com/evil/v1",
        predicate={},
        identity=Identity.email("mallory@evil.test"),
    )
    evidence = [legacy, by_mallory, *(_attested(sigstore, each) for each in types)]
    decision = decide(load(_policies(_entry("app", ATTESTED)), root), evidence)
    finding = next(each for each in decision.findings if each.code == "attestation.type")
    assert finding.message == (
        'predicate type mismatch: expected "https://spdx.dev/Document", got'
        f' "{VULNERABILITIES}", "https://example.com/own/v1"'
    )
    assert finding.hint == (
        "ask for a type that the image has an attestation of: vuln, https://example.com/own/v1"
    )


def test_an_attestation_by_somebody_else_does_not_count(sigstore, root, legacy):
    other = sigstore.attest(
        DIGEST,
        predicate_type="https://spdx.dev/Document",
        predicate={},
        identity=Identity.email("mallory@evil.test"),
    )
    decision = decide(load(_policies(_entry("app", ATTESTED)), root), [legacy, other])
    assert decision.outcome is Outcome.DENIED


def test_an_attestation_bundle_is_no_image_signature(sigstore, root):
    bundle = sigstore.bundle(
        DIGEST, predicate_type="https://spdx.dev/Document", predicate={}, identity=OWN
    )
    assert decide(load(POLICY, root), [bundle]).outcome is Outcome.DENIED
    weak = load(POLICY + "    unsafe_any_attestation_is_signature: true\n", root)
    decision = decide(weak, [bundle])
    assert decision.outcome is Outcome.ALLOWED
    assert decision.weakenings == {Weakening.ANY_PREDICATE_AS_SIGNATURE}


@pytest.mark.parametrize(
    ("condition", "outcome"),
    [
        ("{path: /name, equals: x}", Outcome.ALLOWED),
        ("{path: /name, equals: y}", Outcome.DENIED),
        ("{path: /absent, equals: x}", Outcome.DENIED),
    ],
)
def test_conditions_are_on_the_predicate(condition, outcome, sigstore, root):
    body = KEYLESS + (
        f"    signature: replaced\n    attestations: [{{type: spdx, conditions: [{condition}]}}]\n"
    )
    decision = decide(load(_policies(_entry("app", body)), root), [_attested(sigstore)])
    assert decision.outcome is outcome


def test_one_attestation_that_meets_the_conditions_is_enough(sigstore, root):
    body = KEYLESS + (
        "    signature: replaced\n"
        "    attestations: [{type: spdx, conditions: [{path: /name, equals: y}]}]\n"
    )
    policies = load(_policies(_entry("app", body)), root)
    good = sigstore.attest(
        DIGEST, predicate_type="https://spdx.dev/Document", predicate={"name": "y"}, identity=OWN
    )
    assert decide(policies, [_attested(sigstore), good]).outcome is Outcome.ALLOWED


# Without evidence.


def test_unsigned_allow_passes_and_is_marked(root):
    decision = decide(load(_policies(_entry("app", "    unsigned: allow\n")), root))
    assert decision.outcome is Outcome.ALLOWED
    assert decision.unsigned
    assert decision.weakenings == {Weakening.UNSIGNED_ALLOWED}


def test_unsigned_refuse_denies(root, legacy):
    policies = load(_policies(_entry("app", "    unsigned: refuse\n")), root)
    assert decide(policies, [legacy]).outcome is Outcome.DENIED


def test_unsigned_allow_does_not_outvote_another_policy(root):
    text = _policies(_entry("a", "    unsigned: allow\n"), _entry("b", KEYLESS))
    assert decide(load(text, root)).outcome is Outcome.DENIED


@pytest.mark.parametrize(
    ("static", "outcome"), [("pass", Outcome.ALLOWED), ("fail", Outcome.DENIED)]
)
def test_static_authorities(static, outcome, root):
    decision = decide(load(_policies(_entry("app", f"    static: {static}\n")), root))
    assert decision.outcome is outcome
    assert decision.unsigned is (outcome is Outcome.ALLOWED)
    assert (Weakening.STATIC_PASS in decision.weakenings) is (outcome is Outcome.ALLOWED)


def test_mode_warn_turns_a_refusal_into_a_warning_that_is_told(root):
    decision = decide(load(POLICY + "    mode: warn\n", root))
    assert decision.outcome is Outcome.ALLOWED
    assert decision.unsigned
    assert decision.weakenings == {Weakening.POLICY_WARN}
    assert "signature.missing" in codes(decision)
    assert all(f.is_warning for f in decision.findings if f.outcome is Outcome.DENIED)


def test_mode_warn_does_not_excuse_what_could_not_be_checked(root):
    decision = decide(load(POLICY + "    mode: warn\n", root), gaps=(gap(),))
    assert decision.outcome is Outcome.INCONCLUSIVE


@pytest.mark.parametrize(
    ("rule", "outcome", "warned"),
    [
        ("", Outcome.DENIED, False),
        ("no_match: deny\n", Outcome.DENIED, False),
        ("no_match: warn\n", Outcome.ALLOWED, True),
        ("no_match: allow\n", Outcome.ALLOWED, False),
    ],
)
def test_an_image_no_policy_speaks_of(rule, outcome, warned, root):
    policies = load(POLICY.replace("version: 1\n", "version: 1\n" + rule), root)
    decision = decide(policies, image="other.test/app")
    assert decision.outcome is outcome
    assert ("policy.no-match" in codes(decision)) is (warned or outcome is Outcome.DENIED)
    assert decision.unsigned is (outcome is Outcome.ALLOWED)
    assert (Weakening.NO_MATCH_ALLOWED in decision.weakenings) is decision.unsigned


# Exclusions.

EXCLUDED = (
    POLICY
    + '    exclude: [{image: "registry.test/app", until: 2026-06-30, reason: "ticket 7"}]\n'
    + '  - {name: rest, images: ["registry.test/app"], unsigned: allow}\n'
)


def test_a_running_exclusion_takes_the_image_out_and_is_told(root):
    from datetime import datetime, timezone

    last_moment = datetime(2026, 6, 30, 23, 59, tzinfo=timezone.utc)
    decision = decide(load(EXCLUDED, root), now_utc=last_moment)
    assert decision.outcome is Outcome.ALLOWED
    assert decision.policies == ("rest",)
    assert "policy.excluded" in codes(decision)
    after = decide(load(EXCLUDED, root), now_utc=last_moment + timedelta(minutes=2))
    assert after.outcome is Outcome.DENIED
    assert "policy.exclusion-ended" in codes(after)


def test_an_excluded_image_is_not_allowed_by_being_excluded(root):
    text = EXCLUDED.rsplit("  - {name: rest", 1)[0]
    decision = decide(load(text.replace("2026", "2999"), root))
    assert decision.outcome is Outcome.DENIED
    assert "policy.no-match" in codes(decision)


# The signed name.


@pytest.mark.parametrize(
    ("rule", "outcome", "told"),
    [
        ("", Outcome.ALLOWED, True),
        ("    match_reference: warn\n", Outcome.ALLOWED, True),
        ("    match_reference: off\n", Outcome.ALLOWED, False),
        ("    match_reference: require\n", Outcome.DENIED, True),
    ],
)
def test_a_signature_for_another_name(rule, outcome, told, sigstore, root):
    signed = sigstore.sign_image(DIGEST, identity=OWN, reference="registry.test/other")
    decision = decide(load(POLICY + rule, root), [signed])
    assert decision.outcome is outcome
    assert ("reference.mismatch" in codes(decision)) is told


def test_the_signed_name_may_have_a_tag(sigstore, root):
    policies = load(POLICY + "    match_reference: require\n", root)
    signed = sigstore.sign_image(DIGEST, identity=OWN, reference="registry.test/app:v0")
    assert decide(policies, [signed]).outcome is Outcome.ALLOWED


def test_no_signed_name_is_not_the_name_that_is_required(sigstore, root, bundle):
    policies = load(POLICY + "    match_reference: require\n", root)
    unnamed = sigstore.sign_image(DIGEST, identity=OWN, reference="")
    assert decide(policies, [unnamed]).outcome is Outcome.DENIED


# What to fetch, and what not.


def test_needs_are_the_union_over_the_policies_that_apply(root):
    text = _policies(
        _entry("a", KEYLESS + "    repository: registry.test/signatures\n"),
        _entry("b", ATTESTED + "    formats: legacy\n"),
        _entry("c", ATTESTED, "other.test/**"),
    )
    needs = needs_of(load(text, root), ImageReference.parse(IMAGE), now_utc=NOW)
    assert [str(place.repository) for place in needs.places] == ["None", "registry.test/signatures"]
    assert needs.kinds == set(EvidenceKind)
    assert not needs.configs


def test_a_place_that_replaces_leaves_the_image_s_own_out(root):
    body = KEYLESS + "    repository: registry.test/signatures\n    repository_only: true\n"
    needs = needs_of(
        load(_policies(_entry("a", body)), root), ImageReference.parse(IMAGE), now_utc=NOW
    )
    assert [str(place.repository) for place in needs.places] == ["registry.test/signatures"]


@pytest.mark.parametrize("body", ["    unsigned: allow\n", "    static: pass\n"])
def test_nothing_is_fetched_for_answers_without_evidence(body, root):
    needs = needs_of(
        load(_policies(_entry("a", body)), root), ImageReference.parse(IMAGE), now_utc=NOW
    )
    assert needs.kinds == frozenset()
    assert needs.places == ()


def test_evidence_is_verified_once_per_trust(root, legacy, monkeypatch):
    import sealpin.signatures.verify as module

    calls = []
    original = module.verify_evidence

    def counting(evidence, **options):
        calls.append(evidence)
        return original(evidence, **options)

    monkeypatch.setattr(module, "verify_evidence", counting)
    text = _policies(*(_entry(f"p{number}", KEYLESS) for number in range(10)))
    assert decide(load(text, root), [legacy]).outcome is Outcome.ALLOWED
    assert len(calls) == 1


# References that did not resolve.


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (Unavailable("registry.unauthorized", "401"), Outcome.INCONCLUSIVE),
        (InvalidInput("registry.not-found", "404"), Outcome.INCONCLUSIVE),
        (VerificationFailed("digest.mismatch", "wrong"), Outcome.DENIED),
    ],
)
def test_an_unresolved_reference_is_never_allowed(error, outcome):
    decision = decide_unresolved(ImageReference.parse(IMAGE), error)
    assert decision.outcome is outcome
    assert decision.artifact is None
    assert codes(decision) == {error.code}

# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Policies against one another and against gaps: nothing weaker leaks, no absence is assumed."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sealpin.api import Session
from sealpin.chain import ChainProfile
from sealpin.clock import SystemClock
from sealpin.descriptor import Descriptor, Platform, ResolvedArtifact
from sealpin.digest import Digest
from sealpin.errors import InvalidInput, PolicyInvalid
from sealpin.evidence import EvidenceSet
from sealpin.limits import MAX_POLICY_BYTES
from sealpin.manifests.finder import find_sites
from sealpin.manifests.pin import Pin
from sealpin.pinning import Action, pin_files
from sealpin.policy.authority_trust import Roots, TrustTable
from sealpin.policy.conditions import check_value
from sealpin.policy.decision import Outcome
from sealpin.policy.engines.cue import check_cue
from sealpin.policy.evaluate import evaluate
from sealpin.policy.fingerprint import trust_digest
from sealpin.policy.flags import EvidenceFlags, policy_from_flags
from sealpin.policy.identity import mismatch
from sealpin.policy.lint import lint
from sealpin.policy.match import cluster_glob, cluster_name, repository_glob
from sealpin.policy.model import (
    AttestationRule,
    IdentityRule,
    Operator,
    PointerCondition,
    PolicySet,
    SchemaCondition,
)
from sealpin.policy.signer_flags import SignerFlags
from sealpin.policy.verifications import Verifications
from sealpin.reference import ImageReference
from sealpin.regexes import compile_pattern
from sealpin.registry.connect import connect
from sealpin.registry.options import RegistryOptions
from sealpin.signatures.opinion import SecondOpinion
from sealpin.signatures.verified import CertificateIdentity, NameKind, SubjectName
from sealpin.trust.root import TrustedRoot
from support.builders import decision
from support.memory_registry import MemoryRegistry
from support.policies import GITHUB, codes, decide, gap, load
from support.processor_time import at_most
from support.properties import UNTIMED
from support.verification import NOW, SUBJECT, keyless, root_of
from support.virtual_sigstore import Identity, KeyPair, Signer, VirtualSigstore

DIGEST = str(SUBJECT)
WORKFLOW = "https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1"
OWN = Identity.uri(WORKFLOW)
VULN = "https://example.com/vuln/v1"


@pytest.fixture(scope="module")
def sigstore() -> VirtualSigstore:
    return VirtualSigstore()


@pytest.fixture(scope="module")
def root(sigstore: VirtualSigstore) -> TrustedRoot:
    return root_of(sigstore)


def rules(*policies: str, top: str = "") -> str:
    return f"version: 1\n{top}policies:\n" + "".join(f"  - {{{each}}}\n" for each in policies)


def own(name: str, *, images: str = "registry.test/**", more: str = "", rest: str = "") -> str:
    signer = f'issuer: "{GITHUB}", identity: "{WORKFLOW}"'
    return f'name: {name}, images: ["{images}"], keyless: {{{signer}{more}}}{rest}'


WEAK = ", insecure_ignore_tlog: true, insecure_ignore_sct: true"


@pytest.mark.parametrize("weak_first", [True, False])
def test_weakening_of_one_policy_does_not_reach_another(
    sigstore: VirtualSigstore, root: TrustedRoot, weak_first: bool
) -> None:
    unlogged = sigstore.bundle(DIGEST, identity=OWN, log="")
    memory = Verifications()
    weak = load(rules(own("weak", more=WEAK)), root)
    strict = load(rules(own("strict")), root)
    order = [(weak, Outcome.ALLOWED), (strict, Outcome.DENIED)]
    for policies, outcome in order if weak_first else order[::-1]:
        assert decide(policies, [unlogged], cache=memory).outcome is outcome
    both = [own("weak", more=WEAK), own("strict")]
    policies = load(rules(*(both if weak_first else both[::-1])), root)
    assert decide(policies, [unlogged], cache=memory).outcome is Outcome.DENIED


def test_roots_that_differ_in_their_profile_are_not_one_trust(root: TrustedRoot) -> None:
    lenient = replace(
        root,
        certificate_authorities=tuple(
            replace(each, profile=ChainProfile.PRIVATE) for each in root.certificate_authorities
        ),
    )
    table = TrustTable()
    made = [
        table.keyless(Roots(certificates=each), frozenset(), require_timestamp=False)
        for each in (lenient, root)
    ]
    profiles = [trust.root.certificate_authorities[0].profile for trust in made]
    assert profiles == [ChainProfile.PRIVATE, ChainProfile.SIGSTORE]


def test_answers_kept_for_a_run_depend_on_the_roots_too(root: TrustedRoot) -> None:
    other = root_of(VirtualSigstore())
    same_rules = {load(rules(own("p")), each).digest for each in (root, other)}
    assert len(same_rules) == 1
    assert len({trust_digest(load(rules(own("p")), each)) for each in (root, other)}) == 2


def test_every_attestation_that_must_pass_must_have_been_seen(sigstore: VirtualSigstore) -> None:
    rule = AttestationRule(
        name="vuln", predicate_type=VULN, written_type=VULN, every_one=True,
        conditions=(PointerCondition(pointer="/ok", operator=Operator.EQUALS, expected=True),),
    )  # fmt: skip
    policies = policy_from_flags(
        SignerFlags(issuer=GITHUB, identity=WORKFLOW),
        trust=keyless(sigstore),
        evidence=EvidenceFlags(attestations=(rule,)),
    )
    good = sigstore.bundle(DIGEST, identity=OWN, predicate_type=VULN, predicate={"ok": True})
    bad = sigstore.bundle(DIGEST, identity=OWN, predicate_type=VULN, predicate={"ok": False})
    assert decide(policies, [good]).outcome is Outcome.ALLOWED
    assert decide(policies, [good, bad]).outcome is Outcome.DENIED
    assert decide(policies, [good], gaps=(gap(),)).outcome is Outcome.INCONCLUSIVE


@pytest.mark.parametrize(
    ("threshold", "required", "outcome"),
    [
        (1, "", Outcome.ALLOWED),
        (2, "", Outcome.INCONCLUSIVE),
        (1, "second", Outcome.INCONCLUSIVE),
        (3, "", Outcome.DENIED),
        (1, "third", Outcome.DENIED),
    ],
)
def test_undecided_authority_counts_for_neither_side(
    sigstore: VirtualSigstore, root: TrustedRoot, threshold: int, required: str, outcome: Outcome
) -> None:
    """The first signed, the second might have (its key service is away), the third never passes."""
    signer = f'{{issuer: "{GITHUB}", identity: "{WORKFLOW}"}}'
    text = rules(
        'name: p, images: ["registry.test/**"], authorities: ['
        f"{{name: first, keyless: {signer}}},"
        "{name: second, key: {kms: 'awskms:///alias/x'}}, {name: third, static: fail}],"
        f" threshold: {threshold}, required: [{required}]"
    )
    signed = sigstore.bundle(DIGEST, identity=OWN)
    assert decide(load(text, root), [signed]).outcome is outcome


def test_undecided_policy_is_not_outvoted_by_one_that_allows(
    sigstore: VirtualSigstore, root: TrustedRoot
) -> None:
    other = own("other").replace("acme", "other")
    text = rules(own("own"), other)
    signed = sigstore.bundle(DIGEST, identity=OWN)
    assert decide(load(text, root), [signed], gaps=(gap(),)).outcome is Outcome.INCONCLUSIVE
    assert decide(load(text, root), [signed]).outcome is Outcome.DENIED


def test_mode_warn_does_not_allow_what_could_not_be_checked(root: TrustedRoot) -> None:
    text = rules(own("p", rest=", mode: warn"))
    assert decide(load(text, root), gaps=(gap(),)).outcome is Outcome.INCONCLUSIVE


@pytest.mark.parametrize(
    ("seconds", "outcome"), [(-1, Outcome.DENIED), (0, Outcome.DENIED), (1, Outcome.DENIED)]
)
def test_exclusion_never_allows(root: TrustedRoot, seconds: int, outcome: Outcome) -> None:
    until = (NOW + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
    gone = f', exclude: [{{image: "registry.test/app", until: "{until}", reason: r}}]'
    assert decide(load(rules(own("p", rest=gone)), root)).outcome is outcome


def test_exclusion_ends_with_its_day(root: TrustedRoot, sigstore: VirtualSigstore) -> None:
    gone = ', exclude: [{image: "registry.test/app", until: "2024-05-01", reason: r}]'
    allow = 'name: rest, images: ["**"], unsigned: allow'
    policies = load(rules(own("p", rest=gone), allow), root)
    end = datetime(2024, 5, 1, 23, 59, 59, tzinfo=timezone.utc)
    assert decide(policies, now_utc=end).outcome is Outcome.ALLOWED
    assert decide(policies, now_utc=end + timedelta(seconds=1)).outcome is Outcome.DENIED


@pytest.mark.parametrize(
    "image",
    [
        "nginx", "library/nginx", "docker.io/nginx", "docker.io/library/nginx:1",
        "index.docker.io/library/nginx", "registry-1.docker.io/library/nginx", "DOCKER.IO/nginx",
        "registry-1.docker.io:443/library/nginx", "index.docker.io:0443/library/nginx",
        f"nginx@sha256:{'a' * 64}", f"nginx:1@sha256:{'a' * 64}",
    ],
)  # fmt: skip
def test_no_spelling_of_docker_hub_evades_its_policy(root: TrustedRoot, image: str) -> None:
    policies = load(
        rules(own("hub", images="docker.io/library/**"), 'images: ["**"], unsigned: allow'), root
    )
    assert decide(policies, image=image).outcome is Outcome.DENIED


@pytest.mark.parametrize(
    "image",
    ["Registry.TEST/app:1", "registry.test/app", "registry.test/app:x", "registry.test:443/app",
     "registry.test:00443/app", "REGISTRY.test:443/app"],
)  # fmt: skip
@pytest.mark.parametrize("registry", ["registry.test", "registry.test:443"])
def test_no_spelling_of_a_registry_evades_its_policy(
    root: TrustedRoot, registry: str, image: str
) -> None:
    app = own("app", images=f"{registry}/app")
    policies = load(rules(app, 'images: ["**"], unsigned: allow'), root)
    assert decide(policies, image=image).outcome is Outcome.DENIED


def test_no_spelling_of_a_port_evades_its_policy(root: TrustedRoot) -> None:
    app = own("app", images="registry.test:5000/**")
    policies = load(rules(app, 'images: ["**"], unsigned: allow'), root)
    assert decide(policies, image="registry.test:05000/app").outcome is Outcome.DENIED


@pytest.mark.parametrize(
    "glob",
    ["docker.io/nginx", "docker.io/*", "index.docker.io/ng*x", "registry.test/app/",
     "registry.test//app", "registry.test/-app", "registry.test/[a-z]/app"],
)  # fmt: skip
def test_policy_that_can_speak_of_no_image_does_not_load(root: TrustedRoot, glob: str) -> None:
    """It would look like a rule for the image that a laxer policy or `no_match` then lets pass."""
    with pytest.raises(PolicyInvalid, match="no image has a name that this glob covers"):
        load(rules(own("p", images=glob)), root)


@pytest.mark.parametrize("glob", ["docker.io/**", "docker.io/acme**", "registry.test/**/a-*", "**"])
def test_policy_that_can_speak_of_an_image_loads(root: TrustedRoot, glob: str) -> None:
    load(rules(own("p", images=glob)), root)


def test_glob_of_many_wildcards_is_matched_in_no_time() -> None:
    glob = repository_glob(f"registry.test/{'**a' * 8}/b")
    with at_most(5):
        assert not glob.matches(ImageReference.parse(f"registry.test/{'a' * 240}"))


@UNTIMED
@given(
    st.text("ab/", max_size=12),
    st.lists(st.sampled_from(["*", "**", "a", "b", "/", "ab"]), min_size=7, max_size=14),
)
def test_glob_of_many_wildcards_covers_what_its_pattern_covers(name: str, parts: list[str]) -> None:
    text = "".join(["a", *parts, "*b*b*"])
    assume(len(re.findall(r"\*+", text)) <= 8)
    glob = cluster_glob(text)
    assert glob.matches_name(name) == (re.fullmatch(glob.pattern, name) is not None)


@pytest.mark.parametrize("until", ["9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+14:00"])
def test_end_of_an_exclusion_beyond_all_times_is_refused(root: TrustedRoot, until: str) -> None:
    rest = f"exclude: [{{image: registry.test/app, until: '{until}', reason: r}}]"
    with pytest.raises(PolicyInvalid, match="not a time"):
        load(rules(own("p", rest=f", {rest}")), root)


@pytest.mark.parametrize(
    "image",
    ["registry.test.evil/app", "evil.test/registry.test/app", "registry.test:444/app",
     "registrystest/app.x/y"],
)  # fmt: skip
def test_glob_covers_no_other_registry(
    sigstore: VirtualSigstore, root: TrustedRoot, image: str
) -> None:
    signed = sigstore.bundle(DIGEST, identity=OWN)
    assert "policy.no-match" in codes(decide(load(rules(own("p")), root), [signed], image=image))


def test_attestation_of_any_type_is_no_signature(
    sigstore: VirtualSigstore, root: TrustedRoot
) -> None:
    attested = [
        sigstore.bundle(DIGEST, identity=OWN, predicate_type=VULN),
        sigstore.attest(DIGEST, identity=OWN, predicate_type="https://sigstore.dev/cosign/sign/v1"),
    ]
    policies = load(rules(own("p", rest=f', attestations: [{{type: "{VULN}"}}]')), root)
    assert decide(policies, attested).outcome is Outcome.DENIED


def test_signature_is_no_attestation(sigstore: VirtualSigstore, root: TrustedRoot) -> None:
    rest = f', signature: replaced, attestations: [{{type: "{VULN}"}}]'
    signed = [sigstore.bundle(DIGEST, identity=OWN), sigstore.sign_image(DIGEST, identity=OWN)]
    assert decide(load(rules(own("p", rest=rest)), root), signed).outcome is Outcome.DENIED


def test_signature_and_attestation_of_two_signers_do_not_add_up(
    sigstore: VirtualSigstore, root: TrustedRoot
) -> None:
    policies = load(rules(own("p", rest=f', attestations: [{{type: "{VULN}"}}]')), root)
    signed = [
        sigstore.bundle(DIGEST, identity=OWN),
        sigstore.bundle(DIGEST, identity=Identity.uri(f"{WORKFLOW}0"), predicate_type=VULN),
    ]
    assert decide(policies, signed).outcome is Outcome.DENIED


@pytest.mark.parametrize(
    "subject",
    [f"{WORKFLOW}\0.evil.test", f"{WORKFLOW} ", f"{WORKFLOW}\n", WORKFLOW.replace("acme", "ACME")],
)
def test_identity_is_compared_to_the_last_character(
    sigstore: VirtualSigstore, root: TrustedRoot, subject: str
) -> None:
    signed = sigstore.bundle(DIGEST, identity=Identity.uri(subject))
    assert decide(load(rules(own("p")), root), [signed]).outcome is Outcome.DENIED


@pytest.mark.parametrize(
    "subject", ["https://github.com/acme/app\nevil", "xhttps://github.com/acme/app"]
)
def test_anchored_pattern_matches_whole_identities_only(
    sigstore: VirtualSigstore, root: TrustedRoot, subject: str
) -> None:
    signer = f'issuer: "{GITHUB}", identity_regexp: "^https://github.com/acme/[a-z]+$"'
    text = rules(f'name: p, images: ["registry.test/**"], keyless: {{{signer}}}')
    signed = sigstore.bundle(DIGEST, identity=Identity.uri(subject))
    assert decide(load(text, root), [signed]).outcome is Outcome.DENIED


def cluster(name: str, glob: str, authority: str) -> str:
    return (
        "---\napiVersion: policy.sigstore.dev/v1beta1\nkind: ClusterImagePolicy\n"
        f"metadata: {{name: {name}}}\nspec:\n  images: [{{glob: '{glob}'}}]\n"
        f"  authorities: [{authority}]\n"
    )


@pytest.mark.parametrize("lower_first", [True, False])
def test_two_spellings_of_an_image_are_decided_on_each_by_its_own_policies(
    root: TrustedRoot, lower_first: bool
) -> None:
    key = KeyPair().public_pem.decode().replace("\n", "\\n")
    with MemoryRegistry() as registry:
        registry.repository("app").put_manifest({"layers": []}, tag="1")
        host = f"localhost:{registry.port}"
        registry.faults.append(lambda asked, answered: answered)
        policies = load(
            cluster("lower", f"{host}/**", "{static: {action: pass}}")
            + cluster("upper", f"LOCALHOST:{registry.port}/**", f'{{key: {{data: "{key}"}}}}'),
            root,
        )
        texts = [f"{host}/app:1", f"LOCALHOST:{registry.port}/app:1"]
        references = [ImageReference.parse(t) for t in (texts if lower_first else texts[::-1])]
        with Session(connect(RegistryOptions()), clock=SystemClock()) as session:
            decided = {d.reference.text: d for d in session.decide(references, policies)}
        assert decided[texts[0]].outcome is Outcome.ALLOWED
        assert decided[texts[1]].outcome is Outcome.DENIED
        assert any(asked.path.endswith(".sig") for asked in registry.asked())


def test_image_refused_by_its_name_is_reported_under_each_spelling(root: TrustedRoot) -> None:
    references = [ImageReference.parse(text) for text in ("nginx", "docker.io/nginx")]
    with Session(connect(RegistryOptions()), clock=SystemClock()) as session:
        decided = session.decide(references, load(rules(own("p")), root))
    assert [d.reference.text for d in decided] == ["nginx", "docker.io/nginx"]


def test_platform_is_pinned_of_images_allowed_without_proof_too(root: TrustedRoot) -> None:
    with MemoryRegistry() as registry:
        app = registry.repository("app")
        child = app.put_manifest({"layers": []})
        platform = {"os": "linux", "architecture": "amd64"}
        entry = {
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "digest": child,
            "size": 2,
        }
        app.put_manifest({"manifests": [{**entry, "platform": platform}]}, tag="1")
        text = f"FROM {registry.host}/app:1\n"
        found = find_sites("Dockerfile", text.encode())
        policies = load(rules('images: ["**"], unsigned: allow'), root)
        with Session(connect(RegistryOptions()), clock=SystemClock()) as session:
            (result,) = pin_files(
                session, policies, [found], platform=Platform(os="linux", architecture="amd64")
            )
        assert [(site.action, str(site.pin.digest)) for site in result.sites] == [
            (Action.PIN, child)
        ]


def test_platform_that_fits_two_children_pins_neither() -> None:
    children = tuple(
        Descriptor(
            media_type="", digest=Digest("sha256", variant * 32), size_bytes=1,
            platform=Platform(os="linux", architecture="arm", variant=variant),
        )
        for variant in ("v6", "v7")
    )  # fmt: skip
    (site,) = find_sites("Dockerfile", b"FROM registry.test/app:1\n").sites
    with pytest.raises(InvalidInput, match="more than one"):
        Pin(
            site=site,
            decision=decision(site.reference, children=children),
            platform=Platform(os="linux", architecture="arm"),
        )


def test_signer_given_by_a_key_is_not_met_by_a_certificate_of_that_key(
    sigstore: VirtualSigstore, root: TrustedRoot
) -> None:
    signer = sigstore.keyless(OWN)
    pem = signer.key.public_pem.decode().replace("\n", "\\n")
    text = rules(f'name: p, images: ["registry.test/**"], key: {{data: "{pem}"}}')
    signed = sigstore.bundle(DIGEST, signer=signer)
    assert decide(load(text, root), [signed]).outcome is Outcome.DENIED


def test_key_does_not_meet_a_keyless_authority(
    sigstore: VirtualSigstore, root: TrustedRoot
) -> None:
    signed = sigstore.bundle(DIGEST, signer=Signer(key=KeyPair()))
    assert decide(load(rules(own("p")), root), [signed]).outcome is Outcome.DENIED


def test_evidence_gathered_for_another_digest_counts_for_nothing(
    sigstore: VirtualSigstore, root: TrustedRoot
) -> None:
    other = Digest("sha256", "cd" * 32)
    decided = evaluate(
        load(rules(own("p")), root),
        ResolvedArtifact(reference=ImageReference.parse("registry.test/app:v1"), digest=SUBJECT),
        EvidenceSet(
            subject=SUBJECT,
            items=(sigstore.bundle(str(other), identity=OWN).as_evidence(other),),
        ),
        now_utc=NOW,
        second_opinion=SecondOpinion.OFF,
        cache=Verifications(),
    )
    assert (decided.outcome, "subject.mismatch" in codes(decided)) == (Outcome.DENIED, True)


@pytest.mark.parametrize("pattern", [".*", "", "^", "x*"])
def test_certificate_without_an_issuer_is_nobodys(sigstore: VirtualSigstore, pattern: str) -> None:
    rule = IdentityRule(issuer=compile_pattern(pattern, where="test"), subject=WORKFLOW)
    signer = CertificateIdentity(
        subjects=(SubjectName(kind=NameKind.URI, value=WORKFLOW),),
        issuer="", extensions={}, certificate_der=b"",
    )  # fmt: skip
    assert mismatch(rule, signer).startswith("issuer mismatch")


def test_provenance_of_another_source_satisfies_no_policy(
    sigstore: VirtualSigstore, root: TrustedRoot
) -> None:
    rest = ", signature: replaced, provenance: {source: github.com/acme/app}"
    attested = sigstore.attest(DIGEST, identity=OWN, predicate={"builder": {"id": "x"}})
    assert decide(load(rules(own("p", rest=rest)), root), [attested]).outcome is Outcome.DENIED


@pytest.mark.parametrize(
    "image", ["registry.test/app:a b", "registry.test/app@sha256:AB", "regi stry.test/app"]
)
def test_name_a_cluster_refuses_is_matched_by_no_glob(image: str) -> None:
    with pytest.raises(InvalidInput):
        cluster_glob("**").matches_name(cluster_name(image))


def test_globs_of_a_cluster_see_the_name_as_it_is_written() -> None:
    glob = cluster_glob("Registry.test/*:v1")
    assert glob.matches(ImageReference.parse("Registry.test/app:v1"))
    assert not glob.matches(ImageReference.parse("registry.test/app:v1"))


@pytest.mark.parametrize(
    "fields",
    ["".join(f"k{n}: 1\n" for n in range(20_000)), f"policies: [{'{x: 1}, ' * 20_000}]\n"],
    ids=["fields", "policies"],
)
def test_very_many_problems_of_a_policy_are_told_in_no_time(root: TrustedRoot, fields: str) -> None:
    with at_most(10), pytest.raises(PolicyInvalid) as raised:
        load(f"version: 1\n{fields}", root)
    assert len(set(str(raised.value).splitlines())) == 100


@pytest.mark.parametrize(
    "text",
    [
        "x: " + "-" * 5_000 + "1",
        "x: " + "1 & " * 20_000 + "1",
        "x: x" + ".b" * 20_000,
        "x: <1" + "0" * 5_000,
        "x: <1e999",
    ],
    ids=["signs", "conjuncts", "selectors", "digits", "beyond all numbers"],
)
def test_program_that_asks_too_much_decides_nothing(text: str) -> None:
    assert check_cue(text, b'{"x": 3}', absent_fields_pass=False).outcome is Outcome.INCONCLUSIVE


def test_number_beyond_all_floats_meets_no_condition() -> None:
    halves = SchemaCondition(schema={"properties": {"x": {"multipleOf": 0.5}}})
    assert check_value(halves, {"x": 10**4_000}).outcome is Outcome.DENIED


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"x: \xff", "not UTF-8"), (b"/" * (MAX_POLICY_BYTES + 1), f"at most {MAX_POLICY_BYTES}")],
    ids=["no text", "endless"],
)
def test_program_that_cannot_be_read_is_no_program(
    root: TrustedRoot, content: bytes, said: str
) -> None:
    text = f"""
      version: 1
      policies:
        - images: ["registry.test/**"]
          keyless: {{issuer: {GITHUB}, identity: x}}
          attestations: [{{type: custom, cue_file: program.cue}}]
    """
    with pytest.raises(PolicyInvalid, match=said):
        load(text, root, files={"program.cue": content})


@pytest.mark.parametrize("until", ["2030-02-30", "2030-13-01", "0000-01-01"])
def test_exclusion_until_a_day_that_never_comes_is_refused(root: TrustedRoot, until: str) -> None:
    text = f"""
      version: 1
      policies:
        - images: ["registry.test/**"]
          static: fail
          exclude: [{{image: registry.test/a, until: {until}, reason: r}}]
    """
    with pytest.raises(PolicyInvalid, match="not a day"):
        load(text, root)


ACME = "https://github.com/acme"
FULCIO = f"{{issuer: {GITHUB}, identity: {ACME}/a}}"
ANY_OF_ACME = f"{{issuer: {GITHUB}, identity_regexp: '^{ACME}/'}}"
TWICE = {
    "one identity": f"{{keyless: {FULCIO}}}, {{keyless: {FULCIO}}}",
    "one key in two files": "{key: a.pub}, {key: b.pub}",
    "in a triple": f"{{keyless: {FULCIO}}}, {{key: a.pub}}, {{key: b.pub}}, threshold: 3",
}


def of_threshold(authorities: str, root: TrustedRoot) -> PolicySet:
    listed, _comma, threshold = authorities.partition(", threshold: ")
    key = KeyPair().public_pem
    return load(
        f"version: 1\npolicies: [{{images: ['registry.test/**'], threshold: {threshold or 2},"
        f" authorities: [{listed}]}}]\n",
        root,
        files={"a.pub": key, "b.pub": key, "c.pub": KeyPair().public_pem},
    )


@pytest.mark.parametrize("authorities", TWICE.values(), ids=TWICE)
def test_one_signer_listed_twice_is_not_two(root: TrustedRoot, authorities: str) -> None:
    with pytest.raises(PolicyInvalid, match=r"different authorities, got [12]: authority-"):
        of_threshold(authorities, root)


def test_threshold_of_very_many_signers_is_read_in_no_time(root: TrustedRoot) -> None:
    many = ", ".join(f"{{keyless: {{issuer: i, identity: x{n}}}}}" for n in range(8_000))
    with at_most(10):
        assert len(of_threshold(f"{many}, threshold: 8000", root).policies[0].authorities) == 8_000


@pytest.mark.parametrize(
    ("authorities", "codes"),
    [
        (f"{{keyless: {FULCIO}}}, {{keyless: {ANY_OF_ACME}}}", ["lint.threshold"]),
        (f"{{keyless: {FULCIO}}}, {{key: a.pub}}, {{keyless: {FULCIO}}}", ["lint.threshold"]),
        (f"{{keyless: {FULCIO}}}, {{key: a.pub}}", []),
        ("{key: a.pub}, {key: c.pub}", []),
        ("{key: a.pub}, {key: a.pub, attestations: [{type: spdxjson}]}", []),
        (f"{{keyless: {FULCIO}}}, {{keyless: {ANY_OF_ACME}}}, threshold: 1", []),
    ],
    ids=["overlap", "spare", "two", "two keys", "another wish", "one is enough"],
)
def test_signer_that_a_threshold_may_count_twice_is_remarked(
    root: TrustedRoot, authorities: str, codes: list[str]
) -> None:
    remarks = [remark.code for remark in lint(of_threshold(authorities, root))]
    assert [code for code in remarks if code == "lint.threshold"] == codes

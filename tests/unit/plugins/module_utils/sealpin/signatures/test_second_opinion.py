# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The second engine: where it is asked, what its answer does, and its known deviations."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509

import sealpin.signatures.second_opinion
from sealpin.digest import Digest
from sealpin.errors import VerificationFailed
from sealpin.signatures.bundle import read_bundle
from sealpin.signatures.opinion import SecondOpinion
from sealpin.signatures.second_opinion import ask, reads_form
from sealpin.signatures.verify import verify_blob
from sealpin.weakening import Weakening
from support.verification import SUBJECT, keyed, keyless, prove, signer
from support.virtual_sigstore import (
    SIGNING_TIME,
    CertificateAuthority,
    CertificateTransparencyLog,
    Identity,
    KeyPair,
    Stamp,
    TimestampAuthority,
    Validity,
    VirtualSigstore,
)

DIGEST = str(SUBJECT)
BOTH, ONE = ("sealpin", "sigstore"), ("sealpin",)
CORE = Path(sealpin.signatures.second_opinion.__file__).parents[2]


@pytest.fixture(scope="module")
def sigstore():
    return VirtualSigstore()


def engines(sigstore, trust=None, **recipe):
    signed = sigstore.bundle(DIGEST, **recipe)
    return prove(signed, trust or keyless(sigstore), second_opinion=SecondOpinion.REQUIRE).engines


@pytest.mark.parametrize(
    "recipe",
    [{"version": "0.1"}, {"version": "0.2"}, {}, {"log": "v2"}],
    ids=["0.1", "0.2", "0.3", "rekor-v2"],
)
def test_is_asked_where_it_reads_the_form(sigstore, recipe):
    assert engines(sigstore, **recipe) == BOTH


def test_is_not_asked_where_it_does_not(sigstore):
    p384 = sigstore.keyless(algorithm="ecdsa-p384")
    assert engines(sigstore, signer=p384) == ONE
    assert engines(sigstore, kind="intoto-0.0.2") == ONE
    assert engines(sigstore, log="v2", kind="dsse") == ONE
    assert engines(sigstore, version="0.1", proof=False) == ONE
    who = signer()
    assert engines(sigstore, keyed(sigstore, who.key), signer=who) == ONE


def test_is_not_asked_about_logs_of_kinds_that_its_library_refuses():
    made = VirtualSigstore(ct_log=CertificateTransparencyLog(key=KeyPair("ed25519")))
    assert engines(made) == ONE


def test_is_not_asked_where_checks_are_given_up(sigstore):
    parts = read_bundle(sigstore.bundle(DIGEST).content)
    assert reads_form(parts, keyless(sigstore))
    for weakening in (
        Weakening.IGNORE_SCT,
        Weakening.IGNORE_TLOG,
        Weakening.PRIVATE_INFRASTRUCTURE,
    ):
        assert not reads_form(parts, keyless(sigstore, weakenings=frozenset({weakening})))


def test_is_not_asked_about_tokens_without_an_authority(sigstore):
    signed = sigstore.bundle(DIGEST, stamps=(Stamp(),))
    bare = VirtualSigstore()
    bare.__dict__.update(sigstore.__dict__)
    bare.timestamp_authorities = []
    assert prove(signed, keyless(bare), second_opinion=SecondOpinion.AUTO).engines == ONE


def test_is_not_asked_about_several_certificate_timestamps():
    made = VirtualSigstore()
    key = signer().key
    authority = made.certificate_authorities[0]
    certificate = authority.issue(key, ct_logs=made.ct_logs * 2)
    who = made.keyless()
    two = type(who)(key=key, certificate=certificate)
    assert engines(made, signer=two) == ONE


def test_disagreement_refuses():
    """Its answer counts: here it is asked about a bundle that this project never verified."""
    made, foreign = VirtualSigstore(), VirtualSigstore()
    bundle = foreign.bundle(DIGEST).content
    with pytest.raises(VerificationFailed) as raised:
        ask(SecondOpinion.AUTO, bundle, read_bundle(bundle), keyless(made), ())
    assert raised.value.code == "second-opinion.disagrees"


def test_reading_another_certificate_or_payload_is_disagreement(sigstore):
    first, second = sigstore.bundle(DIGEST).content, sigstore.bundle(DIGEST).content
    with pytest.raises(VerificationFailed) as raised:
        ask(SecondOpinion.AUTO, first, read_bundle(second), keyless(sigstore), ())
    assert raised.value.code == "second-opinion.disagrees"
    who = sigstore.keyless()
    first = sigstore.bundle(DIGEST, signer=who).content
    second = sigstore.bundle("sha256:" + "cd" * 32, signer=who).content
    with pytest.raises(VerificationFailed) as raised:
        ask(SecondOpinion.AUTO, first, read_bundle(second), keyless(sigstore), ())
    assert raised.value.code == "second-opinion.disagrees"


@pytest.mark.parametrize("artifact", [b"other", Digest.of(b"other")], ids=["content", "digest"])
def test_refusing_a_file_s_signature_is_disagreement(sigstore, artifact):
    bundle = sigstore.blob_bundle(b"file").content
    parts = read_bundle(bundle)
    with pytest.raises(VerificationFailed) as raised:
        ask(SecondOpinion.AUTO, bundle, parts, keyless(sigstore), (), artifact=artifact)
    assert raised.value.code == "second-opinion.disagrees"


def test_the_end_of_a_timestamp_window_is_a_known_deviation():
    at_end = TimestampAuthority(validity=Validity(end=SIGNING_TIME))
    made = VirtualSigstore(timestamp_authority=at_end)
    signed = made.bundle(DIGEST, log="v2")
    proven = prove(signed, keyless(made), second_opinion=SecondOpinion.AUTO)
    assert (proven.engines, proven.notes) == (ONE, ("second-opinion.timestamp-end",))


def test_a_private_authority_is_a_known_deviation():
    def no_key_usage(extensions):
        return [e for e in extensions if not isinstance(e[0], x509.KeyUsage)]

    authority = CertificateAuthority(edit_authority_extensions=no_key_usage)
    made = VirtualSigstore(certificate_authority=authority)
    proven = prove(made.bundle(DIGEST), keyless(made), second_opinion=SecondOpinion.AUTO)
    assert (proven.engines, proven.notes) == (ONE, ("second-opinion.certificate-profile",))


def test_user_names_are_read_by_both(sigstore):
    who = sigstore.keyless(Identity.username("foo!oidc.local"))
    assert engines(sigstore, signer=who) in (BOTH, ONE)


def test_a_file_s_signature_is_checked_with_content_and_digest(sigstore):
    content = sigstore.blob_bundle(b"file").content
    for artifact in (b"file", Digest.of(b"file")):
        proven = verify_blob(
            content,
            artifact,
            trust=keyless(sigstore),
            now_utc=SIGNING_TIME + timedelta(days=1),
            second_opinion=SecondOpinion.REQUIRE,
        )
        assert proven.engines == BOTH


WITHOUT_LIBRARY = """
import sys
sys.path.insert(0, {core!r})
sys.modules["sigstore"] = None
from datetime import datetime, timezone
from sealpin.digest import Digest
from sealpin.errors import MissingDependency, SealpinError
from sealpin.evidence import Evidence, EvidenceKind, Route
from sealpin.signatures.bundle import read_bundle
from sealpin.signatures.opinion import SecondOpinion
from sealpin.signatures.second_opinion import ask
from sealpin.signatures.verify import verify_evidence
from sealpin.trust.material import KeylessTrust
from sealpin.trust.root_json import parse_trusted_root
bundle, root = open(sys.argv[1], "rb").read(), open(sys.argv[2], "rb").read()
trust = KeylessTrust(root=parse_trusted_root(root))
print(ask(SecondOpinion.AUTO, bundle, read_bundle(bundle), trust, ()).engines)
try:
    ask(SecondOpinion.REQUIRE, bundle, read_bundle(bundle), trust, ())
except MissingDependency as error:
    print(error.code)
elsewhere = Evidence(
    kind=EvidenceKind.BUNDLE,
    subject=Digest.of(b"another image"),
    content=bundle,
    route=Route.GIVEN,
    location="bundle.json",
)
now_utc = datetime.now(timezone.utc)
try:
    verify_evidence(
        elsewhere, trust=trust, now_utc=now_utc, second_opinion=SecondOpinion.REQUIRE
    )
except SealpinError as error:
    print(error.code)
"""


def test_an_absent_library_is_one_engine_unless_it_is_required(sigstore, tmp_path):
    bundle, root = tmp_path / "bundle.json", tmp_path / "root.json"
    bundle.write_bytes(sigstore.bundle(DIGEST).content)
    root.write_bytes(sigstore.trusted_root_json())
    script = WITHOUT_LIBRARY.format(core=str(CORE))
    command = [sys.executable, "-c", script, str(bundle), str(root)]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert output.splitlines() == [
        "('sealpin',)",
        "dependency.missing-library",
        "subject.mismatch",  # the last step is not asked about what an earlier one refuses
    ]


def test_importing_the_procedure_imports_no_engine():
    script = (
        f"import sys; sys.path.insert(0, {str(CORE)!r})\n"
        "import sealpin.signatures.verify\n"
        "print(sorted({'sigstore', 'rfc3161_client'} & set(sys.modules)))"
    )
    output = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout
    assert output == "[]\n"

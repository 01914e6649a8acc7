# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Signing certificates and their paths: who may issue, when, for what, and whom they name."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from sealpin.certificates import Certificate
from sealpin.errors import InvalidInput, SealpinError, VerificationFailed
from sealpin.signatures.certificate import (
    parse_given_certificate,
    read_identity,
    verify_signing_certificate,
)
from sealpin.signatures.verified import NameKind
from sealpin.trust.root_pems import root_from_pems
from support.verification import IGNORE_SCT, SUBJECT, keyless, prove, refusal
from support.virtual_sigstore import (
    FAR_AHEAD,
    LONG_AGO,
    SIGNING_TIME,
    CertificateAuthority,
    Identity,
    KeyPair,
    Stamp,
    Validity,
    VirtualSigstore,
    der_of,
    pem,
)

DIGEST = str(SUBJECT)
SECOND = timedelta(seconds=1)
FULCIO = "1.3.6.1.4.1.57264.1"


def without(*kinds):
    return lambda extensions: [e for e in extensions if not isinstance(e[0], kinds)]


def instead(kind, value, *, critical=True):
    return lambda extensions: [
        (value, critical) if isinstance(e[0], kind) else e for e in extensions
    ]


def private(authority, **sigstore):
    """A Sigstore around *authority*, and trust in it by PEM files as cosign's flags give them."""
    made = VirtualSigstore(certificate_authority=authority, **sigstore)
    trust = keyless(made)
    pems = root_from_pems(ca_roots=authority.root_pem, ca_intermediates=authority.intermediates_pem)
    root = replace(trust.root, certificate_authorities=pems.certificate_authorities)
    return made, replace(trust, root=root)


@pytest.mark.parametrize("algorithm", ["ecdsa-p256", "ecdsa-p384", "rsa-2048", "ed25519"])
@pytest.mark.parametrize("intermediates", [0, 1, 2])
def test_verifies_private_authorities_of_every_kind(algorithm, intermediates):
    authority = CertificateAuthority(algorithm=algorithm, intermediates=intermediates)
    made, trust = private(authority)
    prove(made.sign_image(DIGEST), trust)


AKI = x509.AuthorityKeyIdentifier
KU = x509.KeyUsage
EKU = x509.ExtendedKeyUsage
BC = x509.BasicConstraints


@pytest.mark.parametrize(
    "edit",
    [
        without(AKI),
        without(x509.SubjectKeyIdentifier),
        without(KU),
        instead(BC, x509.BasicConstraints(ca=True, path_length=None), critical=False),
    ],
    ids=["no-aki", "no-ski", "no-key-usage", "non-critical-constraints"],
)
def test_verifies_authorities_that_the_web_refuses(edit):
    made, trust = private(CertificateAuthority(edit_authority_extensions=edit))
    prove(made.sign_image(DIGEST), trust)


@pytest.mark.parametrize(
    "edit", [without(AKI), without(KU), without(EKU)], ids=["no-aki", "no-ku", "no-eku"]
)
def test_a_private_leaf_may_say_nothing_of_its_use(edit):
    made, trust = private(CertificateAuthority())
    prove(made.sign_image(DIGEST, signer=made.keyless(edit_extensions=edit)), trust)


def test_an_authority_s_chain_may_come_with_the_signature():
    authority = CertificateAuthority(intermediates=2)
    made, trust = private(authority)
    roots_only = root_from_pems(ca_roots=authority.root_pem)
    root = replace(trust.root, certificate_authorities=roots_only.certificate_authorities)
    prove(made.sign_image(DIGEST), replace(trust, root=root))


def test_a_chain_file_is_intermediates_then_root():
    authority = CertificateAuthority(intermediates=2)
    made, trust = private(authority)
    given = root_from_pems(certificate_chain=authority.chain_pem)
    root = replace(trust.root, certificate_authorities=given.certificate_authorities)
    prove(made.bundle(DIGEST), replace(trust, root=root))


def key_usage(**bits):
    names = [
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    ]
    return x509.KeyUsage(**{name: bits.get(name, False) for name in names})


UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
NAME_CONSTRAINTS = x509.NameConstraints([x509.DNSName("acme.test")], None)
LEAVES = {
    "no key usage": (without(KU), "chain.key-usage"),
    "other key usage": (instead(KU, key_usage(key_agreement=True)), "chain.key-usage"),
    "no extended key usage": (without(EKU), "chain.extended-key-usage"),
    "server authentication": (
        instead(EKU, EKU([ExtendedKeyUsageOID.SERVER_AUTH])),
        "chain.extended-key-usage",
    ),
    "an authority": (
        lambda e: [*e, (x509.BasicConstraints(ca=True, path_length=None), True)],
        "chain.leaf-is-authority",
    ),
    "unknown critical": (lambda e: [*e, (UNKNOWN, True)], "chain.unsupported-extension"),
}


@pytest.mark.parametrize(("edit", "code"), LEAVES.values(), ids=LEAVES.keys())
def test_refuses_leaves_that_may_not_sign(edit, code):
    made = VirtualSigstore()
    signed = made.sign_image(DIGEST, signer=made.keyless(edit_extensions=edit))
    assert refusal(signed, keyless(made)) == code


def test_accepts_any_extended_key_usage_and_unknown_extensions():
    made = VirtualSigstore()

    def edit(extensions):
        usage = EKU([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE])
        return [*instead(EKU, usage, critical=False)(extensions), (UNKNOWN, False)]

    prove(made.sign_image(DIGEST, signer=made.keyless(edit_extensions=edit)), keyless(made))


AUTHORITIES = {
    "no constraints": (without(BC), "chain.not-an-authority"),
    "not an authority": (
        instead(BC, x509.BasicConstraints(ca=False, path_length=None)),
        "chain.not-an-authority",
    ),
    "no room below": (
        instead(BC, x509.BasicConstraints(ca=True, path_length=0)),
        "chain.path-length",
    ),
    "other key usage": (instead(KU, key_usage(digital_signature=True)), "chain.key-usage"),
    "other purpose": (
        lambda e: [*without(EKU)(e), (EKU([ExtendedKeyUsageOID.SERVER_AUTH]), False)],
        "chain.extended-key-usage",
    ),
    "name constraints": (
        lambda e: [*e, (NAME_CONSTRAINTS, True)],
        "chain.unsupported-extension",
    ),
    "name constraints, not critical": (
        lambda e: [*e, (NAME_CONSTRAINTS, False)],
        "chain.unsupported-extension",
    ),
    "unknown critical": (lambda e: [*e, (UNKNOWN, True)], "chain.unsupported-extension"),
}


@pytest.mark.parametrize(("edit", "code"), AUTHORITIES.values(), ids=AUTHORITIES.keys())
def test_refuses_authorities_that_may_not_issue(edit, code):
    made = VirtualSigstore(
        certificate_authority=CertificateAuthority(edit_authority_extensions=edit)
    )
    assert refusal(made.sign_image(DIGEST), keyless(made)) == code


def test_refuses_another_authority_of_the_same_name():
    made, foreign = VirtualSigstore(), VirtualSigstore()
    foreign.certificate_authorities, who = made.certificate_authorities, foreign.keyless()
    signed = made.sign_image(DIGEST, signer=who)
    assert refusal(signed, keyless(made)) == "chain.unknown-authority"


def test_what_comes_with_the_signature_is_no_root():
    made = VirtualSigstore()
    foreign = CertificateAuthority(name="evil.test")
    key = KeyPair()
    certificate = foreign.issue(key, ct_logs=made.ct_logs)
    who = replace(made.keyless(), key=key, certificate=certificate, chain=foreign.chain)
    assert refusal(made.sign_image(DIGEST, signer=who), keyless(made)) == "chain.unknown-authority"


@pytest.mark.parametrize(
    ("window", "code"),
    [
        ((LONG_AGO, SIGNING_TIME - SECOND), "chain.expired"),
        ((SIGNING_TIME + SECOND, FAR_AHEAD), "chain.not-yet-valid"),
        ((SIGNING_TIME, SIGNING_TIME), ""),
    ],
    ids=["expired", "not-yet", "last-moment"],
)
def test_authorities_must_be_valid_at_the_proven_moment(window, code):
    authority = CertificateAuthority(not_before_utc=window[0], not_after_utc=window[1])
    made = VirtualSigstore(certificate_authority=authority)
    if code:
        assert refusal(made.sign_image(DIGEST), keyless(made)) == code
    else:
        prove(made.sign_image(DIGEST), keyless(made))


@pytest.mark.parametrize(
    ("signed_at", "code"),
    [
        (SIGNING_TIME - SECOND, "chain.not-yet-valid"),
        (SIGNING_TIME, ""),
        (SIGNING_TIME + timedelta(minutes=10), ""),
        (SIGNING_TIME + timedelta(minutes=10, seconds=1), "chain.expired"),
    ],
    ids=["before", "first-moment", "last-moment", "after"],
)
@pytest.mark.parametrize("form", ["sign_image", "attest", "bundle"])
def test_the_leaf_must_be_valid_at_the_proven_moment(form, signed_at, code):
    made = VirtualSigstore()
    signed = getattr(made, form)(DIGEST, signer=made.keyless(), at_utc=signed_at)
    if code:
        assert refusal(signed, keyless(made)) == code
    else:
        prove(signed, keyless(made))


def test_the_chain_must_be_valid_at_every_proven_moment():
    made = VirtualSigstore()
    late = Stamp(at_utc=SIGNING_TIME + timedelta(days=1))
    assert refusal(made.bundle(DIGEST, stamps=(Stamp(), late)), keyless(made)) == "chain.expired"
    assert refusal(made.bundle(DIGEST, stamps=(late, Stamp())), keyless(made)) == "chain.expired"


@pytest.mark.parametrize(
    ("validity", "code"),
    [
        (Validity(start=SIGNING_TIME, end=SIGNING_TIME), ""),
        (Validity(end=SIGNING_TIME - SECOND), "chain.authority-window"),
        (Validity(start=SIGNING_TIME + SECOND), "chain.authority-window"),
    ],
    ids=["closed-at-both-ends", "after", "before"],
)
def test_an_authority_counts_within_its_window(validity, code):
    made = VirtualSigstore(certificate_authority=CertificateAuthority(validity=validity))
    if code:
        assert refusal(made.bundle(DIGEST), keyless(made)) == code
    else:
        prove(made.bundle(DIGEST), keyless(made))


def test_any_authority_of_the_root_may_vouch():
    made = VirtualSigstore()
    made.certificate_authorities.insert(0, CertificateAuthority(name="other.test"))
    made.certificate_authorities.reverse()
    signed = made.bundle(DIGEST)
    made.certificate_authorities.reverse()
    prove(signed, keyless(made))


def test_refuses_a_signature_by_a_weak_hash():
    authority = CertificateAuthority(intermediates=0)
    key = KeyPair()
    leaf = authority.issue(key)
    weak = Certificate.from_der(der_of(leaf), what="leaf")
    tampered = bytearray(weak.der)
    tampered[-1] ^= 1
    trust = root_from_pems(ca_roots=authority.root_pem)
    with pytest.raises(SealpinError) as raised:
        verify_signing_certificate(
            Certificate.from_der(bytes(tampered), what="leaf"),
            chain=(),
            authorities=trust.certificate_authorities,
            moments=(SIGNING_TIME,),
        )
    assert raised.value.code == "chain.unknown-authority"


def identity(**options):
    made = VirtualSigstore()
    who = made.keyless(options.pop("who", None), **options)
    return read_identity(Certificate.from_der(der_of(who.certificate), what="leaf"))


@pytest.mark.parametrize(
    ("who", "kind", "value"),
    [
        (Identity.uri("https://a.test/x"), NameKind.URI, "https://a.test/x"),
        (Identity.email("a@b.test"), NameKind.EMAIL, "a@b.test"),
        (Identity.dns("a.test"), NameKind.DNS, "a.test"),
        (Identity.ip("192.0.2.1"), NameKind.IP, "192.0.2.1"),
        (Identity.username("foo!oidc.local"), NameKind.OTHER, "foo!oidc.local"),
    ],
    ids=lambda value: getattr(value, "name", "") if isinstance(value, NameKind) else None,
)
def test_reads_every_kind_of_name(who, kind, value):
    assert [(name.kind, name.value) for name in identity(who=who).subjects] == [(kind, value)]


def test_reads_fulcio_s_extensions():
    claims = {5: "acme/app", 9: "https://signer.test", 12: "https://github.com/acme/app"}
    read = identity(who=Identity(claims=claims))
    assert read.extensions[f"{FULCIO}.5"] == "acme/app"
    assert read.extensions[f"{FULCIO}.9"] == "https://signer.test"
    assert read.issuer == "https://token.actions.githubusercontent.com"


@pytest.mark.parametrize("only", [1, 8])
def test_one_issuer_extension_is_enough(only):
    read = identity(who=Identity(issuer="", claims={only: "https://issuer.test"}))
    assert read.issuer == "https://issuer.test"


def test_no_issuer_is_an_empty_one():
    assert identity(who=Identity(issuer="")).issuer == ""


def test_two_issuers_that_differ_are_refused():
    made = VirtualSigstore()
    who = made.keyless(Identity(claims={1: "https://other.test"}))
    signed = made.sign_image(DIGEST, signer=who)
    assert refusal(signed, keyless(made)) == "certificate.issuer-conflict"


def raw_extension(number, value):
    extension = x509.UnrecognizedExtension(x509.ObjectIdentifier(f"{FULCIO}.{number}"), value)
    return lambda extensions: [*extensions, (extension, False)]


@pytest.mark.parametrize(
    ("number", "value", "code"),
    [
        (3, b"\xff", "certificate.extension"),
        (11, b"not der", "der.malformed"),
    ],
)
def test_refuses_extensions_that_do_not_decode(number, value, code):
    with pytest.raises(InvalidInput) as raised:
        identity(edit_extensions=raw_extension(number, value))
    assert raised.value.code == code


def test_leaves_out_extensions_of_an_unknown_kind():
    read = identity(edit_extensions=raw_extension(99, b"\x05\x00"))
    assert f"{FULCIO}.99" not in read.extensions


def test_a_certificate_without_names_names_nobody():
    made, trust = private(CertificateAuthority())
    who = made.keyless(edit_extensions=without(x509.SubjectAlternativeName))
    assert prove(made.sign_image(DIGEST, signer=who), trust).signer.subjects == ()


def test_a_given_certificate_is_pem_or_its_base64():
    text = pem([VirtualSigstore().keyless().certificate])
    assert parse_given_certificate(text) == parse_given_certificate(base64.b64encode(text))
    for wrong in (b"junk!", b"", base64.b64encode(b"junk")):
        with pytest.raises(InvalidInput):
            parse_given_certificate(wrong)


def test_a_root_without_authorities_knows_nobody():
    made = VirtualSigstore()
    leaf = Certificate.from_der(der_of(made.keyless().certificate), what="leaf")
    with pytest.raises(VerificationFailed) as raised:
        verify_signing_certificate(leaf, chain=(), authorities=(), moments=(SIGNING_TIME,))
    assert raised.value.code == "chain.unknown-authority"


def test_hostile_chains_are_searched_in_bounded_time():
    key = KeyPair()
    made = VirtualSigstore()
    hostile = []
    for _turn in range(10):
        authority = CertificateAuthority(name="loop.test", intermediates=0)
        hostile.append(authority.chain[0])
    who = replace(made.keyless(), key=key, certificate=authority.issue(key), chain=tuple(hostile))
    trust = keyless(made, weakenings=IGNORE_SCT)
    assert refusal(made.sign_image(DIGEST, signer=who), trust) == "chain.unknown-authority"

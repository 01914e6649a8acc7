# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Tokens: by whom, over what, when, and which certificate counts."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

import sealpin.signatures.timestamp
from sealpin.errors import InvalidInput, VerificationFailed
from sealpin.signatures.timestamp import verify_timestamps
from sealpin.trust.root_pems import root_from_pems
from support.verification import root_of
from support.virtual_sigstore import (
    FAR_AHEAD,
    LONG_AGO,
    SIGNING_TIME,
    KeyPair,
    Stamp,
    TimestampAuthority,
    Validity,
    VirtualSigstore,
    der_of,
)

MESSAGE = b"a signature"
CORE = Path(sealpin.signatures.timestamp.__file__).parents[2]
SECOND = timedelta(seconds=1)


def authorities(*made):
    sigstore = VirtualSigstore()
    sigstore.timestamp_authorities = list(made)
    return root_of(sigstore).timestamp_authorities


def verify(*tokens, by, message=MESSAGE):
    return verify_timestamps(tokens, message=message, authorities=authorities(*by))


def counts(authority, stamp=None, **options):
    """Whether a token of *authority* proves a moment."""
    result = verify(authority.timestamp(MESSAGE, stamp), by=[authority], **options)
    assert bool(result.times) != bool(result.refusals)
    return bool(result.times)


@pytest.mark.parametrize("algorithm", ["ecdsa-p256", "ecdsa-p384", "ecdsa-p521", "rsa-2048"])
@pytest.mark.parametrize("intermediates", [0, 1, 2])
def test_accepts_authorities_of_every_kind(algorithm, intermediates):
    authority = TimestampAuthority(algorithm=algorithm, intermediates=intermediates)
    result = verify(authority.timestamp(MESSAGE), by=[authority])
    assert [(time.at_utc, time.authority) for time in result.times] == [
        (SIGNING_TIME, authority.uri)
    ]


@pytest.mark.parametrize("imprint", ["sha256", "sha384", "sha512"])
def test_accepts_every_imprint(imprint):
    assert counts(TimestampAuthority(), Stamp(imprint_hash=imprint))


def test_accepts_a_token_without_certificate():
    assert counts(TimestampAuthority(), Stamp(embed=()))


def test_a_decoy_in_the_token_changes_nothing():
    """CVE-2026-39984: the constraints were checked on another certificate than the signer's."""
    authority, decoy = TimestampAuthority(), TimestampAuthority()
    both = sorted((decoy.certificate, authority.certificate), key=der_of)  # a DER set has an order
    assert counts(authority, Stamp(embed=both))
    forged = authority.timestamp(MESSAGE, Stamp(embed=both, signer=decoy.key))
    assert verify(forged, by=[authority]).times == ()


@pytest.mark.parametrize(
    "stamp",
    [
        Stamp(signer=KeyPair()),
        Stamp(imprint=b"\0" * 32),
        Stamp(status=1),
    ],
    ids=["other-key", "other-imprint", "granted-with-mods"],
)
def test_a_wrong_token_proves_nothing(stamp):
    assert not counts(TimestampAuthority(), stamp)


def test_a_token_over_something_else_proves_nothing():
    assert not counts(TimestampAuthority(), message=b"other")


def test_a_token_of_nobody_known_proves_nothing():
    token = TimestampAuthority().timestamp(MESSAGE)
    assert verify(token, by=[TimestampAuthority()]).times == ()
    result = verify(token, by=[])
    assert (result.times, len(result.refusals)) == ((), 1)


@pytest.mark.parametrize(
    ("validity", "expected"),
    [
        (Validity(start=SIGNING_TIME, end=SIGNING_TIME), True),
        (Validity(end=SIGNING_TIME - SECOND), False),
        (Validity(start=SIGNING_TIME + SECOND), False),
    ],
    ids=["closed-at-both-ends", "after", "before"],
)
def test_an_authority_counts_within_its_window(validity, expected):
    assert counts(TimestampAuthority(validity=validity)) is expected


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        ((LONG_AGO, SIGNING_TIME + SECOND), True),
        ((LONG_AGO, SIGNING_TIME - SECOND), False),
        ((SIGNING_TIME + SECOND, FAR_AHEAD - timedelta(days=2)), False),
    ],
    ids=["valid", "expired", "not-yet"],
)
def test_its_certificate_must_be_valid_then(window, expected):
    """The library takes a certificate to have expired in its last second already."""
    assert counts(TimestampAuthority(certificate_window=window)) is expected


def test_one_authority_cannot_borrow_another_s_window():
    ended = TimestampAuthority(name="a.test", validity=Validity(end=SIGNING_TIME - SECOND))
    open_one = TimestampAuthority(name="b.test")
    result = verify(ended.timestamp(MESSAGE), by=[open_one, ended])
    assert result.times == ()


def wrong_usage(extensions):
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING])
    return [(usage, True) if isinstance(e[0], x509.ExtendedKeyUsage) else e for e in extensions]


def test_its_certificate_must_be_for_timestamping():
    assert not counts(TimestampAuthority(edit_extensions=wrong_usage))


def test_its_certificate_must_chain_to_its_root():
    authority = TimestampAuthority()
    (trusted,) = authorities(authority)
    (other,) = authorities(TimestampAuthority())
    stranger = replace(trusted, root=other.root, intermediates=())
    token = authority.timestamp(MESSAGE)
    result = verify_timestamps((token,), message=MESSAGE, authorities=(stranger,))
    assert result.times == ()


def test_its_certificate_follows_the_same_rules_as_a_signer_s():
    def silent(extensions):
        return [e for e in extensions if not isinstance(e[0], x509.KeyUsage)]

    authority = TimestampAuthority(edit_extensions=silent)
    assert not counts(authority)
    root = root_from_pems(timestamp_chain=authority.chain_pem)
    token = authority.timestamp(MESSAGE)
    private = root.timestamp_authorities
    assert verify_timestamps((token,), message=MESSAGE, authorities=private).times


def test_without_the_library_a_token_names_what_is_missing():
    script = (
        f"import sys; sys.path.insert(0, {str(CORE)!r})\n"
        "sys.modules['rfc3161_client'] = None\n"
        "from sealpin.errors import MissingDependency\n"
        "from sealpin.signatures.timestamp import verify_timestamps\n"
        "print(verify_timestamps((), message=b'', authorities=()).times)\n"
        "try:\n"
        "    verify_timestamps((b'x',), message=b'', authorities=())\n"
        "except MissingDependency as error:\n"
        "    print(error.code)\n"
    )
    output = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout
    assert output.split() == ["()", "dependency.missing-library"]


def test_counts_distinct_authorities():
    first, second = TimestampAuthority(), TimestampAuthority(name="b.test", uri="https://b.test")
    twice = [first.timestamp(MESSAGE, Stamp(nonce=n)) for n in (1, 2)]
    assert verify(*twice, by=[first]).authority_count == 1
    tokens = (first.timestamp(MESSAGE), second.timestamp(MESSAGE))
    assert verify(*tokens, by=[first, second]).authority_count == 2


def test_refuses_the_same_token_twice():
    authority = TimestampAuthority()
    token = authority.timestamp(MESSAGE)
    with pytest.raises(VerificationFailed) as raised:
        verify(token, token, by=[authority])
    assert raised.value.code == "timestamp.duplicate"


@pytest.mark.parametrize("token", [b"", b"\x30\x00", b"junk"], ids=repr)
def test_refuses_what_is_no_token(token):
    with pytest.raises(InvalidInput) as raised:
        verify(token, by=[TimestampAuthority()])
    assert raised.value.code == "timestamp.malformed"


def test_a_rejection_is_no_token():
    authority = TimestampAuthority()
    with pytest.raises((InvalidInput, VerificationFailed)):
        verify(authority.timestamp(MESSAGE, Stamp(status=2)), by=[authority])


def test_no_token_proves_nothing():
    assert verify(by=[TimestampAuthority()]).times == ()


def test_a_chain_file_makes_an_authority():
    authority = TimestampAuthority()
    root = root_from_pems(timestamp_chain=authority.chain_pem, name="tsa.pem")
    token = authority.timestamp(MESSAGE)
    result = verify_timestamps((token,), message=MESSAGE, authorities=root.timestamp_authorities)
    assert result.times[0].authority == "tsa.pem"

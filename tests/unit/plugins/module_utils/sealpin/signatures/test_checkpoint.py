# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Checkpoints: the note's form, whose signature counts, and what it is bound to."""

from __future__ import annotations

import base64

import pytest

from sealpin.crypto import PublicKey
from sealpin.errors import InvalidInput, VerificationFailed
from sealpin.signatures.checkpoint import parse_checkpoint, verify_checkpoint
from sealpin.trust.root import TransparencyLog
from support.virtual_sigstore import KeyPair, RekorV1, RekorV2

ROOT = b"\7" * 32
BODY = "{origin}\n12\n" + base64.b64encode(ROOT).decode() + "\n"


def log_of(rekor):
    key = PublicKey.from_der(rekor.key.spki_der, what="log")
    return TransparencyLog(name=rekor.uri, log_id=rekor.log_id, key=key)


def note(rekor, **options):
    return rekor.sign_note(BODY.format(origin=rekor.origin), **options)


def verify(text, rekor, *, tree_size=12, root_hash=ROOT):
    checkpoint = parse_checkpoint(text)
    verify_checkpoint(checkpoint, log=log_of(rekor), tree_size=tree_size, root_hash=root_hash)


def code(text, rekor, **options):
    with pytest.raises(VerificationFailed) as raised:
        verify(text, rekor, **options)
    return raised.value.code


@pytest.fixture(params=[RekorV1, RekorV2], ids=["v1", "v2"])
def rekor(request):
    return request.param()


def test_accepts_the_log_s_own(rekor):
    verify(note(rekor), rekor)


def test_accepts_witnesses_before_and_after(rekor):
    body, _separator, own = note(rekor).rpartition("\n\n")
    witness = "\u2014 witness.test/w1 " + base64.b64encode(b"1234" + b"sig").decode() + "\n"
    verify(f"{body}\n\n{witness}{own}{witness}", rekor)


def test_accepts_one_right_signature_among_two_of_the_log(rekor):
    body, _separator, own = note(rekor).rpartition("\n\n")
    wrong = note(rekor, key=KeyPair(rekor.key.algorithm)).rpartition("\n\n")[2]
    hint = base64.b64decode(own.split(" ")[2])[:4]
    forged = hint + base64.b64decode(wrong.split(" ")[2])[4:]
    line = f"\u2014 {rekor.host} {base64.b64encode(forged).decode()}\n"
    verify(f"{body}\n\n{line}{own}", rekor)
    assert code(f"{body}\n\n{line}", rekor) == "checkpoint.signature"


def test_refuses_another_size_or_root(rekor):
    assert code(note(rekor), rekor, tree_size=13) == "checkpoint.size-mismatch"
    assert code(note(rekor), rekor, root_hash=b"\0" * 32) == "checkpoint.root-mismatch"


def test_refuses_another_log_s(rekor):
    assert code(note(type(rekor)()), rekor) == "checkpoint.unsigned"


def test_refuses_another_name_by_the_same_key(rekor):
    renamed = BODY.format(origin="other.test")
    assert code(rekor.sign_note(renamed), rekor) == "checkpoint.unsigned"


def test_rekor_v2_s_identifier_covers_the_name():
    rekor = RekorV2()
    text = BODY.format(origin="other.test")
    signature = rekor.log_id[:4] + rekor.key.sign(text.encode())
    line = f"\u2014 other.test {base64.b64encode(signature).decode()}\n"
    assert code(f"{text}\n{line}", rekor) == "checkpoint.unsigned"


def test_a_v2_log_with_an_ecdsa_key_is_named_by_its_key():
    rekor = RekorV2(key=KeyPair("ecdsa-p256"))
    verify(note(rekor), rekor)


MALFORMED = {
    "empty": "",
    "no signatures": "log\n12\n" + base64.b64encode(ROOT).decode() + "\n",
    "empty signatures": BODY + "\n",
    "no origin": "\n" + BODY.split("\n", 1)[1] + "\n\u2014 a AAAA\n",
    "no size": "log\nx\n" + BODY.split("\n")[2] + "\n\n\u2014 a AAAA\n",
    "size with zero": "log\n012\n" + BODY.split("\n")[2] + "\n\n\u2014 a AAAA\n",
    "no root": "log\n12\n\n\u2014 a AAAA\n",
    "short root": "log\n12\nAAAA\n\n\u2014 a AAAA\n",
    "root in the other alphabet": "log\n12\n" + "_" * 43 + "=\n\n\u2014 a AAAA\n",
    "signature in the other alphabet": BODY + "\n\u2014 a __==\n",
    "no final line feed": BODY + "\n\u2014 a AAAA",
    "not a signature line": BODY + "\na AAAA\n",
    "too long": BODY + "x" * 70_000 + "\n\n\u2014 a AAAA\n",
    "too many signatures": BODY + "\n" + "\u2014 a AAAA\n" * 65,
}


@pytest.mark.parametrize("text", MALFORMED.values(), ids=MALFORMED.keys())
def test_refuses_malformed_notes(text):
    with pytest.raises(InvalidInput) as raised:
        parse_checkpoint(text)
    assert raised.value.code == "checkpoint.malformed"

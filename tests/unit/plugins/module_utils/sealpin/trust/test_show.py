# SPDX-FileCopyrightText: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""What `sealpin trust show` has to say."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from sealpin.trust.embedded import embedded_root
from sealpin.trust.root_json import parse_trusted_root
from sealpin.trust.show import KeyRole, KeyState, describe
from sealpin.trust.window import Window
from support.virtual_sigstore import CertificateAuthority, Validity, VirtualSigstore

NOW = datetime(2026, 5, 1, tzinfo=timezone.utc)
DAY = timedelta(days=1)


def rows_of(sigstore: VirtualSigstore, now_utc: datetime = NOW):
    root = parse_trusted_root(sigstore.trusted_root_json())
    return describe(root, origin="test", dated_utc=None, now_utc=now_utc).rows


def test_shows_every_key_of_an_instance():
    sigstore = VirtualSigstore()

    rows = rows_of(sigstore)

    assert [(row.role, row.algorithm) for row in rows] == [
        (KeyRole.CERTIFICATE_ROOT, "ecdsa-p384"),
        (KeyRole.CERTIFICATE_INTERMEDIATE, "ecdsa-p384"),
        (KeyRole.TIMESTAMP_SIGNER, "ecdsa-p256"),
        (KeyRole.TIMESTAMP_INTERMEDIATE, "ecdsa-p256"),
        (KeyRole.TIMESTAMP_ROOT, "ecdsa-p256"),
        (KeyRole.TRANSPARENCY_LOG, "ecdsa-p256"),
        (KeyRole.TRANSPARENCY_LOG, "ed25519"),
        (KeyRole.CT_LOG, "ecdsa-p256"),
    ]
    assert rows[5].key_id == rows[5].log_id == sigstore.rekor.key.key_id.hex()
    assert rows[6].log_id == sigstore.rekor_v2.log_id.hex() != rows[6].key_id
    assert rows[6].name == sigstore.rekor_v2.uri
    assert "intermediate" in rows[1].subject


def test_a_window_is_the_shorter_of_the_roots_and_the_certificates():
    start, end = NOW - DAY, NOW + DAY
    authority = CertificateAuthority(
        validity=Validity(start=start), not_before_utc=NOW - 9 * DAY, not_after_utc=end
    )

    row, *_unused = rows_of(VirtualSigstore(certificate_authority=authority))

    assert row.window == Window(start_utc=start, end_utc=end)


@pytest.mark.parametrize(
    ("now_utc", "state"),
    [
        pytest.param(NOW - timedelta(seconds=1), KeyState.FUTURE, id="before"),
        pytest.param(NOW, KeyState.CURRENT, id="first-moment"),
        pytest.param(NOW + DAY, KeyState.CURRENT, id="last-moment"),
        pytest.param(NOW + DAY + timedelta(seconds=1), KeyState.ENDED, id="after"),
    ],
)
def test_says_whether_a_key_counts_now(now_utc, state):
    sigstore = VirtualSigstore()
    sigstore.rekor.validity = Validity(start=NOW, end=NOW + DAY)

    rows = rows_of(sigstore, now_utc)

    assert {row.state for row in rows if row.name == sigstore.rekor.uri} == {state}


def test_shows_a_log_that_is_not_supported():
    root = replace(embedded_root(), unsupported=("https://log.future.test",))

    row = describe(root, origin="embedded", dated_utc=None, now_utc=NOW).rows[-1]

    assert (row.role, row.state) == (KeyRole.UNSUPPORTED_LOG, KeyState.UNSUPPORTED)
    assert row.name == "https://log.future.test"


@pytest.mark.parametrize(
    ("dated_utc", "age"),
    [
        pytest.param(None, None, id="unknown"),
        pytest.param(NOW - 40 * DAY, 40 * DAY, id="old"),
        pytest.param(NOW + DAY, timedelta(0), id="from-the-future"),
    ],
)
def test_says_how_old_the_document_is(dated_utc, age):
    root = embedded_root()

    description = describe(root, origin="embedded", dated_utc=dated_utc, now_utc=NOW)

    assert description.age == age
    assert description.digest == root.digest


def test_the_digest_is_the_same_however_the_document_is_spelled():
    sigstore = VirtualSigstore()
    document = json.loads(sigstore.trusted_root_json())
    spelled_otherwise = json.dumps(document, indent=8, sort_keys=True).encode()

    digests = {
        describe(parse_trusted_root(data), origin="", dated_utc=None, now_utc=NOW).digest
        for data in (sigstore.trusted_root_json(), spelled_otherwise)
    }

    assert len(digests) == 1

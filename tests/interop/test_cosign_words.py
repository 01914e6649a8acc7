# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The real cosigns' options and, under ``--compat cosign``, their words for refused keys."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from support import memory_registry
from support.command import sealpin
from support.peers import peer
from support.signed_site import SignedSite
from support.virtual_sigstore import KeyPair, Signer

TIMEOUT_S = 60
COSIGNS = ("cosign2", "cosign3")
TYPE = "https://example.test/scan/v1"
FORMS = (
    ("cosign2", "sig"),
    ("cosign2", "bundle"),  # it takes no trusted root for legacy attestations
    ("cosign3", "sig"),
    ("cosign3", "att"),
    ("cosign3", "bundle"),
)
VERBS = (
    "verify",
    "verify-attestation",
    "download attestation",
    "download signature",
    "download sbom",
    "tree",
    "triangulate",
)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[SignedSite]:
    with memory_registry.serving() as registry:
        yield SignedSite(registry=registry, folder=tmp_path)


def cosign(name: str, *words: str, home: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [peer(name), *words],
        env={"HOME": str(home), "PATH": os.defpath},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("name", COSIGNS)
def test_no_option_of_cosign_is_unknown(name: str, verb: str, tmp_path: Path) -> None:
    shown = cosign(name, *verb.split(), "--help", home=tmp_path)
    options = set(re.findall(r"^ +(?:-\w, )?(--[a-z0-9-]+)", shown.stdout, re.MULTILINE))
    options |= set(re.findall(r"^ +(-\w), --", shown.stdout, re.MULTILINE))
    assert {"--registry-token", "--timeout", "-d"} <= options
    for option in sorted(options - {"--help", "-h"}):
        ran = sealpin(*verb.split(), option, cwd=tmp_path)
        assert "unrecognized arguments" not in ran.err, option


@pytest.mark.parametrize("log", [True, False], ids=["logged", "unlogged"])
@pytest.mark.parametrize("algorithm", ["ecdsa-p256", "rsa-2048", "ed25519"])
@pytest.mark.parametrize("signed_with", ["ecdsa-p256", "rsa-2048"])
@pytest.mark.parametrize(("name", "form"), FORMS, ids=map("-".join, FORMS))
def test_another_key_is_refused_in_cosigns_words(
    site: SignedSite, name: str, signed_with: str, algorithm: str, form: str, *, log: bool
) -> None:
    signer, digest = Signer(key=KeyPair(signed_with)), site.image()
    if form == "sig":
        site.attach(digest, site.sigstore.sign_image(digest, signer=signer))
    elif form == "att":
        signed = site.sigstore.attest(digest, predicate_type=TYPE, predicate={}, signer=signer)
        site.attach(digest, signed, suffix="att")
    else:
        site.refer(digest, site.sigstore.bundle(digest, signer=signer))
    verb = ("verify-attestation", "--type", TYPE) if form == "att" else ("verify",)
    key = site.file("other.pub", KeyPair(algorithm).public_pem)
    words = (*verb, "--key", key, "--trusted-root", site.root(), f"{site.name}:1.0")
    if not log:
        words = (*words, "--insecure-ignore-tlog")
    theirs = cosign(name, *words, home=site.folder)
    ours = sealpin(*words, "--compat", "cosign")
    assert ours.code == theirs.returncode
    assert said(ours.err) == said(theirs.stderr)


def said(text: str) -> str:
    """What follows warnings that only one of the two has a reason for."""
    return text[text.index("Error: ") :]

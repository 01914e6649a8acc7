# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""What the real cosign shows, downloads and saves, beside what is shown here."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support import memory_registry
from support.command import sealpin
from support.lab import Home, home_in
from support.peers import peer
from support.signed_site import SignedSite
from support.virtual_sigstore import KeyPair, Signer

IMAGES = ("acme-private/go:latest", "chainguard/go:latest", "types/app:1.0", "plain/unsigned:1.0")
TIMEOUT_S = 60
Cosign = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    with home_in("referrers-api", tmp_path_factory.mktemp("registry")) as found:
        yield found


@pytest.fixture
def cosign3(tmp_path: Path) -> Cosign:
    def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [peer("cosign3"), *words],
            env={"HOME": str(tmp_path), "PATH": os.defpath},
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )

    return run


@pytest.mark.parametrize("image", IMAGES)
@pytest.mark.parametrize(
    "words",
    [
        ("triangulate",),
        ("triangulate", "--type", "attestation"),
        ("triangulate", "--type", "sbom"),
        ("triangulate", "--type", "digest"),
        ("download", "attestation", "--compat", "cosign"),
        ("download", "sbom", "--compat", "cosign"),
    ],
    ids=" ".join,
)
def test_prints_what_cosign_prints(
    cosign3: Cosign, home: Home, words: tuple[str, ...], image: str
) -> None:
    name = f"{home.registry}/{image}"
    theirs = cosign3(*(word for word in words if word not in ("--compat", "cosign")), name)
    ours = sealpin(*words, name)
    assert ours.code == theirs.returncode
    assert sorted(ours.out.splitlines()) == sorted(theirs.stdout.splitlines())


@pytest.mark.parametrize("image", IMAGES)
def test_draws_the_tree_that_cosign_draws(cosign3: Cosign, home: Home, image: str) -> None:
    name = f"{home.registry}/{image}"
    theirs, ours = cosign3("tree", name), sealpin("tree", name)
    expected = [line.rstrip(",") for line in theirs.stdout.splitlines()]
    # cosign's order of the parts changes from run to run, and it goes on with how to sign.
    assert sorted(ours.out.splitlines()) == sorted(
        line for line in expected if "start creating one" not in line
    )


def test_downloads_the_signature_that_cosign_downloads(cosign3: Cosign, home: Home) -> None:
    name = f"{home.registry}/acme-private/go:latest"
    theirs = json.loads(cosign3("download", "signature", name).stdout)
    ours = json.loads(sealpin("download", "signature", name).out)
    assert ours.keys() == theirs.keys()
    for field in ("Base64Signature", "Payload", "Bundle", "RFC3161Timestamp"):
        assert ours[field] == theirs[field]


def test_verifies_the_image_that_cosign_saved(cosign3: Cosign, tmp_path: Path) -> None:
    key = KeyPair()
    with memory_registry.serving() as registry:
        site = SignedSite(registry=registry, folder=tmp_path)
        digest = site.image()
        site.repository.put_blob(b"{}")  # the configuration
        site.attach(digest, site.sigstore.sign_image(digest, signer=Signer(key=key)))
        saved = cosign3("save", "--dir", tmp_path / "saved", f"{site.name}:1.0")
        assert saved.returncode == 0, saved.stderr
    for pair, code in ((key, 0), (KeyPair(), 1)):
        words = ("--key", site.file("key.pub", pair.public_pem), "--trusted-root", site.root())
        ran = sealpin("verify", *words, "--local-image", tmp_path / "saved")
        assert ran.code == code, ran.err

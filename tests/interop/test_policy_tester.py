# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The cluster's own engine decides on the documents we render as we decide on the originals.

policy-tester is policy-controller's engine without a cluster. It is given what `render_cluster`
makes, and a TrustRoot with the keys and certificates of the lab or of a virtual Sigstore.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from sealpin.clock import SystemClock
from sealpin.evidence import EvidenceKind
from sealpin.policy.decision import Decision, Outcome
from sealpin.policy.model import PolicySet
from sealpin.policy.render_cluster import render_cluster
from sealpin.policy.yaml_text import write_document
from sealpin.reference import ImageReference
from sealpin.rules import load_rules
from sealpin.run import open_session
from sealpin.run_options import Machine, RunOptions
from sealpin.trust.embedded import embedded_root
from sealpin.trust.root_json import parse_trusted_root
from sealpin.weakening import Weakening
from support import memory_registry
from support.memory_registry import MemoryRegistry
from support.peers import peer
from support.renderable import KEY, POLICIES, evidence_sets, policy_text
from support.signed_site import SignedSite
from support.trust_root_document import trust_root_document
from support.vectors import vectors
from support.virtual_sigstore import VirtualSigstore

LAB = vectors("lab")
LAB_ROOT = (LAB / "trusted_root.json").read_bytes()
LAB_POLICIES = Path(__file__).resolve().parents[1] / "policies" / "lab"
IMAGES = tuple(json.loads((LAB / "images.json").read_bytes()))

DIFFERENT = {
    ("keyless", "chainguard/go:latest"): "pc-format",
    ("keyless", "octo/service:v1.2.3"): "pc-format",
    ("attestations", "chainguard/go:latest"): "pc-format",
    ("threshold", "octo/service:v1.2.3"): "pc-format",
    ("keys", "keyed/ecdsa-bundle:1.0"): "pc-format",
    ("keys", "keyed/rsa-bundle:1.0"): "pc-format",
    ("keys", "keyed/ed25519-legacy-notlog:1.0"): "prehashed-ed25519",
}
"""Where it refuses what we allow, and the entry of docs/compatibility.md that says why.

v0.15.1 verifies no bundle that signs an image, and none under a TrustRoot of keys.
"""


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """policy-tester with one file of policies and one of trust."""

    policy: Path
    trust: Path
    left_out: frozenset[str]
    """Policies the cluster's spelling cannot say."""

    @classmethod
    def of(cls, folder: Path, policies: PolicySet, root_json: bytes) -> Cluster:
        """Render *policies*."""
        root = parse_trusted_root(root_json)
        rendering = render_cluster(
            policies.policies, default_root=embedded_root(), root_names={str(root.digest): "own"}
        )
        cluster = cls(
            policy=folder / "policy.yaml",
            trust=folder / "root.yaml",
            left_out=frozenset(each.policy for each in rendering.omissions),
        )
        cluster.policy.write_text("---\n".join(map(write_document, rendering.documents)))
        cluster.trust.write_text(trust_root_document("own", root_json))
        return cluster

    def allows(self, image: str) -> bool:
        """Ask about one image; anything but an answer fails the test."""
        ran = subprocess.run(
            [
                peer("policy-tester"),
                f"--policy={self.policy}",
                f"--trustroot={self.trust}",
                f"--image={image}",
                "--log-level=error",
            ],
            env={"PATH": os.environ["PATH"], "HOME": str(self.policy.parent)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ran.returncode == 0 or '"errors"' in ran.stdout, ran.stdout + ran.stderr
        return ran.returncode == 0


@pytest.fixture(scope="module")
def lab() -> Iterator[MemoryRegistry]:
    with memory_registry.serving() as registry:
        registry.load_tree(LAB / "repositories")
        yield registry


@pytest.mark.parametrize("name", ["keyless", "keys", "attestations", "threshold", "modes"])
def test_the_lab_is_decided_alike(name: str, lab: MemoryRegistry, tmp_path: Path) -> None:
    text = (LAB_POLICIES / f"{name}.yaml").read_text().replace("localhost:1338", lab.host)
    file = tmp_path / "given.yaml"
    file.write_text(text)
    (tmp_path / "trusted_root.json").write_bytes(LAB_ROOT)
    decisions, policies = decide(file, [f"{lab.host}/{image}" for image in IMAGES])
    cluster = Cluster.of(tmp_path, policies, LAB_ROOT)
    different = {}
    for image, decision in zip(IMAGES, decisions, strict=True):
        if cluster.left_out & set(decision.policies):
            continue
        ours = decision.outcome is Outcome.ALLOWED
        if Weakening.NO_MATCH_ALLOWED in decision.weakenings:
            ours = False  # the program knows no ConfigMap: an image of no policy is refused
        if cluster.allows(f"{lab.host}/{image}") is not ours:
            different[name, image] = ours
    assert different == {pair: True for pair in DIFFERENT if pair[0] == name}


def decide(file: Path, images: list[str]) -> tuple[tuple[Decision, ...], PolicySet]:
    options = RunOptions(policy=(file.name,), trusted_root="trusted_root.json")
    machine = Machine(
        base=file.parent, clock=SystemClock(), environment={"PATH": os.environ["PATH"]}
    )
    rules = load_rules(options, machine)
    references = [ImageReference.parse(image) for image in images]
    with open_session(rules.options, machine, registries=rules.registries) as session:
        return session.decide(references, rules.policies), rules.policies


@dataclass(frozen=True, kw_only=True)
class Signed:
    """A registry with one repository for each set of evidence, an image with it in each."""

    registry: MemoryRegistry
    images: tuple[str, ...]
    root_json: bytes


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Signed]:
    sigstore = VirtualSigstore()
    folder = tmp_path_factory.mktemp("signed")
    with MemoryRegistry() as registry:
        site = SignedSite(registry=registry, folder=folder, sigstore=sigstore)
        digest = site.image()
        content = site.repository
        images = []
        for number, evidence in enumerate(evidence_sets(sigstore, digest)):
            path = f"app{number}/app"
            registry.repositories[path] = replace(
                content, manifests=dict(content.manifests), tags=dict(content.tags)
            )
            for suffix, kind in (
                ("sig", EvidenceKind.SIGNATURE_LAYER),
                ("att", EvidenceKind.ATTESTATION_LAYER),
            ):
                if layers := [each for each in evidence if each.kind is kind]:
                    site.attach(digest, *layers, suffix=suffix, path=path)
            images.append(f"{registry.host}/{path}:1.0")
        yield Signed(registry=registry, images=tuple(images), root_json=_without_ed25519(sigstore))


def _without_ed25519(sigstore: VirtualSigstore) -> bytes:
    """The root without Rekor v2, whose key policy-controller takes for a defect of them all."""
    root = json.loads(sigstore.trusted_root_json())
    root["tlogs"] = [e for e in root["tlogs"] if "ECDSA" in e["publicKey"]["keyDetails"]]
    return json.dumps(root).encode()


@pytest.mark.parametrize("name", POLICIES)
def test_what_is_rendered_decides_as_the_original(
    name: str, signed: Signed, tmp_path: Path
) -> None:
    file = tmp_path / "given.yaml"
    text = policy_text(name).replace("registry.test/app'", "registry.test/*/app'")
    file.write_text(text.replace("registry.test", signed.registry.host))
    (tmp_path / "key.pub").write_bytes(KEY.public_pem)
    (tmp_path / "trusted_root.json").write_bytes(signed.root_json)
    decisions, policies = decide(file, list(signed.images))
    cluster = Cluster.of(tmp_path, policies, signed.root_json)
    assert cluster.left_out == frozenset()
    ours = [decision.outcome is Outcome.ALLOWED for decision in decisions]
    assert [cluster.allows(image) for image in signed.images] == ours

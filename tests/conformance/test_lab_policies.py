# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Every image of the lab under five policies (`tests/policies/lab`).

What is expected is derived a second time, from the lab's own index and from policy-controller's
rules of combination: all policies that match, any authority of each, every attestation of one,
attestations in place of the signature. `PEER` is where that engine answers otherwise, each with
the entry of docs/compatibility.md that says why.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sealpin.clock import SystemClock
from sealpin.policy.decision import Decision
from sealpin.reference import ImageReference
from sealpin.rules import load_rules
from sealpin.run import open_session
from sealpin.run_options import Machine, RunOptions
from sealpin.weakening import Weakening
from support import memory_registry
from support.vectors import vectors

LAB = vectors("lab")
IMAGES: dict[str, dict[str, Any]] = json.loads((LAB / "images.json").read_bytes())
POLICIES = Path(__file__).resolve().parents[1] / "policies" / "lab"
COMPATIBILITY = Path(__file__).resolve().parents[2] / "docs" / "compatibility.md"
HOST = "localhost:1338"


def keyless(image: str, facts: dict[str, Any]) -> bool:
    """A good signature of the named signer, in the format that is named, or any."""
    publisher = image.partition("/")[0]
    signers = {
        "k8s": "email" in facts,
        "chainguard": facts["format"] == "bundle",
        "acme-private": facts["format"] == "bundle",  # they are legacy ones
        "karmada": facts["format"] == "legacy",
        "kong": "identity" in facts,
        "octo": True,
    }
    return signers.get(publisher, False)  # plain: nobody or a stranger; private: in no log


def keys(_image: str, facts: dict[str, Any]) -> bool:
    """The key of the image, in a log where the authority names one: only ecdsa's does."""
    return "key" in facts and (facts["key"], facts["format"]) != ("ecdsa", "legacy-notlog")


def attestations(image: str, _facts: dict[str, Any]) -> bool:
    """Both of the application's, or the SBOM; the service's provenance is of another build."""
    return image.startswith(("types/", "chainguard/"))


def threshold(image: str, _facts: dict[str, Any]) -> bool:
    """Two of three; signature and provenance; annotations; nobody. No policy is a refusal."""
    return image.startswith(("karmada/", "octo/", "kong/kuma-cp", "private/"))


def modes(image: str, _facts: dict[str, Any]) -> bool:
    """All but what a policy in force refuses: one static, and one of two for the fork."""
    return not image.startswith(("private/", "plain/fork"))


EXPECTED: dict[str, Callable[[str, dict[str, Any]], bool]] = {
    rule.__name__: rule for rule in (keyless, keys, attestations, threshold, modes)
}
PEER = {
    ("keyless", "octo/service:v1.2.3"): (False, "pc-format"),
    ("keys", "keyed/ecdsa-bundle:1.0"): (False, "pc-format"),
    ("keys", "keyed/rsa-bundle:1.0"): (False, "pc-format"),
    ("keys", "keyed/ed25519-legacy-notlog:1.0"): (False, "prehashed-ed25519"),
}
"""Policy and image to what policy-controller says instead, and where the page says so."""


@pytest.fixture(scope="module")
def decided() -> dict[str, dict[str, Decision]]:
    return {name: decide(name) for name in EXPECTED}


def decide(*names: str, mirror: str = f"dir:{LAB / 'repositories'}") -> dict[str, Decision]:
    """Decide on every image under the policies of all the files called *names*."""
    options = RunOptions(
        policy=tuple(f"{name}.yaml" for name in names),
        mirrors=(f"{HOST}={mirror}",),
        trusted_root=str(LAB / "trusted_root.json"),
    )
    machine = Machine(base=POLICIES, clock=SystemClock(), environment={"PATH": os.environ["PATH"]})
    rules = load_rules(options, machine)
    references = [ImageReference.parse(f"{HOST}/{image}") for image in IMAGES]
    with open_session(rules.options, machine, registries=rules.registries) as session:
        decisions = session.decide(references, rules.policies)
    return dict(zip(IMAGES, decisions, strict=True))


@pytest.mark.parametrize("image", IMAGES)
@pytest.mark.parametrize("name", EXPECTED)
def test_the_lab_is_decided_as_the_rules_have_it(
    name: str, image: str, decided: dict[str, dict[str, Decision]]
) -> None:
    decision = decided[name][image]
    expected = "allowed" if EXPECTED[name](image, IMAGES[image]) else "denied"
    assert decision.outcome.value == expected, decision.findings
    if decision.digest is not None:
        assert str(decision.digest) == IMAGES[image]["digest"]


@pytest.mark.parametrize(("name", "image"), PEER, ids=str)
def test_each_difference_to_the_peer_is_one_and_is_listed(name: str, image: str) -> None:
    answer, entry = PEER[name, image]
    assert EXPECTED[name](image, IMAGES[image]) is not answer
    text = COMPATIBILITY.read_text(encoding="utf-8")
    assert f'<a id="{entry}"></a>' in text
    assert image.partition(":")[0] in text


def test_what_weakened_a_decision_is_told(decided: dict[str, dict[str, Decision]]) -> None:
    modes_of = decided["modes"]
    assert modes_of["k8s/kube-proxy:v1.24.0"].weakenings == {Weakening.POLICY_WARN}
    assert modes_of["plain/unsigned:1.0"].weakenings == {Weakening.STATIC_PASS}
    assert modes_of["octo/service:v1.2.3"].weakenings == {Weakening.NO_MATCH_ALLOWED}
    assert decided["keys"]["keyed/rsa-legacy-notlog:1.0"].weakenings == {Weakening.IGNORE_TLOG}
    assert decided["keyless"]["octo/service:v1.2.3"].weakenings == frozenset()


def test_nothing_is_fetched_twice_however_many_policies_want_it() -> None:
    with memory_registry.serving() as registry:
        registry.load_tree(LAB / "repositories")
        decisions = decide("keys", "attestations", "modes", mirror=registry.host)
        asked = Counter((each.method, each.path) for each in registry.log)
    assert {decision.outcome.value for decision in decisions.values()} == {"denied", "allowed"}
    assert len(asked) > 100
    assert [each for each, count in asked.items() if count > 1] == []


def test_the_number_of_decisions(decided: dict[str, dict[str, Decision]]) -> None:
    assert sum(map(len, decided.values())) == 5 * len(IMAGES) == 160

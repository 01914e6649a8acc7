# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Against the ``sigstore`` package: what it refuses, this project refuses, or the reason is listed.

The other direction is no defect: this project checks windows of validity that the package does not
(docs/verification.md), and refuses there what the package accepts.
"""

from __future__ import annotations

import base64
import copy
import json
import random
import tempfile
from datetime import datetime, timezone
from functools import cache

import pytest
from sigstore.hashes import HashAlgorithm, Hashed
from sigstore.models import Bundle, TrustedRoot
from sigstore.verify import Verifier

from sealpin.digest import Digest
from sealpin.errors import SealpinError
from sealpin.signatures.bundle import read_bundle
from sealpin.signatures.opinion import SecondOpinion
from sealpin.signatures.verify import verify_blob
from sealpin.trust.material import KeylessTrust
from support.conformance_cases import ConformanceCase, conformance_cases

NOW = datetime(2026, 11, 21, tzinfo=timezone.utc)
MUTATIONS = 2000
SEED = 20261121
CASES = {case.name: case for case in conformance_cases()}

KNOWN_DEVIATIONS = {
    "intoto-with-custom-trust-root": "entries of kind intoto are not read",
    "managed-key-and-trusted-root": "public keys are not read",
    "managed-key-happy-path": "public keys are not read",
    "trust-root-tsa-validity-end-inclusive": "the last moment of a timestamp window is excluded",
}
"""Conformance cases that the package refuses and that must verify, with the reason."""

MUTATED = (
    "happy-path-v0.1",
    "happy-path-v0.2",
    "happy-path-v0.3",
    "happy-path-intoto-in-dsse-v3",
    "rekor2-happy-path",
    "rekor2-dsse-happy-path",
    "bundle-with-sct-with-extensions",
    "rekor2-checkpoint-cosigned",
)


class Anybody:
    """A policy of the package; who signed is not what is compared here."""

    def verify(self, cert):
        pass


ANYBODY = Anybody()


@cache
def verifier(root: bytes) -> Verifier:
    with tempfile.NamedTemporaryFile() as file:
        file.write(root)
        file.flush()
        return Verifier(trusted_root=TrustedRoot.from_file(file.name))


def peer_accepts(case: ConformanceCase, bundle: bytes, artifact: bytes) -> bool:
    try:
        engine = verifier(case.root().document())
        document = Bundle.from_json(bundle)
        if "dsseEnvelope" in json.loads(bundle):
            _unused, payload = engine.verify_dsse(document, ANYBODY)
            subjects = json.loads(payload)["subject"]
            return any(s["digest"]["sha256"] == Digest.of(artifact).hex for s in subjects)
        hashed = Hashed(algorithm=HashAlgorithm.SHA2_256, digest=Digest.of(artifact).raw)
        engine.verify_artifact(hashed, document, ANYBODY)
    except Exception:  # noqa: BLE001  (it lets foreign errors out; whatever it raises is a refusal)
        return False
    return True


def we_accept(case: ConformanceCase, bundle: bytes, artifact: bytes) -> bool:
    try:
        verify_blob(
            bundle,
            artifact,
            trust=case.trust(),
            now_utc=NOW,
            second_opinion=SecondOpinion.OFF,
        )
    except SealpinError:
        return False
    return True


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_accepts_no_case_that_the_package_refuses(case):
    artifact = case.artifact_path.read_bytes()
    ours = we_accept(case, case.bundle, artifact)
    theirs = peer_accepts(case, case.bundle, artifact)
    assert ours == case.must_verify
    if ours and not theirs:
        assert case.name in KNOWN_DEVIATIONS


def leaves(document, path=()):
    """Paths of all values of a document that are no containers."""
    items = document.items() if isinstance(document, dict) else enumerate(document)
    for key, value in items:
        if isinstance(value, (dict, list)):
            yield from leaves(value, (*path, key))
        else:
            yield (*path, key)


def flip_bit(chance, value):
    raw = bytearray(base64.b64decode(value))
    raw[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
    return base64.b64encode(raw).decode()


def is_base64(value):
    try:
        return isinstance(value, str) and len(base64.b64decode(value, validate=True)) > 8
    except ValueError:
        return False


def change(chance, holder, key):
    """Change one field in one of the ways that a field can be wrong."""
    value = holder[key]
    ways = ["delete", "null", "other"]
    if is_base64(value):
        ways += ["flip"] * 4
    if isinstance(value, str):
        ways += ["cut", "character"]
    way = chance.choice(ways)
    if way == "delete":
        del holder[key]
    elif way == "null":
        holder[key] = None
    elif way == "flip":
        holder[key] = flip_bit(chance, value)
    elif way == "cut":
        holder[key] = value[: chance.randrange(len(value) + 1)]
    elif way == "character" and value:
        at = chance.randrange(len(value))
        holder[key] = value[:at] + chance.choice("0aA/=-. \n") + value[at + 1 :]
    else:
        holder[key] = chance.choice(["", "0", "1", 0, 1, -1, True, [], {}, "AAAA", str(2**63)])


def mutations():
    """2,000 bundles with one changed field each, always the same."""
    chance = random.Random(SEED)
    for number in range(MUTATIONS):
        case = CASES[MUTATED[number % len(MUTATED)]]
        document = copy.deepcopy(json.loads(case.bundle))
        path = chance.choice(list(leaves(document)))
        holder = document
        for step in path[:-1]:
            holder = holder[step]
        change(chance, holder, path[-1])
        yield case, path, json.dumps(document).encode()


def says_the_same(first, second):
    """Whether two documents are one bundle in two spellings (protobuf has two base64 alphabets)."""
    return read_bundle(first) == read_bundle(second)


def test_accepts_no_changed_bundle_that_the_package_refuses():
    unexplained = []
    both_accepted = 0
    for case, path, bundle in mutations():
        artifact = case.artifact_path.read_bytes()
        ours, theirs = we_accept(case, bundle, artifact), peer_accepts(case, bundle, artifact)
        both_accepted += ours and theirs
        if ours and not theirs and not says_the_same(bundle, case.bundle):
            unexplained.append((case.name, path))
    assert unexplained == []
    assert 0 < both_accepted < MUTATIONS / 10


def test_trust_is_the_same_for_both():
    case = CASES["happy-path-v0.3"]
    assert isinstance(case.trust(), KeylessTrust)
    assert peer_accepts(case, case.bundle, case.artifact_path.read_bytes())

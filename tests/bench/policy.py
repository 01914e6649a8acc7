# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Decisions once the evidence is there: ``python -m bench.policy``.

1,000 images, each of a digest of its own, under 50 policies, in CPU time; the signatures are
verified before the clock starts. Then the recorded CUE and Rego programs through each engine, in
wall time.
"""

from __future__ import annotations

import json
import os
import time
from statistics import median
from unittest.mock import patch

from sealpin.digest import Digest
from sealpin.policy import verifications
from sealpin.policy.decision import Outcome
from sealpin.policy.engines.run import run_program
from sealpin.policy.model import Language, PolicySet, ProgramCondition
from sealpin.policy.verifications import Verifications
from support.peers import find_or_build
from support.policies import GITHUB, decide, load
from support.vectors import vectors
from support.verification import root_of
from support.virtual_sigstore import Identity, VirtualSigstore

IMAGES = 1000
POLICIES = 50
SIGNER = "https://github.com/acme/app"
OTHER = "https://github.com/acme/other{}"


def main() -> None:
    """Time decisions under policies of one team each, and under ones that all match."""
    sigstore = VirtualSigstore()
    root = root_of(sigstore)
    signed = [_sign(sigstore, number) for number in range(IMAGES)]
    for name, glob, signers in (
        ("each matches its own images", "registry.test/team{}/**", (SIGNER,)),
        ("all match every image", "registry.test/**", (SIGNER,)),
        ("all match, each with a signer of its own too", "registry.test/**", (OTHER, SIGNER)),
    ):
        started = time.process_time()
        text = "".join(_policy(number, glob, signers) for number in range(POLICIES))
        policies = load(f"version: 1\npolicies:\n{text}", root)
        loaded_s = time.process_time() - started
        calls = _count_verifications()
        memory = Verifications()
        _decide_all(policies, signed, memory)
        started = time.process_time()
        _decide_all(policies, signed, memory)
        took_s = time.process_time() - started
        print(
            f"{name}: {took_s / IMAGES * 1000:.3f} ms of CPU a decision;"
            f" {POLICIES} policies loaded in {loaded_s * 1000:.0f} ms;"
            f" {IMAGES} signatures verified {len(calls)} times"
        )

    _time_engines()


def _policy(number: int, glob: str, signers: tuple[str, ...]) -> str:
    """One policy; ``{}`` in its glob and its signers stands for the number."""
    authorities = ", ".join(
        f'{{name: a{place}, keyless: {{issuer: "{GITHUB}", identity: "{signer.format(number)}"}}}}'
        for place, signer in enumerate(signers)
    )
    images = f'["{glob.format(number)}"]'
    return f"  - {{name: p{number}, images: {images}, authorities: [{authorities}]}}\n"


def _time_engines() -> None:
    """Time one condition in each engine, its process included where it has one."""
    cases = json.loads((vectors("policy") / "eval_cases.json").read_bytes())["cases"]
    opa = find_or_build("opa").parent
    for name, language, path in (
        ("CUE, built in", Language.CUE, ""),
        ("Rego, regopy", Language.REGO, ""),
        ("Rego, opa", Language.REGO, str(opa)),
    ):
        programs = [
            (ProgramCondition(language=language, text=case["policy"]), case["inputText"].encode())
            for case in cases
            if case["policyType"] == language.value
        ]
        with patch.dict(os.environ, PATH=path or "/nonexistent"):
            times_s = []
            for program, document in programs:
                started = time.perf_counter()
                run_program(program, document)
                times_s.append(time.perf_counter() - started)
        print(f"{name}: {median(times_s) * 1000:.1f} ms a condition (median of {len(times_s)})")


def _repository(number: int) -> str:
    return f"registry.test/team{number % POLICIES}/app"


class _Signed:
    """An image whose evidence is there already."""

    def __init__(self, name: str, subject: Digest, evidence: object) -> None:
        self.name = name
        self.subject = subject
        self.evidence = evidence

    def as_evidence(self, _subject: object) -> object:
        return self.evidence


def _sign(sigstore: VirtualSigstore, number: int) -> _Signed:
    subject = Digest.of(str(number).encode())
    repository = _repository(number)
    signed = sigstore.sign_image(str(subject), identity=Identity.uri(SIGNER), reference=repository)
    return _Signed(f"{repository}:v{number}", subject, signed.as_evidence(subject))


def _decide_all(policies: PolicySet, images: list[_Signed], memory: Verifications) -> None:
    for image in images:
        decision = decide(policies, [image], image=image.name, subject=image.subject, cache=memory)
        if decision.outcome is not Outcome.ALLOWED:
            raise SystemExit(f"unexpected decision: {decision}")


def _count_verifications() -> list[object]:
    calls: list[object] = []
    original = getattr(verifications.verify_evidence, "original", verifications.verify_evidence)

    def counting(evidence, **options):
        calls.append(evidence)
        return original(evidence, **options)

    counting.original = original
    verifications.verify_evidence = counting
    return calls


if __name__ == "__main__":
    main()

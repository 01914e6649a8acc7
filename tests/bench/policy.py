# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Decisions once the evidence is there: ``python -m bench.policy``.

1,000 images under 50 policies, in CPU time; the signatures are verified before the clock starts.
Then the recorded CUE and Rego programs through each engine, in wall time.
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
from sealpin.policy.model import Language, ProgramCondition
from sealpin.policy.verifications import Verifications
from support.peers import find_or_build
from support.policies import GITHUB, decide, load
from support.vectors import vectors
from support.verification import root_of
from support.virtual_sigstore import Identity, VirtualSigstore

IMAGES = 1000
POLICIES = 50
TEAMS = POLICIES
"""Repositories, each with one signature; verifying them is not what is measured."""


def main() -> None:
    """Time decisions under policies of one team each, and under ones that all match."""
    sigstore = VirtualSigstore()
    root = root_of(sigstore)
    subjects = [Digest.of(str(number).encode()) for number in range(TEAMS)]
    identity = Identity.uri("https://github.com/acme/app")
    signed = [
        sigstore.sign_image(str(each), identity=identity, reference=_repository(number))
        for number, each in enumerate(subjects)
    ]
    for name, glob in (
        ("each matches its own images", "registry.test/team{}/**"),
        ("all match every image", "registry.test/**"),
    ):
        entries = "".join(
            f'  - {{name: p{n}, images: ["{glob.format(n)}"],'
            f' keyless: {{issuer: "{GITHUB}", identity: "https://github.com/acme/app"}}}}\n'
            for n in range(POLICIES)
        )
        started = time.process_time()
        policies = load(f"version: 1\npolicies:\n{entries}", root)
        loaded_s = time.process_time() - started
        calls = _count_verifications()
        memory = Verifications()
        evidence = [
            each.as_evidence(subject) for each, subject in zip(signed, subjects, strict=True)
        ]
        items = [_Given(each) for each in evidence]
        for number in range(TEAMS):
            decide(
                policies,
                [items[number]],
                image=_repository(number),
                subject=subjects[number],
                cache=memory,
            )
        started = time.process_time()
        for number in range(IMAGES):
            decision = decide(
                policies,
                [items[number % TEAMS]],
                image=f"{_repository(number % TEAMS)}:v{number}",
                subject=subjects[number % TEAMS],
                cache=memory,
            )
            if decision.outcome is not Outcome.ALLOWED:
                raise SystemExit(f"unexpected decision: {decision}")
        took_s = time.process_time() - started
        print(
            f"{name}: {took_s / IMAGES * 1000:.3f} ms of CPU a decision;"
            f" {POLICIES} policies loaded in {loaded_s * 1000:.0f} ms;"
            f" {TEAMS} signatures verified {len(calls)} times"
        )

    _time_engines()


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


def _repository(team: int) -> str:
    return f"registry.test/team{team}/app"


class _Given:
    """Evidence that is there already."""

    def __init__(self, evidence: object) -> None:
        self.evidence = evidence

    def as_evidence(self, _subject: object) -> object:
        return self.evidence


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

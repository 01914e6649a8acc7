# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from sealpin.policy.criteria import CriteriaTable
from sealpin.policy.decision import Outcome
from support.policies import GITHUB, decide, load
from support.verification import SUBJECT
from support.virtual_sigstore import Identity

SIGNER = "https://github.com/acme/app"
KEYLESS = f'keyless: {{issuer: "{GITHUB}", identity: "{SIGNER}"}}'


def _policies(root, *bodies):
    entries = "".join(
        f'  - {{name: p{number}, images: ["registry.test/**"], {body}}}\n'
        for number, body in enumerate(bodies)
    )
    return load(f"version: 1\npolicies:\n{entries}", root)


def _criteria(policies):
    table = CriteriaTable()
    return [table.of(policy, policy.authorities[0]) for policy in policies.policies]


def test_policies_that_ask_the_same_share_their_criteria(root):
    first, second = _criteria(_policies(root, KEYLESS, KEYLESS))
    assert first is second


@pytest.mark.parametrize(
    "other",
    [
        f'keyless: {{issuer: "{GITHUB}", identity: "{SIGNER}2"}}',
        f'keyless: {{issuer: "{GITHUB}2", identity: "{SIGNER}"}}',
        f'keyless: {{issuer: "{GITHUB}", identity_regexp: "^{SIGNER}$"}}',
        f"{KEYLESS}, annotations: {{team: a}}",
        f"{KEYLESS}, match_reference: require",
        f"{KEYLESS}, formats: bundle",
        f"{KEYLESS}, unsafe_any_attestation_is_signature: true",
        f"{KEYLESS}, attestations: [{{type: spdx}}]",
    ],
)
def test_policies_that_ask_something_else_do_not_share(other, root):
    first, second = _criteria(_policies(root, KEYLESS, other))
    assert first is not second


def test_conditions_that_only_python_calls_equal_do_not_answer_for_each_other(sigstore, root):
    """``1 == True`` in Python; in JSON one is a number and the other is not."""
    signed = [
        sigstore.sign_image(str(SUBJECT), identity=Identity.uri(SIGNER)),
        sigstore.attest(
            str(SUBJECT),
            predicate_type="https://spdx.dev/Document",
            predicate={"level": 1},
            identity=Identity.uri(SIGNER),
        ),
    ]
    bodies = [
        f"{KEYLESS}, attestations:"
        f" [{{type: spdx, conditions: [{{path: /level, equals: {value}}}]}}]"
        for value in ("1", "true")
    ]
    decision = decide(_policies(root, *bodies), signed)
    of_policy = {f.name: f.outcome for f in decision.findings if f.name in ("p0", "p1")}
    assert of_policy == {"p0": Outcome.ALLOWED, "p1": Outcome.DENIED}

# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""A field at the wrong level of a policy: its problem says where it belongs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from sealpin.policy.document import load_configuration
from sealpin.policy.field_places import levels
from sealpin.policy.fields import DocumentInvalid
from sealpin.policy.sources import Sources
from sealpin.trust.root import TrustedRoot
from support.sealpin_document import SCHEMA

SHORT = "version: 1\n{top}policies:\n  - images: ['registry.example/**']\n{policy}"
CLUSTER = """\
apiVersion: policy.sigstore.dev/v1beta1
kind: ClusterImagePolicy
metadata: {{name: p}}
spec:
  images: [{{glob: "registry.example/**"}}]
  authorities:
    - {authority}
"""
ROOT = """\
apiVersion: policy.sigstore.dev/v1alpha1
kind: TrustRoot
metadata: {name: r}
spec: {remote: {root: e30=, mirror: 'https://tuf.example'}, targets: targets}
"""


def policy(*lines: str, top: str = "") -> str:
    return SHORT.format(top=top, policy="".join(f"    {line}\n" for line in lines))


def hint(text: str, field: str) -> str:
    with pytest.raises(DocumentInvalid) as caught:
        load_configuration({"f": text.encode()}, sources=Sources(default_root=TrustedRoot))
    (found,) = [each.hint for each in caught.value.problems if each.field == field]
    return found


KEYLESS = "keyless: {issuer: a, identity: b}"
IDENTITIES = "keyless: {issuer: a, identities: [{issuer: a, identity: b}]}"


@pytest.mark.parametrize(
    ("text", "field", "expected"),
    [
        pytest.param(
            policy(KEYLESS, "issuer: a"),
            "policies[0].issuer",
            "issuer belongs under policies[0].keyless",
            id="below",
        ),
        pytest.param(
            policy("authorities:", "  - {issuer: a, key: {file: k.pem}}"),
            "policies[0].authorities[0].issuer",
            "issuer belongs under policies[0].authorities[0].keyless",
            id="below, in what is not there",
        ),
        pytest.param(
            policy(IDENTITIES),
            "policies[0].keyless.issuer",
            "issuer belongs under policies[0].keyless.identities[]",
            id="below, because of what is beside it",
        ),
        pytest.param(
            policy("keyless: {issuer: a, identity: b, annotations: {a: b}}"),
            "policies[0].keyless.annotations",
            "annotations belongs under policies[0]",
            id="above",
        ),
        pytest.param(
            policy(KEYLESS, "no_match: allow"),
            "policies[0].no_match",
            "no_match belongs at the top of the file",
            id="at the top",
        ),
        pytest.param(
            policy("key: {data: x}", "insecure_ignore_tlog: true"),
            "policies[0].insecure_ignore_tlog",
            "insecure_ignore_tlog belongs under policies[0].key",
            id="several places, one of them there",
        ),
        pytest.param(
            policy("unsigned: allow", "insecure_ignore_sct: true"),
            "policies[0].insecure_ignore_sct",
            "insecure_ignore_sct belongs under policies[0].keyless or under policies[0].publisher",
            id="several places, none of them there",
        ),
        pytest.param(
            policy(KEYLESS, top="trust: {mirror: 'dir:x'}\n"),
            "trust.mirror",
            "mirror belongs under registries.PREFIX",
            id="under a name of the user's",
        ),
        pytest.param(
            policy("keyless: {issuer: a, identity: b, github_workflow_ref: c}"),
            "policies[0].keyless.github_workflow_ref",
            "github_workflow_ref belongs under policies[0].keyless.extensions",
            id="an extension",
        ),
        pytest.param(
            policy(KEYLESS, "image: a"),
            "policies[0].image",
            "did you mean images? image belongs under policies[0].exclude[]",
            id="misspelled or misplaced",
        ),
        pytest.param(
            policy(KEYLESS, "message: a"),
            "policies[0].message",
            "did you mean images?",
            id="nowhere, beside what is there",
        ),
        pytest.param(policy(KEYLESS, "zzz: a"), "policies[0].zzz", "", id="nowhere"),
        pytest.param(
            CLUSTER.format(authority="keyless: {issuer: a, identities: [{issuer: a, subject: b}]}"),
            "spec.authorities[0].keyless.issuer",
            "issuer belongs under spec.authorities[0].keyless.identities[]",
            id="of a cluster's policy",
        ),
        pytest.param(
            ROOT,
            "spec.targets",
            "targets belongs under spec.remote",
            id="of a TrustRoot",
        ),
        pytest.param(
            CLUSTER.format(authority="static: {action: pass, no_match: allow}"),
            "spec.authorities[0].static.no_match",
            "",
            id="of the other spelling",
        ),
    ],
)
def test_says_where_a_field_belongs(text: str, field: str, expected: str) -> None:
    assert hint(text, field) == expected


def spelled(schema: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield every level of a schema with each name that may stand there."""
    schema = SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    for option in schema.get("anyOf", ()):
        yield from spelled(option, path)
    for name, inner in schema.get("properties", {}).items():
        yield path, name
        yield from spelled(inner, (*path, name))
    if isinstance(schema.get("items"), dict):
        yield from spelled(schema["items"], (*path, "[]"))
    more = schema.get("additionalProperties")
    if isinstance(more, dict) and path[-1:] == ("registries",):
        yield from spelled(more, (*path, "PREFIX"))


def known(kind: str) -> set[tuple[tuple[str, ...], str]]:
    return {
        (tuple("[]" if isinstance(step, int) else step for step in path), name)
        for path, names in levels(kind).items()
        for name in names
    }


def test_knows_every_level_of_the_schema_and_no_other_name() -> None:
    assert known("") == set(spelled(SCHEMA))

# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""What is rendered is what a cluster's own schemas accept, unknown fields being refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sealpin.policy.document import parse_policy_files
from sealpin.policy.render_cluster import render_cluster
from sealpin.policy.render_kyverno import render_kyverno
from sealpin.policy.sources import Sources
from support.policies import load
from support.renderable import KEY, POLICIES, policy_text
from support.vectors import vectors

jsonschema = pytest.importorskip("jsonschema")

LAB = sorted((Path(__file__).parents[5] / "policies" / "lab").glob("*.yaml"))


def _strict(schema):
    """A structural schema in which a field it does not know is an error, not dropped."""
    if isinstance(schema, list):
        return [_strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: _strict(value) for key, value in schema.items()}
    if isinstance(found.get("properties"), dict) and found.get("type") == "object":
        found.setdefault("additionalProperties", False)
    return found


def _validator(name):
    schema = _strict(json.loads((vectors("crds") / f"{name}-v1beta1.json").read_bytes()))
    # What every object has, which the API server adds to a schema that leaves it out.
    schema["properties"] |= {
        "apiVersion": {"type": "string"},
        "kind": {"type": "string"},
        "metadata": {
            "type": "object",
            "required": ["name"],
            "properties": {"name": {"pattern": "^[a-z0-9]([-a-z0-9]{0,251}[a-z0-9])?$"}},
        },
    }
    return jsonschema.Draft4Validator(schema)


CLUSTER, KYVERNO = _validator("clusterimagepolicy"), _validator("imagevalidatingpolicy")


def _problems(validator, rendering):
    return [
        f"{'/'.join(map(str, error.path))}: {error.message}"
        for document in rendering.documents
        for error in validator.iter_errors(json.loads(json.dumps(document)))
    ]


def _policies(source, root):
    if isinstance(source, str):
        return load(policy_text(source), root, files={"key.pub": KEY.public_pem}).policies
    return parse_policy_files(
        {source.name: source.read_bytes()}, sources=Sources(default_root=lambda: root)
    ).policies


@pytest.mark.parametrize("source", [*POLICIES, *LAB], ids=lambda s: getattr(s, "stem", s))
def test_documents_for_the_cluster_fit_its_schemas(source, root):
    policies = _policies(source, root)
    cluster = render_cluster(policies, default_root=root, root_names={})
    assert _problems(CLUSTER, cluster) == []
    assert _problems(KYVERNO, render_kyverno(policies, default_root=root)) == []
    assert len(cluster.documents) + len(cluster.omissions) == len(policies)


def test_the_schemas_refuse_a_field_they_do_not_know(root):
    rendering = render_kyverno(_policies("keyless", root), default_root=root)
    (document,) = rendering.documents
    document["spec"]["attestors"][0]["cosign"]["keyless"]["rootz"] = "x"
    assert "rootz" in "".join(_problems(KYVERNO, rendering))

# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""A `.sealpin.yaml` with every field there is, the files it names, and its JSON Schema."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import sealpin_hooks

from sealpin.trust.root import TrustedRoot
from sealpin.yamldoc import parse_documents
from sealpin.yamlschema import to_plain
from support.virtual_sigstore import KeyPair

SCHEMA = json.loads(
    (Path(sealpin_hooks.__file__).parent / "schemas" / "sealpin-config.schema.json").read_text(
        encoding="utf-8"
    )
)
KEY = KeyPair().public_pem
EVERYTHING = """\
version: 1
no_match: deny
selection: all
match_reference: warn
second_opinion: auto
trust: {trusted_root: root.json, max_age: 30d, refresh_after: 12h}
registries:
  registry.example:
    {mirror: "dir:mirror", ca_file: ca.pem, unsafe_unverified_tls: true, unsafe_http: true}
files:
  {kinds: [compose], custom_paths: [], helm_tag_digest: true, arg_defaults: true,
   tag_comments: true}
include: []
policies:
  - name: everything
    images: ["registry.example/**"]
    exclude: [{image: registry.example/old, until: 2030-01-01, reason: "ticket 1"}]
    authorities:
      - name: one
        keyless:
          issuer: https://issuer.example
          identity_regexp: ^dev@example\\.org$
          extensions: {github_workflow_repository: acme/app, build_trigger_regexp: ^push$}
          ca_file: ca.pem
          trusted_root: root.json
          insecure_ignore_tlog: true
          insecure_ignore_sct: true
          require_timestamp: true
        attestations:
          - type: spdxjson
            name: sbom
            conditions:
              - {path: /a, equals: 1}
              - {path: /a, one_of: [1]}
              - {path: /a, matches: ^x$}
              - {path: /a, at_most: 1}
              - {path: /a, at_least: 1}
              - {path: /a, contains: 1}
              - {path: /a, exists: true}
            schema: {type: object}
            cue: 'predicateType: "x"'
            rego: package sigstore
            cueSemantics: cosign
          - {type: vuln, schema_file: schema.json, cue_file: policy.cue, rego_file: policy.rego}
          - provenance: &provenance
              builder: https://github.com/a/b/.github/workflows/c.yml@refs/tags/v1.0.0
              source: github.com/a/b
              branch: main
              tag: v1
              inputs: {a: b}
        provenance: {versioned_tag: v1}
        annotations: {team: a}
        signature: required
        repository: registry.example/signatures
        repository_only: true
        tag_prefix: sig
        formats: any
      - {name: two, key: {file: key.pub, hash_algorithm: sha256, insecure_ignore_tlog: true}}
      - {name: three, key: {kms: "awskms:///alias/x"}}
      - {name: four, publisher: {name: kubernetes, trusted_root: root.json}}
      - {name: five, static: fail, message: never}
      - name: six
        keyless: {identities: [{issuer_regexp: a, identity: b, extensions: {build_trigger: push}}]}
    threshold: 2
    required: [one]
    mode: enforce
    match_reference: off
    unsafe_any_attestation_is_signature: true
    condition: {rego: package sigstore, inputs: [config, spec]}
  - {name: short, images: ["docker.io/library/*"], unsigned: allow}
  - {name: keyed, images: ["docker.io/acme/*"], key: key.pub}
  - {name: known, publisher: kubernetes}
  - {name: closed, images: ["evil.example/**"], static: fail, message: never}
"""


def files_of(root: TrustedRoot) -> Mapping[str, bytes]:
    """Return the files it names; ``ca.pem`` is the test's own to add."""
    return {
        "root.json": root.document(),
        "key.pub": KEY,
        "schema.json": b"{}",
        "policy.cue": b"predicateType: string",
        "policy.rego": b"package sigstore",
    }


def plain(text: str) -> Any:
    """Parse a file of one document to dictionaries and lists."""
    document = parse_documents(text, where="x")[0]
    return to_plain(document.root, document=document)

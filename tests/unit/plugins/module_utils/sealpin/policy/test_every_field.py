# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""No field of `.sealpin.yaml` is read and dropped: a walk over the JSON Schema.

Each field of the example that has them all is left out, or given another value, and the file must
then mean something else or be refused. That a meaning is acted on is shown where it is: policies
in `test_evaluate`, settings in `test_rules`, ``files`` in the tests of ``manifests``.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Union

import pytest

from sealpin.errors import PolicyInvalid
from sealpin.policy.document import load_configuration
from sealpin.policy.sources import Sources
from support.sealpin_document import EVERYTHING, KEY, SCHEMA, files_of, plain

Path = tuple[Union[str, int], ...]


def deref(schema: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Follow a reference; returns the definition's name, if it is one, and the schema."""
    for option in schema.get("anyOf", (schema,)):
        if "$ref" in option:
            name = option["$ref"].rpartition("/")[2]
            return name, SCHEMA["$defs"][name]
    return "", schema


def fields(schema: dict[str, Any], value: Any, name: str, path: Path) -> Iterator[tuple[str, Path]]:
    """Yield every field of *value* that *schema* names, as ``definition.field``, with its path."""
    own, schema = deref(schema)
    name = own or name
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from fields(schema.get("items", {}), item, name, (*path, index))
    elif isinstance(value, dict):
        properties = schema.get("properties", {})
        more = schema.get("additionalProperties")
        for key, inner in value.items():
            if key in properties:
                yield f"{name}.{key}", (*path, key)
                yield from fields(properties[key], inner, f"{name}.{key}", (*path, key))
            elif isinstance(more, dict):
                yield from fields(more, inner, name, (*path, key))


def all_fields() -> set[str]:
    found = {f".{key}" for key in SCHEMA["properties"]}
    for name, schema in SCHEMA["$defs"].items():
        found |= {f"{name}.{key}" for key in schema.get("properties", {})}
    return found


SPREAD = """\
version: 1
policies:
  - name: spread
    images: ["registry.example/**"]
    keyless: {issuer_regexp: a, identity: b, require_timestamp: true}
    attestations: [{type: vuln}]
    provenance: {source: github.com/a/b}
    annotations: {team: a}
    signature: replaced
    repository: registry.example/signatures
    repository_only: true
    tag_prefix: sig
    formats: legacy
    condition:
      cue: 'a: "x"'
      cueSemantics: cosign
      inputs: [config]
  - name: files
    images: ["registry.example/**"]
    key: {data: KEY, hash_algorithm: sha512, trusted_root: root.json, insecure_ignore_tlog: true}
    condition: {cue_file: policy.cue}
  - name: more files
    images: ["registry.example/**"]
    key: {file: key.pub, require_timestamp: true}
    condition: {rego_file: policy.rego}
  - name: identities
    images: ["registry.example/**"]
    keyless: {identities: [{issuer: a, identity_regexp: b}]}
    condition: {schema_file: schema.json}
  - {name: c, images: ["a.b/c"], key: key.pub, condition: {conditions: [{path: /a, equals: 1}]}}
  - {name: s, images: ["a.b/c"], key: key.pub, condition: {schema: {type: object}}}
  - name: known
    publisher:
      {name: kubernetes, trusted_root: root.json, ca_file: ca.pem, insecure_ignore_tlog: true,
       insecure_ignore_sct: true, require_timestamp: true}
"""
"""What `EVERYTHING` writes into authorities, written into policies; and what it leaves out."""
DOCUMENTS = (plain(EVERYTHING), plain(SPREAD.replace("KEY", json.dumps(KEY.decode()))))
PLACES: dict[str, tuple[dict[str, Any], Path]] = {}
for _document in DOCUMENTS:
    for _field, _path in fields(SCHEMA, _document, "", ()):
        PLACES.setdefault(_field, (_document, _path))


def others(value: Any, schema_words: list[Any]) -> Iterator[Any]:
    """Yield values of the same kind, and others the schema has."""
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield value + 1
    elif isinstance(value, list):
        yield [*value, "another"]
    elif isinstance(value, str):
        yield f"{value}x"
    yield from (word for word in schema_words if word != value)


def changed(original: dict[str, Any], path: Path, field: str) -> Iterator[dict[str, Any]]:
    """Yield the document without the field at *path*, and with other values there."""
    *parents, last = path
    document = copy.deepcopy(original)
    place = document
    for step in parents:
        place = place[step]
    value = place.pop(last)
    yield document
    name, _dot, key = field.rpartition(".")
    owner = SCHEMA["$defs"][name] if name else SCHEMA
    for other in others(value, owner["properties"][key].get("enum", [])):
        place[last] = other
        yield document


@pytest.fixture
def meaning(sigstore, root):
    files = {**files_of(root), "ca.pem": sigstore.certificate_authorities[0].chain_pem}
    sources = Sources(default_root=lambda: root, read=files.__getitem__)

    def load(document: dict[str, Any]) -> str:
        text = json.dumps(document, default=str)
        try:
            loaded = load_configuration({"f": text.encode()}, sources=sources)
        except (PolicyInvalid, KeyError) as error:
            return f"refused: {error}"
        policies = tuple(replace(each, origin="") for each in loaded.policies.policies)
        said = (policies, loaded.policies.no_match, loaded.policies.selection, loaded.settings)
        return re.sub(r" at 0x[0-9a-f]+", "", repr(said))

    return load


def test_the_examples_have_every_field_of_the_schema():
    extensions = {field for field in all_fields() if field.startswith("extensions.")}
    assert all_fields() - set(PLACES) - extensions == set()
    assert len(set(PLACES) | extensions) > 130


@pytest.mark.parametrize("document", DOCUMENTS, ids=["everything", "spread"])
def test_an_example_means_the_same_when_it_is_read_again(document, meaning):
    assert meaning(document) == meaning(copy.deepcopy(document))
    assert not meaning(document).startswith("refused")


@pytest.mark.parametrize("field", sorted(PLACES))
def test_each_field_changes_what_a_file_means(field, meaning):
    document, path = PLACES[field]
    before = meaning(document)
    assert any(meaning(other) != before for other in changed(document, path, field))


@pytest.mark.parametrize("name", sorted(SCHEMA["$defs"]["extensions"]["properties"]))
def test_each_extension_changes_what_a_file_means(name, meaning):
    document = copy.deepcopy(DOCUMENTS[0])
    document["policies"][0]["authorities"][0]["keyless"]["extensions"] = {name: "^value$"}
    assert meaning(document) != meaning(DOCUMENTS[0])
    assert "^value$" in meaning(document)


@pytest.mark.parametrize("field", ["ca_file: ca.pem", "insecure_ignore_sct: true"])
def test_a_key_takes_no_field_of_certificates(field, meaning):
    text = f'version: 1\npolicies: [{{images: ["a.b/c"], key: {{file: key.pub, {field}}}}}]\n'
    assert "unknown field" in meaning(plain(text))

# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Ask a transparency log about legacy evidence that came without an entry: ``--rekor-url``.

The log's answer is not believed. An entry is taken only if its body is about this very signature,
signer and content, whatever else the log sends along (a search is an "or": CVE-2024-51746), and it
is then verified like one that had come with the evidence: `signatures.verify` compares every field
again and wants the promise of a log that is trusted.

1. Propose the entries that could have been made of a layer.
2. Ask: ``POST /api/v1/log/entries/retrieve`` (Rekor, openapi.yaml, ``searchLogQuery``).
3. Keep what matches the layer; the earliest counts, as in cosign.
4. Put it where the format keeps its entry: the annotation ``dev.sigstore.cosign/bundle``.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from . import jsonbytes
from .descriptor import ResolvedArtifact
from .digest import Digest
from .errors import InvalidInput, SealpinError
from .evidence import Evidence, EvidenceKind, EvidenceSet, Gap
from .jsonfields import read_integer, read_object, read_text
from .limits import MAX_CONFIG_BYTES, MAX_EVIDENCE_BYTES
from .mediatypes import ANNOTATION_BUNDLE, ANNOTATION_CERTIFICATE, ANNOTATION_SIGNATURE
from .records import dataclass, replace
from .signatures.dsse import parse_envelope

Ask = Callable[[bytes], bytes]
"""From a query (JSON) to the log's answer. Raises `Unavailable`."""

_MAX_ENTRIES = 32
_WHAT = "the log's answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLookup:
    """Completes evidence from one log."""

    ask: Ask
    signer_pem: bytes
    """Key or certificate of evidence that brings no certificate; empty where there is none."""

    def collect(self, artifact: ResolvedArtifact, gather: Callable[[], EvidenceSet]) -> EvidenceSet:
        """Return what *gather* brings, with the log's entries; a log that is silent is a gap."""
        found = gather()
        items: list[Evidence] = []
        gaps: list[Gap] = list(found.gaps)
        for item in found.items:
            try:
                items.append(self._completed(item))
            except SealpinError as error:
                items.append(item)
                gaps.append(Gap(location=f"log entry of {item.location}", error=error))
        return EvidenceSet(subject=artifact.digest, items=tuple(items), gaps=tuple(gaps))

    def _completed(self, item: Evidence) -> Evidence:
        if item.kind is EvidenceKind.BUNDLE or item.annotations.get(ANNOTATION_BUNDLE):
            return item
        pem = item.annotations.get(ANNOTATION_CERTIFICATE, "").encode() or self.signer_pem
        # 1.
        proposed = tuple(_proposals(item, pem)) if pem else ()
        if not proposed:
            return item
        # 2.
        answer = self.ask(json.dumps({"entries": proposed}).encode())
        # 3.
        matching = [entry for entry in _entries(answer) if _matches(entry, item, pem)]
        if not matching:
            return item
        entry = min(matching, key=lambda entry: entry.integrated_time)
        # 4.
        return replace(item, annotations={**item.annotations, ANNOTATION_BUNDLE: entry.annotation})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """An entry as the log sent it."""

    body: bytes
    integrated_time: int
    log_index: int
    log_id: str
    promise: str

    @property
    def annotation(self) -> str:
        """The entry as the legacy format keeps it."""
        return json.dumps(
            {
                "SignedEntryTimestamp": self.promise,
                "Payload": {
                    "body": _base64(self.body),
                    "integratedTime": self.integrated_time,
                    "logIndex": self.log_index,
                    "logID": self.log_id,
                },
            }
        )


def _proposals(item: Evidence, pem: bytes) -> Iterator[dict[str, Any]]:
    """Yield the entries that cosign could have made of *item*."""
    if item.kind is EvidenceKind.SIGNATURE_LAYER:
        yield _entry(
            "hashedrekord",
            {
                "data": {"hash": {"algorithm": "sha256", "value": _sha256(item.content)}},
                "signature": {
                    "content": item.annotations.get(ANNOTATION_SIGNATURE, ""),
                    "publicKey": {"content": _base64(pem)},
                },
            },
        )
        return
    envelope = item.content.decode("utf-8", errors="replace")
    content = {"envelope": envelope, "verifiers": [_base64(pem)]}
    yield _entry("dsse", {"proposedContent": content})
    yield _entry("intoto", {"content": {"envelope": envelope}, "publicKey": _base64(pem)})


def _entry(kind: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "0.0.1", "kind": kind, "spec": spec}


def _entries(answer: bytes) -> Iterator[_Entry]:
    """Read a list of objects, each UUID to entry; what has no promise proves nothing."""
    wrapped = b'{"entries":' + answer + b"}"
    document = jsonbytes.parse_object(wrapped, what=_WHAT, max_bytes=MAX_CONFIG_BYTES)
    groups = document["entries"]
    if not isinstance(groups, list) or len(groups) > _MAX_ENTRIES:
        raise InvalidInput("log-lookup.malformed", f"{_WHAT} is no list of entries")
    for group in groups:
        for fields in group.values() if isinstance(group, dict) else ():
            if isinstance(fields, dict) and isinstance(fields.get("verification"), dict):
                yield _read_entry(fields)


def _read_entry(fields: Mapping[str, Any]) -> _Entry:
    verification = read_object(fields, "verification", what=_WHAT)
    return _Entry(
        body=jsonbytes.decode_base64(fields.get("body"), what=_WHAT),
        integrated_time=read_integer(fields, "integratedTime", what=_WHAT),
        log_index=read_integer(fields, "logIndex", what=_WHAT),
        log_id=read_text(fields, "logID", what=_WHAT),
        promise=read_text(verification, "signedEntryTimestamp", what=_WHAT),
    )


def _matches(entry: _Entry, item: Evidence, pem: bytes) -> bool:
    """Whether the entry's body is about this signature, signer and content."""
    try:
        body = jsonbytes.parse_object(entry.body, what=_WHAT, max_bytes=MAX_EVIDENCE_BYTES)
        kind, spec = read_text(body, "kind", what=_WHAT), read_object(body, "spec", what=_WHAT)
        return _body_matches(kind, spec, item, pem)
    except (InvalidInput, KeyError, TypeError, IndexError):
        return False


def _body_matches(kind: str, spec: Mapping[str, Any], item: Evidence, pem: bytes) -> bool:
    if item.kind is EvidenceKind.SIGNATURE_LAYER:
        return bool(
            kind == "hashedrekord"
            and spec["data"]["hash"]["algorithm"] == "sha256"
            and spec["data"]["hash"]["value"] == _sha256(item.content)
            and spec["signature"]["content"] == item.annotations.get(ANNOTATION_SIGNATURE)
            and _same_pem(spec["signature"]["publicKey"]["content"], pem)
        )
    if kind == "dsse":
        signature = spec["signatures"][0]
        signed = parse_envelope(item.content, what=_WHAT).signatures
        return bool(
            spec["envelopeHash"]["value"] == _sha256(item.content)
            and signature["signature"] in {_base64(each.signature) for each in signed}
            and _same_pem(signature["verifier"], pem)
        )
    if kind != "intoto" or spec["content"]["hash"]["value"] != _sha256(item.content):
        return False
    # 0.0.1 has the key beside the content, 0.0.2 beside each signature.
    key = spec.get("publicKey") or spec["content"]["envelope"]["signatures"][0]["publicKey"]
    return _same_pem(key, pem)


def _same_pem(logged: str, pem: bytes) -> bool:
    return jsonbytes.decode_base64(logged, what=_WHAT).split() == pem.split()


def _sha256(content: bytes) -> str:
    return Digest.of(content).hex


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")

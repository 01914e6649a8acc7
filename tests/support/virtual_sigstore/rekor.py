# SPDX-FileCopyrightText: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Transparency logs: Rekor v1 (promise, inclusion proof, checkpoint) and v2 (without promise).

Checkpoints are signed notes, https://github.com/C2SP/C2SP/blob/main/tlog-checkpoint.md; entry
bodies are canonical JSON, RFC 8785.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from datetime import datetime
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import serialization

from . import merkle
from .keys import KeyPair
from .windows import SIGNING_TIME, Validity

_ED25519_NOTE_KEY = b"\x01"
_EARLIER_ENTRIES = [f"earlier entry {number}".encode() for number in range(5)]
_SHARD_OFFSET = 1000
"""Entries in earlier shards: Rekor v1 numbers entries across shards, its proofs within one."""


def canonical(value: object) -> bytes:
    """RFC 8785, for the strings and integers that occur here."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


class Log:
    """What both versions share: a tree, a key, a checkpoint."""

    default_algorithm = "ecdsa-p256"
    default_uri = ""

    def __init__(
        self,
        *,
        key: KeyPair | None = None,
        uri: str = "",
        validity: Validity | None = None,
    ) -> None:
        self.key = key or KeyPair(self.default_algorithm)
        self.uri = uri or self.default_uri
        self.validity = validity or Validity()
        self._entries = list(_EARLIER_ENTRIES)

    @property
    def host(self) -> str:
        return urlsplit(self.uri).netloc

    @property
    def origin(self) -> str:
        """The first line of a checkpoint."""
        return self.host

    @property
    def log_id(self) -> bytes:
        return self.key_id_in_notes(self.key, self.host)

    def key_id_in_notes(self, key: KeyPair, name: str) -> bytes:
        """What a note names *key* by, of which it carries four bytes."""
        raise NotImplementedError

    def to_json(self) -> dict[str, object]:
        """This log's row in a trusted root."""
        return {
            "baseUrl": self.uri,
            "hashAlgorithm": "SHA2_256",
            "publicKey": {
                "rawBytes": _b64(self.key.spki_der),
                "keyDetails": self.key.details,
                "validFor": self.validity.to_json(),
            },
            "logId": {"keyId": _b64(self.log_id)},
        }

    def sign_note(self, text: str, *, name: str = "", key: KeyPair | None = None) -> str:
        """Sign *text* (which ends with a line feed) as a note of this log."""
        key = key or self.key
        hint = self.key_id_in_notes(key, name or self.host)[:4]
        signature = key.sign(text.encode(), hash_algorithm="sha256")
        return f"{text}\n\u2014 {name or self.host} {_b64(hint + signature)}\n"

    def _append(self, body: bytes, edit_checkpoint: Callable[[str], str]) -> dict[str, object]:
        """Add an entry; return its inclusion proof in the tree that ends with it."""
        self._entries.append(body)
        index, size = len(self._entries) - 1, len(self._entries)
        root = merkle.root_hash(self._entries)
        note = edit_checkpoint(f"{self.origin}\n{size}\n{_b64(root)}\n")
        return {
            "logIndex": str(index),
            "rootHash": _b64(root),
            "treeSize": str(size),
            "hashes": [_b64(h) for h in merkle.inclusion_path(index, self._entries)],
            "checkpoint": {"envelope": self.sign_note(note)},
        }


class RekorV1(Log):
    """The log of 2021: it vouches for the time and promises inclusion."""

    default_uri = "https://rekor.sigstore.test"

    @property
    def origin(self) -> str:
        return f"{self.host} - 1193050959916656506"

    def key_id_in_notes(self, key: KeyPair, name: str) -> bytes:
        """The hash of the SubjectPublicKeyInfo, whatever the note's name."""
        return key.key_id

    def log(
        self,
        body: dict[str, object],
        *,
        at_utc: datetime = SIGNING_TIME,
        edit_promise: Callable[[dict], dict] = dict,
        edit_checkpoint: Callable[[str], str] = str,
    ) -> dict[str, object]:
        """Log *body*; return a `TransparencyLogEntry` with promise and proof.

        *edit_promise* changes what the promise is signed over, not what the entry says.
        """
        canonical_body = canonical(body)
        proof = self._append(canonical_body, edit_checkpoint)
        index = _SHARD_OFFSET + len(self._entries) - 1
        promised = {
            "body": _b64(canonical_body),
            "integratedTime": int(at_utc.timestamp()),
            "logID": self.log_id.hex(),
            "logIndex": index,
        }
        promise = self.key.sign(canonical(edit_promise(promised)), hash_algorithm="sha256")
        return {
            "logIndex": str(index),
            "logId": {"keyId": _b64(self.log_id)},
            "kindVersion": {"kind": body["kind"], "version": body["apiVersion"]},
            "integratedTime": str(promised["integratedTime"]),
            "inclusionPromise": {"signedEntryTimestamp": _b64(promise)},
            "inclusionProof": proof,
            "canonicalizedBody": _b64(canonical_body),
        }


class RekorV2(Log):
    """The log of 2025: a tile log, no promise and no time of its own."""

    default_algorithm = "ed25519"
    default_uri = "https://log2025-1.rekor.sigstore.test"

    def key_id_in_notes(self, key: KeyPair, name: str) -> bytes:
        """Ed25519 as the signed-note specification says; other kinds as in v1."""
        if key.algorithm != "ed25519":
            return key.key_id
        raw = key.private.public_key().public_bytes(
            serialization.Encoding.Raw, serialization.PublicFormat.Raw
        )
        return hashlib.sha256(f"{name}\n".encode() + _ED25519_NOTE_KEY + raw).digest()

    def log(
        self,
        body: dict[str, object],
        *,
        edit_checkpoint: Callable[[str], str] = str,
    ) -> dict[str, object]:
        """Log *body*; return a `TransparencyLogEntry` with a proof."""
        canonical_body = canonical(body)
        proof = self._append(canonical_body, edit_checkpoint)
        return {
            "logIndex": proof["logIndex"],
            "logId": {"keyId": _b64(self.log_id)},
            "kindVersion": {"kind": body["kind"], "version": body["apiVersion"]},
            "inclusionProof": proof,
            "canonicalizedBody": _b64(canonical_body),
        }


def legacy_annotation(entry: dict[str, object]) -> dict[str, object]:
    """A v1 entry as cosign keeps it in the annotation ``dev.sigstore.cosign/bundle``."""
    log_id = base64.b64decode(entry["logId"]["keyId"])
    return {
        "SignedEntryTimestamp": entry["inclusionPromise"]["signedEntryTimestamp"],
        "Payload": {
            "body": entry["canonicalizedBody"],
            "integratedTime": int(entry["integratedTime"]),
            "logIndex": int(entry["logIndex"]),
            "logID": log_id.hex(),
        },
    }


def _b64(value: bytes) -> str:
    return base64.b64encode(value).decode()

# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""A trusted root in the cluster's spelling: a TrustRoot document with ``sigstoreKeys``."""

from __future__ import annotations

import base64
import json
import textwrap
from typing import Any

from sealpin.policy.yaml_text import write_document


def trust_root_document(name: str, trusted_root_json: bytes) -> str:
    """Return the TrustRoot called *name*; it cannot say when anything was valid."""
    root = json.loads(trusted_root_json)
    keys = {
        "certificateAuthorities": [
            _authority(each) for each in root.get("certificateAuthorities", ())
        ],
        "tLogs": [_log(each) for each in root.get("tlogs", ())],
        "ctLogs": [_log(each) for each in root.get("ctlogs", ())],
        "timestampAuthorities": [_authority(each) for each in root.get("timestampAuthorities", ())],
    }
    return write_document(
        {
            "apiVersion": "policy.sigstore.dev/v1alpha1",
            "kind": "TrustRoot",
            "metadata": {"name": name},
            "spec": {"sigstoreKeys": {kind: each for kind, each in keys.items() if each}},
        }
    )


def _authority(each: dict[str, Any]) -> dict[str, Any]:
    chain = "".join(_pem("CERTIFICATE", c["rawBytes"]) for c in each["certChain"]["certificates"])
    return {
        "subject": each["subject"],
        "uri": each["uri"],
        "certChain": base64.b64encode(chain.encode()).decode(),
    }


def _log(each: dict[str, Any]) -> dict[str, Any]:
    pem = _pem("PUBLIC KEY", each["publicKey"]["rawBytes"])
    return {
        "baseURL": each["baseUrl"],
        "hashAlgorithm": "sha-256",
        "publicKey": base64.b64encode(pem.encode()).decode(),
    }


def _pem(kind: str, raw_base64: str) -> str:
    body = "\n".join(textwrap.wrap(raw_base64, 64))
    return f"-----BEGIN {kind}-----\n{body}\n-----END {kind}-----\n"

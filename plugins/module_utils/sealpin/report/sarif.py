# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The report as SARIF 2.1.0, for code scanning: one result for everything that needs attention.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html. A rule is one of our stable codes.
What is as it should be has no result, so that an upload closes what it closed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from ..manifests.messages import MESSAGES

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/")
_LEVELS = {"pin": "note", "refuse": "error", "unchecked": "warning"}


def sarif_document(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the SARIF log of a report over files.

    A run that ended before it looked at any has no results, not even none (3.14.23): an empty list
    would close what earlier runs have open.
    """
    results = list(_results(document)) if "sites" in document else None
    rules = sorted({result["ruleId"] for result in results or ()})
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "sealpin",
                        "version": document["tool"]["version"],
                        "rules": [_rule(code) for code in rules],
                    }
                },
                "invocations": [
                    {
                        "executionSuccessful": not document["errors"],
                        "toolExecutionNotifications": [
                            _notification(error) for error in document["errors"]
                        ],
                    }
                ],
                "originalUriBaseIds": {"SRCROOT": {"description": {"text": "where it was run"}}},
                "columnKind": "unicodeCodePoints",
                **({} if results is None else {"results": results}),
            }
        ],
    }


def _notification(error: Mapping[str, str]) -> dict[str, Any]:
    return {
        "level": "error",
        "descriptor": {"id": error["code"]},
        "message": {"text": _plain(error["message"] + _next(error))},
    }


def _rule(code: str) -> dict[str, Any]:
    """Return a rule; the table of messages tells what its code means and what to do."""
    row = MESSAGES.get(code)
    if row is None:
        return {"id": code}
    rule: dict[str, Any] = {"id": code, "shortDescription": {"text": row.text}}
    return {**rule, "help": {"text": row.hint}} if row.hint else rule


def _results(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    done = "verified, to be pinned" if document["dry_run"] else "pinned after verification"
    for site in document["sites"]:
        level = _LEVELS.get(site["action"])
        if level is not None:
            text = f"{site['image']}: {site['message'] or done}"
            yield _result(site, site["code"] or "pinned", level, text)
    for remark in document["remarks"]:
        if remark["severity"] != "note":
            yield _result(remark, remark["code"], remark["severity"], remark["message"])


def _result(entry: Mapping[str, Any], code: str, level: str, text: str) -> dict[str, Any]:
    physical: dict[str, Any] = {
        "artifactLocation": {
            "uri": _uri(entry["file"]),
            "uriBaseId": "SRCROOT",
        }
    }
    if entry["line"]:
        physical["region"] = {"startLine": entry["line"], "startColumn": max(1, entry["column"])}
    key = "\0".join((code, entry["file"], entry["path"]))
    return {
        "ruleId": code,
        "level": level,
        "message": {"text": _plain(text + _next(entry))},
        "locations": [{"physicalLocation": physical}],
        "partialFingerprints": {"sealpin/v1": hashlib.sha256(key.encode()).hexdigest()},
    }


def _next(entry: Mapping[str, Any]) -> str:
    return f". Next: {entry['hint']}" if entry["hint"] else ""


def _plain(text: str) -> str:
    """Keep a stranger's ``[text](address)`` from being a link (SARIF 2.1.0, 3.11.6)."""
    if "](" not in text:
        return text
    return text.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")


def _uri(path: str) -> str:
    """Write a relative path as a URI reference (RFC 3986, section 2.1)."""
    data = path.replace("\\", "/").encode("utf-8", "surrogateescape")
    return "".join(chr(byte) if byte in _PLAIN else f"%{byte:02X}" for byte in data)

# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Views for people of vulnerability scans and OpenVEX documents.

A scan's ``result`` is whatever its scanner wrote; counted are the shapes of Trivy, Grype and SARIF.
https://github.com/sigstore/cosign/blob/main/specs/COSIGN_VULN_ATTESTATION_SPEC.md,
https://github.com/openvex/spec
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .jsonpath import find, find_list, find_text, lines, tally


def summarise_scan(predicate: Any) -> tuple[str, ...]:
    """Show scanner, database, time and the findings by severity of a scan."""
    scanner = find(predicate, "scanner")
    result = find(scanner, "result")
    return lines(
        ("scanner", find_text(scanner, "uri")),
        ("version", find_text(scanner, "version")),
        ("database", find_text(scanner, "db", "version")),
        ("finished", find_text(predicate, "metadata", "scanFinishedOn")),
        ("findings", _findings(result)),
    )


def summarise_openvex(predicate: Any) -> tuple[str, ...]:
    """Show author, time and the statements by status of an OpenVEX document."""
    statuses = [find_text(item, "status") for item in find_list(predicate, "statements")]
    return lines(
        ("author", find_text(predicate, "author")),
        ("written", find_text(predicate, "timestamp")),
        ("statements", tally(statuses) or "none"),
    )


def _findings(result: Any) -> str:
    """Count by severity; empty when the scanner's format is not known."""
    if not any(isinstance(find(result, key), list) for key in ("Results", "matches", "runs")):
        return ""
    return tally(severity.lower() for severity in _severities(result)) or "none"


def _severities(result: Any) -> Iterator[str]:
    for target in find_list(result, "Results"):  # Trivy
        for item in find_list(target, "Vulnerabilities"):
            yield find_text(item, "Severity")
    for item in find_list(result, "matches"):  # Grype
        yield find_text(item, "vulnerability", "severity")
    for run in find_list(result, "runs"):  # SARIF 2.1.0
        for item in find_list(run, "results"):
            yield find_text(item, "level") or "warning"

# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""From the results of ``pin`` and ``update`` to their report's document and exit code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sealpin.errors import SealpinError
from sealpin.manifests.lock import Lock
from sealpin.manifests.lock_entry import LockEntry
from sealpin.manifests.site import TagStyle
from sealpin.pinning import Action, FileResult, SiteResult
from sealpin.policy.decision import Decision, Outcome
from sealpin.report.document import decision_to_dict, main_code, main_message, report_document
from sealpin.report.files import remark_to_dict, site_to_dict
from sealpin.report.moves import move_to_dict

from . import exit_codes
from .file_report import FileReport, error_entry
from .gathering import Gathered

CODES = {
    Action.PIN: exit_codes.REFUSED,
    Action.KEEP: exit_codes.VERIFIED,
    Action.REFUSE: exit_codes.REFUSED,
    Action.UNCHECKED: exit_codes.NOT_CHECKED,
}


def pin_report(
    verb: str,
    results: Sequence[FileResult],
    *,
    gathered: Gathered,
    lock: Lock | None,
    failed: Mapping[str, SealpinError],
    style: TagStyle,
    strict: bool,
    dry_run: bool,
    is_lock_changed: bool,
) -> FileReport:
    """Put the report together; of a file in *failed* nothing was written."""
    sites = [site for result in results for site in result.sites]
    remarks = [remark for found in gathered.found for remark in found.remarks]
    shown = [remark_to_dict(remark, strict=strict) for remark in remarks]
    errors = [*failed.values(), *gathered.unreadable]
    codes = [CODES[site.action] for site in sites]
    codes += map(exit_codes.of_error, errors)
    codes += [exit_codes.REFUSED for remark in shown if remark["severity"] == "error"]
    document = report_document(
        map(decision_to_dict, decisions_of(sites)),
        verb=verb,
        dry_run=dry_run,
        checked=len(sites),
        sites=[site_entry(site, failed.get(site.site.file), lock, style) for site in sites],
        remarks=shown,
        errors=[error_entry(error) for error in errors],
        lock={"changed": is_lock_changed},
    )
    return FileReport(document=document, exit_code=exit_codes.combine(codes))


def decisions_of(results: Iterable[SiteResult]) -> tuple[Decision, ...]:
    """Return the decisions behind *results*, each once."""
    return tuple({id(result.decision): result.decision for result in results}.values())


def site_entry(
    result: SiteResult,
    failure: SealpinError | None = None,
    lock: Lock | None = None,
    style: TagStyle = TagStyle.KEEP,
) -> dict[str, Any]:
    """Return a site's entry; *failure* is what kept its file from being written."""
    error = failure or result.error
    code, message, hint = _reason(result.decision)
    if error is not None:
        code, message, hint = error.code, error.message, error.hint
    pin = result.pin if failure is None else None
    entry = site_to_dict(
        result.site,
        action=Action.UNCHECKED.value if failure is not None else result.action.value,
        after=result.site.text if pin is None else result.site.replacement(pin.digest, style),
        code=code,
        message=message,
        hint=hint,
    )
    if pin is not None and pin.is_change and result.site.is_pinned:
        entry["move"] = move_to_dict(pin, _previous(result, lock))
    return entry


def _previous(result: SiteResult, lock: Lock | None) -> LockEntry | None:
    """Return what the lock knows about the digest that stood there."""
    known = lock.find_pinned(result.site.reference) if lock is not None else ()
    return next(iter(known), None)


def _reason(decision: Decision) -> tuple[str, str, str]:
    if decision.outcome is Outcome.ALLOWED and not decision.unsigned:
        return "", "", ""
    return main_code(decision), main_message(decision), ""

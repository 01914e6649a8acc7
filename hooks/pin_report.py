# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The report of a run over files: its document, its text and its exit code."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TextIO

from sealpin.errors import InvalidInput, SealpinError
from sealpin.manifests.site import Remark
from sealpin.pinning import Action, FileResult, SiteResult
from sealpin.policy.decision import Decision, Outcome
from sealpin.report.document import decision_to_dict, main_code, main_message, report_document
from sealpin.report.files import count_line, file_lines, remark_to_dict, site_to_dict
from sealpin.report.text import Style, image_lines, printable

from . import exit_codes
from .terminal import style_for

_CODES = {
    Action.PIN: exit_codes.REFUSED,
    Action.KEEP: exit_codes.VERIFIED,
    Action.REFUSE: exit_codes.REFUSED,
    Action.UNCHECKED: exit_codes.NOT_CHECKED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PinReport:
    """Everything a run over files says."""

    document: Mapping[str, Any]
    exit_code: int

    @classmethod
    def of(
        cls,
        results: Sequence[FileResult],
        *,
        remarks: Sequence[Remark],
        failed: Mapping[str, SealpinError],
        unreadable: Sequence[InvalidInput],
        strict: bool,
        lock_changed: bool,
    ) -> PinReport:
        """Put the report together; of a file in *failed* nothing was written."""
        sites = [site for result in results for site in result.sites]
        decisions = {id(site.decision): site.decision for site in sites}
        shown_remarks = [remark_to_dict(remark, strict=strict) for remark in remarks]
        errors = [*failed.values(), *unreadable]
        codes = [_CODES[site.action] for site in sites]
        codes += map(exit_codes.of_error, errors)
        codes += [exit_codes.REFUSED for r in shown_remarks if r["severity"] == "error"]
        document = report_document(
            map(decision_to_dict, decisions.values()),
            sites=[_entry(site, failed.get(site.site.file)) for site in sites],
            remarks=shown_remarks,
            errors=[{"code": e.code, "message": e.message, "hint": e.hint} for e in errors],
            lock={"changed": lock_changed},
        )
        return cls(document=document, exit_code=exit_codes.combine(codes))

    def as_json(self) -> str:
        """The document, indented."""
        return json.dumps(self.document, indent=2)

    def print_text(self, stream: TextIO, *, diffs: Sequence[str], verbose: bool) -> None:
        """Print images that were pinned or refused, then files, then the diff and the counts."""
        style = style_for(stream)
        document = self.document
        wanted = {site["image"] for site in document["sites"] if site["action"] != "keep"}
        for image in document["images"]:
            if verbose or image["image"] in wanted:
                print("\n".join(image_lines(image, style)), file=stream)
        for line in file_lines(document["sites"], document["remarks"], style, verbose=verbose):
            print(line, file=stream)
        for error in document["errors"]:
            print(_error_line(error, style), file=stream)
        for diff in diffs:
            print(diff, file=stream)
        if document["sites"]:
            lock = "; sealpin.lock updated" if document["lock"]["changed"] else ""
            print(count_line(document["sites"], style) + lock, file=stream)


def _entry(result: SiteResult, failure: SealpinError | None) -> dict[str, Any]:
    error = result.error or failure
    code, message, hint = _reason(result.decision)
    if error is not None:
        code, message, hint = error.code, error.message, error.hint
    action = Action.UNCHECKED if failure is not None else result.action
    is_written = result.pin is not None and failure is None
    return site_to_dict(
        result.site,
        action=action.value,
        after=result.site.text if not is_written else _after(result),
        code=code,
        message=message,
        hint=hint,
    )


def _after(result: SiteResult) -> str:
    pin = result.pin
    return f"{result.site.text.partition('@')[0]}@{pin.digest}" if pin else result.site.text


def _reason(decision: Decision) -> tuple[str, str, str]:
    if decision.outcome is Outcome.ALLOWED:
        return "", "", ""
    return main_code(decision), main_message(decision), ""


def _error_line(error: Mapping[str, str], style: Style) -> str:
    return style.paint(f"error: {printable(error['message'])} [{error['code']}]", "31")

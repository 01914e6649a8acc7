# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""What a run over files says: an entry for every image site and every remark; then as text."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from ..manifests.site import ImageSite, Remark
from .moves import move_lines
from .text import Style, printable

_COLOURS = {"error": "31", "warning": "33", "note": "2"}
_MARGIN = " " * 23
_UNPROVEN = "unsigned.allowed"
_STATES = {
    "pin": ("pinned", "32"),
    "planned": ("to be pinned", "32"),
    "keep": ("verified", "2"),
    "unproven": ("unsigned", "33"),
    "refuse": ("refused", "31"),
    "unchecked": ("not checked", "33"),
}


class _Row(NamedTuple):
    """What is said of one place."""

    file: str
    line: int
    lines: Sequence[str]
    hint: str
    """What to do next; empty for nothing."""


def site_to_dict(
    site: ImageSite, *, action: str, after: str, code: str, message: str, hint: str
) -> dict[str, Any]:
    """Return one site's entry: where, what stood there, what stands there now and why."""
    return {
        "file": site.file,
        "line": site.line,
        "column": site.column,
        "path": site.path,
        "kind": site.kind.value,
        "image": site.reference.text,
        "action": action,
        "before": site.text,
        "after": after,
        "code": code,
        "message": message,
        "hint": hint,
    }


def remark_to_dict(remark: Remark, *, strict: bool = False) -> dict[str, Any]:
    """Return one remark's entry; with *strict* a warning counts as an error."""
    severity = remark.severity.value
    return {
        "file": remark.file,
        "line": remark.line,
        "column": remark.column,
        "path": remark.path,
        "code": remark.code,
        "severity": "error" if strict and severity == "warning" else severity,
        "message": remark.message,
        "hint": remark.hint,
    }


def file_lines(
    sites: Iterable[Mapping[str, Any]],
    remarks: Iterable[Mapping[str, Any]],
    style: Style,
    *,
    verbose: bool,
    dry_run: bool = False,
    said: Container[str] = (),
) -> list[str]:
    """Return the lines about files, by name; what needs nobody's attention only if *verbose*.

    Of a *dry_run* nothing was written, and the lines say so. Messages that are *said* elsewhere in
    the report, of images for instance, are not said again, and what many places need next is said
    below the last of them.
    """
    rows = [
        _site_row(site, style, dry_run=dry_run, said=said)
        for site in sites
        if verbose or site["action"] != "keep"
    ]
    rows += [_remark_row(r, style) for r in remarks if verbose or r["severity"] != "note"]
    rows.sort(key=lambda row: (row.file, row.line))
    last = {row.hint: row for row in rows}
    result: list[str] = []
    for before, row in zip([None, *rows], rows, strict=False):
        if before is None or before.file != row.file:
            result.append(style.paint(printable(row.file), "1"))
        result += row.lines
        if row.hint and last[row.hint] is row:
            result += style.wrap(f"next: {row.hint}", indent=_MARGIN)
    return result


def count_line(sites: Sequence[Mapping[str, Any]], style: Style, *, dry_run: bool = False) -> str:
    """Return ``5 pinned, 2 verified, 1 refused``; what did not occur is left out."""
    states = [_state(site, dry_run=dry_run) for site in sites]
    counts = [
        style.paint(f"{states.count(state)} {word}", colour)
        for state, (word, colour) in _STATES.items()
        if state in states
    ]
    return ", ".join(counts) or "no image found"


def _state(site: Mapping[str, Any], *, dry_run: bool) -> str:
    """Return what became of a site; what was allowed without proof is never "verified"."""
    if site["action"] == "pin" and dry_run:
        return "planned"
    is_unproven = site["action"] == "keep" and site["code"] == _UNPROVEN
    return "unproven" if is_unproven else str(site["action"])


def _site_row(
    site: Mapping[str, Any], style: Style, *, dry_run: bool, said: Container[str]
) -> _Row:
    word, colour = _STATES[_state(site, dry_run=dry_run)]
    code = f"  [{site['code']}]" if site["code"] else ""
    lines = [_place(site, style.paint(f"{word:<12}", colour)) + printable(site["image"]) + code]
    if "move" in site:
        lines += move_lines(site["move"], style, indent="      ")
    # Why a site was left alone though its image was allowed.
    is_new = site["action"] not in ("pin", "keep") and site["message"] not in said
    lines += style.wrap(site["message"], indent=_MARGIN) if is_new else []
    return _Row(site["file"], site["line"], lines, site["hint"] if is_new else "")


def _remark_row(remark: Mapping[str, Any], style: Style) -> _Row:
    severity = remark["severity"]
    place = _place(remark, style.paint(f"{severity:<12}", _COLOURS[severity]))
    text = style.wrap(f"{remark['message']} [{remark['code']}]", indent=_MARGIN)
    hint = remark["hint"] if severity == "error" else ""
    return _Row(remark["file"], remark["line"], [place + text[0].strip(), *text[1:]], hint)


def _place(entry: Mapping[str, Any], word: str) -> str:
    """Return the beginning of a row, as wide as `_MARGIN`."""
    return f"  {entry['line'] or '':>5}  {word}  "

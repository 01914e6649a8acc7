# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""What a run over files says: an entry for every image site and every remark; then as text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..manifests.site import ImageSite, Remark
from .text import Style, printable, wrap

_COLOURS = {"error": "31", "warning": "33", "note": "2"}
_ACTIONS = {
    "pin": ("pinned", "32"),
    "keep": ("verified", "2"),
    "refuse": ("refused", "31"),
    "unchecked": ("not checked", "33"),
}


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
) -> list[str]:
    """Return the lines about files; what needs nobody's attention only if *verbose*."""
    by_file: dict[str, list[tuple[int, list[str]]]] = {}
    for site in sites:
        if verbose or site["action"] != "keep":
            by_file.setdefault(site["file"], []).append((site["line"], _site_lines(site, style)))
    for remark in remarks:
        if verbose or remark["severity"] != "note":
            lines = _remark_lines(remark, style)
            by_file.setdefault(remark["file"], []).append((remark["line"], lines))
    result = []
    for file, entries in by_file.items():
        result.append(style.paint(printable(file), "1"))
        for _key, lines in sorted(entries, key=lambda entry: entry[0]):
            result += lines
    return result


def count_line(sites: Sequence[Mapping[str, Any]], style: Style) -> str:
    """Return ``5 pinned, 2 verified, 1 refused``; what did not occur is left out."""
    counts = [
        style.paint(f"{number} {word}", colour)
        for action, (word, colour) in _ACTIONS.items()
        if (number := sum(site["action"] == action for site in sites))
    ]
    return ", ".join(counts) or "no image found"


def _site_lines(site: Mapping[str, Any], style: Style) -> list[str]:
    word, colour = _ACTIONS[site["action"]]
    lines = [
        f"  {site['line']:>5}  {style.paint(f'{word:<11}', colour)}  {printable(site['image'])}"
    ]
    if site["code"]:
        lines[0] += f"  [{site['code']}]"
    return lines


def _remark_lines(remark: Mapping[str, Any], style: Style) -> list[str]:
    word = style.paint(f"{remark['severity']:<11}", _COLOURS[remark["severity"]])
    text = wrap(f"{remark['message']} [{remark['code']}]", indent=" " * 22)
    place = f"  {remark['line'] or '':>5}  {word}  "
    lines = [place + text[0].strip(), *text[1:]]
    if remark["hint"] and remark["severity"] == "error":
        lines += wrap(f"next: {remark['hint']}", indent=" " * 22)
    return lines

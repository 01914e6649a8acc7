# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""What a run over files says: an entry for every image site and every remark; then as text."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any

from ..manifests.site import ImageSite, Remark
from .moves import move_lines
from .text import Style, printable, wrap

_COLOURS = {"error": "31", "warning": "33", "note": "2"}
_UNPROVEN = "unsigned.allowed"
_STATES = {
    "pin": ("pinned", "32"),
    "planned": ("to be pinned", "32"),
    "keep": ("verified", "2"),
    "unproven": ("unsigned", "33"),
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
    dry_run: bool = False,
    said: Container[str] = (),
) -> list[str]:
    """Return the lines about files; what needs nobody's attention only if *verbose*.

    Of a *dry_run* nothing was written, and the lines say so. Messages that are *said* elsewhere in
    the report, of images for instance, are not said again.
    """
    by_file: dict[str, list[tuple[int, list[str]]]] = {}
    for site in sites:
        if verbose or site["action"] != "keep":
            lines = _site_lines(site, style, dry_run=dry_run)
            if site["action"] not in ("pin", "keep") and site["message"] not in said:
                lines += _reason_lines(site)
            by_file.setdefault(site["file"], []).append((site["line"], lines))
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


def _site_lines(site: Mapping[str, Any], style: Style, *, dry_run: bool) -> list[str]:
    word, colour = _STATES[_state(site, dry_run=dry_run)]
    lines = [
        f"  {site['line']:>5}  {style.paint(f'{word:<12}', colour)}  {printable(site['image'])}"
    ]
    if site["code"]:
        lines[0] += f"  [{site['code']}]"
    if "move" in site:
        lines += move_lines(site["move"], style, indent="      ")
    return lines


def _reason_lines(site: Mapping[str, Any]) -> list[str]:
    """Return why a site was left alone though its image was allowed, and what to do next."""
    lines = wrap(site["message"], indent=" " * 21)
    return lines + (wrap(f"next: {site['hint']}", indent=" " * 21) if site["hint"] else [])


def _remark_lines(remark: Mapping[str, Any], style: Style) -> list[str]:
    word = style.paint(f"{remark['severity']:<12}", _COLOURS[remark["severity"]])
    text = wrap(f"{remark['message']} [{remark['code']}]", indent=" " * 23)
    place = f"  {remark['line'] or '':>5}  {word}  "
    lines = [place + text[0].strip(), *text[1:]]
    if remark["hint"] and remark["severity"] == "error":
        lines += wrap(f"next: {remark['hint']}", indent=" " * 23)
    return lines

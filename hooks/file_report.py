# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The report of a run over files: one document, shown as text, JSON, SARIF or HTML."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, TextIO

from sealpin.errors import SealpinError
from sealpin.manifests.messages import UNREAD
from sealpin.records import dataclass
from sealpin.report.files import count_line, file_lines
from sealpin.report.text import Style, images_lines, printable

from .terminal import style_for


@dataclass(frozen=True, slots=True, kw_only=True)
class FileReport:
    """Everything ``pin``, ``update`` or ``check`` says."""

    document: Mapping[str, Any]
    exit_code: int

    def print(
        self, stream: TextIO, *, form: str, diffs: Sequence[str] = (), verbose: bool = False
    ) -> None:
        """Print the report to *stream* as *form*; diffs and *verbose* are for text alone."""
        if form == "json":
            print(json.dumps(self.document, indent=2), file=stream)
        elif form == "sarif":
            from sealpin.report.sarif import sarif_document

            print(json.dumps(sarif_document(self.document), indent=2), file=stream)
        elif form == "html":
            from sealpin.report.html import html_page

            print(html_page(self.document), file=stream)
        else:
            for line in self._text_lines(style_for(stream), diffs, verbose=verbose):
                print(line, file=stream)

    def _text_lines(self, style: Style, diffs: Sequence[str], *, verbose: bool) -> list[str]:
        """Images that need attention, then files, then the diff and the outcome."""
        document = self.document
        wanted = {site["image"] for site in document["sites"] if site["action"] != "keep"}
        shown = [
            image
            for image in document["images"]
            if verbose or image["outcome"] != "allowed" or image["image"] in wanted
        ]
        lines = [line for block in images_lines(shown, style) for line in block]
        lines += file_lines(
            document["sites"],
            document["remarks"],
            style,
            verbose=verbose,
            dry_run=document["dry_run"],
            said={entry["message"] for entry in (*document["images"], *document["errors"])},
        )
        for error in document["errors"]:
            lines += error_lines(error, style)
        lines += [style_diff(diff, style) for diff in diffs]
        return lines + outcome_lines(document, style)


def error_entry(error: SealpinError) -> dict[str, str]:
    """Return an error's entry in the document."""
    return {"code": error.code, "message": error.message, "hint": error.hint}


def error_lines(error: Mapping[str, str], style: Style) -> list[str]:
    """Return what is wrong with a file as a whole, and what to do next."""
    lines = style.wrap(f"error: {error['message']} [{error['code']}]", indent="")
    if error["hint"]:
        lines += style.wrap(f"next: {error['hint']}", indent="  ")
    return [style.paint(lines[0], "31"), *lines[1:]]


def outcome_lines(document: Mapping[str, Any], style: Style) -> list[str]:
    """Return the last line: counts of a run that pins, the verdict of one that checks."""
    if document["verb"] == "check":
        return _verdict(document)
    if not document["sites"] and not document["lock"]["changed"]:
        return []
    dry_run = document["dry_run"]
    done = "nothing written" if dry_run else "sealpin.lock updated"
    is_said = dry_run or document["lock"]["changed"]
    counts = count_line(document["sites"], style, dry_run=dry_run)
    lines = [f"{counts}; {done}" if is_said else counts]
    if is_said and not dry_run:
        lines.append("next: look at the diff, then git add the files and sealpin.lock")
    return lines


def _verdict(document: Mapping[str, Any]) -> list[str]:
    """Return what ``check`` found; a place with several problems counts once."""
    problems = [*document["sites"], *(r for r in document["remarks"] if r["severity"] == "error")]
    bad = len({(entry["file"], entry["line"], entry["path"]) for entry in problems})
    checked = document["checked"]
    unproven = sum(image["unsigned"] for image in document["images"])
    state = "verified" if document["images"] else "consistent"
    if bad:
        state = f"{bad} not as they should be" if bad > 1 else "1 not as it should be"
    elif document["errors"]:
        state = "not all could be checked"
    elif unproven:
        state = f"allowed, {unproven} without proof"
    unread = len({r["file"] for r in document["remarks"] if r["code"] in UNREAD})
    if unread and not bad:
        files = "1 file was" if unread == 1 else f"{unread} files were"
        state += f", but {files} not read (an error with --strict)"
    noun = "image reference" if checked == 1 else "image references"
    return [f"{checked} {noun}: {state}"] if checked or bad else []


def style_diff(diff: str, style: Style) -> str:
    """Colour a unified diff as git does."""
    colours = {"-": "31", "+": "32", "@": "36"}
    return "\n".join(
        style.paint(printable(line), colours[line[0]]) if line[:1] in colours else printable(line)
        for line in diff.split("\n")
    )

# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The report as text: one line per image, the reasons below it, as wide as its reader's window.

Every text a stranger chose (references, identities, messages) is escaped before it is shown, so
that no registry and no certificate can write on a terminal.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

WIDTH = 80
_SIGNS = {
    "allowed": ("✓", "verified", "32"),
    "denied": ("✗", "refused", "31"),
    "inconclusive": ("?", "could not check", "33"),
}


class Style:
    """Colours, or none, and how wide the reader's window is."""

    def __init__(self, *, colour: bool, width: int = WIDTH) -> None:
        self._colour = colour
        self.width = width

    def paint(self, text: str, sgr: str) -> str:
        """Wrap *text* in an SGR sequence when colour is on."""
        return f"\x1b[{sgr}m{text}\x1b[0m" if self._colour else text

    def wrap(self, text: str, *, indent: str, hang: str = "") -> list[str]:
        """Fill *text* to the width; long words (identities, digests) are never broken.

        *hang* goes before every line but the first, as of an item in a list.
        """
        return textwrap.wrap(
            printable(text),
            self.width,
            initial_indent=indent,
            subsequent_indent=indent + hang,
            break_long_words=False,
            break_on_hyphens=False,
        )


def images_lines(images: Sequence[Mapping[str, Any]], style: Style) -> list[list[str]]:
    """Return the lines for each of *images*; what many need next stands below the last of them."""
    last = {image["hint"]: position for position, image in enumerate(images)}
    return [
        image_lines(image if last[image["hint"]] == position else {**image, "hint": ""}, style)
        for position, image in enumerate(images)
    ]


def image_lines(image: Mapping[str, Any], style: Style) -> list[str]:
    """Return the lines for one entry of the report document."""
    sign, word, sgr = _SIGNS[image["outcome"]]
    if image["unsigned"]:
        sign, word, sgr = "!", "allowed without proof", "33"
    headline = f"{sign} {printable(image['image'])}"
    lines = [f"{style.paint(headline, f'1;{sgr}')}  {style.paint(word, sgr)}"]
    if image["digest"]:
        lines.append(_indent(image["digest"]))
    if image["outcome"] == "allowed":
        lines += [
            _indent(line)
            for statement in image["statements"]
            for line in proof_lines(statement, style)
        ]
    else:
        lines += _reason_lines(image, style)
    lines += _warning_lines(image, style)
    return lines


def proof_lines(statement: Mapping[str, Any], style: Style) -> list[str]:
    """Return who signed, what, when and which log saw it."""
    signer = statement["signer"]
    if signer["kind"] == "certificate":
        who = [
            f"signed by {printable(', '.join(signer['subjects']))}",
            f"  issuer {printable(signer['issuer'])}",
        ]
    else:
        who = [f"signed by key {printable(signer['name'])} (sha256:{signer['key_id'][:16]}…)"]
    facts = [f"{time['at']} ({time['source']})" for time in statement["times"][:1]]
    facts += [f"log {entry['log']} #{entry['index']}" for entry in statement["log_entries"][:1]]
    facts.append("engines " + " + ".join(statement["engines"]))
    seen = style.wrap(", ".join(facts), indent=" " * 6)
    return [*who, f"  {printable(statement['predicate_type'])}", *(line[4:] for line in seen)]


def summary_line(summary: Mapping[str, int], style: Style) -> str:
    """Return ``3 verified, 1 refused, 0 could not check``; what was allowed unproven is apart."""
    unsigned = summary["unsigned"]
    counts = {**summary, "allowed": summary["allowed"] - unsigned}
    parts = [
        style.paint(f"{counts[outcome]} {word}", sgr if counts[outcome] else "2")
        for outcome, (_unused, word, sgr) in _SIGNS.items()
    ]
    if unsigned:
        parts.insert(1, style.paint(f"{unsigned} allowed without proof", "33"))
    return ", ".join(parts)


def printable(text: str) -> str:
    """Escape what is not printable."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def _reason_lines(image: Mapping[str, Any], style: Style) -> list[str]:
    lines = style.wrap(f"{image['message']} [{image['code']}]", indent="    ")
    shown = {image["message"]}
    for finding in image["findings"]:
        if (
            finding["outcome"] != "allowed"
            and not finding["warning"]
            and finding["message"] not in shown
        ):
            shown.add(finding["message"])
            text = f"- {finding['name']}: {finding['message']} [{finding['code']}]"
            lines += style.wrap(text, indent="      ", hang="  ")
    if image["hint"]:
        lines += style.wrap(f"next: {image['hint']}", indent="    ")
    return lines


def _warning_lines(image: Mapping[str, Any], style: Style) -> list[str]:
    said = {f["code"]: f["message"] for f in image["findings"] if f["warning"]}
    texts = [f"weakened: {each}" for each in image["weakenings"] if each not in said]
    # The reason of a refusal quotes the nearest piece's own warning: once is enough.
    reason = "" if image["outcome"] == "allowed" else image["message"]
    warnings = [
        f["message"] for f in image["findings"] if f["warning"] and f["message"] not in reason
    ]
    return [
        style.paint(line, "33")
        for text in [*texts, *warnings]
        for line in style.wrap(f"warning: {text}", indent="    ")
    ]


def _indent(text: str) -> str:
    return f"    {text}"

# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Print decisions: the text report for people, the JSON document for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from itertools import chain, repeat

from sealpin.policy.decision import Decision, Outcome
from sealpin.report.document import decision_to_dict, report_document
from sealpin.report.text import images_lines, printable, summary_line
from sealpin.weakening import Weakening

from .terminal import style_for


def print_report(
    decisions: Sequence[Decision],
    form: str,
    *,
    weakenings: Iterable[Weakening] = (),
    platforms: Sequence[str] = (),
    details: Sequence[Sequence[str]] = (),
) -> None:
    """Print every decision on standard output as ``text``, ``json`` or ``html``.

    *platforms* says which platform each decision is about, empty where it is none in particular;
    *details* are more lines for people about each.
    """
    entries = [decision_to_dict(decision) for decision in decisions]
    for entry, platform in zip(entries, platforms, strict=False):
        if platform:
            entry["platform"] = platform
    document = report_document(
        entries, weakenings=sorted(weakening.value for weakening in weakenings)
    )
    if form == "json":
        print(json.dumps(document, indent=2))
        return
    if form == "html":
        from sealpin.report.html import html_page

        print(html_page(document))
        return
    style = style_for(sys.stdout)
    for position, lines in enumerate(images_lines(document["images"], style)):
        more = details[position] if details else ()
        print("\n".join([*lines, *more]))
    for weakening in document["weakenings"]:
        print(style.paint(f"warning: weakened: {weakening}", "33"))
    print(summary_line(document["summary"], style))


def print_refusals(decisions: Iterable[Decision], *, platforms: Iterable[str] = ()) -> None:
    """Print on standard error why images were refused or could not be checked.

    *platforms* says which platform each decision is about, empty where it is none in particular.
    """
    refused = [
        (decision, platform)
        for decision, platform in zip(decisions, chain(platforms, repeat("")), strict=False)
        if decision.outcome is not Outcome.ALLOWED
    ]
    entries = [decision_to_dict(decision) for decision, _platform in refused]
    blocks = images_lines(entries, style_for(sys.stderr))
    for (_decision, platform), lines in zip(refused, blocks, strict=True):
        heading = [f"platform {printable(platform)}:"] if platform else []
        print("\n".join([*heading, *lines]), file=sys.stderr)

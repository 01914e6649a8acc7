# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The report of a run that ended before it had one, in the format that was asked for.

Without it a program that reads reports gets an empty file. It is a report of errors alone, without
files: whoever counts refusals in it must not take none for a clean run.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import pairwise

from sealpin.errors import SealpinError

from . import exit_codes

_DOCUMENTS = frozenset({"json", "sarif", "html"})
_FILTERS = frozenset({"pin", "update"})


def print_early_report(words: Sequence[str], error: SealpinError) -> None:
    """Print what ended the run of *words*, if they ask for a document; text is said elsewhere."""
    form = asked_format(words)
    if form not in _DOCUMENTS:
        return
    from sealpin.report.document import report_document

    from .file_report import FileReport, error_entry

    report = FileReport(
        document=report_document((), errors=[error_entry(error)]),
        exit_code=exit_codes.of_error(error),
    )
    report.print(sys.stderr if _is_filter(words) else sys.stdout, form=form)


def asked_format(words: Sequence[str]) -> str:
    """Return the last ``--format`` of *words*, which may be no valid command line; or nothing."""
    options = words[: words.index("--")] if "--" in words else words
    found = ""
    for option, value in pairwise([*options, ""]):
        name, equals, attached = option.partition("=")
        if name == "--format":
            found = attached if equals else value
    return found


def _is_filter(words: Sequence[str]) -> bool:
    """Whether standard output is for the text that came by standard input."""
    return words[0] in _FILTERS and "-" in words

# SPDX-FileCopyrightText: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Print docs/messages.md: ``python docs/generate_messages.py > docs/messages.md``."""

from __future__ import annotations

from sealpin.manifests.messages import MESSAGES, Message, Severity

HEAD = """\
# Messages of pin and check

Every reference that is found ends in the report: pinned, or with one of these messages. A code is
stable; it is what `--format json` and SARIF carry, with the place behind it
(`pull-policy:$.spec.containers[0].image`).

An **error** fails the run. A **warning** does with `--strict`. A **note** never does.

This page is generated from `plugins/module_utils/sealpin/manifests/messages.py`.
"""
TITLES = {Severity.ERROR: "Errors", Severity.WARNING: "Warnings", Severity.NOTE: "Notes"}


def page() -> str:
    """The whole page."""
    parts = [HEAD]
    for severity, title in TITLES.items():
        rows = sorted((row for row in MESSAGES.values() if row.severity is severity), key=_code)
        parts.append(f"\n## {title}\n\n| code | meaning | what to do |\n|---|---|---|\n")
        parts += [f"| `{row.code}` | {row.text} | {row.hint or 'nothing'} |\n" for row in rows]
    return "".join(parts)


def _code(row: Message) -> str:
    return row.code


if __name__ == "__main__":
    print(page(), end="")

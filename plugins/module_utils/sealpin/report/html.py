# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The report as one HTML page that needs nothing else: no script, no font, no request.

It is a view of the report's document. Every text a stranger chose goes through `html.escape`, and a
policy in the page forbids scripts and loading, should one ever get through.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from .text import printable

_WORDS = {"allowed": "verified", "denied": "refused", "inconclusive": "could not check"}
_ACTIONS = {"pin": "pinned", "keep": "verified", "refuse": "refused", "unchecked": "not checked"}
_CLASSES = {
    "allowed": "good", "pin": "good", "keep": "good",
    "denied": "bad", "refuse": "bad", "error": "bad",
    "inconclusive": "unsure", "unchecked": "unsure", "warning": "unsure", "unsigned": "unsure",
    "note": "calm",
}  # fmt: skip
_OUTCOMES = ("denied", "inconclusive", "allowed")
_SEVERITIES = ("error", "warning", "note")
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_STYLE = """
:root { color-scheme: light dark; --line: #8884; --good: #1a7f37; --bad: #cf222e; --unsure: #9a6700;
  --calm: #6e7781; }
@media (prefers-color-scheme: dark) {
  :root { --good: #3fb950; --bad: #ff7b72; --unsure: #d29922; --calm: #8b949e; } }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 68rem; margin: 2rem auto; padding: 0 1rem;
  overflow-wrap: anywhere; }
h1 { font-size: 1.4rem; margin-bottom: 0.25rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
code { font: 0.87em ui-monospace, monospace; }
table { border-collapse: collapse; width: 100%; } th { text-align: left; font-weight: 600; }
td, th { border-bottom: 1px solid var(--line); padding: 0.35rem 0.6rem 0.35rem 0;
  vertical-align: top; } td:first-child { min-width: min(12rem, 25vw); }
td:nth-child(2) { min-width: 7rem; }
details { border-bottom: 1px solid var(--line); padding: 0.5rem 0; }
summary { cursor: pointer; } dl { display: grid; grid-template-columns: 6rem 1fr; margin: 0.5rem 0
  0.5rem 1rem; gap: 0.1rem 1rem; } dt { color: var(--calm); } dd { margin: 0; }
.word { font-weight: 600; white-space: nowrap; } .good { color: var(--good); }
.bad { color: var(--bad); } .unsure { color: var(--unsure); } .calm { color: var(--calm); }
.counts { display: flex; flex-wrap: wrap; gap: 0 1.5rem; font-size: 1.1rem; }
footer { margin-top: 2rem; }
"""


def html_page(document: Mapping[str, Any]) -> str:
    """Return the page for a report's document."""
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>sealpin report</title><style>{_STYLE}</style></head><body>",
        "<h1>Sealpin report</h1>",
        _counts(document),
        *_section("Images", [_image(image) for image in sorted(document["images"], key=_urgency)]),
        *_section(
            "References in files",
            _sites(document.get("sites", ()), dry_run=document.get("dry_run", False)),
        ),
        *_section("Messages", _remarks(document.get("remarks", ()))),
        *_section("Errors", [_error(error) for error in document.get("errors", ())]),
        f'<footer class="calm">sealpin {_text(document["tool"]["version"])}</footer>',
        "</body></html>",
    ]
    return "\n".join(parts)


def _counts(document: Mapping[str, Any]) -> str:
    # A check that asks nobody about an image has no outcome to count.
    is_offline_check = "checked" in document and not document["images"]
    outcomes = [] if is_offline_check else _outcomes(document["summary"])
    counts = [*outcomes, *_severities(document)]
    lines = [
        f'<span class="{_CLASSES[kind] if number else "calm"}">{number} {word}</span>'
        for number, word, kind in counts
    ]
    lines += [
        f'<span class="unsure">{_text(f"weakened: {weakening}")}</span>'
        for weakening in document.get("weakenings", ())
    ]
    return f'<p class="counts">{"".join(lines)}</p>'


def _outcomes(summary: Mapping[str, int]) -> list[tuple[int, str, str]]:
    """Return number, word and kind of each outcome."""
    counts = [(summary[outcome], word, outcome) for outcome, word in _WORDS.items()]
    if summary["unsigned"]:
        counts[0] = (summary["allowed"] - summary["unsigned"], _WORDS["allowed"], "allowed")
        counts.insert(1, (summary["unsigned"], "allowed without proof", "unsigned"))
    return counts


def _severities(document: Mapping[str, Any]) -> list[tuple[int, str, str]]:
    """Return how many errors and warnings there are, and for ``check`` of how many references."""
    counts = Counter(remark["severity"] for remark in document.get("remarks", ()))
    counts["error"] += len(document.get("errors", ()))
    rows = [(document["checked"], "image reference", "note")] if "checked" in document else []
    rows += [(counts[kind], kind, kind) for kind in ("error", "warning") if counts[kind]]
    return [(number, word if number == 1 else f"{word}s", kind) for number, word, kind in rows]


def _section(title: str, content: Sequence[str]) -> list[str]:
    return [f"<h2>{title}</h2>", *content] if content else []


def _urgency(image: Mapping[str, Any]) -> tuple[int, bool]:
    """Sort what must be seen to first; among equals the files' order stays."""
    return _OUTCOMES.index(image["outcome"]), not image["unsigned"]


def _image(image: Mapping[str, Any]) -> str:
    outcome, word = image["outcome"], _WORDS[image["outcome"]]
    if image["unsigned"]:
        outcome, word = "unsigned", "allowed without proof"
    rows = [("digest", _code(image["digest"]))] if image["digest"] else []
    if image["outcome"] != "allowed":
        rows.append(("reason", f"{_text(image['message'])} {_code(image['code'])}"))
    if image["hint"]:
        rows.append(("next", _text(image["hint"])))
    for statement in image["statements"]:
        rows += _statement(statement)
    rows += [("weakened", _code(weakening)) for weakening in image["weakenings"]]
    rows += [
        (finding["outcome"] if not finding["warning"] else "warning", _finding(finding))
        for finding in image["findings"]
        if finding["message"] != image["message"]
    ]
    is_open = "" if image["outcome"] == "allowed" else " open"
    terms = "".join(f"<dt>{_text(name)}</dt><dd>{value}</dd>" for name, value in rows)
    return (
        f"<details{is_open}><summary>{_word(outcome, word)} {_code(image['image'])}</summary>"
        f"<dl>{terms}</dl></details>"
    )


def _statement(statement: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    signer = statement["signer"]
    if signer["kind"] == "certificate":
        yield "signed by", _code(", ".join(signer["subjects"]))
        yield "issuer", _code(signer["issuer"])
    else:
        yield "signed by", f"key {_code(signer['name'])} {_code(signer['key_id'])}"
    yield "says", _code(statement["predicate_type"])
    for time in statement["times"]:
        yield "signed at", f"{_text(time['at'])} ({_text(time['source'])})"
    for entry in statement["log_entries"]:
        yield "log", f"{_code(entry['log'])} #{_text(str(entry['index']))}"
    yield "engines", _text(" + ".join(statement["engines"]))


def _finding(finding: Mapping[str, Any]) -> str:
    where = f"{_code(finding['name'])}: " if finding["name"] else ""
    return f"{where}{_text(finding['message'])} {_code(finding['code'])}"


def _sites(sites: Iterable[Mapping[str, Any]], *, dry_run: bool) -> list[str]:
    words = {**_ACTIONS, "pin": "to be pinned"} if dry_run else _ACTIONS
    rows = [
        (
            _code(f"{site['file']}:{site['line']}"),
            _word(site["action"], words[site["action"]]) + f" {_code(site['code'])}",
            _reference(site),
        )
        for site in sites
    ]
    return _table(("where", "what", "reference"), rows)


def _reference(site: Mapping[str, Any]) -> str:
    """Return what stands there, behind the image's name where the field holds a part of it."""
    text = site["after"] if site["action"] == "pin" else site["image"]
    name = "" if text.startswith(site["image"]) else f"{_code(site['image'])}<br>"
    return f"{name}{_code(text)}"


def _remarks(remarks: Iterable[Mapping[str, Any]]) -> list[str]:
    """Tell what was said of places in files: what must be seen to first, in the files' order."""
    rows = [
        (
            _code(f"{remark['file']}:{remark['line']}" if remark["line"] else remark["file"]),
            _word(remark["severity"], remark["severity"]),
            f"{_text(remark['message'])} {_code(remark['code'])}{_next(remark)}",
        )
        for remark in sorted(remarks, key=lambda remark: _SEVERITIES.index(remark["severity"]))
    ]
    return _table(("where", "severity", "message"), rows)


def _error(error: Mapping[str, str]) -> str:
    return f'<p class="bad">{_text(error["message"])} {_code(error["code"])}{_next(error)}</p>'


def _next(entry: Mapping[str, Any]) -> str:
    return f"<br>next: {_text(entry['hint'])}" if entry["hint"] else ""


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Make a table of cells that are HTML already."""
    if not rows:
        return []
    head = "".join(f"<th>{title}</th>" for title in titles)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return [f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"]


def _word(kind: str, word: str) -> str:
    return f'<span class="word {_CLASSES[kind]}">{_text(word)}</span>'


def _code(text: str) -> str:
    return f"<code>{_text(text)}</code>"


def _text(text: str) -> str:
    return escape(printable(text))

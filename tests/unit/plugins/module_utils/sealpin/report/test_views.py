# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The text, SARIF and HTML views: nothing a stranger chose comes through raw."""

from __future__ import annotations

from typing import Any

import pytest

from sealpin.policy.decision import Outcome
from sealpin.reference import ImageReference
from sealpin.report.document import decision_to_dict, report_document
from sealpin.report.files import file_lines
from sealpin.report.html import html_page
from sealpin.report.moves import move_lines
from sealpin.report.sarif import sarif_document
from sealpin.report.text import Style, image_lines, images_lines, summary_line
from support.builders import decision

HOSTILE = "<script>alert(1)</script>\"'&\x1b[31m\u202e\n"
PLAIN = Style(colour=False)


def image(**changes: object) -> dict[str, Any]:
    made = decision_to_dict(decision(ImageReference.parse("nginx:1.27"), outcome=Outcome.DENIED))
    return {**made, **changes}


def site(**changes: object) -> dict[str, Any]:
    made = {
        "file": "a.yaml", "line": 3, "column": 7, "path": "$.image", "kind": "compose",
        "image": "nginx:1.27", "action": "refuse", "before": "nginx:1.27", "after": "nginx:1.27",
        "code": "signature.missing", "message": "no signature found", "hint": "",
    }  # fmt: skip
    return {**made, **changes}


def remark(**changes: object) -> dict[str, Any]:
    made = {
        "file": "a.yaml", "line": 3, "column": 7, "path": "$.image", "code": "unpinned",
        "severity": "error", "message": "no digest is written there", "hint": "run: sealpin pin",
    }  # fmt: skip
    return {**made, **changes}


def document(*images: dict[str, Any], **parts: object) -> dict[str, Any]:
    defaults = {"sites": [], "remarks": [], "errors": [], "dry_run": False}
    return report_document(images, **{**defaults, **parts})


def test_a_page_escapes_what_strangers_chose() -> None:
    hostile = image(image=HOSTILE, message=HOSTILE, hint=HOSTILE, code="a.b")
    page = html_page(document(hostile, sites=[site(file=HOSTILE, before=HOSTILE)]))
    assert "<script" not in page
    assert "\x1b" not in page
    assert "\u202e" not in page
    assert "&lt;script&gt;" in page


def test_text_escapes_what_strangers_chose() -> None:
    text = "\n".join(image_lines(image(image=HOSTILE, message=HOSTILE, hint=HOSTILE), PLAIN))
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_a_next_step_that_many_need_is_said_below_the_last_of_them() -> None:
    many = [image(image=f"a:{n}", hint=hint) for n, hint in enumerate(["x", "x", "y", ""])]
    said = [[line for line in lines if "next:" in line] for lines in images_lines(many, PLAIN)]
    assert said == [[], ["    next: x"], ["    next: y"], []]


@pytest.mark.parametrize(("width", "lines_of_digest"), [(60, 4), (80, 3), (120, 2)])
def test_both_sides_of_a_move_share_the_width(width: int, lines_of_digest: int) -> None:
    one = {"digest": f"sha256:{'a' * 64}", "signer": ["s" * 90], "proof": [], "signed": ""}
    move = {"was": one, "now": {**one, "digest": f"sha256:{'b' * 64}"}, "in_lock": True}
    lines = move_lines(move, Style(colour=False, width=width), indent=" " * 6)
    assert max(map(len, lines)) <= width
    assert len([line for line in lines if "aaaa" in line]) == lines_of_digest
    (titles,) = [line for line in lines if "now" in line]
    (signer, *_more) = [line for line in lines if "signer" in line]
    (first,) = [line for line in lines if "sha256:bbb" in line]
    assert signer.index("sss") == first.index("sha256:aaa") == titles.index("was")
    assert first.index("sha256:bbb") == titles.index("now")


def test_files_are_told_of_by_name_and_a_next_step_once() -> None:
    sites = [site(file="b.yaml", action="pin", code="", message="", hint="")]
    remarks = [remark(file="c.yaml"), remark(line=9), remark(line=8), remark(hint="another")]
    lines = file_lines(sites, remarks, PLAIN, verbose=False)
    assert [line for line in lines if line.endswith(".yaml")] == ["a.yaml", "b.yaml", "c.yaml"]
    told = [line.split()[0] for line in lines if "error" in line or "next" in line]
    assert told == ["3", "next:", "8", "9", "3", "next:"]


@pytest.mark.parametrize(
    ("file", "uri"),
    [("a b.yaml", "a%20b.yaml"), ("a\\b.yaml", "a/b.yaml"), ("é#?.yaml", "%C3%A9%23%3F.yaml")],
)
def test_sarif_writes_paths_as_uris(file: str, uri: str) -> None:
    log = sarif_document(document(sites=[site(file=file)]))
    location = log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
    assert location["artifactLocation"]["uri"] == uri


@pytest.mark.parametrize(
    ("action", "level"),
    [("refuse", "error"), ("unchecked", "warning"), ("pin", "note"), ("keep", None)],
)
def test_sarif_has_a_result_for_what_needs_attention(action: str, level: str | None) -> None:
    results = sarif_document(document(sites=[site(action=action)]))["runs"][0]["results"]
    assert [result["level"] for result in results] == ([level] if level else [])


def test_a_sarif_rule_says_what_its_code_means_where_the_table_of_messages_does() -> None:
    log = sarif_document(document(sites=[site()], remarks=[remark()]))
    known, unknown = log["runs"][0]["tool"]["driver"]["rules"][::-1]
    assert known["shortDescription"]["text"] == "no digest is written there"
    assert known["help"]["text"] == "run: sealpin pin"
    assert unknown == {"id": "signature.missing"}


def test_sarif_says_what_to_do_in_a_sentence_of_its_own() -> None:
    (result,) = sarif_document(document(sites=[site(hint="sign it")]))["runs"][0]["results"]
    assert result["message"]["text"] == "nginx:1.27: no signature found. Next: sign it"


@pytest.mark.parametrize("dry_run", [True, False])
def test_sarif_of_a_dry_run_says_that_nothing_was_written(dry_run: bool) -> None:
    made = site(action="pin", code="", message="")
    (result,) = sarif_document(document(sites=[made], dry_run=dry_run))["runs"][0]["results"]
    assert ("to be pinned" in result["message"]["text"]) == dry_run


def test_sarif_says_that_a_run_with_errors_did_not_succeed() -> None:
    error = {"code": "file.symlink", "message": "a link", "hint": ""}
    (run,) = sarif_document(document(errors=[error]))["runs"]
    (invocation,) = run["invocations"]
    assert not invocation["executionSuccessful"]
    (notification,) = invocation["toolExecutionNotifications"]
    assert notification["descriptor"] == {"id": "file.symlink"}


def test_what_was_allowed_without_proof_is_never_counted_as_verified() -> None:
    reference = ImageReference.parse("nginx:1.27")
    made = [
        decision_to_dict(decision(reference, unsigned=True)),
        decision_to_dict(decision(reference)),
    ]
    summary = document(*made)["summary"]
    line = summary_line(summary, PLAIN)
    assert line == "1 verified, 1 allowed without proof, 0 refused, 0 could not check"
    assert "1 allowed without proof" in html_page(document(*made))


def test_a_page_begins_with_what_must_be_seen_to_and_says_how() -> None:
    remarks = [remark(severity="note", message="an aside"), remark(), remark(message="again")]
    page = html_page(document(remarks=remarks))
    said = [
        page.index(text) for text in ("2 errors", "no digest is", "next: run: sealpin", "an aside")
    ]
    assert said == sorted(said)


def test_a_page_shows_images_that_were_refused_before_those_that_were_not() -> None:
    good = decision_to_dict(decision(ImageReference.parse("good:1")))
    unknown = image(image="unknown:1", outcome="inconclusive")
    page = html_page(document(good, unknown, image(image="bad:1")))
    places = [page.index(f"<code>{name}:1</code>") for name in ("bad", "unknown", "good")]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("after", "shown"),
    [
        ("nginx:1.27@sha256:0", "<td><code>nginx:1.27@sha256:0</code></td>"),
        ("1.27@sha256:0", "<td><code>nginx:1.27</code><br><code>1.27@sha256:0</code></td>"),
        ("sha256:0", "<td><code>nginx:1.27</code><br><code>sha256:0</code></td>"),
    ],
)
def test_a_page_names_the_image_whose_digest_stands_in_a_field_of_its_own(
    after: str, shown: str
) -> None:
    assert shown in html_page(document(sites=[site(action="pin", after=after)]))


def test_a_page_of_an_offline_check_claims_no_outcome_of_images() -> None:
    page = html_page(document(checked=1, remarks=[remark()]))
    assert '<p class="counts"><span class="calm">1 image reference</span>' in page
    assert "could not check" not in page


def test_a_page_of_a_run_that_met_no_image_says_so() -> None:
    assert "0 verified" in html_page(document())

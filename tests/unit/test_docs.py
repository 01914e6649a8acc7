# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The pages say what is so: links lead somewhere, command lines parse, policies load.

A command line is one that begins with ``sealpin`` (after a prompt, or not) in a fenced block, or
an inline piece of code with more words than its verb. What follows ``|``, ``<`` or ``>`` is the
shell's.
"""

from __future__ import annotations

import argparse
import base64
import re
import shlex
import textwrap
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest
from sealpin_hooks import cli
from sealpin_hooks.arguments import Parser

from sealpin.policy.document import parse_policy_files
from sealpin.policy.sources import Sources
from sealpin.trust.embedded import embedded_root
from sealpin.trust.tuf_cache import PUBLIC_GOOD
from support.virtual_sigstore import KeyPair

ROOT = Path(__file__).resolve().parents[2]
PAGES = {
    page.relative_to(ROOT).as_posix(): page.read_text(encoding="utf-8")
    for pattern in ("*.md", "docs/**/*.md", "roles/*/*.md", "tests/*.md")
    for page in sorted(ROOT.glob(pattern))
}
FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
INLINE = re.compile(r"(?<!`)`(sealpin [^`\n]+)`(?!`)")
LINK = re.compile(r"(?<!!)\[[^\]]+\]\(([^)\s]+)\)")
_SHELL = re.compile(r"\s(?:\||\d?>|<|&&)")
_ALTERNATIVES = re.compile(r"\\?\|[a-z-]+")


def blocks(text: str) -> Iterator[tuple[str, str]]:
    """Yield language and text of each fenced block."""
    for _indent, language, block in FENCE.findall(text):
        yield language, textwrap.dedent(block)


def without_blocks(text: str) -> str:
    return FENCE.sub("", text)


def command_lines() -> Iterator[tuple[str, str]]:
    """Yield page and command line."""
    for page, text in PAGES.items():
        for _language, block in blocks(text):
            for line in re.sub(r"\\\n\s*", "", block).splitlines():
                begin = re.match(r"(?:\$ |(?:- )?run: |\s+)?(sealpin [a-z-].*)", line)
                if begin and not line.startswith("sealpin: "):
                    yield page, begin[1]
        for piece in INLINE.findall(without_blocks(text)):
            if len(words_of(piece)) > 1:
                yield page, piece


def words_of(line: str) -> list[str]:
    """Split as a shell would, up to where another program or a file begins."""
    text = _ALTERNATIVES.sub("", line)
    return shlex.split(_SHELL.split(text)[0], comments=True)[1:]


class Accepted(BaseException):
    """The parser took the words; nothing is run."""


def parse(words: list[str]) -> None:
    """Run the command up to and with its parser. Raises `Accepted`, or returns what it said."""
    whole = Parser.parse

    def stop(parser: Parser, argv: list[str]) -> argparse.Namespace:
        whole(parser, argv)
        raise Accepted

    with patch.object(Parser, "parse", stop):
        cli.main(words)


LINES = sorted(set(command_lines()))


def test_the_architecture_names_every_top_level_file_of_the_core() -> None:
    core = ROOT / "plugins" / "module_utils" / "sealpin"
    named = set(re.findall(r"[\w/]+", PAGES["docs/architecture.md"]))
    assert {path.stem for path in core.glob("*.py")} - {"__init__"} <= named


def test_the_pages_have_command_lines() -> None:
    assert len(LINES) > 30


@pytest.mark.parametrize(("page", "line"), LINES, ids=[f"{p}: {line[:50]}" for p, line in LINES])
def test_each_command_line_is_one_the_command_takes(
    page: str, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        parse(words_of(line))
    except Accepted:
        return
    assert not capsys.readouterr().err, f"{page}: {line}"


def test_a_command_line_that_is_none_is_noticed(capsys: pytest.CaptureFixture[str]) -> None:
    parse(["pin", "--drie-run"])
    assert "unrecognized arguments" in capsys.readouterr().err


@pytest.mark.parametrize("page", PAGES)
def test_each_relative_link_leads_to_a_file_and_a_heading(page: str) -> None:
    for link in LINK.findall(without_blocks(PAGES[page])):
        if re.match(r"[a-z]+:", link):
            continue
        path, _hash, anchor = link.partition("#")
        target = (ROOT / page).parent / path if path else ROOT / page
        assert target.exists(), f"{page}: {link}"
        if anchor and target.suffix == ".md":
            assert anchor in anchors(target.read_text(encoding="utf-8")), f"{page}: {link}"


@pytest.mark.parametrize("page", [page for page in PAGES if page.startswith("docs/")])
def test_each_page_of_the_documentation_is_reached_from_the_readme(page: str) -> None:
    links = LINK.findall(PAGES["README.md"])
    assert any(page == link or (link.endswith("/") and page.startswith(link)) for link in links)


def anchors(text: str) -> set[str]:
    """Return the names GitHub gives to a page's headings, and those the page gives itself."""
    headings = re.findall(r"^#+ +(.+)$", without_blocks(text), re.MULTILINE)
    names = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    return names | set(re.findall(r'<a (?:id|name)="([^"]+)"', text))


POLICIES = [
    (page, block)
    for page, text in PAGES.items()
    for language, block in blocks(text)
    if language == "yaml"
    and re.search(r"^policies:|^apiVersion: policy\.sigstore", block, re.MULTILINE)
]


@pytest.mark.parametrize(("page", "block"), POLICIES, ids=[page for page, _block in POLICIES])
def test_each_policy_loads(page: str, block: str) -> None:
    root_json = base64.b64encode(PUBLIC_GOOD.bootstrap_root).decode()
    text = re.sub(r"\S+…", root_json, block)
    policies = parse_policy_files(
        {page: text.encode()},
        sources=Sources(default_root=embedded_root, read=lambda _path: KeyPair().public_pem),
    )
    assert policies

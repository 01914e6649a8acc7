# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The parser takes what pflag takes, and nothing that pflag does not."""

from __future__ import annotations

import pytest
from sealpin_hooks.arguments import Parser, UsageError


@pytest.fixture
def parser() -> Parser:
    parser = Parser(prog="sealpin x")
    parser.add_argument("paths", nargs="*")
    parser.add_argument("--name", default="")
    parser.add_argument("--many", action="append", default=[])
    parser.add_argument("-o", "--output", choices=("json", "text"), default="json")
    parser.add_switch("--check", default=True, help="a switch")
    parser.add_switch("--deep", help="another")
    return parser


ACCEPTED = {
    "a switch alone is true": (["--deep"], {"deep": True}),
    "a switch takes its value after =": (["--check=false"], {"check": False}),
    "a switch takes every spelling of a boolean": (["--check=F", "--deep=1"], {"deep": True}),
    "a switch never takes the next word": (["--deep", "false"], {"paths": ["false"], "deep": True}),
    "the last of a switch counts": (["--deep", "--deep=false"], {"deep": False}),
    "options and arguments mix": (["a", "--name", "n", "b"], {"paths": ["a", "b"], "name": "n"}),
    "a value may begin with a dash after =": (["--name=-n"], {"name": "-n"}),
    "what follows -- is no option": (["--", "--deep"], {"paths": ["--deep"], "deep": False}),
    "an option repeats": (["--many=a", "--many", "b"], {"many": ["a", "b"]}),
    "a short option takes its value either way": (["-otext"], {"output": "text"}),
    "standard input is an argument": (["-"], {"paths": ["-"]}),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_takes_what_pflag_takes(name: str, parser: Parser) -> None:
    words, expected = ACCEPTED[name]
    got = vars(parser.parse(words))
    assert {key: got[key] for key in expected} == expected


REFUSED = {
    "an unknown option": ["--deeper"],
    "an abbreviated option": ["--na=x"],
    "an abbreviated switch": ["--dee"],
    "a boolean that is none": ["--deep=yes"],
    "an option without its value": ["--name"],
    "a value that is no choice": ["-o", "yaml"],
}


@pytest.mark.parametrize("name", REFUSED)
def test_refuses_what_pflag_refuses(name: str, parser: Parser) -> None:
    with pytest.raises(UsageError) as caught:
        parser.parse(REFUSED[name])
    assert caught.value.code == "usage"
    assert "--help" in caught.value.hint


def test_help_shows_a_switch_without_a_value_and_the_arguments_alone_as_usage(
    parser: Parser,
) -> None:
    lines = parser.format_help().splitlines()
    assert lines[0] == "usage: sealpin x [OPTIONS] [paths ...]"
    assert "  --deep                another" in lines
    assert "  --check=false         a switch" in lines


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["--nam", "x"], "did you mean --name? sealpin x --help lists the options"),
        (["--outptu=json"], "did you mean --output? sealpin x --help lists the options"),
        (["--zzz"], "sealpin x --help lists the options"),
    ],
)
def test_an_unknown_option_is_answered_with_the_one_it_resembles(
    words: list[str], hint: str, parser: Parser
) -> None:
    with pytest.raises(UsageError) as caught:
        parser.parse(words)
    assert caught.value.hint == hint

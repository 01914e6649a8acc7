# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""From the words of a command line to the core's options."""

from __future__ import annotations

from dataclasses import fields

import pytest
from sealpin_hooks.arguments import Parser
from sealpin_hooks.options import add_identity_options, add_registry_options, add_trust_options
from sealpin_hooks.running import (
    parse_annotations,
    parse_duration_s,
    registry_weakenings,
    run_options,
)

from sealpin.errors import InvalidInput
from sealpin.run_options import RunOptions
from sealpin.weakening import Weakening


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("3m0s", 180.0), ("90s", 90.0), ("500ms", 0.5), ("1h2m3.5s", 3723.5), ("0s", 0.0)],
)
def test_durations_are_gos(text: str, seconds: float) -> None:
    assert parse_duration_s(text) == seconds


@pytest.mark.parametrize("text", ["", "3", "m", "3m 0s", "-1s", "3d", "1e3s", "\uff11s"])
def test_a_duration_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_duration_s(text)
    assert caught.value.code == "usage"


@pytest.mark.parametrize(
    ("words", "pairs"),
    [
        ([], ()),
        (["a=b"], (("a", "b"),)),
        (["a=b,c=d"], (("a", "b"), ("c", "d"))),
        (["a=b", "a=c"], (("a", "c"),)),
        (["a="], (("a", ""),)),
        (["a=b=c"], (("a", "b=c"),)),
    ],
    ids=str,
)
def test_annotations_are_cosigns(words: list[str], pairs: tuple[tuple[str, str], ...]) -> None:
    assert parse_annotations(words) == pairs


def test_an_annotation_without_a_value_is_refused() -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_annotations(["a"])
    assert caught.value.code == "usage"


def parse(*words: str) -> RunOptions:
    parser = Parser(prog="x")
    for add in (add_registry_options, add_trust_options, add_identity_options):
        add(parser)
    return run_options(parser.parse(words))


def test_no_word_at_all_is_the_strict_default() -> None:
    assert parse() == RunOptions()


OPTIONS = {
    "mirrors": "--mirror=a=b",
    "registry_username": "--registry-username=x",
    "registry_password": "--registry-password=x",
    "registry_token": "--registry-token=x",
    "registry_cacert": "--registry-cacert=x",
    "registry_client_cert": "--registry-client-cert=x",
    "registry_client_key": "--registry-client-key=x",
    "registry_server_name": "--registry-server-name=x",
    "allow_insecure_registry": "--allow-insecure-registry",
    "allow_http_registry": "--allow-http-registry",
    "timeout_s": "-t7s",
    "max_workers": "--max-workers=3",
    "trusted_root": "--trusted-root=x",
    "second_opinion": "--second-opinion=off",
    "offline": "--offline",
    "policy": "--policy=x",
    "publisher": "--publisher=x",
    "key": "--key=x",
    "annotations": "-aa=b",
}


@pytest.mark.parametrize("field", OPTIONS)
def test_each_option_reaches_the_core(field: str) -> None:
    assert getattr(parse(OPTIONS[field]), field) != getattr(RunOptions(), field)


def test_the_table_names_fields_that_are_there() -> None:
    assert OPTIONS.keys() <= {field.name for field in fields(RunOptions)}


def test_what_the_registry_options_give_up_is_named() -> None:
    assert registry_weakenings(parse()) == frozenset()
    given = registry_weakenings(parse("--allow-insecure-registry", "--allow-http-registry"))
    assert given == {Weakening.INSECURE_REGISTRY, Weakening.HTTP_REGISTRY}

# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""From parsed arguments to the core's `RunOptions`, and the session of a verb."""

from __future__ import annotations

import argparse
import os
import re
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from sealpin.clock import SystemClock
from sealpin.errors import InvalidInput, quote
from sealpin.records import fields
from sealpin.reference import ImageReference, Repository
from sealpin.report.text import printable
from sealpin.run_options import Machine, RunOptions
from sealpin.signatures.opinion import SecondOpinion
from sealpin.weakening import Weakening

if TYPE_CHECKING:
    from sealpin.ahead import LookAhead
    from sealpin.api import Session
    from sealpin.evidence import EvidenceKind
    from sealpin.reaching import ConfiguredRegistries

_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_LISTS = {"mirror": "mirrors"}


def run_options(arguments: argparse.Namespace, **changes: object) -> RunOptions:
    """Return the options *arguments* give; what a verb does not have keeps its default.

    Raises `InvalidInput` ``usage`` for values that do not parse.
    """
    names = {field.name for field in fields(RunOptions)}
    values: dict[str, object] = {}
    for name, value in vars(arguments).items():
        known = _LISTS.get(name, name)
        if known in names:
            values[known] = tuple(value) if isinstance(value, list) else value
    if "annotations" in values:
        values["annotations"] = parse_annotations(arguments.annotations)
    if "second_opinion" in values:
        values["second_opinion"] = SecondOpinion(arguments.second_opinion)
    if "timeout" in vars(arguments):
        values["timeout_s"] = parse_duration_s(arguments.timeout)
    values["credentials_for"] = _credential_registries(arguments)
    return RunOptions(**{**values, **changes})  # type: ignore[arg-type]


def _credential_registries(arguments: argparse.Namespace) -> tuple[str, ...]:
    """Return the registries that explicit credentials are for.

    That is the one that is named, else those of the images on the command line; images from files
    count for nothing.
    """
    given = vars(arguments)
    if given.get("registry_host"):
        return (Repository.parse(f"{given['registry_host']}/any").registry,)
    one = given.get("image") or []  # one image, or the images of an option that repeats
    images = [*(given.get("images") or ()), *([one] if isinstance(one, str) else one)]
    registries = []
    for image in images:
        with suppress(InvalidInput):  # said where images are parsed, or a folder (--local-image)
            registries.append(ImageReference.parse(image).repository.registry)
    return tuple(dict.fromkeys(registries))


def this_machine(*, allow_environment_keys: bool = False) -> Machine:
    """Return this machine; notices go to standard error."""
    return Machine(
        base=Path.cwd(),
        clock=SystemClock(),
        environment=os.environ,
        allow_environment_keys=allow_environment_keys,
        notify=lambda message: print(f"sealpin: warning: {printable(message)}", file=sys.stderr),
    )


def new_session(options: RunOptions, *, registries: ConfiguredRegistries) -> Session:
    """Return the session of a verb, run in the working directory."""
    from sealpin.run import open_session

    return open_session(options, this_machine(), registries=registries)


def looking_session(options: RunOptions) -> Session:
    """Return the session of a verb that decides nothing: of a policy it takes the registries."""
    from sealpin.rules import configured_registries

    return new_session(options, registries=configured_registries(options, this_machine()))


def look_ahead(
    options: RunOptions, references: tuple[ImageReference, ...], *, want: frozenset[EvidenceKind]
) -> LookAhead | None:
    """Begin to ask for *references* where the options alone say who decides; else return None.

    A policy may refuse an image by its name, so nothing is asked before one is read. Raises
    `InvalidInput` ``identity.*`` and ``pattern.*`` before any request.
    """
    from sealpin.ahead import LookAhead
    from sealpin.reaching import registry_options
    from sealpin.registry.connect import connect

    if options.publisher or not options.names_a_signer:
        return None
    if not options.key:
        options.signer.issuer_rule()
        options.signer.subject_rule()
    elsewhere = (Repository.parse(options.repository),) if options.repository else ()
    source = connect(registry_options(options, this_machine()))
    ahead = LookAhead(source, workers=options.max_workers)
    for reference in references:
        own = () if options.repository_replaces else (reference.repository,)
        ahead.ask(reference, repositories=(*own, *elsewhere), want=want)
    return ahead


def registry_weakenings(options: RunOptions) -> frozenset[Weakening]:
    """Return what the options give up between here and the registry."""
    given = {
        Weakening.INSECURE_REGISTRY: options.allow_insecure_registry,
        Weakening.HTTP_REGISTRY: options.allow_http_registry,
    }
    return frozenset(weakening for weakening, is_given in given.items() if is_given)


def parse_references(texts: list[str]) -> tuple[ImageReference, ...]:
    """Parse every image named. Raises `InvalidInput` for the first that is none."""
    return tuple(ImageReference.parse(text) for text in texts)


def parse_annotations(texts: list[str]) -> tuple[tuple[str, str], ...]:
    """Parse ``key=value``, separated by commas too; the last of a key counts, as in cosign."""
    pairs: dict[str, str] = {}
    for word in (word for text in texts for word in text.split(",")):
        key, equals, value = word.partition("=")
        if not equals:
            raise InvalidInput("usage", f"unable to parse annotation: {quote(word)}")
        pairs[key] = value
    return tuple(pairs.items())


def parse_duration_s(text: str) -> float:
    """Parse a Go duration (``3m0s``, ``500ms``) to seconds."""
    parts = _DURATION.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise InvalidInput(
            "usage", f"not a duration: {quote(text)}", hint="write it as 3m0s or 90s"
        )
    return sum(float(number) * _SECONDS[unit] for number, unit in parts)

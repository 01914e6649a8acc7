# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The known publishers: the table for people, and who is meant where nobody was named."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from pathlib import Path

from sealpin.errors import InvalidInput
from sealpin.policy.identity import describe
from sealpin.policy.publishers import PUBLISHERS, Publisher
from sealpin.project_files import CONFIG_NAME, project_root

from . import exit_codes
from .running import parse_references


def print_publishers() -> int:
    """Print the table, and return the exit code."""
    for row in PUBLISHERS.values():
        print(row.name)
        for label, text in _facts(row):
            print(f"    {label:<11} {text}")
    return exit_codes.VERIFIED


def refuse_without_signer(line: str, images: Sequence[str]) -> InvalidInput:
    """Make the error of a run that names nobody; *line* is the command line after the verb.

    Lines of 2022 (``COSIGN_EXPERIMENTAL=1 cosign verify IMAGE``) took anybody's signature. If the
    images are a known publisher's, the hint is the line that says so, else the one that asks the
    project's policy.
    """
    hint = "say who must have signed, or name a publisher (--publisher), a key (--key) or a policy"
    config = project_root(Path.cwd()) / CONFIG_NAME
    name = publisher_of(images)
    if name:
        hint = f"sealpin verify --publisher {name} {line}"
    elif config.is_file():
        policy = shlex.quote(os.path.relpath(config))
        hint = f"to ask this project's policy: sealpin verify --policy {policy} {line}"
    return InvalidInput(
        "identity.missing",
        "nothing says who must have signed: a signature by anybody proves nothing; expected"
        " --certificate-identity with --certificate-oidc-issuer, --key, --publisher or --policy",
        hint=hint,
    )


def publisher_of(images: Sequence[str]) -> str:
    """Return the first publisher whose images all of *images* are, or an empty text."""
    references = parse_references(list(images))
    for row in PUBLISHERS.values():
        if references and all(
            any(glob.matches(reference) for glob in row.images) for reference in references
        ):
            return row.name
    return ""


def _facts(row: Publisher) -> list[tuple[str, str]]:
    facts = [("what", row.title), ("images", ", ".join(row.globs)), ("issuer", row.issuer)]
    facts += [("signer", describe(identity.subject)) for identity in row.identities]
    if row.repository:
        facts.append(("kept in", row.repository))
    facts += [("annotation", f"{name}={value}") for name, value in row.annotations]
    return [*facts, ("see", row.documented_at)]

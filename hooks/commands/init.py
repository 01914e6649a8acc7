# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""``sealpin init``: write a commented ``.sealpin.yaml`` to start from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sealpin.errors import InvalidInput
from sealpin.project_files import CONFIG_NAME, project_root

from .. import exit_codes
from ..arguments import Parser

TEMPLATE = """\
# Whom this repository trusts to build its images.
# sealpin pin verifies every image against these rules and only then writes its digest;
# an image that no rule names is refused. All rules:
# https://github.com/sealpin/sealpin/blob/main/docs/policy.md
version: 1

policies:
  # Signed in a GitHub workflow. The identity is the workflow file and the ref it ran on.
  - images: ["ghcr.io/example/app"]
    keyless:
      issuer: "https://token.actions.githubusercontent.com"
      identity: "https://github.com/example/app/.github/workflows/release.yaml@refs/heads/main"

  # A publisher sealpin knows: its identities come from a reviewed table.
  - images: ["registry.k8s.io/**"]
    publisher: kubernetes

  # Signed with a key of your own; the path is relative to this file.
  # - images: ["registry.example/app/**"]
  #   key: keys/app.pub

  # Signed by nobody: pinned without proof, and marked as such in every report and in sealpin.lock.
  # - images: ["docker.io/library/**"]
  #   unsigned: allow
"""


def run(argv: Sequence[str]) -> int:
    """Write the template to the project's root; raise `InvalidInput` rather than overwrite."""
    make_parser().parse(argv)
    path = project_root(Path.cwd()) / CONFIG_NAME
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(TEMPLATE)
    except FileExistsError as error:
        raise InvalidInput(
            "init.exists", f"{path} exists already", hint="edit it, or move it away first"
        ) from error
    print(f"wrote {path}: name your images in it, then run sealpin pin --dry-run --diff .")
    return exit_codes.VERIFIED


def make_parser() -> Parser:
    """Return the verb's parser."""
    return Parser(
        prog="sealpin init", description=f"Write a commented {CONFIG_NAME} to the project's root."
    )

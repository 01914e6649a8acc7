# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""What cosign offers beside any of its verbs: the registry's options, ``--output-file``, ``-d``."""

from __future__ import annotations

import argparse
import contextlib
import logging
import sys
from collections.abc import Iterator
from pathlib import Path

from sealpin.errors import InvalidInput

from .arguments import Parser, UsageError
from .options import add_registry_options


def add_global_options(parser: Parser) -> None:
    """Add what every verb of cosign has."""
    add_registry_options(parser)
    parser.add_switch("--k8s-keychain", help=argparse.SUPPRESS)
    parser.add_argument(
        "--output-file", default="", metavar="FILE", help="write standard output to a file"
    )
    parser.add_switch("--verbose", "-d", help="report each request to a registry on standard error")


@contextlib.contextmanager
def global_options_in_force(arguments: argparse.Namespace) -> Iterator[None]:
    """Run a verb as its global options say. Raises `UsageError` for those that are refused."""
    if arguments.k8s_keychain:
        raise UsageError(
            "registry.keychain-unsupported",
            "credentials of cloud providers are not collected (--k8s-keychain)",
            hint="name the provider's credential helper in the Docker configuration"
            " (credHelpers), or give --registry-username and --registry-password",
        )
    with _output_to(arguments.output_file), _log_shown(is_shown=arguments.verbose):
        yield


@contextlib.contextmanager
def _output_to(path: str) -> Iterator[None]:
    """Send standard output to a file, if one is named."""
    if not path:
        yield
        return
    try:
        file = Path(path).open("w", encoding="utf-8")  # noqa: SIM115 - closed below
    except OSError as error:
        raise InvalidInput(
            "file.unwritable", f"cannot write --output-file {path}: {error.strerror}"
        ) from error
    with file, contextlib.redirect_stdout(file):
        yield


@contextlib.contextmanager
def _log_shown(*, is_shown: bool) -> Iterator[None]:
    """Send the core's log to standard error, if that is asked for."""
    if not is_shown:
        yield
        return
    log = logging.getLogger("sealpin")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("sealpin: debug: %(message)s"))
    level = log.level
    log.addHandler(handler)
    log.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.setLevel(level)

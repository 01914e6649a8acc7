# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The beginning of a run of cosign's verbs: options and environment, and the first requests.

Nothing heavy is imported here, so that the registry is asked before the libraries are loaded that
judge its answers.
"""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from sealpin.policy.signer_flags import SignerFlags
from sealpin.report.text import printable
from sealpin.weakening import Weakening

from .peer_environment import FromEnvironment, apply_environment
from .running import look_ahead, parse_references, run_options

if TYPE_CHECKING:
    from sealpin.ahead import LookAhead
    from sealpin.evidence import EvidenceKind
    from sealpin.run_options import RunOptions

_ASKED_OTHERWISE = (
    "local_image",
    "recursive",
    "signature",
    "attachment",
    "images_from",
    "attachment_tag_prefix",
    "policy",
)
"""Options with which other things are asked for than the images that are named."""


def read_options(arguments: argparse.Namespace) -> RunOptions:
    """Return the run's options with what cosign's environment variables add, and tell of those."""
    options = run_options(
        arguments,
        weakenings=_weakenings(arguments),
        require_timestamp=bool(
            arguments.use_signed_timestamps or arguments.timestamp_certificate_chain
        ),
        legacy_only=not arguments.new_bundle_format,
    )
    given = apply_environment(options, os.environ)
    if not arguments.compat:
        _report_environment(given)
    return given.options


def begin(
    arguments: argparse.Namespace, options: RunOptions, *, want: frozenset[EvidenceKind]
) -> LookAhead | None:
    """Begin to ask the registry, where it is plain already what for, and for whom."""
    if any(getattr(arguments, name, None) for name in _ASKED_OTHERWISE) or options.legacy_only:
        return None
    if options.key and options.signer != SignerFlags():
        return None  # is refused
    return look_ahead(options, parse_references(arguments.images), want=want)


def _report_environment(given: FromEnvironment) -> None:
    for name, value in given.used.items():
        print(f"sealpin: note: {name}={printable(value)} is used", file=sys.stderr)


def _weakenings(arguments: argparse.Namespace) -> frozenset[Weakening]:
    """Return the checks that the options give up."""
    given = {
        Weakening.IGNORE_TLOG: arguments.insecure_ignore_tlog,
        Weakening.PRIVATE_INFRASTRUCTURE: arguments.private_infrastructure,
        Weakening.IGNORE_SCT: arguments.insecure_ignore_sct,
        Weakening.IGNORE_CLAIMS: not arguments.check_claims,
        Weakening.CERTIFICATE_CHAIN: arguments.allow_certificate_chain,
    }
    return frozenset(weakening for weakening, is_given in given.items() if is_given)

# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Evidence from elsewhere than the registry: ``--signature``, ``--payload`` and ``--rekor-url``."""

from __future__ import annotations

import argparse
from pathlib import Path

from sealpin.api import Collect, as_gathered
from sealpin.given_evidence import GivenSignature, after
from sealpin.inputs import read_file
from sealpin.limits import MAX_CONFIG_BYTES, MAX_POLICY_BYTES
from sealpin.log_lookup import LogLookup
from sealpin.policy.model import StaticAuthority, Unresolved
from sealpin.reaching import check_address, fetch_url
from sealpin.rules import Rules
from sealpin.run_options import RunOptions
from sealpin.trust.material import KeyTrust

from .running import this_machine

_RETRIEVE = "/api/v1/log/entries/retrieve"


def collect_given(arguments: argparse.Namespace, options: RunOptions, rules: Rules) -> Collect:
    """Return how a run's evidence is had.

    Raises `InvalidInput` ``file.*`` or ``download.scheme``, `Unavailable`.
    """
    collect: Collect = as_gathered
    if getattr(arguments, "signature", ""):
        collect = GivenSignature(
            signature=_read(arguments.signature, options, may_be_literal=True),
            payload=_read(arguments.payload, options),
        ).collect
    if options.rekor_url:
        url = options.rekor_url.rstrip("/") + _RETRIEVE
        check_address(url)
        lookup = LogLookup(
            ask=lambda query: fetch_url(
                options, this_machine(), url, MAX_CONFIG_BYTES, query=query
            ),
            signer_pem=_signer_pem(rules),
        )
        collect = after(collect, lookup.collect)
    return collect


def _read(name: str, options: RunOptions, *, may_be_literal: bool = False) -> bytes:
    """Return what is in a file or at an address; a signature may also stand there itself."""
    if not name:
        return b""
    if name.startswith(("https://", "http://")):
        return fetch_url(options, this_machine(), name, MAX_POLICY_BYTES)
    if may_be_literal and not Path(name).exists():
        return name.encode()
    return read_file(Path(name), what="what an option names")


def _signer_pem(rules: Rules) -> bytes:
    """Return who signs evidence that has no certificate, as PEM; empty where nobody is known."""
    for policy in rules.policies.policies:
        for authority in policy.authorities:
            if isinstance(authority, StaticAuthority) or isinstance(authority.trust, Unresolved):
                continue
            if isinstance(authority.trust, KeyTrust):
                return authority.trust.key.key.pem
            if authority.trust.given_certificate:
                return authority.trust.given_certificate
    return b""

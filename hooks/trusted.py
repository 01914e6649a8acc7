# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Whom a run in a project trusts: its options, or the project's ``.sealpin.yaml``."""

from __future__ import annotations

from sealpin.rules import Rules, load_rules
from sealpin.run_options import Machine, RunOptions

from .project import find_config, require_policy


def project_rules(options: RunOptions, machine: Machine) -> Rules:
    """Return what decides for a run in the working directory.

    Raises `InvalidInput` ``policy.none`` where nothing says whom to trust, and what `load_rules`
    raises.
    """
    config = find_config(machine.base)
    if config is None and not options.policy and not options.names_a_signer:
        raise require_policy()
    return load_rules(options, machine, config=config)

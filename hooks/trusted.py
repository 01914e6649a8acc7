# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Whom a run trusts: identity options, policy files, or the project's ``.sealpin.yaml``.

Exactly one of them decides. Without any the run ends before a request is made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sealpin.policy.document import Configuration
from sealpin.policy.model import PolicySet
from sealpin.registry.mirrors import Mirrors
from sealpin.run import RunOptions, flags_policy, load_policies

from .arguments import UsageError
from .project import find_config, require_policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The policies of a run and the options a configuration file adds to."""

    policies: PolicySet
    options: RunOptions
    mirrors: Mirrors
    """Of the configuration file; those of the options come first."""


def load_rules(options: RunOptions, *, start: Path) -> Rules:
    """Return what decides for a run in *start*.

    Raises `UsageError` for options that contradict each other, `InvalidInput` ``policy.none`` where
    nothing says whom to trust, and what `load_policies` raises.
    """
    if options.policy and options.names_a_signer:
        raise UsageError("usage", "expected --policy or identity options, got both")
    if options.names_a_signer:
        policies = flags_policy(options, base=start)
        return Rules(policies=policies, options=options, mirrors=Mirrors())
    files = [Path(start, path) for path in options.policy] or _config_files(start)
    return _of_configuration(load_policies(options, files, base=start), files, options)


def _config_files(start: Path) -> Sequence[Path]:
    config = find_config(start)
    if config is None:
        raise require_policy()
    return (config,)


def _of_configuration(
    configuration: Configuration, files: Sequence[Path], options: RunOptions
) -> Rules:
    settings = configuration.settings
    if options.second_opinion == "auto":
        options = replace(options, second_opinion=settings.second_opinion)
    return Rules(
        policies=configuration.policies,
        options=options,
        mirrors=Mirrors.parse(settings.mirrors, base=files[0].parent),
    )

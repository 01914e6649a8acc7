# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""From options to a session."""

from __future__ import annotations

from .api import Collect, Session, as_gathered
from .errors import InvalidInput
from .reaching import NO_REGISTRIES, ConfiguredRegistries, registry_options
from .records import replace
from .registry.connect import connect
from .registry.source import Source
from .run_options import Machine, RunOptions


def open_session(
    options: RunOptions,
    machine: Machine,
    *,
    registries: ConfiguredRegistries = NO_REGISTRIES,
    source: Source | None = None,
    collect: Collect = as_gathered,
) -> Session:
    """Return the session of a run.

    *registries* are those of a configuration file; the options come first. *source* is one that
    was connected already, for the same options. Raises `InvalidInput`, before any request, for
    options that contradict each other or files that do not load.
    """
    if options.max_workers < 1:
        raise InvalidInput("usage", f"expected at least one worker, got {options.max_workers}")
    reach = registry_options(options, machine, registries=registries)
    return Session(
        source or connect(reach),
        clock=machine.clock,
        second_opinion=options.second_opinion,
        max_workers=options.max_workers,
        collect=collect,
        weakenings_of=registries.weakenings,
        sign_in=lambda logins: connect(replace(reach, logins=logins)),
    )

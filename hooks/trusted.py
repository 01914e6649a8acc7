# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Whom a run in a project trusts, and where the project says its images stand.

Both come from the run's options or the project's ``.sealpin.yaml``, as it lies there or, with
``--policy-from``, as it stood in a revision a pull request cannot change.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sealpin.inputs import PoliciesOnDisk, PolicyStore
from sealpin.project_files import CONFIG_NAME, project_root, read_find_options
from sealpin.records import dataclass

from .project import require_policy

if TYPE_CHECKING:
    from sealpin.manifests.options import FindOptions
    from sealpin.rules import Rules
    from sealpin.run_options import Machine, RunOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectPolicy:
    """The files that say whom a project trusts, before any is read."""

    store: PolicyStore
    config: Path | None
    """The project's file, if it has one."""
    given: tuple[Path, ...] = ()
    """Files named by ``--policy``, which replace it."""

    @classmethod
    def at(cls, base: Path, *, given: tuple[str, ...] = (), revision: str = "") -> ProjectPolicy:
        """Find the policy of the project *base* is in. Raises `InvalidInput` ``git.*``."""
        config = project_root(base) / CONFIG_NAME
        files = tuple(base / path for path in given)
        if revision:
            from .git import Revision

            found = Revision.find(revision, start=base)
            return cls(store=found, config=config if found.has(config) else None, given=files)
        return cls(store=PoliciesOnDisk(), config=config if config.is_file() else None, given=files)

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that count."""
        return self.given or ((self.config,) if self.config is not None else ())

    def find_options(self) -> FindOptions | None:
        """Return what the ``files:`` section says; see `read_find_options`."""
        return read_find_options(self.files, self.store)

    def rules(self, options: RunOptions, machine: Machine) -> Rules:
        """Return what decides.

        Raises `InvalidInput` ``policy.none``, and what `load_rules` raises.
        """
        if self.config is None and not options.policy and not options.names_a_signer:
            raise require_policy()
        from sealpin.rules import load_rules

        return load_rules(options, machine, config=self.config, store=self.store)

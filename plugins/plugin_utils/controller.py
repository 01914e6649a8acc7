# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Doing a task of the collection on the controller, once for all hosts of a run."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from ansible import constants as C  # noqa: N812 - the name it has everywhere in Ansible
from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.sealpin.oci.plugins.module_utils._options import (
    argument_spec,
    secret_options,
)
from ansible_collections.sealpin.oci.plugins.plugin_utils.once import AnswersOfRun

if TYPE_CHECKING:
    from ansible_collections.sealpin.oci.plugins.module_utils._options import Options
    from ansible_collections.sealpin.oci.plugins.module_utils._sessions import Params
    from ansible_collections.sealpin.oci.plugins.module_utils._tasks import (
        Ask,
        Entry,
        Prepare,
        Result,
        Work,
    )
    from ansible_collections.sealpin.oci.plugins.module_utils.sealpin.errors import (
        MissingDependency,
    )

VERIFYING = ("cryptography", "rfc3161_client", "urllib3")
"""Libraries that verifying needs, wherever it is done."""
RESOLVING = ("urllib3",)
_REQUIREMENTS = Path(__file__).parents[2] / "requirements" / "runtime.txt"
_NOT_PART_OF_THE_QUESTION = frozenset(
    {"images", "_terms", "form", "interpreter", "verify_on", "timeout", "max_workers"}
)


def attempt_once(
    kind: str, prepare: Prepare, params: Mapping[str, Any], *, libraries: Sequence[str]
) -> Result:
    """Do a task for those images nobody asked about in this run; *kind* names the task."""
    # Every play that uses a module loads the action of its name; only work done here may cost.
    from ansible_collections.sealpin.oci.plugins.module_utils._interpreter import missing_libraries
    from ansible_collections.sealpin.oci.plugins.module_utils._tasks import attempt, error_result

    missing = missing_libraries(tuple(libraries))
    if missing:
        return error_result(_missing_here(missing))

    def through(work: Work, images: Sequence[str], ask: Ask) -> Mapping[str, Entry]:
        left_out = _NOT_PART_OF_THE_QUESTION | secret_options()
        options = {name: value for name, value in params.items() if name not in left_out}
        question = {"kind": kind, "depends_on": work.depends_on, "options": options}
        return AnswersOfRun(Path(C.DEFAULT_LOCAL_TMP), question).get(images, ask)

    return attempt(prepare, params, through=through)


def explain(result: Result) -> str:
    """Say in one text why a task failed and, where it could not begin, what to do."""
    hint = result.get("hint", "")
    return f"{result['msg']}: {hint}" if hint else str(result["msg"])


def _missing_here(missing: Sequence[str]) -> MissingDependency:
    """Make the error for libraries that the Python of ansible-playbook lacks."""
    from ansible_collections.sealpin.oci.plugins.module_utils.sealpin.errors import (
        MissingDependency,
    )

    install = f"{sys.executable} -m pip install --require-hashes --requirement {_REQUIREMENTS}"
    return MissingDependency(
        "dependency.missing-library",
        f"{', '.join(missing)}: needed on the controller, and not there for {sys.executable}",
        hint=f"{install} (for a task, verify_on: target needs them on the host instead)",
    )


class PlacedAction(ActionBase):  # type: ignore[misc] # Ansible has no type information
    """An action that runs the module of its name on the host, or does its task here."""

    _supports_check_mode = True
    _supports_async = True

    groups: ClassVar[tuple[Options, ...]]
    """The module's options."""
    libraries: ClassVar[tuple[str, ...]] = VERIFYING
    """What the task needs where it is done."""

    def prepare(self, params: Params) -> Work:
        """Prepare the module's task."""
        raise NotImplementedError

    def run(
        self, tmp: str | None = None, task_vars: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Do the task where ``verify_on`` says."""
        super().run(tmp, task_vars)
        if self._task.args.get("verify_on") == "controller":
            return self._run_here()
        wrap_async = self._task.async_val and not self._connection.has_native_async
        on_host: dict[str, Any] = self._execute_module(task_vars=task_vars, wrap_async=wrap_async)
        return on_host

    def _run_here(self) -> Result:
        if self._task.async_val:
            raise AnsibleActionFail("async works with verify_on: target only")
        _valid, params = self.validate_argument_spec(argument_spec=argument_spec(*self.groups))
        return attempt_once(type(self).__module__, self.prepare, params, libraries=self.libraries)

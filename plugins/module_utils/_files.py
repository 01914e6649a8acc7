# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Whole files on a host: read with a bound, replaced in one step, told as a difference."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule


@dataclass(frozen=True)
class FileChange:
    """What became of one file, or would have in check mode."""

    changed: bool
    diff: dict[str, str] | None = None
    """Ansible's form: ``before``, ``after`` and their headings; None where the content stays."""


def put_file(module: AnsibleModule, path: Path, data: bytes) -> FileChange:
    """Make *path* hold *data*, with the owner and mode that the task's file options ask for.

    In check mode nothing is written. The folder is made if its parent is there.
    """
    before = _read(module, path)
    differs = before != data
    if differs and not module.check_mode:
        _write(module, path, data)
    changed = differs
    if path.exists() and "mode" in module.argument_spec:
        attributes = module.load_file_common_arguments(module.params, path=str(path))
        changed = module.set_fs_attributes_if_different(attributes, changed)
    if not differs:
        return FileChange(changed=changed)
    return FileChange(changed=True, diff=_difference(path, before or b"", data))


def _read(module: AnsibleModule, path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        module.fail_json(msg=f"cannot read {path}: {error.strerror}", code="file.unreadable")
        raise


def _write(module: AnsibleModule, path: Path, data: bytes) -> None:
    try:
        path.parent.mkdir(mode=0o755, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=module.tmpdir, delete=False) as file:
            file.write(data)
    except OSError as error:
        module.fail_json(
            msg=f"cannot write {path}: {error.strerror}",
            code="file.unwritable",
            hint="the folder's parent must be there and the user of the task must be able to write",
        )
        raise
    module.atomic_move(file.name, str(path))


def _difference(path: Path, before: bytes, after: bytes) -> dict[str, str]:
    return {
        "before_header": str(path),
        "after_header": str(path),
        "before": before.decode("utf-8", "replace"),
        "after": after.decode("utf-8", "replace"),
    }

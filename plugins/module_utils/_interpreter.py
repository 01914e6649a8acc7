# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Choosing the Python that runs a module.

A target's own Python seldom has the libraries of the core, so a module may start again ("respawn")
in another one. That interpreter runs with the module's rights, which is why every component of its
path must belong to root or to the user and must be writable by nobody else. This file runs *before*
the choice and stays readable for Python 3.8.

The order, first match wins:

1. the option ``interpreter``, if it is set;
2. this Python, if it is new enough and has the libraries;
3. ``/opt/sealpin/bin/python``, if it is there;
4. none: the module fails and says how to get the libraries.
"""

from __future__ import annotations

import json
import os
import stat
import sys
from importlib.util import find_spec
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible.module_utils.common.respawn import has_respawned, respawn_module

MIN_PYTHON = (3, 10)
SETUP_INTERPRETER = "/opt/sealpin/bin/python"
MAX_RESPAWN_BYTES = 48 * 1024
"""Ansible writes a respawned module and its arguments into a pipe (64 KiB on Linux) before anything
reads it, and hangs beyond that; 16 KiB are left for its wrapper."""
_MAX_LINKS = 40
_HINT = (
    "run the role sealpin.oci.setup on this host, or set the option interpreter or the variable"
    " ansible_python_interpreter to a Python 3.10 or newer that has sealpin's requirements"
)


class UntrustedPath(Exception):
    """A path somebody else could change."""


def require_libraries(module: AnsibleModule, *libraries: str) -> None:
    """Return in a Python that has *libraries*; else start the module again in one, or fail it."""
    chosen = module.params.get("interpreter")
    if has_respawned():
        missing = missing_libraries(libraries)
        if missing:
            _fail_missing(module, missing)
        return
    if chosen:
        _respawn(module, chosen)  # 1.
    missing = missing_libraries(libraries)
    if not missing:
        return  # 2.
    if Path(SETUP_INTERPRETER).exists():
        _respawn(module, SETUP_INTERPRETER)  # 3.
    _fail_missing(module, missing)  # 4.


def missing_libraries(libraries: tuple[str, ...]) -> list[str]:
    """Return what this Python lacks: ``python>=3.10``, then the libraries that are not found."""
    missing = []
    if sys.version_info[:2] < MIN_PYTHON:
        missing.append(f"python>={MIN_PYTHON[0]}.{MIN_PYTHON[1]}")
    return missing + [name for name in libraries if not _is_installed(name)]


def check_path(path: str) -> None:
    """Raise `UntrustedPath` unless only root and the user can change any component of *path*.

    Symbolic links are followed one at a time, and what they lead to is checked the same way: a
    venv's ``python`` is one. A link's own permission bits mean nothing; its owner does.
    """
    rest = Path(path)
    if not rest.is_absolute():
        raise UntrustedPath(f"{path} is not an absolute path")
    for _hop in range(_MAX_LINKS):
        link = _first_link(rest)
        if link is None:
            return
        # A textual ".." would skip the parents of what a link leads to, so the target is walked
        # from the root, component by component, ".." included.
        target = os.readlink(str(link))  # noqa: PTH115 - Path.readlink is of Python 3.9
        rest = link.parent / target / rest.relative_to(link)
    raise UntrustedPath(f"{path} leads through more than {_MAX_LINKS} symbolic links")


def _first_link(path: Path) -> Path | None:
    """Check the components of *path* from the root up to the first symbolic link; return that."""
    current = Path(path.anchor)
    _check_component(current)
    for part in path.parts[1:]:
        current = current / part
        if _check_component(current):
            return current
    return None


def _check_component(path: Path) -> bool:
    """Raise unless *path* itself is safe; return whether it is a symbolic link."""
    status = path.lstat()
    if status.st_uid not in (0, os.geteuid()):
        raise UntrustedPath(f"{path} belongs to user id {status.st_uid}, neither root nor the user")
    if stat.S_ISLNK(status.st_mode):
        return True
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        mode = stat.S_IMODE(status.st_mode)
        raise UntrustedPath(f"{path} is writable by others (mode {mode:04o})")
    return False


def _is_installed(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def _respawn(module: AnsibleModule, interpreter: str) -> None:
    """Start the module again in *interpreter*; does not return."""
    size_bytes = len(json.dumps(module.params, default=str))
    if size_bytes > MAX_RESPAWN_BYTES:
        module.fail_json(
            msg="the arguments are too large for a change of interpreter:"
            f" at most {MAX_RESPAWN_BYTES} bytes, got {size_bytes}",
            code="interpreter.arguments-too-large",
            hint="put large material in files on this host and give their paths,"
            f" or set ansible_python_interpreter to {interpreter} for this task",
        )
    try:
        check_path(interpreter)
    except (UntrustedPath, OSError) as error:
        module.fail_json(
            msg=f"the interpreter is not used: {error}",
            code="interpreter.untrusted-path",
            hint="every component of its path must exist, belong to root or the user,"
            " and be writable by nobody else",
        )
    respawn_module(interpreter)


def _fail_missing(module: AnsibleModule, missing: list[str]) -> None:
    module.fail_json(
        msg=f"{missing_required_lib(', '.join(missing))} To get it, {_HINT}.",
        code="dependency.missing-library",
        hint=_HINT,
        missing=missing,
    )

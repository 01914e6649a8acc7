# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The first look of a hook: a commit without an image costs little more than the interpreter.

Only `os` is imported. The answer errs on the side of a full run: a folder, a link, an unreadable
or a large file all need one, and so does every file in which an image could stand.
"""

from __future__ import annotations

import os

from sealpin.manifests.prefilter import may_name_images

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

_MAX_BYTES = 4 * 1024 * 1024


def has_nothing_to_do(arguments: argparse.Namespace) -> bool:
    """Whether the paths are all plain files without an image, as far as names and words tell.

    Rules from elsewhere than the project's file may say where else images stand. A report for
    programs is written of files without an image, too.
    """
    return (
        arguments.format == "text"
        and not arguments.policy
        and not arguments.policy_from
        and all(_is_without_image(path) for path in arguments.paths)
        and not _has_file_settings()
    )


def _has_file_settings() -> bool:
    """Whether the project says itself where images stand: then only a full run can tell."""
    folder = os.getcwd()  # noqa: PTH109 - no pathlib here
    while not os.path.exists(f"{folder}/.git"):  # noqa: PTH110
        parent = os.path.dirname(folder)  # noqa: PTH120
        if parent == folder:
            folder = os.getcwd()  # noqa: PTH109
            break
        folder = parent
    try:
        with open(f"{folder}/.sealpin.yaml", "rb") as file:  # noqa: PTH123
            data = file.read(_MAX_BYTES + 1)
            return b"files" in data or b"\\" in data or len(data) > _MAX_BYTES
    except FileNotFoundError:
        return False
    except OSError:
        return True


def _is_without_image(path: str) -> bool:
    if os.path.islink(path) or not os.path.isfile(path):  # noqa: PTH113, PTH114 - no pathlib here
        return False
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - no pathlib here
            data = file.read(_MAX_BYTES + 1)
    except OSError:
        return False
    return len(data) <= _MAX_BYTES and not may_name_images(path, data)

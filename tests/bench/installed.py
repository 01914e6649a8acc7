# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The program as its users have it: installed from a wheel, its bytecode compiled.

The checkout's own is an editable install, which looks for its files anew at each start, and what
was edited since is compiled each time where writing bytecode is switched off.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
import tempfile
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_PACKAGED = ("*.toml", "*.md", "LICENSE*", "hooks", "plugins")
_FOLDERS: list[tempfile.TemporaryDirectory[str]] = []
"""Kept until the process ends."""


@cache
def program() -> str:
    """Install the checkout into an environment of its own; returns the path of ``sealpin``."""
    folder = tempfile.TemporaryDirectory(prefix="sealpin-bench-")
    _FOLDERS.append(folder)
    environment = Path(folder.name)
    own = environment / "bin" / "python"
    pip = ("-m", "pip", "--quiet", "--disable-pip-version-check")
    _run(*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", folder.name,
         str(_copy(environment)))  # fmt: skip
    _run("-m", "venv", "--without-pip", folder.name)
    _run(*pip, "--python", str(own), "install", "--no-deps", *map(str, environment.glob("*.whl")))
    # The libraries are those of this environment, without what makes it an editable install.
    site = next(environment.glob("lib/python*/site-packages"))
    (site / "libraries.pth").write_text(sysconfig.get_path("purelib"))
    return str(own.with_name("sealpin"))


def _copy(folder: Path) -> Path:
    """Copy the files as they stand, so that building leaves nothing in the checkout."""
    copy = folder / "source"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *_PACKAGED],
        cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, copy / name)
    return copy


def _run(*words: str) -> None:
    subprocess.run([sys.executable, *words], check=True)

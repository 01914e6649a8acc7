# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Stand in for get-pip.py, which ansible-test would download from a server of its own.

ansible-test runs the file it finds in its cache with the requirements it wants installed. This one
takes pip from the interpreter's own ensurepip and everything else from the package index.
"""

from __future__ import annotations

import subprocess
import sys

GET_PIP_ONLY = {"--no-setuptools", "--no-wheel"}


def main() -> None:
    """Install pip, then what the arguments ask for."""
    subprocess.run(
        [sys.executable, "-m", "ensurepip", "--default-pip"], check=True, stdout=subprocess.DEVNULL
    )
    arguments = [argument for argument in sys.argv[1:] if argument not in GET_PIP_ONLY]
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", *arguments], check=True)


if __name__ == "__main__":
    main()

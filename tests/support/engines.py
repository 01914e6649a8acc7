# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Which policy engines this machine has."""

from __future__ import annotations

from importlib.util import find_spec

import pytest


def needs_regopy() -> None:
    """Skip the test where regopy is absent.

    It is looked for and not imported: with ``re2`` in one process it corrupts the heap, which is
    why the core runs it in a process of its own.
    """
    if find_spec("regopy") is None:
        pytest.skip("regopy is not installed")

# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Property tests are judged by what they find, not by how busy the machine is, nor by luck.

Every run tries the same examples, so that one fails for what was changed since the last. Others
are tried with `EXPLORE` in the environment; what fails then becomes a test of its own.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

EXPLORE = "SEALPIN_EXPLORE"
UNTIMED = settings(
    deadline=None,
    derandomize=not os.environ.get(EXPLORE),
    suppress_health_check=[HealthCheck.too_slow],
)
"""Decorates a test, or is the first argument of `hypothesis.settings`."""

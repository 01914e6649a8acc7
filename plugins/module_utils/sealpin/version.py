# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The one place that states the version: the wheel reads it, reports and lock files quote it."""

from __future__ import annotations

__version__ = "0.1.0"

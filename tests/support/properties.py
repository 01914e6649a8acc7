# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Property tests are judged by what they find, not by how busy the machine is."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

UNTIMED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""Decorates a test, or is the first argument of `hypothesis.settings`."""

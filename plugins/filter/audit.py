# Copyright: the Sealpin authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters of the role audit; each is documented in its own file beside this one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.sealpin.oci.plugins.plugin_utils.audit import audit_report, digests_of


class FilterModule:
    """Registers the filters."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name to function."""
        return {"audit_digests": digests_of, "audit_report": audit_report}

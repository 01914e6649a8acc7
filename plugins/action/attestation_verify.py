# Copyright: the Sealpin authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs attestation_verify on the host or, once for all hosts, on the controller."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ansible_collections.sealpin.oci.plugins.module_utils._options import ATTESTATION_VERIFY
from ansible_collections.sealpin.oci.plugins.plugin_utils.controller import PlacedAction

if TYPE_CHECKING:
    from ansible_collections.sealpin.oci.plugins.module_utils._sessions import Params
    from ansible_collections.sealpin.oci.plugins.module_utils._tasks import Work


class ActionModule(PlacedAction):
    """See the module's documentation."""

    groups = ATTESTATION_VERIFY

    def prepare(self, params: Params) -> Work:
        """Demand an attestation of each type."""
        from ansible_collections.sealpin.oci.plugins.module_utils._attestations import (
            verify_attestations,
        )

        return verify_attestations(params)

# Copyright: the Sealpin authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Resolves images on the host or, once for all hosts, on the controller."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ansible_collections.sealpin.oci.plugins.module_utils._options import IMAGE_DIGEST_INFO
from ansible_collections.sealpin.oci.plugins.plugin_utils.controller import (
    RESOLVING,
    PlacedAction,
)

if TYPE_CHECKING:
    from ansible_collections.sealpin.oci.plugins.module_utils._sessions import Params
    from ansible_collections.sealpin.oci.plugins.module_utils._tasks import Work


class ActionModule(PlacedAction):
    """See the module's documentation."""

    groups = IMAGE_DIGEST_INFO
    libraries = RESOLVING

    def prepare(self, params: Params) -> Work:
        """Resolve each image to its digest."""
        from ansible_collections.sealpin.oci.plugins.module_utils._tasks import resolve_images

        return resolve_images(params)

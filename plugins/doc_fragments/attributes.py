# Copyright: the Sealpin authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every module of the collection says of itself."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation of attributes; the extra fragments fill in what differs."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and return changed status prediction without modifying target.
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in C(check_mode)), when in diff mode.
  idempotent:
    description: When run twice in a row outside check mode, with the same arguments, the second invocation indicates no change.
"""

    ACTION_GROUP = r"""
options: {}
attributes:
  action_group:
    description:
      - Use C(group/sealpin.oci.oci) in C(module_defaults) to set policy, trust and registry options once for all modules that decide,
        and C(group/sealpin.oci.registry) to set registry options once for all that read registries.
    support: full
    membership:
      - sealpin.oci.oci
      - sealpin.oci.registry
"""

    ACTION_GROUP_REGISTRY = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/sealpin.oci.registry) in C(module_defaults) to set registry options once for all modules that read registries.
    support: full
    membership:
      - sealpin.oci.registry
"""

    INFO_MODULE = r"""
options: {}
attributes:
  check_mode:
    support: full
    details:
      - This action does not modify state.
  diff_mode:
    support: N/A
    details:
      - This action does not modify state.
  idempotent:
    support: full
    details:
      - This action does not modify state.
"""

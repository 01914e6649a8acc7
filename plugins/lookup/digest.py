# Copyright: the Sealpin authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: digest
author: The Sealpin authors (@sealpin)
version_added: 0.1.0
short_description: Look up the digests of container images
description:
  - Asks the registry which digest each image has now, once for a whole run.
  - Nothing is verified. Use P(sealpin.oci.verified#lookup) to know who made an image.
  - Runs on the controller. Files that the options name are files of the controller.
extends_documentation_fragment:
  - sealpin.oci.registry
options:
  _terms:
    description: The images, C(name:tag), C(name@digest) or both.
    type: list
    elements: str
    required: true
  platform:
    description: Returns the digest of this platform's manifest, for example V(linux/arm64), in place of the whole image's.
    type: str
seealso:
  - module: sealpin.oci.image_digest_info
"""

EXAMPLES = r"""
- name: Show which digest a tag means now
  ansible.builtin.debug:
    msg: "{{ lookup('sealpin.oci.digest', 'nginx:1.27') }}"
"""

RETURN = r"""
_raw:
  description: The digests, in the order of the terms.
  type: list
  elements: str
"""

from collections.abc import Sequence
from typing import Any

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible_collections.sealpin.oci.plugins.module_utils._tasks import resolve_images
from ansible_collections.sealpin.oci.plugins.plugin_utils.controller import (
    RESOLVING,
    attempt_once,
    explain,
)


class LookupModule(LookupBase):  # type: ignore[misc] # Ansible has no type information
    """See the documentation."""

    def run(
        self, terms: Sequence[str], variables: dict[str, Any] | None = None, **kwargs: Any
    ) -> list[str]:
        """Return one text for each image."""
        self.set_options(var_options=variables, direct=kwargs)
        params = {**self.get_options(), "images": list(terms), "platforms": False}
        result = attempt_once("resolve", resolve_images, params, libraries=RESOLVING)
        if result["failed"]:
            raise AnsibleLookupError(f"sealpin.oci.digest: {explain(result)}")
        return [entry["digest"] for entry in result["images"]]

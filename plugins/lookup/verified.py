# Copyright: the Sealpin authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: verified
author: The Sealpin authors (@sealpin)
version_added: 0.1.0
short_description: Verify images and return them with their digests
description:
  - Verifies each image, once for a whole run, and fails the task if one of them is refused or could not be checked.
  - Runs on the controller. Files that the options name are files of the controller.
extends_documentation_fragment:
  - sealpin.oci.verification
  - sealpin.oci.trust
  - sealpin.oci.registry
options:
  _terms:
    description: The images, C(name:tag), C(name@digest) or both.
    type: list
    elements: str
    required: true
  form:
    description:
      - What is returned for each image.
      - V(pinned) is C(name@digest), V(pinned_tagged) is C(name:tag@digest), V(digest) is the digest alone.
    type: str
    choices:
      - pinned
      - pinned_tagged
      - digest
    default: pinned
  platform:
    description: Returns the digest of this platform's manifest, for example V(linux/arm64), in place of the whole image's.
    type: str
seealso:
  - module: sealpin.oci.image_verify
"""

EXAMPLES = r"""
- name: Run an image only if its publisher signed it
  containers.podman.podman_container:
    name: pause
    image: "{{ lookup('sealpin.oci.verified', 'registry.k8s.io/pause:3.10', publisher='kubernetes') }}"
"""

RETURN = r"""
_raw:
  description: The images with their digests, in the order of the terms.
  type: list
  elements: str
"""

from collections.abc import Sequence
from typing import Any

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible_collections.sealpin.oci.plugins.module_utils._tasks import verify_images
from ansible_collections.sealpin.oci.plugins.plugin_utils.controller import (
    VERIFYING,
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
        params = {**self.get_options(), "images": list(terms)}
        result = attempt_once("verify", verify_images, params, libraries=VERIFYING)
        if result["failed"]:
            raise AnsibleLookupError(f"sealpin.oci.verified: {explain(result)}")
        return [entry[params["form"]] for entry in result["images"]]

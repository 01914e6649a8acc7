#!/usr/bin/python
# Copyright: the Sealpin authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: release_images_info
author: The Sealpin authors (@sealpin)
version_added: 0.1.0
short_description: List the images of a release from its SBOM
description:
  - Reads the SPDX document that Kubernetes and others publish with a release, and returns the images it lists.
  - The document is a list of what to verify and proves nothing. Give its images to M(sealpin.oci.image_verify).
extends_documentation_fragment:
  - sealpin.oci.attributes
  - sealpin.oci.attributes.info_module
  - sealpin.oci.runtime
options:
  path:
    description: The document, SPDX as tag-value or JSON, a file on the host. Fetch it with M(ansible.builtin.get_url).
    type: path
    required: true
  moved:
    description:
      - Whether images of a registry that moved (C(k8s.gcr.io)) are listed where they are now (C(registry.k8s.io)).
    type: bool
    default: true
seealso:
  - module: sealpin.oci.image_verify
"""

EXAMPLES = r"""
- name: Fetch the list of a Kubernetes release
  ansible.builtin.get_url:
    url: https://sbom.k8s.io/v1.31.0/release
    dest: /var/tmp/kubernetes-v1.31.0.spdx
    mode: "0644"

- name: Read it
  sealpin.oci.release_images_info:
    path: /var/tmp/kubernetes-v1.31.0.spdx
  register: release

- name: Verify all of its images
  sealpin.oci.image_verify:
    images: "{{ release.images | map(attribute='image') }}"
    publisher: kubernetes
"""

RETURN = r"""
images:
  description: The images, in the order of the document, each once.
  returned: success
  type: list
  elements: dict
  contains:
    image:
      description: The image, to be read now.
      type: str
      sample: registry.k8s.io/kube-apiserver:v1.31.0
    listed_as:
      description: The name in the document.
      type: str
    digest:
      description: The digest that the document claims, or empty.
      type: str
    pinned:
      description: C(name@digest) with the claimed digest, or empty.
      type: str
    pinned_tagged:
      description: C(name:tag@digest) with the claimed digest, or empty.
      type: str
by_image:
  description: The same entries by image.
  returned: success
  type: dict
code:
  description: The code of the first reason.
  returned: failure
  type: str
  sample: registry.unauthorized
hint:
  description: What to do next about it, or empty.
  returned: failure
  type: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.sealpin.oci.plugins.module_utils._interpreter import require_libraries
from ansible_collections.sealpin.oci.plugins.module_utils._options import (
    INTERPRETER,
    argument_spec,
)

OPTIONS = {
    "path": {"type": "path", "required": True},
    "moved": {"type": "bool", "default": True},
}
LIBRARIES = ("spdx_tools",)


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec=argument_spec(OPTIONS, INTERPRETER), supports_check_mode=True
    )
    require_libraries(module, *LIBRARIES)
    from ansible_collections.sealpin.oci.plugins.module_utils import _releases

    _releases.run(module)


if __name__ == "__main__":
    main()

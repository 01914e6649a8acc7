#!/usr/bin/python
# Copyright: the Sealpin authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: image_digest_info
author: The Sealpin authors (@sealpin)
version_added: 0.1.0
short_description: Look up the digests of container images
description:
  - Asks the registries which digest each image has now. Nothing is verified. Use M(sealpin.oci.image_verify) to know who made an image.
  - The task fails unless every image has a digest; its result lists every image either way.
extends_documentation_fragment:
  - sealpin.oci.attributes
  - sealpin.oci.attributes.info_module
  - sealpin.oci.attributes.action_group_registry
  - sealpin.oci.registry
  - sealpin.oci.runtime
  - sealpin.oci.runtime.verify_on
options:
  images:
    description: The images, C(name:tag), C(name@digest) or both.
    type: list
    elements: str
    required: true
  platform:
    description: Returns the digest of this platform's manifest, for example V(linux/arm64), in place of the whole image's.
    type: str
  platforms:
    description: Whether RV(images[].platforms) is filled in, which costs one more request for each image.
    type: bool
    default: false
seealso:
  - module: sealpin.oci.image_verify
  - plugin: sealpin.oci.digest
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: See what the tags mean today
  sealpin.oci.image_digest_info:
    images:
      - nginx:1.27
      - registry.k8s.io/pause:3.10
    platforms: true
  register: found

- name: Show one of them
  ansible.builtin.debug:
    msg: "{{ found.by_image['nginx:1.27'].digest }}"
"""

RETURN = r"""
images:
  description: One entry for each image, in the order of O(images). It is also returned when the task fails.
  returned: always
  type: list
  elements: dict
  contains:
    image:
      description: The image as it was given.
      type: str
      sample: nginx:1.27
    name:
      description: The same with every default written out; empty if it is not a reference.
      type: str
      sample: docker.io/library/nginx:1.27
    outcome:
      description: V(resolved), or V(inconclusive) if there is no digest.
      type: str
    code:
      description: The code of the reason, or empty.
      type: str
      sample: registry.not-found
    message:
      description: The reason in one line, or empty.
      type: str
    hint:
      description: What to do next, or empty.
      type: str
    digest:
      description: The digest, or empty.
      type: str
    pinned:
      description: C(name@digest), for programs.
      type: str
    pinned_tagged:
      description: C(name:tag@digest), for files and people.
      type: str
    media_type:
      description: The media type of the manifest; empty where the image was given by digest or not resolved.
      type: str
    platforms:
      description: Platform to digest, with O(platforms=true).
      type: dict
    source:
      description: The mirror that answered, or empty.
      type: str
by_image:
  description: The same entries by image, as it was given.
  returned: always
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
    IMAGE_DIGEST_INFO,
    argument_spec,
)

LIBRARIES = ("urllib3",)


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec=argument_spec(*IMAGE_DIGEST_INFO), supports_check_mode=True
    )
    require_libraries(module, *LIBRARIES)
    from ansible_collections.sealpin.oci.plugins.module_utils import _tasks

    _tasks.run(module, _tasks.resolve_images)


if __name__ == "__main__":
    main()

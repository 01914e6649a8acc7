#!/usr/bin/python
# Copyright: the Sealpin authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: image_verify
author: The Sealpin authors (@sealpin)
version_added: 0.1.0
short_description: Verify who built container images
description:
  - Resolves each image to one digest, verifies the signatures and attestations that exist for it, and decides by a policy.
  - The outcome of each image is V(allowed), V(denied) or V(inconclusive). The task fails unless all are allowed; its result
    lists every image either way.
  - What could not be checked, for instance because a registry did not answer, is inconclusive. It is never treated as unsigned.
  - Pass the verified digest on to the tasks that follow, as in RV(by_image), so that what was verified is what is deployed.
extends_documentation_fragment:
  - sealpin.oci.attributes
  - sealpin.oci.attributes.info_module
  - sealpin.oci.attributes.action_group
  - sealpin.oci.verification
  - sealpin.oci.trust
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
    description:
      - Verifies the image and returns the digest of this platform's manifest in it, for example V(linux/arm64).
      - By default the digest is that of the whole image, which is the same for all platforms.
    type: str
seealso:
  - module: sealpin.oci.image_pin
  - module: sealpin.oci.image_digest_info
  - plugin: sealpin.oci.verified
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: Verify by a policy
  sealpin.oci.image_verify:
    images:
      - registry.example/app/web:1.4
      - registry.k8s.io/pause:3.10
    policy: /etc/sealpin/policy.yaml
  register: verified

- name: Run exactly what was verified
  containers.podman.podman_container:
    name: web
    image: "{{ verified.by_image['registry.example/app/web:1.4'].pinned }}"

- name: Verify once for all hosts, on the controller
  sealpin.oci.image_verify:
    images: "{{ app_images }}"
    certificate_identity: https://github.com/example/app/.github/workflows/release.yaml@refs/heads/main
    certificate_oidc_issuer: https://token.actions.githubusercontent.com
    verify_on: controller
  register: verified

- name: Verify on a host that reaches no registry
  sealpin.oci.image_verify:
    images: "{{ app_images }}"
    policy: /etc/sealpin/policy.yaml
    evidence: /var/lib/sealpin/evidence
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
      description: V(allowed), V(denied) or V(inconclusive).
      type: str
    code:
      description: V(ok), V(unsigned.allowed), or the code of the reason.
      type: str
      sample: policy.no-match
    message:
      description: The reason in one line.
      type: str
    hint:
      description: What to do next, or empty.
      type: str
    digest:
      description: The digest the decision is about; empty if the image could not be resolved.
      type: str
    index_digest:
      description: The digest of the whole image, where O(platform) chose a part of it.
      type: str
    pinned:
      description: C(name@digest), for programs; empty unless the image is allowed.
      type: str
    pinned_tagged:
      description: C(name:tag@digest), for files and people; empty unless the image is allowed.
      type: str
    unsigned:
      description: Whether a policy allowed the image without proof.
      type: bool
    policies:
      description: The policies that cover the image.
      type: list
      elements: str
    weakenings:
      description: Codes of the checks that were switched off.
      type: list
      elements: str
    platforms:
      description: Platform to digest, where it is an index and its manifest was read.
      type: dict
    source:
      description: The mirror that answered, or empty.
      type: str
    statements:
      description: What was proven, each with C(predicate_type), C(signer), C(times), C(log_entries), C(annotations) and C(engines).
      type: list
      elements: dict
    findings:
      description: Everything that was looked at and its answer, each with C(scope), C(name), C(outcome), C(code) and C(message).
      type: list
      elements: dict
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
    IMAGE_VERIFY,
    argument_spec,
)

LIBRARIES = ("cryptography", "rfc3161_client", "urllib3")


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=argument_spec(*IMAGE_VERIFY), supports_check_mode=True)
    require_libraries(module, *LIBRARIES)
    from ansible_collections.sealpin.oci.plugins.module_utils import _tasks

    _tasks.run(module, _tasks.verify_images)


if __name__ == "__main__":
    main()

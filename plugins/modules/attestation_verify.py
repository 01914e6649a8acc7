#!/usr/bin/python
# Copyright: the Sealpin authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: attestation_verify
author: The Sealpin authors (@sealpin)
version_added: 0.1.0
short_description: Verify attestations of container images
description:
  - Requires each image to have an attestation of every type in O(types), signed by whom the task expects, about exactly that image.
  - The attestation replaces the image signature here. A policy can require both, with M(sealpin.oci.image_verify).
  - The task fails unless all images have them; its result lists every image either way.
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
  types:
    description:
      - The predicate types, as a short name (V(spdxjson), V(cyclonedx), V(slsaprovenance), V(slsaprovenance1), V(vuln), V(openvex), V(link), V(custom))
        or as a URI.
    type: list
    elements: str
    required: true
  predicates:
    description: Whether RV(images[].attestations[].predicate) is filled in. A bill of materials can be many megabytes.
    type: bool
    default: false
seealso:
  - module: sealpin.oci.image_verify
  - module: sealpin.oci.attestation_info
  - module: sealpin.oci.provenance_verify
"""

EXAMPLES = r"""
- name: Demand a bill of materials by the image's own workflow
  sealpin.oci.attestation_verify:
    images:
      - cgr.dev/chainguard/go:latest
    types:
      - https://spdx.dev/Document
    certificate_identity: https://github.com/chainguard-images/images/.github/workflows/release.yaml@refs/heads/main
    certificate_oidc_issuer: https://token.actions.githubusercontent.com
  register: attested

- name: Show what it says
  ansible.builtin.debug:
    msg: "{{ attested.images[0].attestations[0].summary }}"
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
      description: Always empty; M(sealpin.oci.image_verify) tells platforms apart.
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
      description: Always empty; M(sealpin.oci.image_digest_info) has them.
      type: dict
    source:
      description: The mirror that answered, or empty.
      type: str
    statements:
      description: What was proven, each with C(predicate_type), C(signer), C(times), C(log_entries), C(annotations) and C(engines).
      type: list
      elements: dict
    attestations:
      description: The attestations that satisfied the task.
      type: list
      elements: dict
      contains:
        predicate_type:
          description: The URI of the type.
          type: str
        verified:
          description: Whether it was verified.
          type: bool
        summary:
          description: A few lines about what it says, for people to read.
          type: list
          elements: str
        signer:
          description: Who signed it.
          returned: when it was verified
          type: dict
        evidence:
          description: Where it lies, with C(digest) and C(location), and when it was verified C(kind) and C(route).
          type: dict
        subject:
          description: The digest it is about.
          returned: when it was verified
          type: str
        times:
          description: When it was signed and who says so, each with C(at), C(source) and C(authority).
          returned: when it was verified
          type: list
          elements: dict
        log_entries:
          description: Its entries in transparency logs, each with C(log), C(log_id), C(index), C(inclusion_proof) and C(promise).
          returned: when it was verified
          type: list
          elements: dict
        annotations:
          description: What the signer wrote beside it.
          returned: when it was verified
          type: dict
        claimed_reference:
          description: The image name the signer wrote, or empty.
          returned: when it was verified
          type: str
        engines:
          description: Who verified it, C(sealpin) and where it can C(sigstore).
          returned: when it was verified
          type: list
          elements: str
        notes:
          description: What is worth knowing about it and changes nothing.
          returned: when it was verified
          type: list
          elements: str
        weakenings:
          description: Codes of the checks that were switched off for it.
          returned: when it was verified
          type: list
          elements: str
        predicate:
          description: What it says.
          returned: when O(predicates=true)
          type: raw
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
    ATTESTATION_VERIFY,
    argument_spec,
)

LIBRARIES = ("cryptography", "rfc3161_client", "urllib3")


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec=argument_spec(*ATTESTATION_VERIFY), supports_check_mode=True
    )
    require_libraries(module, *LIBRARIES)
    from ansible_collections.sealpin.oci.plugins.module_utils import _attestations, _tasks

    _tasks.run(module, _attestations.verify_attestations)


if __name__ == "__main__":
    main()

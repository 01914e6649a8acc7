#!/usr/bin/python
# Copyright: the Sealpin authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: attestation_info
author: The Sealpin authors (@sealpin)
version_added: 0.1.0
short_description: Read attestations of container images
description:
  - Returns the attestations of each image, with what they say.
  - By default only verified attestations are returned, of the given O(types) and signed by whom the task expects. It is not a failure
    if an image has none of a type. M(sealpin.oci.attestation_verify) requires them.
  - With O(unsafe_unverified=true) everything that is attached to the image is returned, and each attestation is marked as not verified.
    Do not base decisions on it.
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
      - Required unless O(unsafe_unverified=true), where the default is every type.
    type: list
    elements: str
  predicates:
    description: Whether RV(images[].attestations[].predicate) is filled in. A bill of materials can be many megabytes.
    type: bool
    default: true
  unsafe_unverified:
    description: Whether attestations are returned without being verified.
    type: bool
    default: false
seealso:
  - module: sealpin.oci.attestation_verify
"""

EXAMPLES = r"""
- name: Fetch the bill of materials of an image
  sealpin.oci.attestation_info:
    images:
      - cgr.dev/chainguard/go:latest
    types:
      - https://spdx.dev/Document
    certificate_identity: https://github.com/chainguard-images/images/.github/workflows/release.yaml@refs/heads/main
    certificate_oidc_issuer: https://token.actions.githubusercontent.com
  register: sbom

- name: See which attestations somebody put beside an image, whoever it was
  sealpin.oci.attestation_info:
    images:
      - registry.example/app:1.4
    unsafe_unverified: true
    predicates: false
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
      description: V(resolved), or V(denied) or V(inconclusive) if something was wrong.
      type: str
    code:
      description: Empty, or the code of the reason.
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
      returned: when O(unsafe_unverified=false)
      type: str
    pinned:
      description: C(name@digest), for programs; empty where something was wrong.
      type: str
    pinned_tagged:
      description: C(name:tag@digest), for files and people; empty where something was wrong.
      type: str
    unsigned:
      description: Whether a policy allowed the image without proof.
      returned: when O(unsafe_unverified=false)
      type: bool
    policies:
      description: The policies that cover the image.
      returned: when O(unsafe_unverified=false)
      type: list
      elements: str
    weakenings:
      description: Codes of the checks that were switched off.
      returned: when O(unsafe_unverified=false)
      type: list
      elements: str
    platforms:
      description: Always empty; M(sealpin.oci.image_digest_info) has them.
      type: dict
    media_type:
      description: The media type of the manifest; empty where the image was given by digest or not resolved.
      returned: when O(unsafe_unverified=true)
      type: str
    source:
      description: The mirror that answered, or empty.
      type: str
    statements:
      description: What was proven, each with C(predicate_type), C(signer), C(times), C(log_entries), C(annotations) and C(engines).
      returned: when O(unsafe_unverified=false)
      type: list
      elements: dict
    attestations:
      description: The attestations.
      type: list
      elements: dict
      contains:
        predicate_type:
          description: The URI of the type.
          type: str
        verified:
          description: Whether it was verified. It is never true with O(unsafe_unverified=true).
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
      returned: when O(unsafe_unverified=false)
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
    ATTESTATION_INFO,
    argument_spec,
)

LIBRARIES = ("cryptography", "rfc3161_client", "urllib3")


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=argument_spec(*ATTESTATION_INFO), supports_check_mode=True)
    require_libraries(module, *LIBRARIES)
    from ansible_collections.sealpin.oci.plugins.module_utils import _attestations, _tasks

    _tasks.run(module, _attestations.read_attestations)


if __name__ == "__main__":
    main()

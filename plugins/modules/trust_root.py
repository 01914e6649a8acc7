#!/usr/bin/python
# Copyright: the Sealpin authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: trust_root
author: The Sealpin authors (@sealpin)
version_added: 0.1.0
short_description: Put a trusted root and a policy on a host
description:
  - Writes the Sigstore trusted root, and a policy if one is given, that the other modules of this collection verify by.
  - Both are read before anything is written. If one does not load, the task fails and the existing file stays.
extends_documentation_fragment:
  - ansible.builtin.files
  - sealpin.oci.attributes
  - sealpin.oci.runtime
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  path:
    description: Where the trusted root is written.
    type: path
    default: /etc/sealpin/trusted_root.json
  origin:
    description:
      - Where the trusted root comes from.
      - V(embedded) is the root of the public-good Sigstore instance that this release of the collection carries.
      - V(tuf) is that root as the instance publishes it now, fetched and verified by The Update Framework.
      - V(content) is O(content), V(src) is the file O(src) on the host.
    type: str
    choices:
      - embedded
      - tuf
      - content
      - src
    default: embedded
  content:
    description:
      - A C(trusted_root.json) as text.
      - End a template with C(| string). Up to ansible-core 2.18, one whose text looks like a mapping becomes a mapping.
    type: str
  src:
    description: A C(trusted_root.json) on the host.
    type: path
  policy:
    description: A policy as text, in the short spelling of C(.sealpin.yaml) or as ClusterImagePolicy documents.
    type: str
  policy_path:
    description: Where O(policy) is written.
    type: path
    default: /etc/sealpin/policy.yaml
  podman_policy:
    description:
      - Where O(policy) is written as podman, skopeo and CRI-O read it, for example V(/etc/containers/policy.json). They then refuse to pull what
        the policy refuses. Without this option nothing is written for them.
      - Fails, and writes nothing, if C(policy.json) cannot express the policy. It can express keys, and signers with an e-mail address whose
        certificates need not be in the certificate log (C(insecure_ignore_sct)). It cannot express attestations, regular expressions, annotations,
        one of several signers, or exclusions.
      - Keys that the policy names by path are read beside O(policy_path) on the host.
      - podman 4.3 reads keys without a log only; logs and signers with an e-mail address need podman 4.4. The podman of Debian 12 is built
        without Sigstore support and refuses every image that must be signed.
    type: path
  podman_registries:
    description: Where the file of C(registries.d) is written that makes podman look for signatures. Used with O(podman_policy) only.
    type: path
    default: /etc/containers/registries.d/sealpin.yaml
seealso:
  - module: sealpin.oci.image_verify
"""

EXAMPLES = r"""
- name: Trust what this release of the collection trusts
  sealpin.oci.trust_root:

- name: Trust the public-good instance as it is today, and bring the policy
  sealpin.oci.trust_root:
    origin: tuf
    policy: "{{ lookup('ansible.builtin.file', 'policy.yaml') }}"

- name: Trust an instance of our own
  sealpin.oci.trust_root:
    origin: content
    content: "{{ lookup('ansible.builtin.file', 'trusted_root.json') | string }}"
    mode: "0644"

- name: Let podman refuse what the policy refuses
  sealpin.oci.trust_root:
    policy: "{{ lookup('ansible.builtin.file', 'policy.yaml') }}"
    podman_policy: /etc/containers/policy.json
    mode: "0644"
"""

RETURN = r"""
path:
  description: Where the trusted root is.
  returned: success
  type: str
digest:
  description: The SHA-256 digest of the trusted root's text.
  returned: success
  type: str
policy_path:
  description: Where the policy is, or empty.
  returned: success
  type: str
policy_digest:
  description: The digest of the policy with its keys, as reports and lock files have it; empty without a policy.
  returned: success
  type: str
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

from typing import TYPE_CHECKING

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.sealpin.oci.plugins.module_utils._interpreter import require_libraries
from ansible_collections.sealpin.oci.plugins.module_utils._options import (
    INTERPRETER,
    argument_spec,
)

if TYPE_CHECKING:
    from ansible_collections.sealpin.oci.plugins.module_utils._options import Options

OPTIONS: Options = {
    "path": {"type": "path", "default": "/etc/sealpin/trusted_root.json"},
    "origin": {
        "type": "str",
        "choices": ["embedded", "tuf", "content", "src"],
        "default": "embedded",
    },
    "content": {"type": "str"},
    "src": {"type": "path"},
    "policy": {"type": "str"},
    "policy_path": {"type": "path", "default": "/etc/sealpin/policy.yaml"},
    "podman_policy": {"type": "path"},
    "podman_registries": {"type": "path", "default": "/etc/containers/registries.d/sealpin.yaml"},
}
LIBRARIES = ("cryptography",)


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec=argument_spec(OPTIONS, INTERPRETER),
        add_file_common_args=True,
        mutually_exclusive=[("content", "src")],
        required_if=[("origin", "content", ["content"]), ("origin", "src", ["src"])],
        required_by={"podman_policy": ["policy"]},
        supports_check_mode=True,
    )
    require_libraries(module, *LIBRARIES)
    from ansible_collections.sealpin.oci.plugins.module_utils import _trust_files

    _trust_files.run(module)


if __name__ == "__main__":
    main()

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
  - Both are read before anything is written. One that does not load fails the task, and the file that is there stays.
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
    description: A C(trusted_root.json) as text.
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
    content: "{{ lookup('ansible.builtin.file', 'trusted_root.json') }}"
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
}
LIBRARIES = ("cryptography",)


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec=argument_spec(OPTIONS, INTERPRETER),
        add_file_common_args=True,
        mutually_exclusive=[("content", "src")],
        required_if=[("origin", "content", ["content"]), ("origin", "src", ["src"])],
        supports_check_mode=True,
    )
    require_libraries(module, *LIBRARIES)
    from ansible_collections.sealpin.oci.plugins.module_utils import _trust_files

    _trust_files.run(module)


if __name__ == "__main__":
    main()

#!/usr/bin/python
# Copyright: the Sealpin authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: image_pin
author: The Sealpin authors (@sealpin)
version_added: 0.1.0
short_description: Verify the images that files name, then write their digests
description:
  - Finds the images in Kubernetes manifests, compose files, Dockerfiles and others, verifies them, and writes the digest that was
    verified behind each name. Only those characters change. Comments, quotes, line endings and everything else stay.
  - A digest that is written already is verified as it stands. With O(update=true) its tag is resolved again.
  - An image that is refused or could not be checked is left as it is and fails the task. The others are still pinned.
  - The C(files) section of O(policy) says which further fields hold images and which kinds of files are read. Without a policy, that
    of C(.sealpin.yaml) is used, at the root of the git checkout that contains the first of O(paths). The command reads the same.
  - What was proven is recorded in a lock file, so that a later check needs no network.
extends_documentation_fragment:
  - sealpin.oci.attributes
  - sealpin.oci.attributes.action_group
  - sealpin.oci.verification
  - sealpin.oci.trust
  - sealpin.oci.registry
  - sealpin.oci.runtime
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  paths:
    description:
      - Files, or folders whose files are searched. They are files of the host.
      - A file that is named is read whatever it is called. Folders such as C(.git) are skipped, and links are not followed.
    type: list
    elements: path
    required: true
  lock:
    description:
      - The lock file.
      - The default is C(sealpin.lock) at the root of the git checkout that contains the first of O(paths), or else beside that path.
    type: path
  update:
    description: Whether pinned images are moved to the digest that their tag means now, after verification.
    type: bool
    default: false
  unsafe_allow_rollback:
    description: Whether O(update=true) may move to an image with older evidence than the lock file proves.
    type: bool
    default: false
  tag:
    description:
      - What happens to the tag.
      - V(keep) writes C(name:tag@digest), V(drop) writes C(name@digest), V(comment) writes that and the tag as a comment.
    type: str
    choices:
      - keep
      - drop
      - comment
    default: keep
  strict:
    description: Whether what cannot be pinned for a reason other than its signature (a variable, a template) fails the task, too.
    type: bool
    default: false
  platform:
    description:
      - Writes the digest of this platform's manifest, for example V(linux/arm64).
      - By default the digest is that of the whole image, which is the same for all platforms.
    type: str
seealso:
  - module: sealpin.oci.image_verify
"""

EXAMPLES = r"""
- name: Pin a checkout by its own policy
  sealpin.oci.image_pin:
    paths:
      - /srv/gitops
    policy: /srv/gitops/.sealpin.yaml

- name: See what would be pinned
  sealpin.oci.image_pin:
    paths:
      - /srv/compose/docker-compose.yml
    publisher: kubernetes
  check_mode: true
  diff: true
"""

RETURN = r"""
images:
  description: One entry for each image that was found, in the order of the files. It is also returned when the task fails.
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
  description: The same entries by image, as it is written in the file.
  returned: always
  type: dict
sites:
  description: Every place where an image is named, with C(file), C(line), C(image), C(action) and C(after).
  returned: always
  type: list
  elements: dict
remarks:
  description: What was left alone, each with C(file), C(line), C(code), C(severity) and C(message).
  returned: always
  type: list
  elements: dict
files:
  description: The files that were changed, or would be in check mode.
  returned: always
  type: list
  elements: str
lock:
  description: The lock file.
  returned: always
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

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.sealpin.oci.plugins.module_utils._interpreter import require_libraries
from ansible_collections.sealpin.oci.plugins.module_utils._options import (
    IMAGE_PIN,
    argument_spec,
)

LIBRARIES = ("cryptography", "rfc3161_client", "urllib3", "ruamel.yaml")


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=argument_spec(*IMAGE_PIN), supports_check_mode=True)
    require_libraries(module, *LIBRARIES)
    from ansible_collections.sealpin.oci.plugins.module_utils import _pinning

    _pinning.run(module)


if __name__ == "__main__":
    main()

#!/usr/bin/python
# Copyright: the Sealpin authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: running_images_info
author: The Sealpin authors (@sealpin)
version_added: 0.1.0
short_description: List the images a host runs, by digest
description:
  - Lists the containers of podman, docker, a Kubernetes node's runtime (C(crictl)) and containerd (C(ctr)), grouped by image.
  - The digests are those the engine recorded. Docker has none for an image that was built on the host, podman computes one.
  - A container is listed with the image it was created from, even if its tag was pulled again since. containerd records only a name
    with a container, so there the image by that name counts only if the container's file system began with its layers.
  - Each engine is asked at its usual address. Others are set with C(environment) in E(DOCKER_HOST),
    E(CONTAINER_RUNTIME_ENDPOINT) and E(IMAGE_SERVICE_ENDPOINT) (C(crictl)) or E(CONTAINERD_ADDRESS) (C(ctr)).
  - podman is asked for the containers of the user of the task. Use C(become_user) for those of another user.
  - With O(verify=true) every image is verified too. Listing alone needs nothing but Python 3.8.
extends_documentation_fragment:
  - sealpin.oci.attributes
  - sealpin.oci.attributes.info_module
  - sealpin.oci.attributes.action_group
  - sealpin.oci.verification
  - sealpin.oci.trust
  - sealpin.oci.registry
  - sealpin.oci.runtime
options:
  engines:
    description:
      - The engines to ask. An engine that is named and does not answer fails the task.
      - The default is every engine whose program is found. If one of those does not answer, it is in RV(unavailable) and gives a warning.
    type: list
    elements: str
    choices:
      - podman
      - docker
      - cri
      - containerd
  all:
    description: Whether containers that are not running are listed too.
    type: bool
    default: false
  verify:
    description:
      - Whether every image is verified by the options for policy, trust and registries, which have no effect otherwise.
      - The task then fails unless all of them are.
    type: bool
    default: false
seealso:
  - module: sealpin.oci.image_verify
"""

EXAMPLES = r"""
- name: List what runs here
  sealpin.oci.running_images_info:
  register: running

- name: Show images nobody can verify, because they never had a digest
  ansible.builtin.debug:
    msg: "{{ running.images | rejectattr('digest') | map(attribute='names') | flatten }}"

- name: Verify what runs here, and fail if anything is not as the policy wants it
  sealpin.oci.running_images_info:
    engines: [podman]
    verify: true
    policy: /etc/sealpin/policy.yaml

- name: List what a Kubernetes node runs whose runtime listens elsewhere
  sealpin.oci.running_images_info:
    engines: [cri]
  environment:
    CONTAINER_RUNTIME_ENDPOINT: unix:///run/k3s/containerd/containerd.sock
    IMAGE_SERVICE_ENDPOINT: unix:///run/k3s/containerd/containerd.sock
"""

RETURN = r"""
images:
  description: The images in use, sorted.
  returned: always
  type: list
  elements: dict
  contains:
    image:
      description: C(name@digest), or the identifier of an image that has no digest.
      type: str
      sample: registry.example/app@sha256:4f53…
    names:
      description: The image as the containers name it.
      type: list
      elements: str
    digest:
      description: The digest the engine recorded; empty for an image that was built or loaded here.
      type: str
    digests:
      description: Every C(name@digest) the engine recorded; an index and its platform manifest may both be there.
      type: list
      elements: str
    pinned:
      description: C(name@digest), or empty.
      type: str
    pinned_tagged:
      description: C(name:tag@digest), or empty.
      type: str
    image_id:
      description: The engine's identifier of the image.
      type: str
    containers:
      description: The containers made from it, each with C(engine), C(id), C(name), C(namespace) and C(state).
      type: list
      elements: dict
    outcome:
      description: V(allowed), V(denied) or V(inconclusive).
      returned: when it was verified
      type: str
    code:
      description: V(ok), or the code of the reason.
      returned: when it was verified
      type: str
    message:
      description: The reason in one line.
      returned: when it was verified
      type: str
    hint:
      description: What to do next, or empty.
      returned: when it was verified
      type: str
    unsigned:
      description: Whether a policy allowed the image without proof.
      returned: when it was verified
      type: bool
    statements:
      description: What was proven, by whom and when. See M(sealpin.oci.image_verify).
      returned: when it was verified
      type: list
      elements: dict
by_image:
  description: The same entries by C(image).
  returned: always
  type: dict
engines:
  description: The engines that answered.
  returned: always
  type: list
  elements: str
unavailable:
  description: The engines that are installed and did not answer, each with C(engine) and C(message).
  returned: always
  type: list
  elements: dict
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
from ansible_collections.sealpin.oci.plugins.module_utils._containers import (
    Container,
    group_by_image,
)
from ansible_collections.sealpin.oci.plugins.module_utils._engines import PROGRAMS, EngineError
from ansible_collections.sealpin.oci.plugins.module_utils._interpreter import require_libraries
from ansible_collections.sealpin.oci.plugins.module_utils._options import (
    INTERPRETER,
    VERIFICATION,
    argument_spec,
)
from ansible_collections.sealpin.oci.plugins.module_utils._running import list_engine

if TYPE_CHECKING:
    from ansible_collections.sealpin.oci.plugins.module_utils._options import Options

OPTIONS: Options = {
    "engines": {"type": "list", "elements": "str", "choices": list(PROGRAMS)},
    "all": {"type": "bool", "default": False},
    "verify": {"type": "bool", "default": False},
}


LIBRARIES = ("cryptography", "rfc3161_client", "urllib3")


def gather(module: AnsibleModule) -> tuple[list[Container], list[str], list[dict[str, str]]]:
    """Ask the engines; return the containers, who answered, and who did not."""
    named = module.params["engines"]
    engines = named or [name for name, program in PROGRAMS.items() if module.get_bin_path(program)]
    containers: list[Container] = []
    answered: list[str] = []
    unavailable: list[dict[str, str]] = []

    def run(command: list[str]) -> tuple[int, str, str]:
        code, out, err = module.run_command(command, handle_exceptions=False)
        return code, out, err

    for engine in dict.fromkeys(engines):
        try:
            containers += list_engine(
                engine, run, everything=module.params["all"], answered=answered
            )
        except (EngineError, OSError) as error:
            if named:
                module.fail_json(
                    msg=f"{engine}: {error}",
                    code=getattr(error, "code", EngineError.code),
                    hint=getattr(error, "hint", EngineError.hint),
                )
            module.warn(f"{engine} did not answer, so its containers are not listed: {error}")
            unavailable.append({"engine": engine, "message": str(error)})
        else:
            answered.append(engine)
    return containers, answered, unavailable


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec=argument_spec(OPTIONS, VERIFICATION, INTERPRETER), supports_check_mode=True
    )
    if module.params["verify"]:
        require_libraries(module, *LIBRARIES)
    containers, answered, unavailable = gather(module)
    images = group_by_image(containers)
    result = {"changed": False, "engines": answered, "unavailable": unavailable}
    if module.params["verify"]:
        from ansible_collections.sealpin.oci.plugins.module_utils._running_proof import prove

        result.update(prove(module.params, images))
    result.update(images=images, by_image={entry["image"]: entry for entry in images})
    if result.get("failed"):
        module.fail_json(**result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()

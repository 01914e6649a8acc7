# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Images in the files beside playbooks: of Molecule, ansible-builder and ansible-navigator.

Sources: https://docs.ansible.com/projects/molecule/guides/custom-image/,
https://docs.ansible.com/projects/builder/en/latest/definition/ and
https://docs.ansible.com/projects/navigator/settings/.
"""

from __future__ import annotations

from ..yamlnodes import Document, numbered
from .survey import Survey

_CONTAINER_DRIVERS = frozenset({"docker", "podman", "containers"})
_TRUE = ("true", "yes", "on")  # Molecule reads YAML 1.1
_BUILD_ARGUMENTS = ("EE_BASE_IMAGE", "EE_BUILDER_IMAGE")
_BUILD_IMAGES = ("base_image", "builder_image")


def find_molecule(document: Document, survey: Survey) -> None:
    """``platforms[].image`` of a scenario that runs containers; other drivers name machines.

    Without ``pre_build_image`` the driver makes ``molecule_local/<image>`` of it, which is no name
    if a digest is in it.
    """
    if survey.text(survey.get(document.root, "driver"), "name") not in _CONTAINER_DRIVERS:
        return
    platforms = survey.get(document.root, "platforms")
    for index, platform in numbered(platforms):
        is_run_as_it_is = survey.text(platform, "pre_build_image").lower() in _TRUE
        veto = "" if is_run_as_it_is else "molecule-builds"
        survey.image(platform, "image", ("platforms", index), veto=veto)


def find_execution_environment(document: Document, survey: Survey) -> None:
    """``images`` of an execution environment, and the arguments that versions 1 and 2 have."""
    images = survey.get(document.root, "images")
    for key in _BUILD_IMAGES:
        survey.image(survey.get(images, key), "name", ("images", key))
    arguments = survey.get(document.root, "build_arg_defaults")
    for key in _BUILD_ARGUMENTS:
        survey.image(arguments, key, ("build_arg_defaults",))


def find_navigator(document: Document, survey: Survey) -> None:
    """The execution environment that ansible-navigator runs."""
    settings = survey.get(document.root, "ansible-navigator")
    environment = survey.get(settings, "execution-environment")
    survey.image(environment, "image", ("ansible-navigator", "execution-environment"))

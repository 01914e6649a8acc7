# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Images in Ansible playbooks and task files: the options of modules that run or pull containers.

Only options of known modules are images (``image:`` of a cloud module is a disk). The tables follow
the documentation of ``containers.podman``, ``community.docker`` and ``kubernetes.core``; a module
may be written with its collection or without.
"""

from __future__ import annotations

from ..yamlnodes import Document, Mapping, Node, Scalar, Sequence, numbered
from ..yamlschema import Path
from .candidates import remark_candidates
from .kubernetes import read_object
from .survey import Survey

_TASK_LISTS = ("tasks", "pre_tasks", "post_tasks", "handlers", "block", "rescue", "always")
_VARIABLE_FOLDERS = ("defaults", "vars", "group_vars", "host_vars")
_COLLECTIONS = ("containers.podman.", "community.docker.", "community.general.", "kubernetes.core.")

# Module: option that holds the whole reference.
_IMAGE_OPTIONS = {
    "podman_container": "image",
    "podman_containers": "image",
    "podman_image": "name",
    "podman_runlabel": "image",
    "podman_pod": "infra_image",
    "docker_container": "image",
    "docker_image": "name",
    "docker_image_pull": "name",
    "docker_swarm_service": "image",
}
_DEFINITION_MODULES = frozenset({"k8s"})


def is_ansible(document: Document, file: str) -> bool:
    """Whether a document is a list of plays or tasks, or holds the variables of hosts or a role."""
    root = document.root
    if isinstance(root, Mapping):
        return any(f"/{folder}/" in f"/{file}" for folder in _VARIABLE_FOLDERS)
    return (
        isinstance(root, Sequence)
        and bool(root.items)
        and all(isinstance(item, Mapping) for item in root.items)
    )


def find_ansible(document: Document, survey: Survey) -> None:
    """Note every image of a playbook or task file; who reads a variable is in another file."""
    if isinstance(document.root, Sequence):
        _read_tasks(document.root, (), survey)
    else:
        remark_candidates(document.root, (), survey)


def _read_tasks(tasks: Node, path: Path, survey: Survey) -> None:
    if not isinstance(tasks, Sequence) or not survey.may_enter(tasks, path):
        return
    for index, task in enumerate(tasks.items):
        below = (*path, index)
        for key, value in survey.entries(task):
            name = _module_name(key.value)
            if key.value in _TASK_LISTS:
                _read_tasks(value, (*below, key.value), survey)
            elif name in _IMAGE_OPTIONS:
                _read_module(name, value, (*below, key.value), survey)
            elif name in _DEFINITION_MODULES:
                _read_definition(value, (*below, key.value), survey)
            elif key.value == "vars":
                remark_candidates(value, (*below, "vars"), survey)


def _module_name(key: str) -> str:
    """The module's short name; a name of another collection is not one of ours."""
    for collection in _COLLECTIONS:
        if key.startswith(collection):
            return key.removeprefix(collection)
    return key


def _read_module(module: str, options: Node, path: Path, survey: Survey) -> None:
    if module == "podman_containers":
        containers = survey.get(options, "containers")
        for index, item in numbered(containers):
            _read_module("podman_container", item, (*path, "containers", index), survey)
        return
    option = _IMAGE_OPTIONS[module]
    survey.image(options, option, path, veto=_veto(module, options, survey))


def _veto(module: str, options: Node, survey: Survey) -> str:
    """What the module's other options say about where the image comes from."""
    makes_images = module in ("podman_image", "docker_image")
    builds = survey.get(options, "build") is not None or survey.text(options, "path")
    if survey.text(options, "state") == "build" or (makes_images and builds):
        return "built-locally"
    if survey.text(options, "source") in ("build", "load", "local"):
        return "built-locally"
    pull = survey.text(options, "pull").lower()
    if pull == "never" or (module == "podman_image" and pull in ("false", "no")):
        return "pull-policy"
    has_tag_option = makes_images or module == "docker_image_pull"
    return "separate-tag" if has_tag_option and survey.text(options, "tag") else ""


def _read_definition(options: Node, path: Path, survey: Survey) -> None:
    """``kubernetes.core.k8s`` takes one object or a list of them; a text is told of."""
    for key in ("definition", "resource_definition"):
        value = survey.get(options, key)
        below = (*path, key)
        if isinstance(value, Scalar) and "\n" in value.value:
            survey.remark_if_image("object-text", below, value)
        if isinstance(value, Mapping):
            read_object(value, below, survey)
        for index, item in numbered(value):
            read_object(item, (*below, index), survey)

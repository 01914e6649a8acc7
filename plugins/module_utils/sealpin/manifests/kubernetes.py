# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Images in Kubernetes documents: pod specs at any depth, and what well-known controllers add.

A pod spec is known by its lists (``containers``, ``initContainers``, ``ephemeralContainers``) and
its image volumes, wherever it stands: Deployments, CronJobs, Rollouts, Knative services and custom
resources with pod templates all have the same shape (Kubernetes API reference, PodSpec v1). Argo
Workflows and Tekton add their own fields. Any other ``image:`` of a custom resource is only a
candidate: the name alone does not make it one (``rbd.image`` names a disk).
"""

from __future__ import annotations

from ..yamlnodes import Document, Mapping, Node, Scalar, Sequence, numbered
from ..yamlschema import Path, merged_entries, render_path
from .gitops import read_gitops
from .image_text import literal_reference, unless_pinned
from .inline_dockerfile import read_inline
from .object_references import TEKTON_GROUP, image_reference
from .survey import Survey

_CONTAINER_LISTS = frozenset({"containers", "initContainers", "ephemeralContainers"})
_NEVER_ENTERED = frozenset({"metadata", "status", "rbd"})
_KINDS_WITHOUT_IMAGES = frozenset({"CustomResourceDefinition", "ConfigMap", "Secret"})
# Documents with apiVersion and kind that no cluster gets: their images are what is to be built.
_FOREIGN_GROUPS = ("skaffold", "kustomize.config.k8s.io")
_BUILT_IN_GROUPS = frozenset({"", "apps", "batch", "extensions", "autoscaling", "policy"})
_ARGO_GROUP = "argoproj.io"
_LISTS_OF_STEPS = {
    _ARGO_GROUP: frozenset({"sidecars"}),
    TEKTON_GROUP: frozenset({"sidecars", "steps"}),
}
# Argo's templates hold one container; Tekton's steps have a common template.
_CONTAINERS = {
    _ARGO_GROUP: frozenset({"container", "script"}),
    TEKTON_GROUP: frozenset({"stepTemplate"}),
}
# Texts of Argo Workflows that hold, or are merged into, an object.
_TEXT_PATCH = "podSpecPatch"
_TEXT_OBJECT = "manifest"
_DOCKERFILE = "dockerfile"
_LEAVES = frozenset({"image", _TEXT_PATCH, _TEXT_OBJECT, _DOCKERFILE})


def is_kubernetes(document: Document) -> bool:
    """Whether a document says which API object it is."""
    root = document.root
    if not isinstance(root, Mapping):
        return False
    fields = {name.value for name, value in merged_entries(root) if isinstance(value, Scalar)}
    return {"apiVersion", "kind"} <= fields


def find_kubernetes(document: Document, survey: Survey) -> None:
    """Note every image of one Kubernetes document."""
    if document.root is not None:
        read_object(document.root, (), survey)


def read_object(root: Node, path: Path, survey: Survey, *, api_version: str = "") -> None:
    """Note every image of the API object that stands at *path* of a document.

    *api_version* is that of an object that does not say what it is.
    """
    _Object(survey, root, path, api_version=api_version).read()


class _Object:
    """One API object while it is read; the items of a list are objects of their own."""

    def __init__(
        self, survey: Survey, root: Node, path: Path, *, api_version: str = "", kind: str = ""
    ) -> None:
        """*api_version* and *kind* are those of an object that says neither."""
        self.survey = survey
        self.root = root
        self.path = path
        said = survey.text(root, "apiVersion"), survey.text(root, "kind")
        self.api_version, self.kind = said if any(said) else (api_version, kind)
        self.group = self.api_version.rpartition("/")[0]
        self.lists = _CONTAINER_LISTS | _LISTS_OF_STEPS.get(self.group, frozenset())
        """Fields that are lists of containers."""
        self.containers = _CONTAINERS.get(self.group, frozenset())
        """Fields that are one."""
        if self.group == TEKTON_GROUP and self.kind == "StepAction":
            self.containers |= {"spec"}
        self.configured: set[int] = set()
        """Nodes that are images already: no candidates, and not read twice."""

    def read(self) -> None:
        if self._read_items() and self.kind.endswith("List"):
            return
        if self.kind in _KINDS_WITHOUT_IMAGES or self.group in _FOREIGN_GROUPS:
            return
        self._read_custom_paths()
        read_gitops(self.group, self.kind, self.root, self.path, self.survey)
        self._walk(self.root, self.path)

    def _read_items(self) -> bool:
        """Read ``items``, which make a list of an object of any kind; tell whether it has them.

        So clients take it (client-go, ``UnstructuredJSONScheme``), and give an item that says
        nothing of itself the list's version and kind.
        """
        items = self.survey.get(self.root, "items")
        if not isinstance(items, Sequence):
            return False
        if not self.survey.may_enter(items, self.path):
            return True
        for index, item in items.numbered:
            _Object(
                self.survey,
                item,
                (*self.path, "items", index),
                api_version=self.api_version,
                kind=self.kind.removesuffix("List"),
            ).read()
        return True

    def _read_custom_paths(self) -> None:
        for custom in self.survey.options.custom_paths:
            if not custom.applies_to(self.api_version, self.kind):
                continue
            for holder, key, path in custom.select(self.root):
                self.configured.add(id(self.survey.get(holder, key)))
                self.survey.image(holder, key, (*self.path, *path))

    def _walk(self, node: Node, path: Path) -> None:
        if isinstance(node, Scalar) or not self.survey.may_enter(node, path):
            return
        if isinstance(node, Sequence):
            for index, item in node.numbered:
                self._walk(item, (*path, index))
            return
        for key, value in self.survey.entries(node):
            name = key.value
            is_leaf = isinstance(value, Scalar)
            if name in _LEAVES or not (is_leaf or name in _NEVER_ENTERED):
                self._visit(name, value, path)

    def _visit(self, key: str, value: Node, path: Path) -> None:
        """Read one field of a mapping, and go on below it."""
        below = (*path, key)
        if key in self.lists:
            self._read_containers(value, below)
        elif key == "volumes":
            self._read_volumes(value, below)
        elif key in self.containers:
            self._read_container(value, below)
        elif key == "image" and isinstance(value, Scalar):
            self._read_candidate(value, below)
        elif key == _TEXT_PATCH and isinstance(value, Scalar):
            self._read_text(value, below, "patch-text")
        elif key == _TEXT_OBJECT and isinstance(value, Scalar):
            self._read_text(value, below, "object-text")
        elif key == _DOCKERFILE and isinstance(value, Scalar):
            # OpenShift's BuildConfig, also in a template; elsewhere it may be a file's name.
            if path[-1:] == ("source",) and "from" in value.value.lower():
                read_inline(self.survey, value, value.start, (below,))
        elif named := image_reference(self.survey, self.group, key, value, below):
            self._note(*named, never=False)
        self._walk(value, below)

    def _read_containers(self, value: Node, path: Path) -> None:
        for index, item in numbered(value):
            self._read_container(item, (*path, index))

    def _read_container(self, container: Node, path: Path) -> None:
        never = self.survey.text(container, "imagePullPolicy") == "Never"
        self._note(container, "image", path, never=never)

    def _read_volumes(self, value: Node, path: Path) -> None:
        for index, volume in numbered(value):
            source = self.survey.get(volume, "image")
            if isinstance(source, Mapping):
                never = self.survey.text(source, "pullPolicy") == "Never"
                self._note(source, "reference", (*path, index, "image"), never=never)

    def _note(self, holder: Node, key: str, path: Path, *, never: bool) -> None:
        field = self.survey.get(holder, key)
        if field is None or (id(field) in self.configured and not field.anchor):
            return
        self.configured.add(id(field))
        self.survey.image(holder, key, path, veto="pull-policy" if never else "")

    def _read_text(self, value: Scalar, path: Path, code: str) -> None:
        """Remark a text of an Argo workflow that puts an image into an object."""
        if self.group == _ARGO_GROUP:
            self.survey.remark_if_image(code, path, value)

    def _read_candidate(self, value: Scalar, path: Path) -> None:
        """Remark an ``image`` of a custom resource that could be one."""
        is_custom = self.group not in _BUILT_IN_GROUPS and not self.group.endswith(".k8s.io")
        if not is_custom or id(value) in self.configured:
            return
        reference = literal_reference(value.value)
        if reference is not None:
            code = unless_pinned("candidate", reference)
            self.survey.remark(code, render_path(path), value.start, detail=value.value)

# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Images in JSON patches of Kubernetes objects, as Kustomize and kubectl apply them.

Format: RFC 6902. What an operation adds is read as the part of an object that its pointer makes of
it. A patch does not say what it is for, so the object counts as a custom resource: an ``image``
outside of a pod is a candidate. What is copied or moved is in the object already.
"""

from __future__ import annotations

from ..yamlnodes import Document, Mapping, Node, Scalar, Sequence, new_scalar, numbered
from ..yamlschema import merged_entries
from .kubernetes import read_object
from .survey import Survey

_ADDING = frozenset({"add", "replace"})
_MAX_INDEX_DIGITS = 9
_ANY_GROUP = "patched/v1"


def is_json_patch(document: Document) -> bool:
    """Whether a document is a list of operations, each with a pointer."""
    root = document.root
    if not isinstance(root, Sequence) or not root.items:
        return False
    return all(isinstance(item, Mapping) and _is_operation(item) for item in root.items)


def _is_operation(item: Mapping) -> bool:
    return {"op", "path"} <= {key.value for key, _value in merged_entries(item)}


def find_json_patch(document: Document, survey: Survey) -> None:
    """Note every image that an operation puts into an object."""
    root = document.root
    for index, item in numbered(root):
        value = survey.get(item, "value")
        if value is not None and survey.text(item, "op") in _ADDING:
            pointer = survey.text(item, "path").removeprefix("/").split("/")
            steps = [step.replace("~1", "/").replace("~0", "~") for step in pointer]
            read_object(_placed(value, steps), (index,), survey, api_version=_ANY_GROUP)


def _placed(value: Node, steps: list[str]) -> Node:
    """Return an object in which *value* stands where the pointer *steps* leads.

    What is added behind the last item is item -1.
    """
    start, end = value.start, value.end
    for step in reversed(steps):
        if step == "-" or step.isdecimal():
            first = -1 if step == "-" else int(step[:_MAX_INDEX_DIGITS])
            value = Sequence(start, end, [value], is_flow=False, tag="", anchor="", first=first)
            continue
        key = new_scalar(Scalar, (start, start, step, "", "", ""))
        entries: list[tuple[Node, Node]] = [(key, value)]
        value = Mapping(start, end, entries, is_flow=False, tag="", anchor="", is_simple=True)
    return value

# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Images that objects name outside of containers: Tekton bundles and OpenShift's ``from``.

A Tekton bundle is an image of tasks and pipelines, named by ``bundle`` or by a parameter of the
resolver (https://tekton.dev/docs/pipelines/bundle-resolver/). OpenShift's builds and image streams
name what they come from as ``kind: DockerImage`` (BuildConfig, ImageStream API reference).
"""

from __future__ import annotations

from ..yamlnodes import Mapping, Node, numbered
from ..yamlschema import Path
from .survey import Survey

TEKTON_GROUP = "tekton.dev"
_TEKTON_REFERENCES = frozenset({"taskRef", "pipelineRef", "ref"})


def image_reference(
    survey: Survey, group: str, key: str, value: Node, path: Path
) -> tuple[Node, str, Path] | None:
    """Return holder, key and path of the image that the field *key* at *path* names."""
    if not isinstance(value, Mapping):
        return None
    if key == "from" and survey.text(value, "kind") == "DockerImage":
        return value, "name", path
    if group != TEKTON_GROUP or key not in _TEKTON_REFERENCES:
        return None
    if survey.text(value, "resolver") == "bundles":
        return _bundle_parameter(survey, value, path)
    return (value, "bundle", path) if survey.text(value, "bundle") else None


def _bundle_parameter(survey: Survey, reference: Node, path: Path) -> tuple[Node, str, Path] | None:
    parameters = survey.get(reference, "params")
    for index, item in numbered(parameters):
        if survey.text(item, "name") == "bundle":
            return item, "value", (*path, "params", index)
    return None

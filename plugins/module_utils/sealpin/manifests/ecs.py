# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Images in task definitions of Amazon ECS, alone or as resources of a CloudFormation template.

ECS takes ``name:tag@digest`` and pulls by the digest (aws/amazon-ecs-agent#4256). Formats:
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html,
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ecs-taskdefinition.html
"""

from __future__ import annotations

from collections.abc import Iterator

from ..yamlnodes import Document, Mapping, Node, Scalar, Sequence
from ..yamlschema import Path
from .ci_fields import items
from .survey import Survey

_RESOURCE = "AWS::ECS::TaskDefinition"
_CONTAINERS = "containerDefinitions"
_ANSWER = "taskDefinition"
"""What ``aws ecs describe-task-definition`` puts a definition into."""


def is_task_definition(document: Document) -> bool:
    """Whether a document is a task definition or a template that has one."""
    root = document.root
    if not isinstance(root, Mapping):
        return False
    return any(
        isinstance(_entry(holder, _CONTAINERS), Sequence)
        for holder in (root, _entry(root, _ANSWER))
    ) or any(True for _resource in _resources(root))


def find_task_definitions(document: Document, survey: Survey) -> None:
    """Note the image of every container."""
    root = document.root
    _read_containers(root, _CONTAINERS, "image", (), survey)
    _read_containers(survey.get(root, _ANSWER), _CONTAINERS, "image", (_ANSWER,), survey)
    for resource, path in _resources(root):
        properties = survey.get(resource, "Properties")
        _read_containers(properties, "ContainerDefinitions", "Image", (*path, "Properties"), survey)


def _read_containers(holder: Node | None, key: str, field: str, path: Path, survey: Survey) -> None:
    for container, below in items(survey.get(holder, key), (*path, key)):
        survey.image(container, field, below)


def _resources(root: Node | None) -> Iterator[tuple[Node, Path]]:
    """Yield each task definition of a template."""
    resources = _entry(root, "Resources")
    for name, resource in resources.entries if isinstance(resources, Mapping) else ():
        kind = _entry(resource, "Type")
        if isinstance(name, Scalar) and isinstance(kind, Scalar) and kind.value == _RESOURCE:
            yield resource, ("Resources", name.value)


def _entry(node: Node | None, key: str) -> Node | None:
    return node.get(key) if isinstance(node, Mapping) else None

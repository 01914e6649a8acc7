# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""What the fields of pipelines have in common, whatever product runs them."""

from __future__ import annotations

from collections.abc import Iterator

from ..yamlnodes import Mapping, Node, numbered
from ..yamlschema import Path
from .survey import Survey

_DOCKER = "docker://"
NEVER_PULLED = "never"


def items(node: Node | None, path: Path) -> Iterator[tuple[Node, Path]]:
    """Each mapping of a list, with its path."""
    for index, item in numbered(node):
        if isinstance(item, Mapping):
            yield item, (*path, index)


def values(node: Node | None, path: Path, survey: Survey) -> Iterator[tuple[Node, Path]]:
    """Each mapping that is a value of a mapping, with its path."""
    for key, value in survey.entries(node):
        if isinstance(value, Mapping):
            yield value, (*path, key.value)


def read_string_or_field(
    holder: Node | None, key: str, field: str, path: Path, survey: Survey, *, veto: str = ""
) -> None:
    """Read ``key: name:tag`` or ``key: {field: name:tag}``."""
    value = survey.get(holder, key)
    if isinstance(value, Mapping) and not survey.is_template(value):
        survey.image(value, field, (*path, key), veto=veto)
    elif value is not None:
        survey.image(holder, key, path, veto=veto)


def read_docker_image(holder: Node, key: str, path: Path, survey: Survey) -> None:
    """Read ``key: docker://name:tag``; an action, a pipe or a Dockerfile is no image."""
    if survey.text(holder, key).startswith(_DOCKER):
        survey.image(holder, key, path, prefix=_DOCKER)

# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Images in GitHub's workflows and actions.

Source: https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax.
"""

from __future__ import annotations

from ..yamlnodes import Document, Mapping, Node, Scalar
from ..yamlschema import Path
from .candidates import is_image_key, may_be_image
from .ci_fields import items, read_docker_image, read_string_or_field
from .survey import Survey


def find_github_actions(document: Document, survey: Survey) -> None:
    """Workflows: ``container``, ``services`` and ``uses: docker://``; actions: ``runs.image``."""
    root = document.root
    for name, job in survey.entries(survey.get(root, "jobs")):
        path: Path = ("jobs", name.value)
        read_string_or_field(job, "container", "image", path, survey)
        _read_services(job, path, survey)
        _read_actions(survey.get(job, "steps"), (*path, "steps"), survey)
    runs = survey.get(root, "runs")
    if runs is not None:
        read_docker_image(runs, "image", ("runs",), survey)
        _read_actions(survey.get(runs, "steps"), ("runs", "steps"), survey)


def _read_services(job: Node, path: Path, survey: Survey) -> None:
    services = survey.get(job, "services")
    for name, service in survey.entries(services):
        if isinstance(service, Mapping):
            survey.image(service, "image", (*path, "services", name.value))


def _read_actions(steps: Node | None, path: Path, survey: Survey) -> None:
    for step, below in items(steps, path):
        read_docker_image(step, "uses", below, survey)
        for key, value in survey.entries(survey.get(step, "with")):
            if isinstance(value, Scalar) and _may_be_image(key.value, value.value):
                where = (*below, "with", key.value)
                survey.remark_text("candidate", where, key.start, value.end, detail=value.value)


def _may_be_image(key: str, value: str) -> bool:
    """Whether an action's input is probably one; what becomes of it, the action alone knows."""
    if "docker-image://" in value:
        return "@" not in value
    return is_image_key(key) and may_be_image(value)

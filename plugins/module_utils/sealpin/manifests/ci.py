# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Images in pipelines of one shape: Azure's, CircleCI's, Google's, Drone's, Vela's, Woodpecker's.

Each reader follows its product's reference for the fields that name a job's container:
https://learn.microsoft.com/azure/devops/pipelines/yaml-schema/,
https://circleci.com/docs/configuration-reference/,
https://cloud.google.com/build/docs/build-config-file-schema,
https://docs.drone.io/pipeline/docker/syntax/, https://go-vela.github.io/docs/reference/yaml/ and
https://woodpecker-ci.org/docs/usage/workflow-syntax.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..yamlnodes import Document, Node, Scalar
from ..yamlschema import Path
from .ci_fields import NEVER_PULLED, items, read_string_or_field, values
from .survey import Survey


def find_azure_pipelines(document: Document, survey: Survey) -> None:
    """``resources.containers`` and the ``container`` and ``services`` of jobs.

    A job's container may be the alias of a resource; an alias is not an image.
    """
    root = document.root
    aliases: set[str] = set()
    resources = survey.get(survey.get(root, "resources"), "containers")
    for container, path in items(resources, ("resources", "containers")):
        aliases.add(survey.text(container, "container"))
        if survey.text(container, "type") in ("", "docker"):
            survey.image(container, "image", path)
    for job, path in _azure_jobs(root, (), survey):
        if survey.text(job, "container") not in aliases:
            read_string_or_field(job, "container", "image", path, survey)
        services = survey.get(job, "services")
        for name, service in survey.entries(services):
            is_alias = isinstance(service, Scalar) and service.value in aliases
            if isinstance(service, Scalar) and services is not None and not is_alias:
                survey.image(services, name.value, (*path, "services"))


def _azure_jobs(node: Node | None, path: Path, survey: Survey) -> Iterator[tuple[Node, Path]]:
    """The pipeline itself, and every job of it and of its stages, deployments included."""
    if node is None or not survey.may_enter(node, path):
        return
    yield node, path
    for key in ("stages", "jobs"):
        for item, below in items(survey.get(node, key), (*path, key)):
            yield from _azure_jobs(item, below, survey)


def find_circleci(document: Document, survey: Survey) -> None:
    """``docker`` of jobs and executors, inline orbs too; machine images are no containers."""
    _read_circleci(document.root, (), survey)
    for name, orb in survey.entries(survey.get(document.root, "orbs")):
        _read_circleci(orb, ("orbs", name.value), survey)


def _read_circleci(root: Node | None, path: Path, survey: Survey) -> None:
    for group in ("jobs", "executors"):
        for name, job in survey.entries(survey.get(root, group)):
            below = (*path, group, name.value, "docker")
            for container, where in items(survey.get(job, "docker"), below):
                survey.image(container, "image", where)


def find_cloud_build(document: Document, survey: Survey) -> None:
    """``steps[].name`` is the image a step runs in; ``images`` are those that are built."""
    for step, path in items(survey.get(document.root, "steps"), ("steps",)):
        survey.image(step, "name", path)


def find_drone(document: Document, survey: Survey) -> None:
    """``steps`` and ``services`` of Docker and Kubernetes pipelines."""
    if survey.text(document.root, "type") in ("", "docker", "kubernetes"):
        _read_steps(document.root, survey)


def find_vela(document: Document, survey: Survey) -> None:
    """``steps`` and ``services``, the steps of ``stages``, and what fetches ``secrets``."""
    root = document.root
    _read_steps(root, survey)
    for stage, path in values(survey.get(root, "stages"), ("stages",), survey):
        _read_steps(stage, survey, path)
    for secret, path in items(survey.get(root, "secrets"), ("secrets",)):
        _read_step(survey.get(secret, "origin"), (*path, "origin"), survey)


def find_woodpecker(document: Document, survey: Survey) -> None:
    """``steps``, ``services`` and ``clone``, written as lists or as mappings."""
    _read_steps(document.root, survey)


def _read_steps(root: Node | None, survey: Survey, path: Path = ()) -> None:
    for group in ("steps", "services", "clone", "pipeline"):
        steps, below = survey.get(root, group), (*path, group)
        for step, where in (*items(steps, below), *values(steps, below, survey)):
            _read_step(step, where, survey)


def _read_step(step: Node | None, path: Path, survey: Survey) -> None:
    never = survey.text(step, "pull") == NEVER_PULLED
    survey.image(step, "image", path, veto="pull-policy" if never else "")

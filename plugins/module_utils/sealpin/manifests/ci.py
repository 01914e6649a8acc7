# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Images in pipelines, of GitHub, GitLab, Azure, Bitbucket, CircleCI, Google, Drone, Woodpecker.

Each reader follows its product's reference for the fields that name a job's container:
https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax,
https://docs.gitlab.com/ci/yaml/, https://learn.microsoft.com/azure/devops/pipelines/yaml-schema/,
https://circleci.com/docs/configuration-reference/, https://docs.drone.io/pipeline/docker/syntax/,
https://woodpecker-ci.org/docs/usage/workflow-syntax,
https://support.atlassian.com/bitbucket-cloud/docs/bitbucket-pipelines-configuration-reference/ and
https://cloud.google.com/build/docs/build-config-file-schema.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..reference import DEFAULT_TAG
from ..yamlnodes import Document, Mapping, Node, Scalar, Sequence
from ..yamlschema import Path
from .candidates import is_image_key, may_be_image
from .image_text import parse_reference
from .survey import Survey

_DOCKER_ACTION = "docker://"
_GITLAB_NO_JOBS = frozenset({"variables", "workflow", "include", "stages", "cache", "spec"})
_STEP_TRANSPORT = re.compile(r"oci:(?://)?")
_NEVER_PULLED = "never"


def find_github_actions(document: Document, survey: Survey) -> None:
    """Workflows: ``container``, ``services`` and ``uses: docker://``; actions: ``runs.image``."""
    root = document.root
    for name, job in survey.entries(survey.get(root, "jobs")):
        path: Path = ("jobs", name.value)
        _read_string_or_field(job, "container", "image", path, survey)
        _read_services(job, path, survey)
        _read_actions(survey.get(job, "steps"), (*path, "steps"), survey)
    runs = survey.get(root, "runs")
    if runs is not None:
        _read_docker_action(runs, "image", ("runs",), survey)
        _read_actions(survey.get(runs, "steps"), ("runs", "steps"), survey)


def _read_services(job: Node, path: Path, survey: Survey) -> None:
    services = survey.get(job, "services")
    for name, service in survey.entries(services):
        if isinstance(service, Mapping):
            survey.image(service, "image", (*path, "services", name.value))


def _read_actions(steps: Node | None, path: Path, survey: Survey) -> None:
    for step, below in _items(steps, path):
        _read_docker_action(step, "uses", below, survey)
        for key, value in survey.entries(survey.get(step, "with")):
            if isinstance(value, Scalar) and _may_be_image(key.value, value.value):
                where = (*below, "with", key.value)
                survey.remark_text("candidate", where, key.start, value.end, detail=value.value)


def _may_be_image(key: str, value: str) -> bool:
    """Whether an action's input is probably one; what becomes of it, the action alone knows."""
    if "docker-image://" in value:
        return "@" not in value
    return is_image_key(key) and may_be_image(value)


def _read_docker_action(holder: Node, key: str, path: Path, survey: Survey) -> None:
    """Other actions are no images; ``image: Dockerfile`` is built."""
    if survey.text(holder, key).startswith(_DOCKER_ACTION):
        survey.image(holder, key, path, prefix=_DOCKER_ACTION)


def find_gitlab_ci(document: Document, survey: Survey) -> None:
    """``image`` and ``services`` at the top, under ``default`` and in every job."""
    root = document.root
    if root is None:
        return
    _read_gitlab_job(root, (), survey)
    for name, job in survey.entries(root):
        if isinstance(job, Mapping) and name.value not in (*_GITLAB_NO_JOBS, "image"):
            _read_gitlab_job(job, (name.value,), survey)


def _read_gitlab_job(job: Node, path: Path, survey: Survey) -> None:
    image = survey.get(job, "image")
    veto = _gitlab_veto(image, survey)
    _read_string_or_field(job, "image", "name", path, survey, veto=veto)
    services = survey.get(job, "services")
    for index, service in enumerate(services.items if isinstance(services, Sequence) else ()):
        below = (*path, "services")
        if isinstance(service, Mapping):
            veto = _gitlab_veto(service, survey)
            survey.image(service, "name", (*below, index), veto=veto)
        elif services is not None:
            survey.image(services, index, below)
    _read_gitlab_steps(job, path, survey)


def _read_gitlab_steps(job: Node, path: Path, survey: Survey) -> None:
    """Steps may come from a registry (https://docs.gitlab.com/ci/steps/): artifacts by a tag."""
    for step, below in _items(survey.get(job, "run"), (*path, "run")):
        for key, value in survey.entries(step):
            where = (*below, key.value)
            if key.value not in ("step", "func"):
                continue
            if isinstance(value, Scalar):
                _remark_step(_STEP_TRANSPORT.sub("", value.value), value, where, survey)
            oci = survey.get(value, "oci")
            if oci is not None:
                names = [survey.text(oci, name) for name in ("registry", "repository")]
                text = "/".join(filter(None, names)) + f":{survey.text(oci, 'tag') or DEFAULT_TAG}"
                _remark_step(text, oci, (*where, "oci"), survey)


def _remark_step(text: str, node: Node, path: Path, survey: Survey) -> None:
    """Remark a step that is an artifact; one of git has a revision behind ``@`` and no tag."""
    image = text.partition("/-/")[0].partition(" ")[0]
    reference = parse_reference(image)
    if reference is not None and (reference.tag or reference.digest):
        code = "already-pinned" if reference.digest else "pipeline-step"
        survey.remark_text(code, path, node.start, node.end, detail=image)


def _gitlab_veto(image: Node | None, survey: Survey) -> str:
    policy = survey.get(image, "pull_policy")
    names = policy.items if isinstance(policy, Sequence) else (policy,)
    never = names and all(isinstance(n, Scalar) and n.value == _NEVER_PULLED for n in names)
    return "pull-policy" if never else ""


def find_azure_pipelines(document: Document, survey: Survey) -> None:
    """``resources.containers`` and the ``container`` and ``services`` of jobs.

    A job's container may be the alias of a resource; an alias is not an image.
    """
    root = document.root
    aliases: set[str] = set()
    resources = survey.get(survey.get(root, "resources"), "containers")
    for container, path in _items(resources, ("resources", "containers")):
        aliases.add(survey.text(container, "container"))
        if survey.text(container, "type") in ("", "docker"):
            survey.image(container, "image", path)
    for job, path in _azure_jobs(root, (), survey):
        if survey.text(job, "container") not in aliases:
            _read_string_or_field(job, "container", "image", path, survey)
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
        for item, below in _items(survey.get(node, key), (*path, key)):
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
            for container, where in _items(survey.get(job, "docker"), below):
                survey.image(container, "image", where)


def find_bitbucket_pipelines(document: Document, survey: Survey) -> None:
    """The ``image`` of the pipeline, of every step and service, and pipes that are images."""
    root = document.root
    if root is None:
        return
    _read_string_or_field(root, "image", "name", (), survey)
    definitions = survey.get(root, "definitions")
    for name, service in survey.entries(survey.get(definitions, "services")):
        path: Path = ("definitions", "services", name.value)
        _read_string_or_field(service, "image", "name", path, survey)
    for part in (definitions, root):
        path = ("definitions",) if part is definitions else ()
        for key in ("steps", "pipelines"):
            _read_bitbucket_steps(survey.get(part, key), (*path, key), survey)


def _read_bitbucket_steps(node: Node | None, path: Path, survey: Survey) -> None:
    """Steps stand in lists of lists: parallel ones, stages, and those of each branch."""
    if node is None or isinstance(node, Scalar) or not survey.may_enter(node, path):
        return
    if isinstance(node, Sequence):
        for index, item in node.numbered:
            _read_bitbucket_steps(item, (*path, index), survey)
        return
    for name, value in survey.entries(node):
        below = (*path, name.value)
        if name.value in ("step", "stage"):
            _read_string_or_field(value, "image", "name", below, survey)
            for item, where in _items(survey.get(value, "script"), (*below, "script")):
                _read_docker_action(item, "pipe", where, survey)
        _read_bitbucket_steps(value, below, survey)


def find_cloud_build(document: Document, survey: Survey) -> None:
    """``steps[].name`` is the image a step runs in; ``images`` are those that are built."""
    for step, path in _items(survey.get(document.root, "steps"), ("steps",)):
        survey.image(step, "name", path)


def find_drone(document: Document, survey: Survey) -> None:
    """``steps`` and ``services`` of Docker and Kubernetes pipelines."""
    if survey.text(document.root, "type") in ("", "docker", "kubernetes"):
        _read_steps(document.root, survey)


def find_woodpecker(document: Document, survey: Survey) -> None:
    """``steps``, ``services`` and ``clone``, written as lists or as mappings."""
    _read_steps(document.root, survey)


def _read_steps(root: Node | None, survey: Survey) -> None:
    for group in ("steps", "services", "clone", "pipeline"):
        steps = survey.get(root, group)
        for step, path in (*_items(steps, (group,)), *_values(steps, (group,), survey)):
            never = survey.text(step, "pull") == _NEVER_PULLED
            survey.image(step, "image", path, veto="pull-policy" if never else "")


def _items(node: Node | None, path: Path) -> Iterator[tuple[Node, Path]]:
    """Each mapping of a list, with its path."""
    for index, item in enumerate(node.items if isinstance(node, Sequence) else ()):
        if isinstance(item, Mapping):
            yield item, (*path, index)


def _values(node: Node | None, path: Path, survey: Survey) -> Iterator[tuple[Node, Path]]:
    """Each mapping that is a value of a mapping, with its path."""
    for key, value in survey.entries(node):
        if isinstance(value, Mapping):
            yield value, (*path, key.value)


def _read_string_or_field(
    holder: Node, key: str, field: str, path: Path, survey: Survey, *, veto: str = ""
) -> None:
    """Read ``key: name:tag`` or ``key: {field: name:tag}``."""
    value = survey.get(holder, key)
    if isinstance(value, Mapping) and not survey.is_template(value):
        survey.image(value, field, (*path, key), veto=veto)
    elif value is not None:
        survey.image(holder, key, path, veto=veto)

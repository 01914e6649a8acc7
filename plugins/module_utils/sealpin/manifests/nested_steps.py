# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Images in pipelines whose steps stand in groups of steps: Bitbucket's and Buildkite's.

Sources:
https://support.atlassian.com/bitbucket-cloud/docs/bitbucket-pipelines-configuration-reference/ and
https://buildkite.com/docs/pipelines/configure/step-types/command-step.
"""

from __future__ import annotations

from ..yamlnodes import Document, Node
from ..yamlschema import Path
from .ci_fields import items, read_docker_image, read_string_or_field
from .survey import Survey

_BUILDKITE_PLUGINS = frozenset({"docker", "docker-buildkite-plugin", "docker-buildkite-plugin.git"})


def find_bitbucket_pipelines(document: Document, survey: Survey) -> None:
    """The ``image`` of the pipeline, of every step and service, and pipes that are images."""
    root = document.root
    read_string_or_field(root, "image", "name", (), survey)
    definitions = survey.get(root, "definitions")
    for name, service in survey.entries(survey.get(definitions, "services")):
        path: Path = ("definitions", "services", name.value)
        read_string_or_field(service, "image", "name", path, survey)
    for part in (definitions, root):
        path = ("definitions",) if part is definitions else ()
        for key in ("steps", "pipelines"):
            _read_bitbucket_steps(survey.get(part, key), (*path, key), survey)


def _read_bitbucket_steps(node: Node | None, path: Path, survey: Survey) -> None:
    """Steps stand in lists of lists: parallel ones, stages, and those of each branch."""
    for name, value, below in survey.fields_below(node, path):
        if name in ("step", "stage"):
            read_string_or_field(value, "image", "name", below, survey)
            for item, where in items(survey.get(value, "script"), (*below, "script")):
                read_docker_image(item, "pipe", where, survey)


def find_buildkite(document: Document, survey: Survey) -> None:
    """The ``image`` of the pipeline and its steps, and that of the docker plugin."""
    if document.root is not None:
        _read_buildkite_step(document.root, (), survey)


def _read_buildkite_step(step: Node, path: Path, survey: Survey) -> None:
    """A group has steps of its own, and so has the pipeline."""
    if not survey.may_enter(step, path):
        return
    survey.image(step, "image", path)
    plugins = survey.get(step, "plugins")
    below = (*path, "plugins")
    for plugin, where in (*items(plugins, below), *([(plugins, below)] if plugins else [])):
        for name, options in survey.entries(plugin):
            if name.value.partition("#")[0].rpartition("/")[2] in _BUILDKITE_PLUGINS:
                survey.image(options, "image", (*where, name.value))
    for item, where in items(survey.get(step, "steps"), (*path, "steps")):
        _read_buildkite_step(item, where, survey)

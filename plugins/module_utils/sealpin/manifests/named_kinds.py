# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The finders of files that only their name tells, loaded with the first such file.

Most trees are of documents whose content says what they are: `finder` has those.
"""

from __future__ import annotations

from collections.abc import Callable

from ..yamlnodes import Document
from . import ansible_files, ci, nested_steps
from .bake import find_bake
from .devcontainer import find_devcontainer
from .dockerfile import find_dockerfile
from .github_actions import find_github_actions
from .gitlab_ci import find_gitlab_ci
from .helm_chart import find_helm_chart
from .helm_values import find_helm_values
from .pre_commit import find_pre_commit
from .quadlet import find_quadlet
from .site import Kind
from .survey import Survey

DOCUMENT_FINDERS: dict[Kind, Callable[[Document, Survey], None]] = {
    Kind.HELM_VALUES: find_helm_values,
    Kind.HELM_CHART: find_helm_chart,
    Kind.MOLECULE: ansible_files.find_molecule,
    Kind.EXECUTION_ENVIRONMENT: ansible_files.find_execution_environment,
    Kind.NAVIGATOR: ansible_files.find_navigator,
    Kind.PRE_COMMIT: find_pre_commit,
    Kind.GITHUB_ACTIONS: find_github_actions,
    Kind.GITLAB_CI: find_gitlab_ci,
    Kind.AZURE_PIPELINES: ci.find_azure_pipelines,
    Kind.BITBUCKET_PIPELINES: nested_steps.find_bitbucket_pipelines,
    Kind.BUILDKITE: nested_steps.find_buildkite,
    Kind.CIRCLECI: ci.find_circleci,
    Kind.CLOUD_BUILD: ci.find_cloud_build,
    Kind.DRONE: ci.find_drone,
    Kind.VELA: ci.find_vela,
    Kind.WOODPECKER: ci.find_woodpecker,
}
TEXT_FINDERS: dict[Kind, Callable[[Survey], None]] = {
    Kind.BAKE: find_bake,
    Kind.DOCKERFILE: find_dockerfile,
    Kind.QUADLET: find_quadlet,
    Kind.DEVCONTAINER: find_devcontainer,
}

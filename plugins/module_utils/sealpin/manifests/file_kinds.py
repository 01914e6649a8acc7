# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""What a file is, by its name; a YAML file whose name says nothing is told by its content."""

from __future__ import annotations

from enum import Enum
from fnmatch import fnmatchcase

from .site import Kind


class Shape(Enum):
    """How a file of no known name is read."""

    YAML = "yaml"
    """By content: Kubernetes, compose or Ansible."""
    TEXT = "text"
    """Only lines that are marked."""


# Globs over the lower-case path with "/" as separator; the first that matches says the kind.
# A glob without "/" is matched against the file's name alone.
_NAMES: tuple[tuple[str, Kind], ...] = (
    ("*.dockerignore", Kind.MARKED_LINE),
    ("dockerfile", Kind.DOCKERFILE),
    ("dockerfile[._-]*", Kind.DOCKERFILE),
    ("*.dockerfile", Kind.DOCKERFILE),
    ("containerfile", Kind.DOCKERFILE),
    ("containerfile[._-]*", Kind.DOCKERFILE),
    ("*.containerfile", Kind.DOCKERFILE),
    ("*.container", Kind.QUADLET),
    ("*.image", Kind.QUADLET),
    ("*.volume", Kind.QUADLET),
    ("*.container.d/*.conf", Kind.QUADLET),
    ("*.image.d/*.conf", Kind.QUADLET),
    ("devcontainer.json", Kind.DEVCONTAINER),
    (".devcontainer.json", Kind.DEVCONTAINER),
    ("kustomization", Kind.KUSTOMIZE),
    ("kustomization.y*ml", Kind.KUSTOMIZE),
    ("chart.y*ml", Kind.HELM_CHART),
    (".gitlab-ci.y*ml", Kind.GITLAB_CI),
    ("*.gitlab-ci.y*ml", Kind.GITLAB_CI),
    ("*.gitlab/ci/*.y*ml", Kind.GITLAB_CI),
    ("*.github/workflows/*.y*ml", Kind.GITHUB_ACTIONS),
    ("*.forgejo/workflows/*.y*ml", Kind.GITHUB_ACTIONS),
    ("*.gitea/workflows/*.y*ml", Kind.GITHUB_ACTIONS),
    ("action.y*ml", Kind.GITHUB_ACTIONS),
    ("azure-pipelines*.y*ml", Kind.AZURE_PIPELINES),
    ("*.azure-pipelines/*.y*ml", Kind.AZURE_PIPELINES),
    ("*.circleci/*.y*ml", Kind.CIRCLECI),
    (".drone.y*ml", Kind.DRONE),
    (".woodpecker.y*ml", Kind.WOODPECKER),
    ("*.woodpecker/*.y*ml", Kind.WOODPECKER),
    ("compose.y*ml", Kind.COMPOSE),
    ("compose[._-]*.y*ml", Kind.COMPOSE),
    ("docker-compose.y*ml", Kind.COMPOSE),
    ("docker-compose[._-]*.y*ml", Kind.COMPOSE),
    ("*[._-]compose.y*ml", Kind.COMPOSE),
    ("podman-compose*.y*ml", Kind.COMPOSE),
    ("values.y*ml", Kind.HELM_VALUES),
    ("values[._-]*.y*ml", Kind.HELM_VALUES),
    ("*[._-]values.y*ml", Kind.HELM_VALUES),
)  # fmt: skip
_YAML_ENDINGS = (".yaml", ".yml", ".json")


def kind_of_name(path: str) -> Kind | Shape:
    """The kind a path stands for, or how a file of that name is read."""
    normal = path.replace("\\", "/").lower()
    name = normal.rpartition("/")[2]
    for glob, kind in _NAMES:
        if fnmatchcase(normal if "/" in glob else name, glob):
            return Shape.TEXT if kind is Kind.MARKED_LINE else kind
    return Shape.YAML if name.endswith(_YAML_ENDINGS) else Shape.TEXT

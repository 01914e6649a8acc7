# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""What a file is, by its name; a YAML file whose name says nothing is told by its content.

Plain string tests, no patterns: the question is asked for every file of a tree.
"""

from __future__ import annotations

from enum import Enum

from ..records import dataclass
from .site import Kind


class Shape(Enum):
    """How a file of no known name is read."""

    YAML = "yaml"
    """By content: Kubernetes, compose or Ansible."""
    TEXT = "text"
    """Only lines that are marked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Names:
    """Lower-case names of one kind, without ``.yaml`` or ``.yml`` where the kind is YAML."""

    kind: Kind
    exact: frozenset[str] = frozenset()
    beginnings: tuple[str, ...] = ()
    endings: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    """Parts of the path, with ``/`` around each component."""

    def match(self, name: str, path: str) -> bool:
        return (
            name in self.exact
            or name.startswith(self.beginnings)
            or name.endswith(self.endings)
            or (bool(self.folders) and any(folder in path for folder in self.folders))
        )


class _Table:
    """Kinds by name. Most files of a tree are of none: one look at all the names tells."""

    def __init__(self, *kinds: _Names) -> None:
        self._kinds = kinds
        self._any = _Names(
            kind=kinds[0].kind,
            exact=frozenset(name for names in kinds for name in names.exact),
            beginnings=tuple(name for names in kinds for name in names.beginnings),
            endings=tuple(name for names in kinds for name in names.endings),
            folders=tuple(name for names in kinds for name in names.folders),
        )

    def kind(self, name: str, path: str) -> Kind | None:
        """Return the first kind that has *name* or *path*."""
        if not self._any.match(name, path):
            return None
        return next(names.kind for names in self._kinds if names.match(name, path))


def _joined(names: str) -> tuple[str, ...]:
    """A word and a separator, for each of the three separators."""
    return tuple(f"{name}{mark}" for name in names.split() for mark in "._-")


def _apart(names: str) -> tuple[str, ...]:
    return tuple(f"{mark}{name}" for name in names.split() for mark in "._-")


_TEXT_NAMES = _Table(
    _Names(
        kind=Kind.DOCKERFILE,
        exact=frozenset({"dockerfile", "containerfile"}),
        beginnings=_joined("dockerfile containerfile"),
        endings=(".dockerfile", ".containerfile"),
    ),
    _Names(
        kind=Kind.QUADLET,
        endings=(".artifact", ".build", ".container", ".image", ".pod", ".volume"),
        folders=(".artifact.d/", ".build.d/", ".container.d/", ".image.d/", ".pod.d/"),
    ),
    _Names(
        kind=Kind.BAKE,
        exact=frozenset({"bake.hcl", "bake.json"}),
        beginnings=_joined("docker-bake"),
    ),
    _Names(kind=Kind.DEVCONTAINER, exact=frozenset({"devcontainer.json", ".devcontainer.json"})),
    _Names(kind=Kind.KUSTOMIZE, exact=frozenset({"kustomization"})),
)
_YAML_NAMES = _Table(
    _Names(kind=Kind.KUSTOMIZE, exact=frozenset({"kustomization"})),
    _Names(kind=Kind.HELM_CHART, exact=frozenset({"chart"})),
    _Names(kind=Kind.GITLAB_CI, endings=(".gitlab-ci",), folders=("/.gitlab/ci/", "/.gitlab-ci/")),
    _Names(
        kind=Kind.GITHUB_ACTIONS,
        exact=frozenset({"action"}),
        folders=("/.github/workflows/", "/.forgejo/workflows/", "/.gitea/workflows/"),
    ),
    _Names(
        kind=Kind.AZURE_PIPELINES, beginnings=("azure-pipelines",), folders=("/.azure-pipelines/",)
    ),
    _Names(kind=Kind.BITBUCKET_PIPELINES, exact=frozenset({"bitbucket-pipelines"})),
    _Names(kind=Kind.BUILDKITE, folders=("/.buildkite/",)),
    _Names(kind=Kind.CIRCLECI, folders=("/.circleci/",)),
    _Names(
        kind=Kind.CLOUD_BUILD, exact=frozenset({"cloudbuild"}), beginnings=_joined("cloudbuild")
    ),
    _Names(kind=Kind.DRONE, exact=frozenset({".drone"})),
    _Names(kind=Kind.VELA, exact=frozenset({".vela"})),
    _Names(kind=Kind.WOODPECKER, exact=frozenset({".woodpecker"}), folders=("/.woodpecker/",)),
    _Names(
        kind=Kind.COMPOSE,
        exact=frozenset({"compose", "docker-compose", "podman-compose"}),
        beginnings=_joined("compose docker-compose podman-compose"),
        endings=_apart("compose"),
    ),
    _Names(kind=Kind.MOLECULE, exact=frozenset({"molecule"})),
    _Names(
        kind=Kind.EXECUTION_ENVIRONMENT,
        exact=frozenset({"execution-environment", "execution_environment"}),
    ),
    _Names(kind=Kind.NAVIGATOR, exact=frozenset({"ansible-navigator", ".ansible-navigator"})),
    _Names(kind=Kind.PRE_COMMIT, exact=frozenset({".pre-commit-config", ".pre-commit-hooks"})),
    _Names(
        kind=Kind.HELM_VALUES,
        exact=frozenset({"values"}),
        beginnings=_joined("values"),
        endings=_apart("values"),
    ),
)
_YAML_ENDINGS = (".yaml", ".yml")
# A name may begin like a Dockerfile's and end like that of a program or of a text about them.
_OTHER_ENDINGS = (
    ".dockerignore",
    ".adoc", ".html", ".md", ".rst",
    ".diff", ".patch",
    ".c", ".cs", ".go", ".java", ".js", ".kt", ".php", ".py", ".rb", ".rs", ".ts",
)  # fmt: skip


def kind_of_name(path: str) -> Kind | Shape:
    """The kind a path stands for, or how a file of that name is read."""
    normal = "/" + path.replace("\\", "/").lower()
    name = normal.rpartition("/")[2]
    if name.endswith(_OTHER_ENDINGS):
        return Shape.TEXT
    is_yaml = name.endswith(_YAML_ENDINGS)
    stem = name.rpartition(".")[0] if is_yaml else name
    kind = (_YAML_NAMES if is_yaml else _TEXT_NAMES).kind(stem, normal)
    if kind is not None:
        return kind
    return Shape.YAML if is_yaml or name.endswith(".json") else Shape.TEXT

# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Where files keep YAML that nothing reads but the aliases of its anchors.

Sources: Compose Specification ("Extensions"), https://woodpecker-ci.org/docs/usage/advanced-usage,
https://docs.gitlab.com/ci/yaml/yaml_optimization/ and
https://circleci.com/docs/configuration-reference/.
"""

from __future__ import annotations

from ..yamlschema import Path
from .site import Kind

_CIRCLECI_KEYS = frozenset(
    {
        "commands",
        "executors",
        "jobs",
        "orbs",
        "parameters",
        "setup",
        "triggers",
        "version",
        "workflows",
    }
)


def is_fragment(kind: Kind, path: Path) -> bool:
    """Whether only aliases read what stands at *path* in a file of *kind*.

    A key beginning with ``x-`` is Compose's extension, and as good a place in files of other kinds.
    A hidden key of GitLab may be a job that others extend; its fields are read, so only the key's
    own value and what stands right below it are fragments.
    """
    top = str(path[0]) if path else ""
    if top.startswith("x-"):
        return True
    if kind is Kind.WOODPECKER:
        return top == "variables"
    if kind is Kind.GITLAB_CI:
        return top.startswith(".") and len(path) <= 2
    return kind is Kind.CIRCLECI and top not in _CIRCLECI_KEYS

# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""CustomPath: where a custom resource keeps an image, as the project says it.

Written ``group/Kind:path``: ``monitoring.coreos.com/Prometheus:spec.image``. Group and kind may be
``*``. A path has keys separated by dots; ``[]`` enters every item of a list, ``*`` every value of a
mapping, and ``env[name=RELATED_IMAGE_*]`` the items whose key matches the glob. A preset is a name
for several of them, each taken from the project's API reference.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase

from ..errors import InvalidInput, quote
from ..records import dataclass
from ..yamlnodes import Mapping, Node, Scalar, numbered
from ..yamlschema import Path, merged_entries

PRESETS: dict[str, tuple[str, ...]] = {
    # https://prometheus-operator.dev/docs/api-reference/api/
    "prometheus-operator": (
        "monitoring.coreos.com/Prometheus:spec.image",
        "monitoring.coreos.com/PrometheusAgent:spec.image",
        "monitoring.coreos.com/Alertmanager:spec.image",
        "monitoring.coreos.com/ThanosRuler:spec.image",
    ),
    # https://cloudnative-pg.io/documentation/current/cloudnative-pg.v1/
    "cloudnative-pg": ("postgresql.cnpg.io/Cluster:spec.imageName",),
    # https://docs.crossplane.io/latest/packages/
    "crossplane": (
        "pkg.crossplane.io/Provider:spec.package",
        "pkg.crossplane.io/Configuration:spec.package",
        "pkg.crossplane.io/Function:spec.package",
    ),
    # https://www.elastic.co/docs/reference/cloud-on-k8s
    "elastic": tuple(
        f"{kind.lower()}.k8s.elastic.co/{kind}:spec.image"
        for kind in ("Elasticsearch", "Kibana", "ApmServer", "Agent", "Beat", "Logstash")
    ),
    # https://kubevirt.io/user-guide/storage/disks_and_volumes/#containerdisk
    "kubevirt": (
        "kubevirt.io/VirtualMachine:spec.template.spec.volumes[].containerDisk.image",
        "kubevirt.io/VirtualMachineInstance:spec.volumes[].containerDisk.image",
    ),
    # https://kind.sigs.k8s.io/docs/user/configuration/#nodes
    "kind": ("kind.x-k8s.io/Cluster:nodes[].image",),
    # https://k3d.io/stable/usage/configfile/
    "k3d": ("k3d.io/Simple:image",),
    # https://tekton.dev/docs/pipelines/pipelines/#tekton-bundles
    "tekton-bundles": (
        "tekton.dev/PipelineRun:spec.pipelineRef.bundle",
        "tekton.dev/TaskRun:spec.taskRef.bundle",
        "tekton.dev/Pipeline:spec.tasks[].taskRef.bundle",
    ),
    # https://sdk.operatorframework.io/docs/olm-integration/tutorial-bundle/
    "operator-related-images": (
        "*/Deployment:spec.template.spec.containers[].env[name=RELATED_IMAGE_*].value",
    ),
}  # fmt: skip

_SPELLING = re.compile(r"(?P<group>[a-z0-9.*-]*)/(?P<kind>[A-Za-z0-9*]+):(?P<path>\S+)")
_STEP = re.compile(
    r"(?P<key>\*|[A-Za-z_][\w-]*)(?P<items>\[(?:(?P<name>[\w-]+)=(?P<glob>[^\]]+))?\])?"
)


@dataclass(frozen=True, slots=True)
class _Step:
    key: str
    enters_items: bool
    item_key: str
    item_glob: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomPath:
    """One image field of one kind of custom resource."""

    group: str
    """API group; empty for the core group, ``*`` for any."""
    kind: str
    steps: tuple[_Step, ...]
    text: str

    @classmethod
    def parse(cls, text: str) -> CustomPath:
        """Parse ``group/Kind:path``. Raises `InvalidInput` ``custom-path.malformed``."""
        match = _SPELLING.fullmatch(text)
        steps = [_STEP.fullmatch(part) for part in _split_steps(match["path"])] if match else [None]
        if match is None or None in steps:
            raise InvalidInput(
                "custom-path.malformed",
                f"not a custom path: expected group/Kind:path, got {quote(text)}",
                hint="for example monitoring.coreos.com/Prometheus:spec.image",
            )
        return cls(
            group=match["group"],
            kind=match["kind"],
            steps=tuple(
                _Step(step["key"], bool(step["items"]), step["name"] or "", step["glob"] or "")
                for step in steps
                if step
            ),
            text=text,
        )

    @property
    def word(self) -> str:
        """A word that every document with such a field has; empty when it can be any."""
        return "" if self.steps[-1].key == "*" else self.steps[-1].key

    def applies_to(self, api_version: str, kind: str) -> bool:
        """Whether it is for resources of this ``apiVersion`` and ``kind``."""
        group = api_version.rpartition("/")[0]
        return self.group in ("*", group) and self.kind in ("*", kind)

    def select(self, root: Node) -> Iterator[tuple[Node, str, Path]]:
        """Yield (mapping, key, path of the mapping) of every field the path leads to."""
        *above, last = self.steps
        for node, path in _descend(root, (), tuple(above)):
            for key, _value in _matching(node, last.key):
                yield node, key, path


def parse_custom_paths(names: tuple[str, ...]) -> tuple[CustomPath, ...]:
    """Parse spellings and preset names. Raises `InvalidInput` ``custom-path.*``."""
    paths: list[CustomPath] = []
    for name in names:
        if ":" in name:
            paths.append(CustomPath.parse(name))
        elif name in PRESETS:
            paths.extend(CustomPath.parse(text) for text in PRESETS[name])
        else:
            raise InvalidInput(
                "custom-path.unknown-preset",
                f"no preset of custom paths: expected {', '.join(sorted(PRESETS))},"
                f" got {quote(name)}",
            )
    return tuple(paths)


def _split_steps(path: str) -> list[str]:
    """Split at dots outside brackets."""
    return re.split(r"\.(?![^\[]*\])", path)


def _descend(node: Node, path: Path, steps: tuple[_Step, ...]) -> Iterator[tuple[Node, Path]]:
    if not steps:
        yield node, path
        return
    for key, value in _matching(node, steps[0].key):
        below = (*path, key)
        if not steps[0].enters_items:
            yield from _descend(value, below, steps[1:])
            continue
        for index, item in numbered(value):
            if _item_matches(item, steps[0]):
                yield from _descend(item, (*below, index), steps[1:])


def _matching(node: Node, key: str) -> Iterator[tuple[str, Node]]:
    for name, value in merged_entries(node) if isinstance(node, Mapping) else ():
        if key in ("*", name.value):
            yield name.value, value


def _item_matches(item: Node, step: _Step) -> bool:
    if not step.item_key:
        return True
    named = item.get(step.item_key) if isinstance(item, Mapping) else None
    return isinstance(named, Scalar) and fnmatchcase(named.value, step.item_glob)

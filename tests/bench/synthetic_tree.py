# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Trees of manifests for benchmarks: like a GitOps repository, mostly CustomResourceDefinitions.

``python -m bench.synthetic_tree FOLDER [--megabytes N] [--files N]`` writes one. The same
arguments give the same bytes.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator
from pathlib import Path

_WORDS = [
    "the",
    "of",
    "a",
    "image",
    "container",
    "reference",
    "is",
    "are",
    "be",
    "optional",
    "name",
    "field",
    "pull",
    "when",
    "list",
    "set",
    "used",
    "by",
    "value",
    "secret",
    "volume",
    "default",
    "must",
    "that",
    "for",
    "this",
    "pod",
    "to",
    "in",
    "and",
    "or",
    "namespace",
]
_IMAGES = (
    "quay.io/argoproj/argocd",
    "ghcr.io/dexidp/dex",
    "public.ecr.aws/docker/library/redis",
    "nginx",
    "registry.k8s.io/pause",
    "quay.io/prometheus/prometheus",
    "reg.example:5000/team/app",
)


def write_tree(folder: Path, *, megabytes: float = 15, large_files: int = 10) -> tuple[int, int]:
    """Write the tree; returns its size in bytes and how many images it names.

    A tenth of the bytes are workloads and their surroundings in small files, the rest are install
    manifests: CustomResourceDefinitions with some workloads behind them.
    """
    rng = random.Random(15)
    total = images = 0
    large_bytes = int(megabytes * 1e6 * 0.9 / large_files)
    for number in range(large_files):
        crds = list(_crds(rng, large_bytes))
        workloads = [_workload(rng, index) for index in range(25)]
        total += _write(folder / f"install-{number}.yaml", [*crds, *workloads])
        images += 2 * len(workloads)
    number = 0
    while total < megabytes * 1e6:
        documents = [_config_map(rng), _service(number), _workload(rng, number)]
        total += _write(folder / f"apps/app-{number % 50}" / f"app-{number}.yaml", documents)
        images += 2
        number += 1
    return total, images


def write_pinned_files(folder: Path, *, files: int) -> int:
    """Write *files* small manifests whose images carry digests; returns the size in bytes."""
    rng = random.Random(1000)
    total = 0
    for number in range(files):
        text = _workload(rng, number, suffix=f"@sha256:{0:064x}")
        total += _write(folder / f"{number // 100}" / f"{number}.yaml", [text])
    return total


def write_files_without_images(folder: Path, *, files: int) -> int:
    """Write *files* small text files that name no image; returns the size in bytes."""
    pages = (folder / f"{number}.md" for number in range(files))
    return sum(_write(page, [f"# {page.stem}\n\nText.\n"]) for page in pages)


def _write(path: Path, documents: list[str]) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.write_bytes("---\n".join(documents).encode())


def _crds(rng: random.Random, size: int) -> Iterator[str]:
    written = 0
    while written < size:
        text = _crd(rng)
        written += len(text)
        yield text


def _crd(rng: random.Random) -> str:
    properties = "".join(_property(rng, depth) for depth in range(4, 12) for _turn in range(60))
    return (
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n"
        f"metadata:\n  name: things{rng.randrange(10**6)}.example.com\nspec:\n  versions:\n"
        f"  - name: v1\n    schema:\n      openAPIV3Schema:\n        properties:\n{properties}"
    )


def _property(rng: random.Random, depth: int) -> str:
    indent = "  " * 5
    prose = " ".join(rng.choices(_WORDS, k=rng.randrange(8, 40)))
    return (
        f"{indent}p{depth}x{rng.randrange(10**9)}:\n{indent}  description: |-\n"
        f"{indent}    {prose}\n{indent}  type: string\n"
    )


def _workload(rng: random.Random, number: int, suffix: str = "") -> str:
    images = [
        f"{rng.choice(_IMAGES)}:v{rng.randrange(9)}.{rng.randrange(99)}{suffix}" for _turn in "ab"
    ]
    return f"""apiVersion: apps/v1
kind: Deployment
metadata:
  name: app-{number}
  labels:
    app.kubernetes.io/name: app-{number}
    app.kubernetes.io/part-of: bench
spec:
  replicas: 2
  selector:
    matchLabels:
      app.kubernetes.io/name: app-{number}
  template:
    metadata:
      labels:
        app.kubernetes.io/name: app-{number}
    spec:
      serviceAccountName: app-{number}
      initContainers:
      - name: init
        image: {images[0]}
        command: [sh, -c, "true"]
      containers:
      - name: app
        image: {images[1]}  # keep
        imagePullPolicy: Always
        ports:
        - containerPort: 8080
        env:
        - name: MODE
          value: "production"
        - name: TOKEN
          valueFrom:
            secretKeyRef: {{name: token, key: value}}
        resources:
          limits: {{cpu: 500m, memory: 256Mi}}
"""


def _config_map(rng: random.Random) -> str:
    lines = "".join(f"    {' '.join(rng.choices(_WORDS, k=12))}\n" for _turn in range(20))
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\ndata:\n  text: |\n{lines}"


def _service(number: int) -> str:
    return (
        f"apiVersion: v1\nkind: Service\nmetadata:\n  name: app-{number}\nspec:\n"
        "  ports:\n  - port: 80\n    targetPort: 8080\n"
    )


def main() -> None:
    """Write a tree for the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--megabytes", type=float, default=15)
    parser.add_argument("--large-files", type=int, default=10)
    arguments = parser.parse_args()
    size, images = write_tree(
        arguments.folder, megabytes=arguments.megabytes, large_files=arguments.large_files
    )
    print(f"{arguments.folder}: {size} bytes, {images} images")


if __name__ == "__main__":
    main()

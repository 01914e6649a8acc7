# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""A project in a folder of its own with images of the lab, and the command run in it."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support.command import Ran, sealpin
from support.vectors import vectors

LAB = vectors("lab")
HOST = "localhost:1338"
GITHUB = "https://token.actions.githubusercontent.com"
GO = f"{HOST}/chainguard/go:latest"
KUBE_PROXY = f"{HOST}/k8s/kube-proxy:v1.24.0"
KEYED = f"{HOST}/keyed/ecdsa-legacy:1.0"
UNSIGNED = f"{HOST}/plain/unsigned:1.0"
FREE = f"{HOST}/private/tsa:1.0"

POLICY = f"""\
version: 1
policies:
  - images: ["{HOST}/chainguard/**"]
    keyless:
      issuer: "{GITHUB}"
      identity: "https://github.com/chainguard-images/images/.github/workflows/release.yaml@refs/heads/main"
      trusted_root: trust/lab.json
  - images: ["{HOST}/k8s/**", "{HOST}/plain/**"]
    keyless:
      issuer: "https://accounts.google.com"
      identity: "krel-trust@k8s-releng-prod.iam.gserviceaccount.com"
      trusted_root: trust/lab.json
  - images: ["{HOST}/keyed/**"]
    key: {{file: keys/ecdsa.pub, trusted_root: trust/lab.json}}
  - images: ["{HOST}/private/**"]
    unsigned: allow
"""


@dataclass(frozen=True, kw_only=True)
class Project:
    """A folder with a configuration, keys, a trusted root and files."""

    folder: Path
    options: tuple[str, ...] = field(
        default=("--mirror", f"{HOST}=dir:{LAB / 'repositories'}", "--offline")
    )

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def read(self, name: str) -> str:
        return (self.folder / name).read_text()

    def run(self, verb: str, *words: str | Path, **options: Any) -> Ran:
        """Run a verb that asks registries."""
        return sealpin(verb, *self.options, *words, cwd=self.folder, **options)

    def report(self, verb: str, *words: str | Path, **options: Any) -> dict[str, Any]:
        return json.loads(self.run(verb, "--format", "json", *words, **options).out)

    def git(self, *words: str) -> str:
        identity = ("-c", "user.name=test", "-c", "user.email=test@example.com")
        command = ["git", *identity, "-C", str(self.folder), *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def commit(self, message: str = "a state") -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)
        return self.git("rev-parse", "HEAD").strip()


def make_project(
    folder: Path, files: Mapping[str, str | bytes] | None = None, *, policy: str = POLICY
) -> Project:
    """Make a git repository in *folder* with *files*, the lab's root and its keys."""
    project = Project(folder=folder)
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["git", "init", "--quiet", "--initial-branch=main", str(folder)], check=True)
    project.write(".sealpin.yaml", policy)
    project.write("trust/lab.json", (LAB / "trusted_root.json").read_bytes())
    shutil.copytree(LAB / "keys", folder / "keys")
    for name, content in (files or {}).items():
        project.write(name, content)
    return project


def pod(*images: str) -> str:
    """A Kubernetes Pod that runs *images*."""
    containers = "".join(f"    - {{name: c{n}, image: {i}}}\n" for n, i in enumerate(images))
    return f"apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec:\n  containers:\n{containers}"

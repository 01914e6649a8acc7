# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""What users get, built from a copy: wheel, sdist, collection; and environments to use them in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.vectors import vectors

ROOT = Path(__file__).resolve().parents[2]
IMAGE = "localhost:1338/k8s/kube-proxy:v1.24.0"
POD = f"""\
apiVersion: v1
kind: Pod
metadata:
  name: proxy  # two spaces before a comment are kept
spec:
  containers:
    - name: proxy
      image: "{IMAGE}"
"""
CONFIGURATION = """\
version: 1
registries: {"localhost:1338": {mirror: "dir:mirror"}}
policies:
  - images: ["localhost:1338/k8s/**"]
    keyless:
      issuer: "https://accounts.google.com"
      identity: "krel-trust@k8s-releng-prod.iam.gserviceaccount.com"
      trusted_root: trust/lab.json
"""


def run(*command: str | Path, **options) -> subprocess.CompletedProcess[str]:
    """Run *command* to its end and return it with its output; a failure says what was printed."""
    expected = options.pop("expected", 0)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment |= options.pop("environment", {})
    done = subprocess.run(
        [str(word) for word in command],
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
        **options,
    )
    assert done.returncode == expected, (
        f"{command} exited with {done.returncode}, not {expected}\n{done.stdout}\n{done.stderr}"
    )
    return done


def commit_all(repository: Path, message: str) -> str:
    """Commit everything in *repository*, hooks aside, and return the revision."""
    run("git", "add", "--all", cwd=repository)
    author = ("-c", "user.name=test", "-c", "user.email=test@example.com")
    run("git", *author, "commit", "--quiet", "--no-verify", "-m", message, cwd=repository)
    return run("git", "rev-parse", "HEAD", cwd=repository).stdout.strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A repository with one Pod, its policy, and the registry it is verified against."""

    folder: Path
    pinned: str

    @property
    def pod(self) -> Path:
        """The manifest that names an image by tag."""
        return self.folder / "pod.yaml"


@pytest.fixture
def sample(tmp_path) -> Sample:
    """Return a new repository that nothing has pinned."""
    folder = tmp_path / "gitops"
    lab = vectors("lab")
    files = {
        "pod.yaml": POD.encode(),
        ".sealpin.yaml": CONFIGURATION.encode(),
        "trust/lab.json": (lab / "trusted_root.json").read_bytes(),
    }
    layout = lab / "repositories" / "k8s" / "kube-proxy"
    for path in layout.rglob("*"):
        if path.is_file():
            files[f"mirror/k8s/kube-proxy/{path.relative_to(layout)}"] = path.read_bytes()
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    run("git", "init", "--quiet", cwd=folder)
    digest = json.loads((lab / "images.json").read_bytes())["k8s/kube-proxy:v1.24.0"]["digest"]
    return Sample(folder=folder, pinned=POD.replace(IMAGE, f"{IMAGE}@{digest}"))


@pytest.fixture(scope="session")
def checkout(tmp_path_factory) -> Path:
    """Return a git repository with a copy of this one's files, free of anything built in it."""
    folder = tmp_path_factory.mktemp("checkout") / "sealpin"
    listed = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=ROOT)
    for name in filter(None, listed.stdout.split("\0")):
        source, copy = ROOT / name, folder / name
        if source.is_file():
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(source.read_bytes())
            copy.chmod(source.stat().st_mode)
    run("git", "init", "--quiet", cwd=folder)
    commit_all(folder, "copy")
    return folder


@pytest.fixture(scope="session")
def built(checkout, tmp_path_factory) -> dict[str, Path]:
    """Return the built files by kind; the wheel is built from the sdist, which so must be whole."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, checkout)
    galaxy = Path(sys.executable).with_name("ansible-galaxy")
    run(galaxy, "collection", "build", "--output-path", folder / "collection", checkout)
    return {
        "wheel": next(folder.glob("*.whl")),
        "sdist": next(folder.glob("*.tar.gz")),
        "collection": next(folder.glob("collection/*.tar.gz")),
    }


def make_environment(folder: Path, *locks: str) -> Path:
    """Make a virtual environment from *locks* and return its ``bin`` folder."""
    run(sys.executable, "-m", "venv", folder)
    for lock in locks:
        pip(folder / "bin", "--require-hashes", "--requirement", ROOT / "requirements" / lock)
    return folder / "bin"


def pip(scripts: Path, *arguments: str | Path) -> None:
    """Install *arguments* into the environment whose ``bin`` folder is *scripts*."""
    run(scripts / "python", "-m", "pip", "install", "--quiet", *arguments)


@pytest.fixture(scope="session")
def libraries(tmp_path_factory) -> Path:
    """Return the ``bin`` of an environment with our dependencies and nothing of ours."""
    return make_environment(tmp_path_factory.mktemp("libraries"), "runtime.txt")


@pytest.fixture(scope="session", params=["wheel", "sdist"])
def installed(request, built, tmp_path_factory) -> Path:
    """Return the ``bin`` of an environment into which the wheel, or the sdist, was installed."""
    scripts = make_environment(tmp_path_factory.mktemp(request.param), "runtime.txt")
    pip(scripts, "--no-deps", built[request.param])
    return scripts


@pytest.fixture(scope="session")
def controller(built, tmp_path_factory) -> Path:
    """Return the ``bin`` of an environment with ansible-core and, beside it, the collection."""
    release = {10: "2.17", 11: "2.19"}.get(sys.version_info.minor, "2.21")
    folder = tmp_path_factory.mktemp("controller")
    scripts = make_environment(folder, f"ansible-core-{release}.txt")
    galaxy = scripts / "ansible-galaxy"
    run(galaxy, "collection", "install", built["collection"], "-p", folder / "collections")
    return scripts

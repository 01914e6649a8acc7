# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""``fetchConfigFile``: a program sees the configuration of every platform that could run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.command import Ran, sealpin
from support.memory_registry import MANIFEST, MemoryRegistry

POLICY = """\
apiVersion: policy.sigstore.dev/v1beta1
kind: ClusterImagePolicy
metadata: {name: not-root}
spec:
  images: [{glob: "**"}]
  authorities: [{static: {action: pass}}]
  policy:
    fetchConfigFile: true
    type: cue
    data: |
      config: [string]: config: User: "nobody"
      config: "linux/amd64": _
"""


@pytest.fixture
def registry() -> Iterator[MemoryRegistry]:
    with MemoryRegistry() as running:
        yield running


def _image(registry: MemoryRegistry, user: str, *, tag: str = "", system: str = "linux") -> str:
    repository = registry.repository("app")
    architecture = "amd64" if system == "linux" else system
    config = {"os": system, "architecture": architecture, "config": {"User": user}}
    content = json.dumps(config).encode()
    described = {
        "mediaType": "application/vnd.oci.image.config.v1+json",
        "digest": repository.put_blob(content),
        "size": len(content),
    }
    document = {"schemaVersion": 2, "mediaType": MANIFEST, "config": described, "layers": []}
    return repository.put_manifest(document, tag=tag)


def _index(registry: MemoryRegistry, *digests: str, nameless: bool = False) -> None:
    """An index of images for one platform; of the last one it does not say so, if *nameless*."""
    platform = {"platform": {"os": "linux", "architecture": "amd64"}}
    entries = [{"mediaType": MANIFEST, "digest": each, "size": 2, **platform} for each in digests]
    if nameless:
        del entries[-1]["platform"]
    registry.repository("app").put_manifest({"schemaVersion": 2, "manifests": entries}, tag="1")


def _test(registry: MemoryRegistry, folder: Path) -> Ran:
    policy = folder / "policy.yaml"
    policy.write_text(POLICY)
    return sealpin("policy", "test", f"--policy={policy}", f"--image={registry.host}/app:1")


@pytest.mark.parametrize(("user", "code"), [("nobody", 0), ("root", 1)])
def test_a_program_sees_the_configuration_of_an_image(
    user: str, code: int, registry: MemoryRegistry, tmp_path: Path
) -> None:
    _image(registry, user, tag="1")
    assert _test(registry, tmp_path).code == code


def test_a_platform_that_is_there_twice_with_one_content_is_seen_once(
    registry: MemoryRegistry, tmp_path: Path
) -> None:
    digest = _image(registry, "nobody")
    _index(registry, digest, digest)
    assert _test(registry, tmp_path).code == 0


@pytest.mark.parametrize("nameless", [False, True])
@pytest.mark.parametrize("users", [("root", "nobody"), ("nobody", "root")])
def test_two_entries_of_one_platform_do_not_hide_each_other(
    users: tuple[str, str], nameless: bool, registry: MemoryRegistry, tmp_path: Path
) -> None:
    """The peer's input keeps the last of them; a runtime takes the first."""
    _index(registry, *(_image(registry, user) for user in users), nameless=nameless)
    ran = _test(registry, tmp_path)
    assert ran.code == 1
    assert "index.same-platform" in ran.out


def test_an_attestation_of_buildkit_is_no_platform(
    registry: MemoryRegistry, tmp_path: Path
) -> None:
    image = _image(registry, "nobody")
    attestation = _image(registry, "root", system="unknown")
    _index(registry, image, attestation, nameless=True)
    assert _test(registry, tmp_path).code == 0

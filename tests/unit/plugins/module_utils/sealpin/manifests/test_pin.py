# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""A pin takes an allowed decision about the very image of its site, and nothing else."""

from __future__ import annotations

import pytest

from sealpin.descriptor import Descriptor, Platform
from sealpin.digest import Digest
from sealpin.errors import InvalidInput, VerificationFailed
from sealpin.manifests.finder import find_sites
from sealpin.manifests.pin import Pin
from sealpin.manifests.rewrite import apply
from sealpin.manifests.site import ImageSite
from sealpin.policy.decision import Decision, Outcome
from sealpin.reference import ImageReference
from support.builders import decision, digest_of

OTHER = Digest.of(b"other")


def site(image: str) -> ImageSite:
    (found,) = find_sites("Dockerfile", f"FROM {image}\n".encode()).sites
    return found


def child(platform: str) -> Descriptor:
    return Descriptor(
        media_type="",
        digest=Digest.of(platform.encode()),
        size_bytes=1,
        platform=Platform.parse(platform),
    )


def decided(image: str, **changes: object) -> Decision:
    return decision(ImageReference.parse(image), **changes)


@pytest.mark.parametrize("outcome", [Outcome.DENIED, Outcome.INCONCLUSIVE])
def test_refuses_a_decision_that_is_not_allowed(outcome):
    with pytest.raises(VerificationFailed) as caught:
        Pin(site=site("nginx:1.27"), decision=decided("nginx:1.27", outcome=outcome))
    assert caught.value.code == "pin.not-allowed"
    assert outcome.value in caught.value.message


def test_refuses_an_allowed_decision_without_an_artifact():
    reference = ImageReference.parse("nginx:1.27")
    unresolved = Decision(reference=reference, artifact=None, outcome=Outcome.ALLOWED, findings=())
    with pytest.raises(VerificationFailed) as caught:
        Pin(site=site("nginx:1.27"), decision=unresolved)
    assert caught.value.code == "pin.not-allowed"


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        pytest.param("nginx:1.27", "nginx:1.28", id="other-tag"),
        pytest.param("nginx:1.27", "redis:1.27", id="other-repository"),
        pytest.param("nginx:1.27", "quay.io/library/nginx:1.27", id="other-registry"),
        pytest.param("nginx", "nginx:1.27", id="untagged-is-latest"),
        pytest.param("nginx:1.27", f"nginx:1.27@{OTHER}", id="digest-nobody-wrote"),
        pytest.param(
            f"nginx@{digest_of(ImageReference.parse('a'))}", f"nginx@{OTHER}", id="digest"
        ),
        pytest.param(f"nginx@{OTHER}", "nginx:latest", id="digest-without-tag"),
    ],
)
def test_refuses_a_decision_about_another_image(written, asked):
    with pytest.raises(VerificationFailed) as caught:
        Pin(site=site(written), decision=decided(asked))
    assert caught.value.code == "pin.other-image"


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        pytest.param("nginx:1.27", "docker.io/library/nginx:1.27", id="other-spelling"),
        pytest.param("nginx", "nginx:latest", id="default-tag"),
        pytest.param(f"nginx:1.27@{OTHER}", f"nginx:1.27@{OTHER}", id="pinned"),
        pytest.param(f"nginx:1.27@{OTHER}", "nginx:1.27", id="update"),
    ],
)
def test_accepts_a_decision_about_the_same_image(written, asked):
    pin = Pin(site=site(written), decision=decided(asked))
    assert pin.digest == pin.decision.digest


def test_update_replaces_the_digest_that_stands_there():
    data = f"FROM nginx:1.27@{OTHER} AS a\n".encode()
    (found,) = find_sites("Dockerfile", data).sites
    asked = found.moving_reference
    assert str(asked) == "nginx:1.27"
    pin = Pin(site=found, decision=decision(asked))
    assert pin.is_change
    assert apply(data, (pin,)) == f"FROM nginx:1.27@{digest_of(asked)} AS a\n".encode()


def test_update_replaces_the_digest_of_a_kustomization_and_of_helm_values():
    for file, text in (
        ("kustomization.yaml", "images:\n- name: nginx\n  newTag: '1.27@{}'\n"),
        ("kustomization.yaml", "images:\n- name: nginx\n  newTag: '1.27'\n  digest: {}\n"),
        ("values.yaml", "image:\n  repository: nginx\n  tag: '1.27'\n  digest: {} # x\n"),
    ):
        data = text.format(OTHER).encode()
        (found,) = find_sites(file, data).sites
        pin = Pin(site=found, decision=decision(found.moving_reference))
        expected = text.format(digest_of(ImageReference.parse("nginx:1.27")))
        assert apply(data, (pin,)) == expected.encode()


def test_a_pinned_site_with_the_same_digest_is_no_change():
    data = f"FROM nginx:1.27@{OTHER}\n".encode()
    (found,) = find_sites("Dockerfile", data).sites
    pin = Pin(site=found, decision=decision(found.reference))
    assert not pin.is_change
    assert apply(data, (pin,)) is data


def test_a_platform_pins_the_child_of_the_verified_index():
    made = decided("nginx:1.27", children=(child("linux/amd64"), child("linux/arm64/v8")))
    pin = Pin(site=site("nginx:1.27"), decision=made, platform=Platform.parse("linux/arm64"))
    assert pin.digest == Digest.of(b"linux/arm64/v8")


def test_a_platform_the_index_does_not_have_is_refused():
    made = decided("nginx:1.27", children=(child("linux/amd64"),))
    with pytest.raises(InvalidInput, match="it has linux/amd64") as caught:
        Pin(site=site("nginx:1.27"), decision=made, platform=Platform.parse("linux/s390x"))
    assert caught.value.code == "pin.no-such-platform"


def test_a_platform_of_an_image_without_children_pins_the_image():
    made = decided("nginx:1.27")
    pin = Pin(site=site("nginx:1.27"), decision=made, platform=Platform.parse("linux/amd64"))
    assert pin.digest == made.digest

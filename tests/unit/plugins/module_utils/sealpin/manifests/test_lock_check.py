# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Files held against a lock."""

from __future__ import annotations

import pytest

from sealpin.digest import Digest
from sealpin.manifests.lock import Lock
from sealpin.manifests.lock_check import check_sites, stale_entries, stale_remark
from sealpin.reference import ImageReference
from support.builders import digest_of
from support.lock_entries import POLICY, ROOT, entry, site

DIGEST = digest_of(ImageReference.parse("nginx:1.27"))
LOCK = Lock.of([entry("nginx:1.27")])


def codes(image: str, lock: Lock | None = None, **current: Digest) -> list[str]:
    hashes = {"policy": POLICY, "trusted_root": ROOT} | current
    remarks = check_sites(lock or LOCK, [site(image)], **hashes)
    return [remark.code for remark in remarks]


def test_a_pinned_image_that_agrees_gets_no_remark():
    assert codes(f"nginx:1.27@{DIGEST}") == []
    assert codes(f"docker.io/nginx:1.27@{DIGEST}") == []


def test_a_pin_without_tag_is_found_by_its_digest():
    assert codes(f"nginx@{DIGEST}") == []
    assert codes(f"redis@{DIGEST}") == ["not-in-lock"]


@pytest.mark.parametrize(
    ("image", "code"),
    [
        ("nginx:1.27", "unpinned"),
        (f"nginx:1.28@{DIGEST}", "not-in-lock"),
        (f"nginx:1.27@{POLICY}", "differs-from-lock"),
    ],
)
def test_says_what_does_not_agree(image, code):
    (remark,) = check_sites(LOCK, [site(image)], policy=None, trusted_root=None)
    assert (remark.code, remark.path, remark.line) == (code, "$.services.a.image", 1)
    assert image in remark.message
    assert remark.hint


def test_says_when_policy_or_trust_changed():
    image = f"nginx:1.27@{DIGEST}"
    assert codes(image, policy=ROOT) == ["policy-changed"]
    assert codes(image, trusted_root=POLICY) == ["trust-changed"]


def test_says_when_an_image_is_pinned_without_proof():
    lock = Lock.of([entry("nginx:1.27", is_unsigned=True)])
    assert codes(f"nginx:1.27@{DIGEST}", lock) == ["unsigned"]


def test_names_entries_that_no_file_uses():
    lock = Lock.of([entry("nginx:1.27"), entry("redis:7")])
    (stale,) = stale_entries(lock, [site(f"nginx:1.27@{DIGEST}")])
    remark = stale_remark(lock, stale, lock_file="sealpin.lock")
    assert remark.label == "stale-lock-entry:docker.io/library/redis:7"


def test_each_of_two_digests_of_one_tag_agrees_where_files_carry_it():
    lock = Lock.of([entry("nginx:1.27"), entry("nginx:1.27", digest=ROOT)])
    assert codes(f"nginx:1.27@{DIGEST}", lock) == []
    assert codes(f"nginx:1.27@{ROOT}", lock) == []
    assert codes(f"nginx:1.27@{POLICY}", lock) == ["differs-from-lock"]


def test_names_the_digest_of_a_tag_that_no_file_carries_any_more():
    lock = Lock.of([entry("nginx:1.27"), entry("nginx:1.27", digest=ROOT)])
    (stale,) = stale_entries(lock, [site(f"nginx:1.27@{DIGEST}")])
    remark = stale_remark(lock, stale, lock_file="sealpin.lock")
    assert remark.label == f"stale-lock-entry:docker.io/library/nginx:1.27@{ROOT}"


def test_entries_of_a_tag_are_not_stale_where_a_file_carries_a_digest_that_none_has():
    lock = Lock.of([entry("nginx:1.27"), entry("nginx:1.27", digest=ROOT)])
    assert stale_entries(lock, [site(f"nginx:1.27@{POLICY}")]) == ()

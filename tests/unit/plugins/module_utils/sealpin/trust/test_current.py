# SPDX-FileCopyrightText: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Which root a run begins with."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from pathlib import Path

import pytest

from sealpin.errors import Unavailable
from sealpin.trust import current
from sealpin.trust.root_json import parse_trusted_root
from sealpin.trust.tuf_cache import (
    PUBLIC_GOOD,
    TufRepository,
    locked_folder,
    write_cached,
)
from support.tuf_repository import TufRepository as Published
from support.virtual_sigstore import VirtualSigstore

NOW = current.EMBEDDED_UTC + timedelta(days=30)
DAY = timedelta(days=1)
DOCUMENT = VirtualSigstore().trusted_root_json()
ROOT = parse_trusted_root(DOCUMENT)


@pytest.fixture
def published():
    with Published(DOCUMENT).served() as repository:
        yield repository


class Place:
    """A cache, and the repository it is of."""

    def __init__(self, cache: Path, published: Published) -> None:
        self.cache = cache
        self.repository = TufRepository(
            name="mirror", url=published.url, bootstrap_root=published.bootstrap_root
        )

    def of_public_good(self) -> Place:
        """The same place, for a repository that begins with the public-good root."""
        first = PUBLIC_GOOD.bootstrap_root
        self.repository = dataclasses.replace(self.repository, bootstrap_root=first)
        return self

    def cached(self, document: bytes, age: timedelta) -> None:
        with locked_folder(self.repository, self.cache) as folder:
            write_cached(folder, document, NOW - age)

    def current(self, **options: object) -> current.CurrentRoot:
        options = {"is_offline": False, "now_utc": NOW, **options}
        return current.current_root(cache_folder=self.cache, repository=self.repository, **options)


@pytest.fixture
def place(tmp_path, published) -> Place:
    return Place(tmp_path / "cache", published)


def test_refreshes_where_nothing_is_cached(place):
    got = place.current()

    assert (got.root, got.origin, got.dated_utc, got.warning) == (ROOT, "mirror", NOW, None)


def test_asks_nobody_while_the_cached_root_is_fresh(place, published):
    place.cached(DOCUMENT, DAY / 2)

    assert place.current().root == ROOT
    assert published.requests == []


def test_refreshes_a_root_that_is_due(place, published):
    place.cached(b"older", 2 * DAY)

    assert place.current().root == ROOT
    assert published.requests != []


def test_offline_takes_a_root_that_is_due_and_asks_nobody(place, published):
    place.cached(DOCUMENT, 20 * DAY)

    got = place.current(is_offline=True)

    assert (got.root, got.warning) == (ROOT, None)
    assert published.requests == []


def test_offline_with_an_empty_cache_takes_the_embedded_root_and_writes_nothing(place):
    got = place.of_public_good().current(is_offline=True)

    assert (got.origin, got.dated_utc) == ("embedded", current.EMBEDDED_UTC)
    assert not place.cache.exists()


def test_goes_on_with_the_cached_root_when_a_refresh_fails(place, published):
    place.cached(DOCUMENT, 2 * DAY)
    published.files.clear()

    got = place.current()

    assert (got.root, got.dated_utc) == (ROOT, NOW - 2 * DAY)
    assert got.warning.code == "tuf.unreachable"


def test_goes_on_with_the_embedded_root_when_nothing_else_is_here(place, published):
    published.files.clear()

    got = place.of_public_good().current()

    assert got.origin == "embedded"
    assert got.warning.code == "tuf.unreachable"


def test_a_newer_release_beats_an_older_cache(place):
    place.of_public_good().cached(DOCUMENT, 31 * DAY)

    assert place.current(is_offline=True).origin == "embedded"


def test_a_damaged_cache_is_left_aside_with_a_warning(place):
    place.of_public_good().cached(b"{", DAY / 2)

    got = place.current(is_offline=True)

    assert got.origin == "embedded"
    assert got.warning.code == "json.malformed"


def test_a_cache_that_others_can_write_to_is_left_aside_with_a_warning(place, published):
    place.of_public_good().cached(DOCUMENT, DAY / 2)
    place.cache.chmod(0o777)

    got = place.current()

    assert got.origin == "embedded"
    assert got.warning.code == "tuf.unsafe-cache"
    assert published.requests == []


def test_a_private_repository_that_fails_never_widens_trust_to_the_public_good(place, published):
    published.files.clear()

    with pytest.raises(Unavailable) as caught:
        place.current()
    assert caught.value.code == "tuf.unreachable"


def test_a_private_repository_without_a_cached_root_is_unavailable_offline(place):
    with pytest.raises(Unavailable) as caught:
        place.current(is_offline=True)
    assert caught.value.code == "trust.none-here"


def test_the_age_of_the_embedded_root_says_nothing_about_a_private_one(place):
    place.cached(DOCUMENT, 31 * DAY)

    assert place.current(is_offline=True).root == ROOT


@pytest.mark.parametrize(
    ("max_age", "is_refused"), [(4 * DAY, True), (5 * DAY, False)], ids=["older", "just"]
)
def test_a_root_older_than_allowed_is_unavailable(place, published, max_age, is_refused):
    place.cached(DOCUMENT, 5 * DAY)
    published.files.clear()

    found = place.current()
    assert found.root == ROOT
    if not is_refused:
        found.check_age(max_age, now_utc=NOW)
        return
    with pytest.raises(Unavailable) as caught:
        found.check_age(max_age, now_utc=NOW)
    assert caught.value.code == "trust.too-old"
    assert caught.value.__cause__.code == "tuf.unreachable"

# SPDX-FileCopyrightText: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Refreshing by TUF, against real repositories on loopback."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from securesystemslib.signer import CryptoSigner

from sealpin.errors import InvalidInput, MissingDependency, Unavailable
from sealpin.trust import embedded, tuf_cache, tuf_client
from support.tuf_repository import TufRepository as Published
from support.tuf_repository import tar_gz

CORE = Path(tuf_client.__file__).parents[2]
NOW = datetime.now(timezone.utc)
DOCUMENT = embedded.PUBLIC_GOOD_JSON
DAY = timedelta(days=1)


def other_document(marker: int) -> bytes:
    """A valid trusted root that differs by *marker*."""
    document = json.loads(DOCUMENT)
    document["ctlogs"][0]["baseUrl"] = f"https://ct.test/{marker}"
    return json.dumps(document).encode()


@pytest.fixture
def published():
    with Published(DOCUMENT).served() as repository:
        yield repository


@pytest.fixture
def cache(tmp_path) -> Path:
    return tmp_path / "cache"


def client_of(published: Published, **fields: object) -> tuf_cache.TufRepository:
    values = {
        "name": "test",
        "url": published.url,
        "bootstrap_root": published.bootstrap_root,
        **fields,
    }
    return tuf_cache.TufRepository(**values)


def refresh(published: Published, cache: Path, **options: object) -> tuf_cache.CachedRoot:
    options.setdefault("now_utc", NOW)
    return tuf_client.refresh(client_of(published), cache_folder=cache, **options)


def refused(published: Published, cache: Path, code: str) -> Unavailable:
    with pytest.raises(Unavailable) as caught:
        refresh(published, cache)
    assert caught.value.code == code
    return caught.value


def test_brings_the_published_document(published, cache):
    root = refresh(published, cache)

    assert root == tuf_cache.CachedRoot(document=DOCUMENT, confirmed_utc=NOW)
    kept = tuf_cache.read_cached(client_of(published), cache)
    assert kept.document == DOCUMENT
    assert abs(kept.confirmed_utc - NOW) < timedelta(milliseconds=1)


def test_brings_a_new_version_and_keeps_it(published, cache):
    refresh(published, cache)
    published.publish(other_document(2))

    assert refresh(published, cache).document == other_document(2)
    assert tuf_cache.read_cached(client_of(published), cache).document == other_document(2)


def test_asks_nobody_within_the_time_to_live(published, cache):
    refresh(published, cache)
    published.requests.clear()

    refresh(published, cache, now_utc=NOW + DAY / 2, ttl=DAY)
    assert published.requests == []

    refresh(published, cache, now_utc=NOW + 2 * DAY, ttl=DAY)
    assert published.requests == ["2.root.json", "timestamp.json"]


def test_asks_again_when_the_last_confirmation_lies_in_the_future(published, cache):
    refresh(published, cache, now_utc=NOW + 7 * DAY)
    published.requests.clear()

    refresh(published, cache, ttl=DAY)

    assert "timestamp.json" in published.requests


def test_walks_from_an_old_root_to_the_newest(published, cache):
    published.rotate_root()
    published.rotate_root()
    published.publish(other_document(2))

    assert refresh(published, cache).document == other_document(2)


def test_refuses_a_timestamp_by_a_key_the_root_does_not_name(published, cache):
    published.publish_timestamp(signer=CryptoSigner.generate_ed25519())

    refused(published, cache, "tuf.signature")


def test_refuses_a_timestamp_by_a_revoked_key(published, cache):
    revoked = published.signers["timestamp"]
    published.rotate_root()
    published.publish_timestamp(signer=revoked)

    refused(published, cache, "tuf.signature")


def test_refuses_an_expired_timestamp(published, cache):
    published.publish_timestamp(expires=datetime(2024, 1, 1, tzinfo=timezone.utc))

    refused(published, cache, "tuf.expired")


def test_refuses_a_repository_that_was_rolled_back(published, cache):
    published.publish(other_document(2))
    refresh(published, cache)
    published.publish_timestamp(version=1)

    refused(published, cache, "tuf.rollback")
    assert tuf_cache.read_cached(client_of(published), cache).document == other_document(2)


def test_refuses_a_target_that_is_not_what_was_signed(published, cache):
    for path in published.files:
        if path.startswith("targets/"):
            published.files[path] = other_document(2)[: len(DOCUMENT)].ljust(len(DOCUMENT))

    refused(published, cache, "tuf.mismatch")


def test_refuses_metadata_that_is_no_metadata(published, cache):
    published.files["timestamp.json"] = b"<html>"

    refused(published, cache, "tuf.malformed")


def test_refuses_a_repository_without_the_target(cache):
    with Published(DOCUMENT, target="other.json").served() as published:
        refused(published, cache, "tuf.no-target")


def test_refuses_a_document_that_is_no_trusted_root_and_keeps_the_last(published, cache):
    refresh(published, cache)
    published.publish(b'{"mediaType": "something/else"}')

    refused(published, cache, "tuf.unusable-target")
    assert tuf_cache.read_cached(client_of(published), cache).document == DOCUMENT


def test_refuses_a_first_root_of_somebody_else(published, cache):
    client = client_of(published, bootstrap_root=Published(DOCUMENT).bootstrap_root)

    with pytest.raises(Unavailable) as caught:
        tuf_client.refresh(client, cache_folder=cache, now_utc=NOW)
    assert caught.value.code == "tuf.signature"


def test_refuses_a_first_root_that_is_no_root(published, cache):
    client = client_of(published, bootstrap_root=b"{}")

    with pytest.raises(InvalidInput) as caught:
        tuf_client.refresh(client, cache_folder=cache, now_utc=NOW)
    assert caught.value.code == "tuf.bootstrap"


def test_refuses_an_endless_body(published, cache):
    published.files["timestamp.json"] = b" " * 9_000_000

    assert "more than" in refused(published, cache, "tuf.unreachable").message


def test_a_server_that_never_pauses_for_long_gets_no_more_than_its_time(published, cache):
    published.pause_s = 0.05

    started_s = time.monotonic()
    with pytest.raises(Unavailable) as caught:
        refresh(published, cache, timeout_s=0.5)

    assert time.monotonic() - started_s < 5
    assert caught.value.code == "tuf.unreachable"
    published.pause_s = 0
    assert refresh(published, cache).document == DOCUMENT


READS = {
    "a server": refresh,
    "an archive": lambda published, _cache: tuf_client.read_archive(
        client_of(published), archive_of(published)
    ),
}


@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_says_which_library_is_missing(published, cache, monkeypatch, read):
    monkeypatch.setattr(tuf_client, "IS_AVAILABLE", False)
    with pytest.raises(MissingDependency, match="tuf"):
        read(published, cache)


def test_says_that_the_cache_cannot_be_used(published, cache):
    refresh(published, cache)
    (folder,) = (each for each in cache.iterdir() if each.is_dir())
    (folder / "target").unlink(missing_ok=True)
    (folder / "target").mkdir()
    published.publish(other_document(2))

    assert str(folder) in refused(published, cache, "tuf.cache").message


def test_says_that_a_closed_port_is_unreachable(cache):
    with Published(DOCUMENT).served() as published:
        refresh(published, cache)

    error = refused(published, cache, "tuf.unreachable")
    assert published.url in error.message
    assert tuf_cache.read_cached(client_of(published), cache).document == DOCUMENT


def test_makes_no_request_after_the_deadline(published, cache):
    with pytest.raises(Unavailable) as caught:
        refresh(published, cache, timeout_s=-1)

    assert caught.value.code == "tuf.unreachable"
    for thread in threading.enumerate():
        if thread.name == "sealpin-tuf":
            thread.join()
    assert published.requests == []


def test_a_resolver_that_hangs_costs_no_more_than_its_time(cache):
    until_given_up, answered = threading.Event(), threading.Event()

    def hang(*_: object) -> None:
        until_given_up.wait(30)
        answered.set()

    with pytest.raises(Unavailable) as caught:
        tuf_client.resolve_in_time("https://tuf.invalid", timeout_s=0.1, lookup=hang)

    assert not answered.is_set(), "waited for it"
    until_given_up.set()
    assert caught.value.code == "tuf.unreachable"


def test_a_name_without_an_address_is_unreachable_before_any_request():
    def nobody(*_: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    with pytest.raises(Unavailable) as caught:
        tuf_client.resolve_in_time("https://tuf.invalid", lookup=nobody)

    assert "tuf.invalid" in caught.value.message


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        pytest.param({}, ("tuf.invalid", None), id="direct"),
        pytest.param({"https_proxy": "http://proxy.test:3128"}, ("proxy.test", 3128), id="proxy"),
        pytest.param({"https_proxy": "proxy.test:3128"}, ("proxy.test", 3128), id="bare-proxy"),
        pytest.param({"all_proxy": "http://proxy.test:1"}, ("proxy.test", 1), id="all"),
        pytest.param(
            {"https_proxy": "http://proxy.test:1", "no_proxy": "tuf.invalid"},
            ("tuf.invalid", None),
            id="excepted",
        ),
    ],
)
def test_resolves_the_proxy_where_there_is_one(monkeypatch, variables, expected):
    for name in [n for n in os.environ if n.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    asked = []

    tuf_client.resolve_in_time(
        "https://tuf.invalid", lookup=lambda *name: asked.append(name) or True
    )

    assert asked == [expected]


WORKER = """
import datetime, pathlib, sys
from sealpin.errors import Unavailable
from sealpin.trust import root_json, tuf_cache, tuf_client
url, bootstrap, cache = sys.argv[1:]
repository = tuf_cache.TufRepository(
    name="test", url=url, bootstrap_root=pathlib.Path(bootstrap).read_bytes())
for _ in range(6):
    now = datetime.datetime.now(datetime.timezone.utc)
    got = tuf_client.refresh(repository, cache_folder=pathlib.Path(cache), now_utc=now)
    root_json.parse_trusted_root(got.document)
    for _ in range(50):
        root_json.parse_trusted_root(
            tuf_cache.read_cached(repository, pathlib.Path(cache)).document)
"""


def test_eight_processes_share_one_cache(published, cache, tmp_path):
    bootstrap = tmp_path / "root.json"
    bootstrap.write_bytes(published.bootstrap_root)
    command = [sys.executable, "-c", WORKER, published.url, str(bootstrap), str(cache)]
    environment = {**os.environ, "PYTHONPATH": str(CORE)}
    workers = [
        subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
        for _turn in range(8)
    ]
    version = 2
    while any(worker.poll() is None for worker in workers):
        published.publish(other_document(version))
        version += 1
        threading.Event().wait(0.02)

    errors = [worker.communicate(timeout=60)[1] for worker in workers]
    assert [worker.returncode for worker in workers] == [0] * 8, errors
    assert refresh(published, cache).document == other_document(version - 1)


def archive_of(published: Published, prefix: str = "") -> bytes:
    return tar_gz({prefix + path: content for path, content in published.files.items()})


@pytest.mark.parametrize("prefix", ["", "./", "repository/", "./repository/"])
def test_reads_a_repository_that_is_given_whole(monkeypatch, prefix):
    published = Published(DOCUMENT)
    published.rotate_root()
    published.publish(other_document(2))
    monkeypatch.setattr(socket, "socket", None)
    client = client_of(published, url=tuf_client.ARCHIVE_URL)

    document = tuf_client.read_archive(client, archive_of(published, prefix))

    assert document == other_document(2)


def test_reads_an_archive_with_another_folder_for_targets():
    published = Published(DOCUMENT)
    files = {path.replace("targets/", "files/"): c for path, c in published.files.items()}
    client = client_of(published, url=tuf_client.ARCHIVE_URL, targets_folder="files")

    assert tuf_client.read_archive(client, tar_gz(files)) == DOCUMENT


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        pytest.param(lambda p: p.files.pop("timestamp.json"), "tuf.unreachable", id="missing"),
        pytest.param(
            lambda p: p.publish_timestamp(expires=datetime(2024, 1, 1, tzinfo=timezone.utc)),
            "tuf.expired",
            id="expired",
        ),
        pytest.param(
            lambda p: p.publish_timestamp(signer=CryptoSigner.generate_ed25519()),
            "tuf.signature",
            id="signature",
        ),
        pytest.param(lambda p: p.publish(b"{}"), "tuf.unusable-target", id="no-trusted-root"),
    ],
)
def test_refuses_an_archive_like_a_server(spoil, code):
    published = Published(DOCUMENT)
    spoil(published)
    client = client_of(published, url=tuf_client.ARCHIVE_URL)

    with pytest.raises(Unavailable) as caught:
        tuf_client.read_archive(client, archive_of(published))
    assert caught.value.code == code
    assert "archive.invalid (" not in caught.value.message


def test_the_first_root_we_carry_is_one(cache):
    """Nothing is served, so that the first request fails, after the first root was read."""
    with Published(DOCUMENT).served() as empty:
        empty.files.clear()
        client = client_of(empty, bootstrap_root=tuf_cache.PUBLIC_GOOD.bootstrap_root)
        with pytest.raises(Unavailable) as refusal:
            tuf_client.refresh(client, cache_folder=cache, now_utc=NOW)

    assert refusal.value.code == "tuf.unreachable"

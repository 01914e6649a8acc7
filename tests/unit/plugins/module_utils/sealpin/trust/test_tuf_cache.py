# SPDX-FileCopyrightText: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The cache of trusted roots: private, whole, and silent on the network."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from sealpin.errors import InvalidInput, Unavailable
from sealpin.limits import MAX_CONFIG_BYTES
from sealpin.trust import tuf_cache
from sealpin.trust.tuf_cache import CachedRoot, TufRepository

NOW = datetime(2026, 5, 1, 12, tzinfo=timezone.utc)
DAY = timedelta(days=1)
CORE = Path(tuf_cache.__file__).parents[2]


def repository(**fields: object) -> TufRepository:
    values = {"name": "mirror", "url": "https://tuf.test", "bootstrap_root": b"{}", **fields}
    return TufRepository(**values)


@pytest.fixture
def cache(tmp_path) -> Path:
    return tmp_path / "parent" / "cache"


def write(cache: Path, document: bytes = b"document") -> Path:
    with tuf_cache.locked_folder(repository(), cache) as folder:
        tuf_cache.write_cached(folder, document, NOW)
    return folder


def test_reads_what_was_written_with_its_time(cache):
    write(cache)

    assert tuf_cache.read_cached(repository(), cache) == CachedRoot(
        document=b"document", confirmed_utc=NOW
    )


def test_reads_nothing_from_an_empty_cache_and_makes_nothing(cache):
    assert tuf_cache.read_cached(repository(), cache) is None
    assert not cache.exists()


def test_reading_opens_no_socket(cache, monkeypatch):
    write(cache)

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)

    assert tuf_cache.read_cached(repository(), cache) is not None


def test_folders_and_files_are_private(cache):
    previous = os.umask(0)
    try:
        folder = write(cache)
    finally:
        os.umask(previous)

    modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in (cache, folder, *folder.iterdir())}
    assert modes == {
        "cache": 0o700,
        folder.name: 0o700,
        "lock": 0o600,
        "trusted_root.json": 0o600,
    }


@pytest.mark.parametrize("mode", [0o720, 0o702], ids=["group", "others"])
def test_refuses_a_folder_that_others_can_write_to(cache, mode):
    folder = write(cache)

    for unsafe in (cache, folder):
        unsafe.chmod(mode)
        for use in (lambda: tuf_cache.read_cached(repository(), cache), lambda: write(cache)):
            with pytest.raises(InvalidInput) as caught:
                use()
            assert caught.value.code == "tuf.unsafe-cache"
        unsafe.chmod(0o700)


def test_refuses_a_folder_that_is_a_link(cache, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    cache.mkdir(mode=0o700, parents=True)
    (cache / repository().folder_name).symlink_to(elsewhere)

    with pytest.raises(InvalidInput) as caught:
        tuf_cache.read_cached(repository(), cache)
    assert caught.value.code == "tuf.unsafe-cache"


def test_a_write_that_fails_leaves_the_last_document_and_no_scrap(cache, monkeypatch):
    folder = write(cache)

    def fail(_unused: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(Unavailable) as caught:
        write(cache, b"newer")

    assert caught.value.code == "tuf.cache"
    assert "No space left" in caught.value.message
    assert tuf_cache.read_cached(repository(), cache).document == b"document"
    assert sorted(p.name for p in folder.iterdir()) == ["lock", "trusted_root.json"]


def test_a_document_beyond_all_is_unavailable(cache):
    write(cache, b" " * (MAX_CONFIG_BYTES + 1))

    with pytest.raises(Unavailable, match="too large") as caught:
        tuf_cache.read_cached(repository(), cache)
    assert caught.value.code == "tuf.cache"


def test_a_document_that_cannot_be_read_is_unavailable(cache):
    document = write(cache) / tuf_cache.DOCUMENT
    document.unlink()
    document.mkdir()

    with pytest.raises(Unavailable) as caught:
        tuf_cache.read_cached(repository(), cache)
    assert caught.value.code == "tuf.cache"


def test_a_folder_that_vanishes_while_it_is_looked_at_is_unavailable(tmp_path):
    with pytest.raises(Unavailable) as caught:
        tuf_cache._check_private(tmp_path / "gone")
    assert caught.value.code == "tuf.cache"


def test_a_place_that_cannot_be_made_is_unavailable(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(Unavailable) as caught:
        write(tmp_path / "file" / "cache")
    assert caught.value.code == "tuf.cache"


HOLDER = """
import pathlib, sys
from sealpin.trust import tuf_cache
repository = tuf_cache.TufRepository(name="", url="https://tuf.test", bootstrap_root=b"{}")
with tuf_cache.locked_folder(repository, pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_waits_for_another_process_and_then_gives_up(cache):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(cache)],
        env={**os.environ, "PYTHONPATH": str(CORE)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with holder:
        assert holder.stdout.readline() == b"held\n"
        with (
            pytest.raises(Unavailable) as caught,
            tuf_cache.locked_folder(repository(), cache, timeout_s=0.1),
        ):
            pytest.fail("the folder was held twice")
        assert caught.value.code == "tuf.locked"
        holder.stdin.close()
        with tuf_cache.locked_folder(repository(), cache, timeout_s=10) as folder:
            assert folder.is_dir()


@pytest.mark.parametrize(
    ("age", "is_fresh"),
    [
        pytest.param(timedelta(0), True, id="now"),
        pytest.param(DAY - timedelta(seconds=1), True, id="within"),
        pytest.param(DAY, False, id="at-the-end"),
        pytest.param(-timedelta(seconds=1), False, id="from-the-future"),
    ],
)
def test_freshness(age, is_fresh):
    root = CachedRoot(document=b"", confirmed_utc=NOW - age)

    assert root.is_fresh(NOW, DAY) is is_fresh


@pytest.mark.parametrize(
    "target", ["../up.json", "a/b.json", "/etc/passwd", ".hidden", "", "a\nb", "%2e%2e"]
)
def test_refuses_a_target_that_is_no_plain_name(target):
    with pytest.raises(InvalidInput) as caught:
        repository(target=target)
    assert caught.value.code == "tuf.target"
    with pytest.raises(InvalidInput):
        repository(targets_folder=target)


@pytest.mark.parametrize("url", ["file:///etc", "ftp://tuf.test", "tuf.test", ""])
def test_refuses_a_url_that_is_not_http(url):
    with pytest.raises(InvalidInput) as caught:
        repository(url=url)
    assert caught.value.code == "tuf.url"


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"url": "https://other.test"}, id="url"),
        pytest.param({"bootstrap_root": b"{ }"}, id="first-root"),
        pytest.param({"target": "other.json"}, id="target"),
        pytest.param({"targets_folder": "files"}, id="folder"),
    ],
)
def test_other_repositories_have_other_folders(fields):
    assert repository(**fields).folder_name != repository().folder_name
    assert repository(name="other name", url="https://tuf.test/").folder_name == (
        repository().folder_name
    )


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        pytest.param({}, "/home/dev/.cache/sealpin/tuf", id="home"),
        pytest.param({"XDG_CACHE_HOME": "/var/c"}, "/var/c/sealpin/tuf", id="xdg"),
        pytest.param({"XDG_CACHE_HOME": "c"}, "/home/dev/.cache/sealpin/tuf", id="relative-xdg"),
    ],
)
def test_default_place(environment, expected):
    assert tuf_cache.default_cache_folder(environment, Path("/home/dev")) == Path(expected)

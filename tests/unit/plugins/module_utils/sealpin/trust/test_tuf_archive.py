# SPDX-FileCopyrightText: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Archives of TUF repositories: read in memory, bounded, never unpacked."""

from __future__ import annotations

import gzip
import io
import tarfile

import pytest

from sealpin.errors import InvalidInput
from sealpin.trust import tuf_archive
from support.tuf_repository import tar_gz


def refusal(archive: bytes) -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        tuf_archive.read_archive_files(archive, what="the archive")
    assert caught.value.code == "tuf.archive"
    return caught.value


def test_reads_files_by_their_paths():
    archive = tar_gz({"repository/1.root.json": b"root", "targets/t.json": b"target"})

    files = tuf_archive.read_archive_files(archive, what="the archive")

    assert files == {"1.root.json": b"root", "targets/t.json": b"target"}


def test_names_that_climb_lead_nowhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    files = tuf_archive.read_archive_files(
        tar_gz({"../up": b"1", "/etc/passwd": b"2"}), what="the archive"
    )

    assert files == {"../up": b"1", "/etc/passwd": b"2"}
    assert list(tmp_path.parent.glob("up")) == []


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE])
def test_leaves_out_what_is_no_regular_file(kind):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        member = tarfile.TarInfo("timestamp.json")
        member.type, member.linkname = kind, "/etc/passwd"
        tar.addfile(member)

    assert tuf_archive.read_archive_files(packed.getvalue(), what="the archive") == {}


@pytest.mark.parametrize(
    "archive",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"nonsense", id="no-gzip"),
        pytest.param(gzip.compress(b"nonsense" * 200), id="no-tar"),
        pytest.param(tar_gz({"a": b"b" * 9999})[:-20], id="cut"),
        pytest.param(tar_gz({"a": b"b" * 9999})[:-8], id="without-checksum"),
    ],
)
def test_refuses_what_is_no_archive(archive):
    refusal(archive)


def test_refuses_a_bomb_without_unpacking_it():
    bomb = gzip.compress(bytes(tuf_archive.MAX_ARCHIVE_BYTES + 1), compresslevel=1)

    assert "larger" in refusal(bomb).message


def test_refuses_too_many_files():
    names = range(tuf_archive.MAX_ARCHIVE_FILES + 1)

    assert "more than" in refusal(tar_gz({str(name): b"" for name in names})).message

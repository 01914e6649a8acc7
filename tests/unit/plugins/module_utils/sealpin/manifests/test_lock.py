# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The lock: strict reading, stable writing, and merging by the real git."""

from __future__ import annotations

import json
import shutil
import subprocess
from datetime import datetime, timezone
from pathlib import Path

import jsonschema
import pytest

from sealpin.digest import Digest
from sealpin.errors import InvalidInput
from sealpin.manifests.lock import Lock
from sealpin.reference import ImageReference
from support.builders import digest_of
from support.lock_entries import POLICY, ROOT, entry

SCHEMA = Path(__file__).resolve().parents[6] / "hooks" / "schemas" / "sealpin-lock.schema.json"


def test_records_what_the_decision_proved():
    locked = entry("nginx:1.27", platform="linux/arm64")
    assert Lock.of([locked]).key(locked) == "docker.io/library/nginx:1.27 linux/arm64"
    assert locked.digest == Digest.of(b"child")
    assert locked.index == digest_of(ImageReference.parse("nginx:1.27"))
    assert locked.platforms == (("linux/arm64", Digest.of(b"child")),)
    (proof,) = locked.proofs
    assert proof.authority == "p/a"
    assert proof.signed_at == "2024-05-01T10:00:00Z"
    assert locked.newest_proof_utc == datetime(2024, 5, 1, 10, tzinfo=timezone.utc)


def test_entry_without_proven_time_has_no_newest_proof():
    assert entry("a:1", proofs=()).newest_proof_utc is None


def test_reads_back_what_it_writes_and_writes_the_same_bytes():
    lock = Lock.of([entry("quay.io/b/c:1"), entry("a:1"), entry("a:1", platform="linux/arm64")])
    assert Lock.parse(lock.dump()) == lock
    assert Lock.parse(lock.dump()).dump() == lock.dump()
    assert [e.subject for e in lock.entries] == sorted(e.subject for e in lock.entries)


TWO_DIGESTS = Lock.of(
    [entry("a:1"), entry("a:1", digest=ROOT), entry("a:1", platform="linux/arm64"), entry("b:1")]
)


def test_two_digests_of_one_tag_each_have_an_entry_with_the_digest_in_its_key():
    keys = list(json.loads(TWO_DIGESTS.dump()))
    digest = digest_of(ImageReference.parse("a:1"))
    assert sorted(keys) == sorted(
        [
            f"docker.io/library/a:1@{digest}",
            f"docker.io/library/a:1@{ROOT}",
            "docker.io/library/a:1 linux/arm64",
            "docker.io/library/b:1",
            "version",
        ]
    )
    assert Lock.parse(TWO_DIGESTS.dump()) == TWO_DIGESTS


def test_key_loses_the_digest_when_the_other_entry_goes():
    left = Lock.of(each for each in TWO_DIGESTS.entries if each.digest != ROOT)
    assert b"a:1@" in TWO_DIGESTS.dump()
    assert b"a:1@" not in left.dump()


def test_entry_under_a_key_of_another_digest_is_refused():
    document = json.loads(TWO_DIGESTS.dump())
    document[f"docker.io/library/a:1@{ROOT}"]["digest"] = str(POLICY)
    with pytest.raises(InvalidInput, match="another digest than its key") as caught:
        Lock.parse(json.dumps(document).encode())
    assert caught.value.code == "lock.malformed"


def test_entry_that_is_there_with_its_digest_in_the_key_and_without_is_a_conflict():
    document = json.loads(TWO_DIGESTS.dump())
    document["docker.io/library/a:1"] = document[f"docker.io/library/a:1@{ROOT}"]
    with pytest.raises(InvalidInput) as caught:
        Lock.parse(json.dumps(document).encode())
    assert caught.value.code == "lock.conflict"


@pytest.mark.parametrize(
    "lock",
    [Lock(), Lock.of([entry("a:1"), entry("b:1", is_unsigned=True)]), TWO_DIGESTS],
    ids=["empty", "two images", "two digests of one tag"],
)
def test_follows_its_schema(lock):
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(json.loads(lock.dump()), schema, jsonschema.Draft202012Validator)


def test_schema_refuses_what_the_program_refuses():
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    for document in ({}, {"version": 2}, {"version": 1, "a/b:1": {"digest": "sha256:0"}}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(document, schema, jsonschema.Draft202012Validator)


def good() -> dict:
    return json.loads(Lock.of([entry("a:1")]).dump())


def changed(**changes: object) -> bytes:
    document = good()
    document["docker.io/library/a:1"] |= changes
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    ("data", "code", "message"),
    [
        pytest.param(b"", "lock.malformed", "not JSON", id="empty"),
        pytest.param(b"[]", "lock.malformed", "not a JSON object", id="array"),
        pytest.param(b"{}", "lock.malformed", "no version", id="no-version"),
        pytest.param(b'{"version": true}', "lock.malformed", "no version", id="boolean-version"),
        pytest.param(b'{"version": 2}', "lock.newer", "got 2", id="newer"),
        pytest.param(b"{\n<<<<<<< HEAD\n", "lock.conflict", "conflict markers", id="markers"),
        pytest.param(b'{"a/b:1": 1, "a/b:1": 2}', "lock.conflict", "twice", id="key-twice"),
        pytest.param(b'{"a/b:1": 1, "version": 1}', "lock.malformed", "not an object", id="number"),
        pytest.param(b'{"q.io/b:1": {}, "version": 1}', "lock.malformed", "digest", id="no-digest"),
        pytest.param(
            b'{"nginx": {}, "version": 1}', "lock.malformed", "normalised", id="short-name"
        ),
        pytest.param(changed(digest="sha256:0"), "lock.malformed", "digest of", id="bad-digest"),
        pytest.param(changed(policy=1), "lock.malformed", "not of type str", id="wrong-type"),
        pytest.param(changed(x=1), "lock.malformed", "unknown field 'x'", id="unknown-field"),
        pytest.param(changed(proven=[{}]), "lock.malformed", "digest", id="empty-proof"),
        pytest.param(changed(weakenings=[1]), "lock.malformed", "strings", id="mixed-list"),
    ],
)
def test_refuses_a_lock_it_cannot_rely_on(data, code, message):
    with pytest.raises(InvalidInput) as caught:
        Lock.parse(data)
    assert caught.value.code == code
    assert message in caught.value.message
    assert caught.value.hint


def test_advises_each_kind_of_unfinished_merge_in_its_own_way():
    """Between markers both entries may be wanted; of one image's two entries one is wrong."""
    with pytest.raises(InvalidInput) as marked:
        Lock.parse(b"{\n<<<<<<< HEAD\n")
    assert "one entry for each image" in marked.value.hint
    assert "merge=union" in marked.value.hint
    with pytest.raises(InvalidInput) as doubled:
        Lock.parse(b'{"a/b:1": 1, "a/b:1": 2}')
    assert doubled.value.message == (
        'sealpin.lock has an unfinished merge: it has the key "a/b:1" twice in one object'
    )
    assert "the digest your files have" in doubled.value.hint


def test_refuses_a_name_that_is_not_normalised():
    document = good()
    document["nginx:1"] = document.pop("docker.io/library/a:1")
    with pytest.raises(InvalidInput, match="not a normalised reference"):
        Lock.parse(json.dumps(document).encode())


def test_refuses_a_time_that_is_none():
    document = good()
    document["docker.io/library/a:1"]["proven"][0]["signed_at"] = "2024-13-01T00:00:00Z"
    with pytest.raises(InvalidInput, match="is not a time"):
        Lock.parse(json.dumps(document).encode())


class Repository:
    """A git repository with one lock and two branches."""

    def __init__(self, folder: Path, *, has_union: bool) -> None:
        self.folder = folder
        self.git("init", "-q", "-b", "main")
        if has_union:
            (folder / ".gitattributes").write_text("sealpin.lock merge=union\n")

    def git(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        identity = (
            "-c",
            "user.name=t",
            "-c",
            "user.email=t@example.com",
            "-c",
            "commit.gpgsign=false",
        )
        return subprocess.run(
            ["git", *identity, *arguments],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )

    def commit(self, lock: Lock) -> None:
        (self.folder / "sealpin.lock").write_bytes(lock.dump())
        self.git("add", "-A")
        assert self.git("commit", "-q", "-m", "lock").returncode == 0

    def merge(self, base: Lock, ours: Lock, theirs: Lock) -> int:
        self.commit(base)
        self.git("checkout", "-q", "-b", "theirs")
        self.commit(theirs)
        self.git("checkout", "-q", "main")
        self.commit(ours)
        return self.git("merge", "-q", "--no-edit", "theirs").returncode

    def read(self) -> Lock:
        return Lock.parse((self.folder / "sealpin.lock").read_bytes())


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
class TestGit:
    """The real git merges two branches of one repository."""

    base = Lock.of([entry("a:1"), entry("b:1"), entry("m:1"), entry("z:1")])

    def test_changes_of_neighbouring_entries_do_not_conflict(self, tmp_path):
        ours, theirs = entry("a:1", policy=ROOT), entry("b:1", policy=ROOT)
        repository = Repository(tmp_path, has_union=False)
        code = repository.merge(
            self.base,
            Lock.of([*self.base.entries, ours]),
            Lock.of([*self.base.entries, theirs]),
        )
        assert code == 0
        assert repository.read() == Lock.of([*self.base.entries, ours, theirs])

    def test_new_entries_at_different_places_do_not_conflict(self, tmp_path):
        repository = Repository(tmp_path, has_union=False)
        code = repository.merge(
            self.base,
            Lock.of([*self.base.entries, entry("c:1")]),
            Lock.of([*self.base.entries, entry("n:1")]),
        )
        assert code == 0
        assert repository.read() == Lock.of([*self.base.entries, entry("c:1"), entry("n:1")])

    @pytest.mark.parametrize(
        ("ours", "theirs"),
        [
            pytest.param(("c:1",), ("d:1",), id="one-each"),
            pytest.param(("c:1", "e:1"), ("d:1", "f:1"), id="interleaved"),
            pytest.param(("zz:1",), ("zzz:1",), id="at-the-end"),
            pytest.param(("c:1", "d:1"), ("c:1", "e:1"), id="one-in-common"),
        ],
    )
    @pytest.mark.parametrize("base", [base, Lock()], ids=["grown", "empty"])
    def test_new_entries_at_the_same_place_do_not_conflict_with_union(
        self, tmp_path, base, ours, theirs
    ):
        repository = Repository(tmp_path, has_union=True)
        code = repository.merge(
            base,
            Lock.of([*base.entries, *map(entry, ours)]),
            Lock.of([*base.entries, *map(entry, theirs)]),
        )
        assert code == 0
        merged = repository.read()
        assert merged == Lock.of([*base.entries, *map(entry, (*ours, *theirs))])
        assert Lock.parse(merged.dump()) == merged

    def test_two_pins_of_one_image_are_refused_whichever_way_git_merged(self, tmp_path):
        for has_union in (False, True):
            folder = tmp_path / str(has_union)
            folder.mkdir()
            repository = Repository(folder, has_union=has_union)
            repository.merge(
                self.base,
                Lock.of([*self.base.entries, entry("c:1", digest=POLICY)]),
                Lock.of([*self.base.entries, entry("c:1", digest=ROOT)]),
            )
            with pytest.raises(InvalidInput) as caught:
                repository.read()
            assert caught.value.code == "lock.conflict"

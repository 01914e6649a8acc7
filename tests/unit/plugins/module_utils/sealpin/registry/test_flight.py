# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""One fetch for one thing, and what is remembered of it."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from sealpin.digest import Digest
from sealpin.errors import SealpinError, Unavailable
from sealpin.reference import ImageReference, Repository, Tag
from sealpin.registry.answers import NotFound
from sealpin.registry.connect import connect
from sealpin.registry.flight import SingleFlight
from sealpin.registry.options import RegistryOptions
from sealpin.registry.platforms import with_children
from support import memory_registry
from support.memory_registry import Answer, status
from support.pacing import HandTicker


def test_however_many_ask_it_is_made_once():
    flight: SingleFlight[str, object] = SingleFlight()
    made, started = [], threading.Barrier(8, timeout=10)

    def ask(_unused):
        started.wait()
        return flight.get("key", lambda: made.append(1) or object())

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(ask, range(8)))) == 1
    assert made == [1]


def test_a_failure_is_shared_by_those_who_waited_and_then_forgotten():
    flight: SingleFlight[str, str] = SingleFlight()
    inside, release = threading.Event(), threading.Event()

    def fail():
        inside.set()
        release.wait(10)
        raise Unavailable("registry.timeout", "no answer")

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(flight.get, "key", fail)
        inside.wait(10)
        second = pool.submit(flight.get, "key", lambda: "made by the second")
        while not second.running():
            pass
        release.set()
        assert first.exception().code == "registry.timeout"
        outcome = second.exception() or second.result()
    assert outcome == "made by the second" or outcome.code == "registry.timeout"
    assert flight.get("other", lambda: "x") == "x"
    assert flight.get("key", lambda: "made later") in ("made later", "made by the second")


def test_a_value_that_is_not_to_be_kept_is_made_again():
    flight: SingleFlight[str, int] = SingleFlight(keep=lambda value: value > 1)
    values = iter([1, 2, 3])
    assert [flight.get("key", lambda: next(values)) for _turn in range(3)] == [1, 2, 2]


def test_forgets_a_value_only_while_it_is_the_current_one():
    flight: SingleFlight[str, object] = SingleFlight()
    old, new = object(), object()
    flight.put("key", old)
    flight.forget("key", old)
    flight.put("key", new)
    flight.forget("key", old)
    assert flight.get("key", object) is new


@pytest.fixture
def registry():
    with memory_registry.serving() as running:
        running.repository("app").put_manifest({"manifests": []}, tag="1.0")
        yield running


def test_a_manifest_read_by_its_tag_is_at_hand_by_its_digest(registry):
    source = connect(RegistryOptions(), ticker=HandTicker())
    artifact = source.resolve(ImageReference.parse(f"{registry.host}/app:1.0"))
    with_children(source, artifact)
    assert len(registry.asked()) == 1


def test_small_blobs_are_kept_and_large_ones_are_not(registry):
    repository = Repository.parse(f"{registry.host}/app")
    source = connect(RegistryOptions(), ticker=HandTicker())
    for content, requests in ((b"small", 1), (bytes(300 * 1024), 2)):
        digest = Digest.parse(registry.repositories["app"].put_blob(content))
        registry.forget()
        for _turn in range(2):
            assert source.blob(repository, digest, max_bytes=1 << 20) == content
        assert len(registry.asked()) == requests


def test_a_list_with_a_gap_that_may_pass_is_asked_for_again(registry):
    repository = Repository.parse(f"{registry.host}/app")
    source = connect(RegistryOptions(), ticker=HandTicker())
    subject = Digest.of(b"x")
    for i in range(3):
        registry.repositories["app"].attach(str(subject), b"%d" % i, layer_type="text/plain")
    registry.behaviour.page_size = 1
    registry.faults.append(memory_registry.on("start=1", memory_registry.times(1, status(418))))
    assert source.referrers(repository, subject).gaps
    assert not source.referrers(repository, subject).gaps
    registry.forget()
    source.referrers(repository, subject)
    assert registry.asked() == []


UNREADABLE_ENTRIES = [{}, {"digest": "sha256:0", "size": 1}, {"digest": "blake3:0", "size": 1}]


@pytest.mark.parametrize("entry", UNREADABLE_ENTRIES, ids=json.dumps)
def test_a_list_with_an_unreadable_entry_is_asked_for_once(registry, entry):
    repository = Repository.parse(f"{registry.host}/app")
    source = connect(RegistryOptions(), ticker=HandTicker())
    listed = Answer(
        headers={"Content-Type": memory_registry.INDEX},
        body=json.dumps({"schemaVersion": 2, "manifests": [entry]}).encode(),
    )
    registry.faults.append(lambda _asked, _answer: listed)
    for _turn in range(2):
        assert source.referrers(repository, Digest.of(b"x")).gaps
    assert len(registry.asked()) == 1


LOOKUPS = {
    "tag": lambda source, app: source.manifest(app, Tag("absent")),
    "digest": lambda source, app: source.manifest(app, Digest.of(b"absent")),
    "blob": lambda source, app: source.blob(app, Digest.of(b"absent"), max_bytes=10),
}


@pytest.mark.parametrize("code", [401, 403, 404])
@pytest.mark.parametrize("lookup", LOOKUPS.values(), ids=LOOKUPS)
def test_a_definite_no_is_asked_for_once(registry, lookup, code):
    source = connect(RegistryOptions(), ticker=HandTicker())
    app = Repository.parse(f"{registry.host}/app")
    registry.faults.append(status(code))
    said = set()
    for _turn in range(3):
        with pytest.raises(SealpinError) as caught:
            lookup(source, app)
        said.add((caught.value.code, caught.value.message, caught.value.hint))
    assert (len(said), len(registry.asked())) == (1, 1)


@pytest.mark.parametrize("fault", [status(503), memory_registry.reset], ids=["503", "reset"])
def test_what_may_pass_is_asked_for_again(registry, fault):
    source = connect(RegistryOptions(), ticker=HandTicker())
    app = Repository.parse(f"{registry.host}/app")
    registry.faults.append(memory_registry.times(4, fault))
    with pytest.raises(Unavailable):
        source.manifest(app, Tag("1.0"))
    assert source.manifest(app, Tag("1.0"))


def test_a_manifest_that_was_absent_is_at_hand_once_a_tag_means_it(registry):
    source = connect(RegistryOptions(), ticker=HandTicker())
    app = Repository.parse(f"{registry.host}/app")
    digest = source.manifest(app, Tag("1.0")).digest
    source = connect(RegistryOptions(), ticker=HandTicker())
    registry.faults.append(memory_registry.on("manifests/sha256", status(404)))
    with pytest.raises(NotFound):
        source.manifest(app, digest)
    assert source.manifest(app, Tag("1.0")).digest == digest
    assert source.manifest(app, digest).digest == digest

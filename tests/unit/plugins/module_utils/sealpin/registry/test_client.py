# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The distribution protocol as the client speaks it, and every way it can go unanswered."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
import trustme

from sealpin.digest import Digest
from sealpin.errors import InvalidInput, SealpinError, Unavailable, VerificationFailed
from sealpin.evidence import Route
from sealpin.limits import MAX_MANIFEST_BYTES, MAX_REFERRERS
from sealpin.reference import ImageReference, Tag
from sealpin.registry.answers import NotFound
from sealpin.registry.connect import connect
from sealpin.registry.options import RegistryOptions
from sealpin.registry.source import Source
from sealpin.registry.tls import TlsOptions
from support import memory_registry
from support.memory_registry import Answer, MemoryRegistry, on, status
from support.pacing import HandTicker

IMAGE = {"schemaVersion": 2, "layers": []}


@pytest.fixture
def registry():
    with memory_registry.serving() as running:
        running.repository("app").put_manifest(IMAGE, tag="1.0")
        yield running


def client(**options: object) -> Source:
    return connect(RegistryOptions(**options), ticker=HandTicker())


def image(registry: MemoryRegistry, text: str = "app:1.0") -> ImageReference:
    return ImageReference.parse(f"{registry.host}/{text}")


def image_digest(registry: MemoryRegistry) -> Digest:
    return Digest.parse(registry.repositories["app"].tags["1.0"][0])


def attach_many(registry: MemoryRegistry, count: int) -> None:
    subject = str(image_digest(registry))
    for i in range(count):
        registry.repositories["app"].attach(subject, b"%d" % i, layer_type="text/plain")


def test_resolves_a_tag_with_one_request(registry):
    artifact = client().resolve(image(registry))
    assert artifact.digest == image_digest(registry)
    assert [asked.path for asked in registry.asked()] == ["/v2/app/manifests/1.0"]


def test_resolves_a_digest_without_asking(registry):
    reference = image(registry, f"app:1.0@{image_digest(registry)}")
    assert client().resolve(reference).digest == image_digest(registry)
    assert registry.asked() == []


def test_a_tag_keeps_its_first_meaning_within_a_run(registry):
    repository = registry.repositories["app"]
    second = repository.put_manifest({**IMAGE, "annotations": {"n": "2"}})
    first = repository.tags["1.0"][0]
    repository.tags["1.0"] = [first, second, first, second]
    source = client()
    with ThreadPoolExecutor(8) as pool:
        artifacts = list(pool.map(lambda _: source.resolve(image(registry)), range(8)))
    assert {str(artifact.digest) for artifact in artifacts} == {first}
    assert len(registry.asked()) == 1


def test_never_parses_the_manifest_of_a_tag(registry):
    registry.repositories["app"].put_manifest(b"not json", media_type="text/plain", tag="odd")
    assert client().resolve(image(registry, "app:odd")).digest == Digest.of(b"not json")


def test_a_registry_that_announces_another_digest_is_caught(registry):
    wrong = {"Docker-Content-Digest": str(Digest.of(b"other"))}
    registry.faults.append(lambda asked, answer: Answer(headers=wrong, body=answer.body))
    with pytest.raises(VerificationFailed) as caught:
        client().resolve(image(registry))
    assert caught.value.code == "digest.mismatch"


def test_a_malformed_announcement_is_no_answer(registry):
    headers = {"Docker-Content-Digest": "sha256:xyz"}
    registry.faults.append(lambda asked, answer: Answer(headers=headers, body=answer.body))
    with pytest.raises(Unavailable) as caught:
        client().resolve(image(registry))
    assert caught.value.code == "registry.malformed-answer"


@pytest.mark.parametrize("kind", ["manifests", "blobs"])
def test_content_that_is_not_what_its_digest_says_is_refused(registry, kind):
    content = registry.repositories["app"]
    digest = Digest.parse(content.put_blob(b"blob"))
    registry.faults.append(memory_registry.corrupted)
    repository = image(registry).repository
    source = client()
    read = {
        "blobs": lambda: source.blob(repository, digest, max_bytes=100),
        "manifests": lambda: source.manifest(repository, image_digest(registry)),
    }[kind]
    with pytest.raises(VerificationFailed) as caught:
        read()
    assert caught.value.code == "digest.mismatch"


@pytest.mark.parametrize(
    ("code", "family", "expected"),
    [
        (401, Unavailable, "registry.unauthorized"),
        (403, Unavailable, "registry.denied"),
        (404, NotFound, "registry.not-found"),
        (418, Unavailable, "registry.unexpected-status"),
        (429, Unavailable, "registry.rate-limited"),
        (500, Unavailable, "registry.server-error"),
        (503, Unavailable, "registry.server-error"),
    ],
)
def test_only_404_says_that_an_image_is_not_there(registry, code, family, expected):
    registry.faults.append(status(code))
    with pytest.raises(family) as caught:
        client().resolve(image(registry))
    assert caught.value.code == expected
    assert "app:1.0" in caught.value.message


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        pytest.param(memory_registry.reset, "registry.connection", id="reset"),
        pytest.param(memory_registry.truncated, "registry.truncated", id="truncated"),
        pytest.param(
            memory_registry.endless(1 << 30, declared=True), "registry.too-large", id="1 GiB"
        ),
        pytest.param(
            memory_registry.endless(1 << 30, declared=False),
            "registry.too-large",
            id="1 GiB undeclared",
        ),
        pytest.param(
            memory_registry.redirected("http://elsewhere.example/"), "registry.redirect", id="away"
        ),
    ],
)
def test_what_is_no_answer_is_unavailable(registry, fault, expected):
    registry.faults.append(fault)
    with pytest.raises(Unavailable) as caught:
        client().resolve(image(registry))
    assert caught.value.code == expected


def test_asks_again_when_the_limit_has_passed(registry):
    registry.faults.append(memory_registry.times(2, status(429, Retry_After="3")))
    ticker = HandTicker()
    source = connect(RegistryOptions(), ticker=ticker)
    assert source.resolve(image(registry)).digest == image_digest(registry)
    assert ticker.slept_s == [3.0, 3.0]


def test_one_deadline_holds_for_the_whole_run(registry):
    ticker = HandTicker()
    source = connect(RegistryOptions(timeout_s=10), ticker=ticker)
    source.resolve(image(registry))
    ticker.pass_s(11)
    with pytest.raises(Unavailable) as caught:
        source.manifest(image(registry).repository, Tag("other"))
    assert caught.value.code == "registry.deadline"


def test_a_blob_from_elsewhere_is_fetched_without_the_password(registry):
    content = registry.repositories["app"]
    digest = Digest.parse(content.put_blob(b"blob"))
    registry.behaviour.authentication = "bearer"
    registry.behaviour.public_paths = frozenset({"app"})
    with memory_registry.serving() as store:
        store.repository("app").put_blob(b"blob")
        redirect = memory_registry.redirected(f"http://{store.host}{{path}}")
        registry.faults.append(
            on(
                "/blobs/",
                lambda asked, answer: redirect(asked, answer) if answer.status == 200 else answer,
            )
        )
        assert client().blob(image(registry).repository, digest, max_bytes=9) == b"blob"
        [asked] = store.asked()
    assert "authorization" not in asked.headers
    assert "authorization" in registry.asked("blobs")[-1].headers


def test_lists_referrers_over_all_pages(registry):
    attach_many(registry, 7)
    registry.behaviour.page_size = 3
    listed = client().referrers(image(registry).repository, image_digest(registry))
    assert (len(listed.descriptors), listed.route, listed.gaps) == (7, Route.REFERRERS_API, ())
    assert len(registry.asked("referrers")) == 3


def test_an_empty_first_page_is_not_the_end(registry):
    attach_many(registry, 2)
    registry.behaviour.page_size = 0

    def first_page_is_empty(asked, answer):
        registry.behaviour.page_size = 10
        return answer

    registry.faults.append(on("/referrers/", first_page_is_empty))
    listed = client().referrers(image(registry).repository, image_digest(registry))
    assert len(listed.descriptors) == 2


@pytest.mark.parametrize(
    "link",
    [
        pytest.param('<https://evil.example/v2/app/referrers/x>; rel="next"', id="other host"),
        pytest.param('<//evil.example/v2/app/referrers/x>; rel="next"', id="other host, no scheme"),
        pytest.param('</v2/secret/manifests/latest>; rel="next"', id="other repository"),
        pytest.param('</admin>; rel="next"', id="outside the protocol"),
        pytest.param('<http://[bad>; rel="next"', id="malformed"),
    ],
)
def test_a_next_page_elsewhere_is_a_gap_beside_this_one_and_is_not_asked_for(registry, link):
    attach_many(registry, 1)

    def linked(asked, answer):
        return Answer(headers={**answer.headers, "Link": link}, body=answer.body)

    registry.faults.append(on("/referrers/", linked))
    listed = client().referrers(image(registry).repository, image_digest(registry))
    assert len(listed.descriptors) == 1
    assert [gap.error.code for gap in listed.gaps] == ["registry.foreign-page"]
    assert len(registry.asked()) == 1


def test_a_page_that_fails_leaves_what_was_listed_and_a_gap(registry):
    attach_many(registry, 4)
    registry.behaviour.page_size = 2
    registry.faults.append(on("start=2", status(403)))
    listed = client().referrers(image(registry).repository, image_digest(registry))
    assert len(listed.descriptors) == 2
    assert [gap.error.code for gap in listed.gaps] == ["registry.denied"]
    assert not listed.gaps[0].conclusive


def test_pages_without_end_are_bounded(registry):
    attach_many(registry, 1)

    def again(asked, answer):
        return Answer(
            headers={**answer.headers, "Link": f'<{asked.path}>; rel="next"'}, body=answer.body
        )

    registry.faults.append(on("/referrers/", again))
    listed = client().referrers(image(registry).repository, image_digest(registry))
    assert [gap.error.code for gap in listed.gaps] == ["registry.too-many-pages"]
    assert len(registry.asked()) == 100


def test_ten_thousand_referrers_are_cut_at_the_bound_with_a_gap(registry):
    def many(asked, answer):
        entry = {"mediaType": memory_registry.MANIFEST, "size": 2}
        entries = [{**entry, "digest": f"sha256:{i:064x}"} for i in range(10_000)]
        body = json.dumps({"schemaVersion": 2, "manifests": entries}).encode()
        return Answer(headers=answer.headers, body=body)

    registry.faults.append(on("/referrers/", many))
    listed = client().referrers(image(registry).repository, image_digest(registry))
    assert len(listed.descriptors) == MAX_REFERRERS
    assert [gap.error.code for gap in listed.gaps] == ["evidence.too-many-referrers"]


def fallback_index(registry: MemoryRegistry) -> None:
    repository = registry.repositories["app"]
    subject = str(image_digest(registry))
    index = {"schemaVersion": 2, "manifests": repository.referrers(subject)}
    repository.put_manifest(index, tag=subject.replace(":", "-"))


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(lambda *_: Answer(status=404, body=b"404 page not found\n"), id="404 route"),
        pytest.param(status(404), id="404 error"),
        pytest.param(status(400), id="400"),
        pytest.param(status(406), id="406"),
        pytest.param(lambda *_: Answer(headers={"Content-Type": "text/html"}), id="200 page"),
        pytest.param(lambda *_: Answer(), id="200 without a type"),
    ],
)
def test_a_registry_without_the_api_is_asked_for_the_referrers_tag(registry, fault):
    attach_many(registry, 2)
    fallback_index(registry)
    registry.faults.append(on("/referrers/", fault))
    listed = client().referrers(image(registry).repository, image_digest(registry))
    assert (len(listed.descriptors), listed.route) == (2, Route.REFERRERS_TAG)


@pytest.mark.parametrize("code", [401, 403, 429, 500, 503])
def test_a_registry_that_does_not_answer_is_not_taken_for_one_without_the_api(registry, code):
    attach_many(registry, 2)
    fallback_index(registry)
    registry.faults.append(on("/referrers/", status(code)))
    with pytest.raises(Unavailable):
        client().referrers(image(registry).repository, image_digest(registry))
    assert not registry.asked("manifests")


def test_remembers_for_the_registry_that_the_route_is_unknown(registry):
    registry.behaviour.referrers_api = False
    source = client()
    for i in range(3):
        source.referrers(image(registry, f"app{i}").repository, image_digest(registry))
    assert len(registry.asked("referrers")) == 1


def test_an_error_of_the_registry_speaks_of_one_repository_only(registry):
    registry.faults.append(on("/referrers/", status(404)))
    source = client()
    for name in ("a", "b", "a"):
        subject = Digest.of(name.encode() + bytes(len(registry.asked())))
        source.referrers(image(registry, name).repository, subject)
    assert len(registry.asked("referrers")) == 2


def test_no_referrers_at_all_is_an_empty_answer(registry):
    registry.behaviour.referrers_api = False
    listed = client().referrers(image(registry).repository, image_digest(registry))
    assert (listed.descriptors, listed.gaps) == ((), ())


def test_a_broken_referrers_tag_is_an_error_and_no_absence(registry):
    registry.behaviour.referrers_api = False
    tag = str(image_digest(registry)).replace(":", "-")
    registry.repositories["app"].put_manifest(b"{", media_type=memory_registry.INDEX, tag=tag)
    with pytest.raises(InvalidInput):
        client().referrers(image(registry).repository, image_digest(registry))


def test_a_manifest_beyond_its_bound_is_refused(registry):
    registry.repositories["app"].put_manifest(
        b" " * (MAX_MANIFEST_BYTES + 1), media_type=memory_registry.MANIFEST, tag="big"
    )
    with pytest.raises(Unavailable) as caught:
        client().manifest(image(registry).repository, Tag("big"))
    assert caught.value.code == "registry.too-large"


def test_plain_http_elsewhere_needs_a_name(registry):
    """A registry that is not this machine is asked by TLS, which this one does not speak."""
    port = registry.port
    elsewhere = ImageReference.parse(f"0.0.0.0:{port}/app:1.0")
    with pytest.raises(Unavailable) as caught:
        client().resolve(elsewhere)
    assert caught.value.code == "registry.tls"
    assert "does not speak TLS" in caught.value.message
    assert "--allow-http-registry" in caught.value.hint
    named = client(http_registries=frozenset({f"0.0.0.0:{port}"}))
    assert named.resolve(elsewhere).digest == image_digest(registry)
    anywhere = client(unsafe_http_anywhere=True)
    assert anywhere.resolve(elsewhere).digest == image_digest(registry)


def test_a_registry_with_its_own_authority(tmp_path):
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    with memory_registry.serving(tls=authority) as secure:
        secure.repository("app").put_manifest(IMAGE, tag="1.0")
        source = client(tls=TlsOptions(ca_files=(tmp_path / "ca.pem",)))
        assert source.resolve(image(secure)).digest == image_digest(secure)


def test_a_certificate_nobody_trusts_is_told_from_a_server_without_tls():
    with memory_registry.serving(tls=trustme.CA()) as secure:
        secure.repository("app").put_manifest(IMAGE, tag="1.0")
        with pytest.raises(Unavailable) as caught:
            client(tls=TlsOptions(server_name=secure.host)).resolve(image(secure))
    assert caught.value.code == "registry.tls"
    assert "no trusted TLS connection" in caught.value.message
    assert "certificate authority" in caught.value.hint


def test_a_named_file_that_does_not_load_is_reported_before_anything_is_asked(tmp_path):
    with pytest.raises(SealpinError) as caught:
        client(tls=TlsOptions(ca_files=(tmp_path / "gone.pem",)))
    assert caught.value.code == "tls.ca-file"

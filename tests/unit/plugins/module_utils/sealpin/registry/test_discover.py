# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Discovery: everything that is there is found, and nothing that failed is called absent."""

from __future__ import annotations

import gzip
import json
import threading
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sealpin.digest import Digest
from sealpin.errors import InvalidInput
from sealpin.evidence import EvidenceKind, EvidenceSet, Route
from sealpin.limits import (
    MAX_EVIDENCE_BYTES,
    MAX_EVIDENCE_LAYERS,
    MAX_REFERRERS,
    MAX_TOTAL_EVIDENCE_BYTES,
)
from sealpin.mediatypes import DSSE_ENVELOPE, SIMPLE_SIGNING
from sealpin.reference import ImageReference, Repository
from sealpin.registry.connect import connect
from sealpin.registry.discover import discover
from sealpin.registry.mirrors import Mirrors
from sealpin.registry.options import RegistryOptions
from support import memory_registry
from support.memory_registry import Answer, MemoryRegistry, image_document, on, status
from support.pacing import HandTicker
from support.vectors import vectors

BUNDLE_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
MIB = 1024 * 1024
SIGNATURES = frozenset({EvidenceKind.SIGNATURE_LAYER, EvidenceKind.BUNDLE})


@pytest.fixture
def registry():
    with memory_registry.serving() as running:
        running.repository("app").put_manifest({"layers": []}, tag="1.0")
        yield running


def subject_of(registry: MemoryRegistry) -> str:
    return registry.repositories["app"].tags["1.0"][0]


def find(registry: MemoryRegistry, *others: str, **options: object) -> EvidenceSet:
    source = connect(RegistryOptions(), ticker=HandTicker())
    image = Repository.parse(f"{registry.host}/app")
    places = tuple(Repository.parse(f"{registry.host}/{other}") for other in others)
    subject = Digest.parse(subject_of(registry))
    return discover(source, image=image, subject=subject, repositories=places, **options)


def attach(registry: MemoryRegistry, content: bytes, *, to: str = "app", **more: object) -> str:
    options = {"layer_type": BUNDLE_TYPE, "artifact_type": BUNDLE_TYPE, **more}
    return registry.repository(to).attach(subject_of(registry), content, **options)


def sign(
    registry: MemoryRegistry,
    *contents: bytes,
    to: str = "app",
    suffix: str = ".sig",
    prefix: str = "",
    media_type: str = SIMPLE_SIGNING,
) -> None:
    repository = registry.repository(to)
    layers = [
        {
            "mediaType": media_type,
            "digest": repository.put_blob(content),
            "size": len(content),
            "annotations": {"dev.cosignproject.cosign/signature": "c2ln"},
        }
        for content in contents
    ]
    tag = prefix + subject_of(registry).replace(":", "-") + suffix
    repository.put_manifest(image_document(layers), tag=tag)


def shown(found: EvidenceSet) -> list[tuple[str, bytes, str]]:
    return [(item.kind.name, item.content, item.route.name) for item in found.items]


def codes(found: EvidenceSet) -> list[tuple[str, bool]]:
    return [(gap.error.code, gap.conclusive) for gap in found.gaps]


def test_finds_the_union_of_bundles_signatures_and_attestations(registry):
    attach(registry, b"bundle")
    sign(registry, b"one", b"two")
    sign(registry, b"attestation", suffix=".att", media_type=DSSE_ENVELOPE)
    found = find(registry)
    assert shown(found) == [
        ("BUNDLE", b"bundle", "REFERRERS_API"),
        ("SIGNATURE_LAYER", b"one", "SIGNATURE_TAG"),
        ("SIGNATURE_LAYER", b"two", "SIGNATURE_TAG"),
        ("ATTESTATION_LAYER", b"attestation", "ATTESTATION_TAG"),
    ]
    assert found.is_complete
    assert found.items[1].annotations == {"dev.cosignproject.cosign/signature": "c2ln"}
    assert found.items[1].location.endswith(".sig")


def test_an_image_without_evidence_is_completely_empty(registry):
    found = find(registry)
    assert (found.items, found.gaps, found.is_complete) == ((), (), True)


@pytest.mark.parametrize("route", ["referrers", ".sig", ".att"])
@pytest.mark.parametrize("code", [401, 403, 429, 500])
def test_a_place_that_does_not_answer_is_never_called_empty(registry, route, code):
    attach(registry, b"bundle")
    sign(registry, b"one")
    registry.faults.append(on(route, status(code)))
    found = find(registry)
    assert not found.is_complete
    assert len(found.gaps) == 1
    assert found.gaps[0].error.code.startswith("registry.")
    assert found.items, "what another place has is still found"


def test_a_piece_that_cannot_be_fetched_leaves_absence_unproven(registry):
    digest = registry.repositories["app"].put_blob(b"bundle")
    attach(registry, b"bundle")
    attach(registry, b"good")
    del registry.repositories["app"].blobs[digest]
    found = find(registry)
    assert [item.content for item in found.items] == [b"good"]
    assert codes(found) == [("registry.not-found", False)]


def test_a_listed_manifest_that_is_gone_leaves_absence_unproven(registry):
    del registry.repositories["app"].manifests[attach(registry, b"bundle")]
    entry = {"mediaType": memory_registry.MANIFEST, "digest": "sha256:" + "0" * 64, "size": 2}
    body = json.dumps({"schemaVersion": 2, "manifests": [entry]}).encode()
    registry.faults.append(
        on("/referrers/", lambda asked, answer: Answer(headers=answer.headers, body=body))
    )
    assert codes(find(registry)) == [("registry.not-found", False)]


def test_an_altered_piece_is_a_gap_and_no_evidence(registry):
    sign(registry, b"one")
    registry.faults.append(on("/blobs/", memory_registry.corrupted))
    found = find(registry)
    assert (found.items, codes(found)) == ((), [("digest.mismatch", False)])


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"{", id="no JSON"),
        pytest.param(b'{"layers": {}}', id="layers no list"),
        pytest.param(b'{"layers": [{"size": 1}]}', id="layer without digest"),
        pytest.param(b'{"layers": [], "manifests": []}', id="index and image at once"),
        pytest.param(b'{"manifests": []}', id="an index"),
    ],
)
def test_an_unparsable_evidence_manifest_is_counted_and_hides_nothing(registry, content):
    tag = subject_of(registry).replace(":", "-") + ".sig"
    registry.repositories["app"].put_manifest(content, media_type=memory_registry.MANIFEST, tag=tag)
    attach(registry, b"bundle")
    found = find(registry)
    assert [item.content for item in found.items] == [b"bundle"]
    assert [conclusive for _key, conclusive in codes(found)] == [True]
    assert found.is_complete


@pytest.mark.parametrize(
    "hints",
    [
        pytest.param({"artifact_type": ""}, id="no artifact type"),
        pytest.param({"artifact_type": "application/vnd.oci.empty.v1+json"}, id="wrong type"),
        pytest.param({"annotations": {"dev.sigstore.bundle.predicateType": "x"}}, id="annotation"),
        pytest.param({"layer_type": BUNDLE_TYPE.replace("0.3", "0.4")}, id="newer bundle"),
    ],
)
def test_hints_in_a_listing_hide_nothing(registry, hints):
    attach(registry, b"bundle", **hints)
    assert [item.content for item in find(registry).items] == [b"bundle"]


@pytest.mark.parametrize(
    ("layer_type", "kind"),
    [
        (SIMPLE_SIGNING, EvidenceKind.SIGNATURE_LAYER),
        (DSSE_ENVELOPE, EvidenceKind.ATTESTATION_LAYER),
    ],
)
def test_finds_legacy_layers_among_the_referrers_too(registry, layer_type, kind):
    attach(registry, b"layer", layer_type=layer_type)
    [item] = find(registry).items
    assert (item.kind, item.route) == (kind, Route.REFERRERS_API)


def test_other_referrers_are_no_evidence_and_no_gap(registry):
    attach(registry, b"sbom", layer_type="application/spdx+json")
    found = find(registry)
    assert (found.items, found.gaps) == ((), ())


def test_the_type_of_a_layer_under_a_legacy_tag_does_not_matter(registry):
    sign(registry, b"one", media_type="text/plain")
    assert [item.kind for item in find(registry).items] == [EvidenceKind.SIGNATURE_LAYER]


def test_looks_in_further_repositories(registry):
    sign(registry, b"one")
    sign(registry, b"two", to="signatures")
    attach(registry, b"bundle", to="signatures")
    both = find(registry, "app", "signatures")
    assert [item.content for item in both.items] == [b"one", b"bundle", b"two"]
    only = find(registry, "signatures")
    assert [item.content for item in only.items] == [b"bundle", b"two"]


def test_the_same_piece_in_two_places_is_one(registry):
    attach(registry, b"bundle")
    attach(registry, b"bundle", to="signatures")
    assert len(find(registry, "app", "signatures").items) == 1


def test_a_missing_further_repository_is_an_empty_answer(registry):
    found = find(registry, "app", "nowhere")
    assert (found.items, found.gaps) == ((), ())


def test_a_tag_prefix_stands_before_the_tags(registry):
    sign(registry, b"one", prefix="team-")
    assert find(registry).items == ()
    assert len(find(registry, tag_prefix="team-").items) == 1
    with pytest.raises(InvalidInput):
        find(registry, tag_prefix="../")


def test_asks_for_nothing_that_nobody_wants(registry):
    sign(registry, b"one")
    attach(registry, b"bundle")
    found = find(registry, want=frozenset({EvidenceKind.BUNDLE}))
    assert [item.content for item in found.items] == [b"bundle"]
    assert not [asked for asked in registry.asked() if asked.path.endswith((".sig", ".att"))]


def test_the_order_does_not_depend_on_who_answers_first(registry):
    contents = [b"bundle %d" % i for i in range(20)]
    for content in contents:
        attach(registry, content)
    sign(registry, b"one", b"two")
    found = find(registry)
    assert [item.content for item in found.items] == [*contents, b"one", b"two"]
    assert find(registry) == found


def test_asks_all_places_at_the_same_time(registry):
    """Each of the three lookups waits in the registry until all three have arrived."""
    together = threading.Barrier(3, timeout=10)

    def meet(asked, answer):
        together.wait()
        return answer

    registry.faults.append(meet)
    assert find(registry).gaps == ()


def test_runs_on_an_executor_it_is_given(registry):
    sign(registry, b"one")
    attach(registry, b"bundle")
    asked = set()
    with ThreadPoolExecutor(1, initializer=lambda: asked.add(threading.get_ident())) as pool:
        assert len(find(registry, executor=pool).items) == 2
        assert len(asked) == 1


def test_reads_a_compressed_bundle(registry):
    attach(registry, gzip.compress(b"bundle"))
    assert [item.content for item in find(registry).items] == [b"bundle"]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(gzip.compress(b"bundle")[:-9], id="cut short"),
        pytest.param(b"\x1f\x8b" + b"junk" * 9, id="junk"),
    ],
)
def test_broken_compression_is_counted_and_hides_nothing(registry, content):
    attach(registry, content)
    attach(registry, b"good")
    found = find(registry)
    assert [item.content for item in found.items] == [b"good"]
    assert codes(found) == [("evidence.compression", True)]


def peak_of(action) -> int:
    tracemalloc.start()
    try:
        action()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_compressed_bombs_are_bounded_together(registry):
    bomb = gzip.compress(bytes(256 * MIB), compresslevel=9)
    for i in range(12):
        attach(registry, bomb, annotations={"n": str(i)})
    results = []
    peak_bytes = peak_of(lambda: results.append(find(registry)))
    [found] = results
    assert found.items == ()
    assert {code for code, _value in codes(found)} == {"evidence.too-large"}
    assert not found.is_complete
    assert peak_bytes < 150 * MIB


def test_one_compressed_piece_has_a_bound_of_its_own(registry):
    """It is smaller than the bound on all pieces together."""
    attach(registry, gzip.compress(bytes(MAX_EVIDENCE_BYTES + 1)))
    attach(registry, gzip.compress(b"good"))
    found = find(registry)
    assert [item.content for item in found.items] == [b"good"]
    assert codes(found) == [("evidence.too-large", False)]


@pytest.mark.parametrize("size", [MAX_EVIDENCE_BYTES + 1, 1 << 30])
def test_a_piece_that_declares_too_much_is_not_fetched(registry, size):
    repository = registry.repositories["app"]
    layer = {"mediaType": BUNDLE_TYPE, "digest": repository.put_blob(b"b"), "size": size}
    document = image_document([layer])
    document["subject"] = {"mediaType": "", "digest": subject_of(registry), "size": 2}
    repository.put_manifest(document)
    found = find(registry)
    assert codes(found) == [("evidence.too-large", False)]
    assert registry.asked("blobs") == []


@pytest.mark.parametrize("declared", [True, False], ids=["declared", "undeclared"])
def test_a_piece_that_sends_more_than_it_declared_is_given_up(registry, declared):
    sign(registry, b"one")
    registry.faults.append(on("/blobs/", memory_registry.endless(1 << 30, declared=declared)))
    results = []
    assert peak_of(lambda: results.append(find(registry))) < 32 * MIB
    assert codes(results[0]) == [("registry.too-large", False)]


def test_many_large_pieces_are_bounded_together(registry):
    for i in range(12):
        attach(registry, b"%d" % i + bytes(10 * MIB))
    registry.log.clear()
    results = []
    peak_bytes = peak_of(lambda: results.append(find(registry)))
    total = sum(len(item.content) for item in results[0].items)
    assert total <= MAX_TOTAL_EVIDENCE_BYTES
    assert ("evidence.too-large", False) in codes(results[0])
    assert peak_bytes < 200 * MIB


def test_a_thousand_and_one_layers_are_cut_at_the_bound(registry):
    contents = [b"%d" % i for i in range(MAX_EVIDENCE_LAYERS + 1)]
    sign(registry, *contents)
    found = find(registry)
    assert [item.content for item in found.items] == contents[:-1]
    assert codes(found) == [("evidence.too-many-layers", False)]


def test_ten_thousand_referrers_are_cut_at_the_bound(registry):
    repository = registry.repositories["app"]
    for i in range(10_000):
        repository.attach(subject_of(registry), b"%d" % i, layer_type="text/plain")
    sign(registry, b"one")
    found = find(registry)
    assert [item.content for item in found.items] == [b"one"]
    assert codes(found) == [("evidence.too-many-referrers", False)]
    assert len(registry.asked("manifests")) == MAX_REFERRERS + 2


LAB = vectors("lab")
IMAGES = json.loads((LAB / "images.json").read_text())
UNSIGNED = {"plain/unsigned:1.0", "k8s/conformance:v1.24.0"}


@pytest.fixture(scope="module")
def lab():
    with memory_registry.serving() as running:
        running.load_tree(LAB / "repositories")
        yield running


def lab_evidence(source, registry: str, name: str, **options: object) -> EvidenceSet:
    image = Repository.parse(f"{registry}/{name.partition(':')[0]}")
    elsewhere = IMAGES[name].get("signatures")
    places = (Repository.parse(f"{registry}/{elsewhere}"),) if elsewhere else ()
    subject = Digest.parse(IMAGES[name]["digest"])
    return discover(source, image=image, subject=subject, repositories=places, **options)


def pieces(found: EvidenceSet) -> set[tuple[str, Digest, frozenset[tuple[str, str]]]]:
    return {(i.kind.name, i.digest, frozenset(i.annotations.items())) for i in found.items}


@pytest.mark.parametrize("has_api", [True, False], ids=["referrers API", "referrers tag"])
@pytest.mark.parametrize("name", sorted(IMAGES))
def test_every_lab_image_has_the_same_evidence_from_a_folder_and_from_a_registry(
    lab, name, has_api
):
    lab.behaviour.referrers_api = has_api
    mirrors = Mirrors.parse([f"lab.example=dir:{LAB / 'repositories'}"], base=Path("/"))
    folder = connect(RegistryOptions(mirrors=mirrors), ticker=HandTicker())
    client = connect(RegistryOptions(), ticker=HandTicker())
    from_folder = lab_evidence(folder, "lab.example", name)
    from_registry = lab_evidence(client, lab.host, name)
    assert from_folder.gaps == from_registry.gaps == ()
    assert pieces(from_folder) == pieces(from_registry)
    assert bool(from_folder.items) is (name not in UNSIGNED)


@pytest.mark.parametrize(
    ("name", "has_api", "requests"),
    [
        pytest.param("karmada/karmada-aggregated-apiserver:latest", True, 4, id="legacy"),
        pytest.param("keyed/ecdsa-bundle:1.0", True, 5, id="bundle"),
        pytest.param("plain/unsigned:1.0", True, 3, id="unsigned"),
        pytest.param("karmada/karmada-aggregated-apiserver:latest", False, 5, id="legacy, no API"),
        pytest.param("keyed/ecdsa-bundle:1.0", False, 6, id="bundle, no API"),
    ],
)
def test_one_image_by_tag_costs_few_requests(lab, name, has_api, requests):
    lab.behaviour.referrers_api = has_api
    lab.forget()
    source = connect(RegistryOptions(), ticker=HandTicker())
    artifact = source.resolve(ImageReference.parse(f"{lab.host}/{name}"))
    lab_evidence(source, lab.host, name, want=SIGNATURES)
    assert str(artifact.digest) == IMAGES[name]["digest"]
    assert len(lab.asked()) == requests


def test_after_the_first_image_a_registry_without_the_api_costs_no_more(lab):
    lab.behaviour.referrers_api = False
    source = connect(RegistryOptions(), ticker=HandTicker())
    lab_evidence(source, lab.host, "plain/unsigned:1.0")
    lab.forget()
    lab_evidence(source, lab.host, "keyed/ecdsa-bundle:1.0", want=SIGNATURES)
    assert len(lab.asked()) == 4

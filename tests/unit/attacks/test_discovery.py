# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Poisoned lists of evidence: whoever may write beside an image hides nothing and adds nothing."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sealpin.limits import MAX_EVIDENCE_LAYERS, MAX_EVIDENCE_PIECES
from sealpin.mediatypes import ANNOTATION_BUNDLE, ANNOTATION_TIMESTAMP
from support import memory_registry
from support.memory_registry import INDEX, MANIFEST, Answer, Asked, on
from support.signed_site import BUNDLE_TYPE, KEYLESS, SignedSite
from support.virtual_sigstore import Identity
from support.virtual_sigstore.certificate_authority import GITHUB_ISSUER

UNREADABLE = [
    {"mediaType": MANIFEST, "digest": f"blake3:{'0' * 64}", "size": 1},
    {"mediaType": MANIFEST, "digest": f"sha256:{'0' * 63}", "size": 1},
    {"mediaType": MANIFEST, "digest": f"sha256:{'0' * 64}", "size": -1},
    {"mediaType": MANIFEST, "digest": f"sha256:{'0' * 64}", "size": 1, "annotations": {"a": 1}},
    {},
    7,
]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[SignedSite]:
    with memory_registry.serving() as registry:
        yield SignedSite(registry=registry, folder=tmp_path)


def descriptor(site: SignedSite, digest: str, **more: Any) -> dict[str, Any]:
    media_type, content = site.repository.manifests[digest]
    return {"mediaType": media_type, "digest": digest, "size": len(content)} | more


def index(*entries: Any) -> dict[str, Any]:
    return {"schemaVersion": 2, "mediaType": INDEX, "manifests": list(entries)}


def list_by_tag(site: SignedSite, image: str, *entries: Any) -> None:
    site.registry.behaviour.referrers_api = False
    site.repository.put_manifest(index(*entries), tag=image.replace(":", "-"))


def list_by_api(site: SignedSite, *pages: list[Any]) -> None:
    """Answer with *pages*, each of which leads to the next and the last one to itself."""

    def listed(asked: Asked, answer: Answer) -> Answer:
        path, _mark, number = asked.path.partition("?page=")
        page = int(number or 0)
        following = min(page + 1, len(pages) - 1)
        link = {"Link": f'<{path}?page={following}>; rel="next"'} if len(pages) > 1 else {}
        body = json.dumps(index(*pages[page])).encode()
        return Answer(headers={"Content-Type": INDEX, **link}, body=body)

    site.registry.faults.append(on("/referrers/", listed))


@pytest.mark.parametrize(
    "lie",
    [
        {"artifactType": "text/html"},
        {"annotations": {"dev.sigstore.bundle.predicateType": "https://evil.test/v1"}},
        {"mediaType": "text/plain"},
        {"size": 1 << 62},
        {"size": 0},
        {"data": base64.b64encode(b'{"layers": []}').decode()},
        {"platform": {"os": "plan9", "architecture": "mips"}},
    ],
    ids=lambda lie: next(iter(lie)),
)
def test_a_lie_in_a_listing_hides_no_signature(site: SignedSite, lie: dict[str, Any]) -> None:
    image = site.image()
    signature = site.refer(image, site.sigstore.bundle(image))
    list_by_tag(site, image, descriptor(site, signature, **lie))
    assert site.verify().code == 0


def test_data_in_a_descriptor_is_not_read_in_place_of_the_blob(site: SignedSite) -> None:
    image, other = site.image(), site.image("other", tag="other")
    listed = site.refer(image, site.sigstore.bundle(other))
    manifest = json.loads(site.repository.manifests[listed][1])
    right = base64.b64encode(site.sigstore.bundle(image).content).decode()
    manifest["layers"][0]["data"] = right
    lying = site.repository.put_manifest(manifest)
    list_by_tag(site, image, descriptor(site, lying, data=right))
    ran = site.verify()
    assert (ran.code, "[subject.mismatch]" in ran.err) == (1, True)


@pytest.mark.parametrize("entry", UNREADABLE, ids=json.dumps)
@pytest.mark.parametrize("route", ["api", "tag"])
def test_an_entry_that_cannot_be_read_hides_no_signature_and_denies_none(
    site: SignedSite, route: str, entry: object
) -> None:
    image = site.image()

    def verify(*entries: object) -> int:
        if route == "tag":
            list_by_tag(site, image, *entries)
        else:
            site.registry.faults.clear()
            list_by_api(site, list(entries))
        return site.verify().code

    signature = descriptor(site, site.refer(image, site.sigstore.bundle(image)))
    assert [verify(entry, signature), verify(entry)] == [0, 2]


def test_an_entry_listed_a_thousand_times_hides_no_later_page(site: SignedSite) -> None:
    image, other = site.image(), site.image("other", tag="other")
    foreign = descriptor(site, site.refer(other, site.sigstore.bundle(other)))
    signature = descriptor(site, site.refer(image, site.sigstore.bundle(image)))
    list_by_api(site, [foreign] * 1001, [signature])
    assert site.verify().code == 0


@pytest.mark.parametrize("entry", [descriptor, None], ids=["the same", "unreadable"])
def test_a_list_without_end_proves_no_absence_and_takes_few_requests(
    site: SignedSite, entry: Any
) -> None:
    image, other = site.image(), site.image("other", tag="other")
    foreign = site.refer(other, site.sigstore.bundle(other))
    again = [entry(site, foreign) if entry else 7] * 4000
    list_by_api(site, again, again)
    ran = site.verify(tag=f"@{image}")
    assert (ran.code, "[evidence.too-many-referrers]" in ran.err) == (2, True)
    assert len(site.registry.asked("referrers")) == 3


def test_a_page_said_to_be_elsewhere_hides_no_signature_of_this_one(site: SignedSite) -> None:
    """A proxy that leaves the registry's own name in its links does this too."""
    image, other = site.image(), site.image("other", tag="other")

    def elsewhere(asked: Asked, answer: Answer) -> Answer:
        link = {"Link": f'<https://inner.test{asked.path}?page=2>; rel="next"'}
        return Answer(headers={**answer.headers, **link}, body=answer.body)

    site.refer(image, site.sigstore.bundle(image))
    site.registry.faults.append(on("/referrers/", elsewhere))
    assert site.verify().code == 0
    ran = site.verify(tag=f"@{other}")
    assert (ran.code, "[registry.foreign-page]" in ran.err) == (2, True)
    assert "its public name" in ran.err


def test_a_page_that_is_denied_is_asked_for_once_a_run(site: SignedSite) -> None:
    image = site.image()
    site.repository.tags["also"] = [image]

    def denied(asked: Asked, answer: Answer) -> Answer:
        if "page=" in asked.path:
            return Answer(status=403)
        link = {"Link": f'<{asked.path}?page=2>; rel="next"'}
        return Answer(headers={**answer.headers, **link}, body=answer.body)

    site.registry.faults.append(on("/referrers/", denied))
    assert site.verify(f"{site.name}:also", f"{site.name}@{image}").code == 2
    assert len(site.registry.asked("referrers")) == 2


@pytest.mark.parametrize("suffix", [".sig", ".att"])
def test_an_index_in_the_place_of_a_signature_is_named_and_holds_none(
    site: SignedSite, suffix: str
) -> None:
    image = site.image()
    signature = site.refer(image, site.sigstore.bundle(image))
    list_by_tag(site, image)
    nested = index(descriptor(site, signature))
    site.repository.put_manifest(nested, tag=image.replace(":", "-") + suffix)
    attested = ("verify-attestation", "--type", "slsaprovenance") if suffix == ".att" else ()
    ran = site.ask(*attested, *KEYLESS, f"{site.name}:1.0") if attested else site.verify()
    assert ran.code == 1
    said = " ".join(ran.err.split())
    assert f"{suffix} is unusable: not an image manifest" in said


def test_an_index_that_hangs_on_an_image_breaks_no_list_of_what_hangs_there(
    site: SignedSite,
) -> None:
    """Whoever may attach something could keep everybody from looking."""
    image = site.image()
    nested = index() | {"artifactType": "application/x", "subject": descriptor(site, image)}
    site.repository.put_manifest(nested)
    signature = site.refer(image, site.sigstore.bundle(image))
    assert site.verify().code == 0
    ran = site.ask("tree", f"{site.name}:1.0", trusted=False)
    assert (ran.code, "application/x" in ran.out, signature in ran.out) == (0, True, True)
    site.repository.put_manifest(index(), tag=image.replace(":", "-") + ".sbom")
    ran = site.ask("download", "sbom", f"{site.name}:1.0", trusted=False)
    assert (ran.code, "[sbom.layers]" in ran.err) == (3, True)


@pytest.mark.parametrize("place", ["api", "tag", ".sig"])
def test_evidence_of_another_image_is_none_of_this_one_wherever_it_is_put(
    site: SignedSite, place: str
) -> None:
    image, other = site.image(), site.image("other", tag="other")
    foreign = site.refer(other, site.sigstore.bundle(other))
    if place == "api":
        list_by_api(site, [descriptor(site, foreign)])
    elif place == "tag":
        list_by_tag(site, image, descriptor(site, foreign))
    else:
        site.attach(image, site.sigstore.sign_image(other))
    ran = site.verify()
    assert (ran.code, "[subject.mismatch]" in ran.err) == (1, True)


def test_very_many_pieces_are_not_all_looked_at_however_small_they_say_they_are(
    site: SignedSite,
) -> None:
    """Bytes are bounded by what is declared; nothing declared would be no bound."""
    image = site.image()
    empty = {"mediaType": BUNDLE_TYPE, "digest": site.repository.put_blob(b""), "size": 0}
    for number in range(MAX_EVIDENCE_PIECES // MAX_EVIDENCE_LAYERS + 1):
        more = {"subject": descriptor(site, image), "annotations": {"n": str(number)}}
        layers = [empty] * MAX_EVIDENCE_LAYERS
        site.repository.put_manifest(memory_registry.image_document(layers, **more))
    ran = site.verify()
    assert (ran.code, "[evidence.too-many-pieces]" in ran.err) == (2, True)


def test_what_hangs_on_an_image_cannot_write_on_a_terminal_or_break_the_reader(
    site: SignedSite,
) -> None:
    image = site.image()
    site.attach_raw(image, [(b"{}", "text/\x1b[2Jspdx\u202e", {})], suffix="sbom")
    ran = site.ask("download", "sbom", f"{site.name}:1.0", trusted=False)
    assert (ran.code, ran.err.replace("\n", "").isprintable()) == (0, True)


@pytest.mark.parametrize("name", [ANNOTATION_BUNDLE, ANNOTATION_TIMESTAMP])
@pytest.mark.parametrize("value", ["x", "7", "null", '{"a": 1, "a": 2}', "[" * 5000])
def test_a_signature_that_cannot_be_shown_hides_no_other(
    site: SignedSite, name: str, value: str
) -> None:
    image = site.image()
    good = site.sigstore.sign_image(image)
    layers = [
        (good.content, good.media_type, {**good.annotations, name: value}),
        (good.content, good.media_type, dict(good.annotations)),
    ]
    site.attach_raw(image, layers, suffix="sig")
    ran = site.ask("download", "signature", f"{site.name}:1.0", trusted=False)
    assert (ran.code, len(ran.out.splitlines())) == (0, 1)
    assert "warning: left out, at" in ran.err
    assert site.verify().code == 0


@pytest.mark.parametrize("good", ["legacy", "bundle"])
def test_another_signer_s_signature_in_one_form_hides_none_in_the_other(
    site: SignedSite, good: str
) -> None:
    image = site.image()
    evil = Identity.uri("https://evil.test/workflow", issuer=GITHUB_ISSUER)
    ours, theirs = {}, {"identity": evil}
    site.attach(image, site.sigstore.sign_image(image, **(ours if good == "legacy" else theirs)))
    site.refer(image, site.sigstore.bundle(image, **(ours if good == "bundle" else theirs)))
    assert site.verify().code == 0


@pytest.mark.parametrize("form", ["bundle in a legacy layer", "legacy in a bundle's layer"])
def test_one_form_does_not_pass_for_the_other(site: SignedSite, form: str) -> None:
    image = site.image()
    layer, bundle = site.sigstore.sign_image(image), site.sigstore.bundle(image)
    if form == "bundle in a legacy layer":
        piece = (bundle.content, layer.media_type, dict(layer.annotations))
    else:
        piece = (layer.content, BUNDLE_TYPE, dict(layer.annotations))
    site.attach_raw(image, [piece], suffix="sig")
    assert site.verify().code == 1

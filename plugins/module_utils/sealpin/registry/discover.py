# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Discovery: every candidate signature and attestation of one digest, from every place it can be.

For each repository, at the same time (OCI distribution-spec v1.1 "Listing Referrers"; cosign
SIGNATURE_SPEC.md and BUNDLE_SPEC.md):

1. the referrers of the subject, by the API or else by the referrers tag; then every listed
   manifest;
2. the tag ``sha256-<hex>.sig``, 3. the tag ``sha256-<hex>.att``; an absent tag is an empty answer;
4. every layer of these manifests whose media type is one that evidence has.

The result is the union. Media types and annotations say how bytes are to be read; ``artifactType``
and the other hints in a listing hide nothing. A place that did not answer is a `Gap` and leaves
absence unproven, and so does an answer to a tag that is no manifest, nor called one; a piece that
was read and cannot be used is a conclusive `Gap` and hides nothing.
What leads to what, and in which order the result is, is `lookups`.
"""

from __future__ import annotations

from concurrent.futures import Executor, ThreadPoolExecutor

from ..descriptor import Descriptor
from ..digest import Digest
from ..errors import InvalidInput, Unavailable
from ..evidence import Evidence, EvidenceKind, EvidenceSet, Route
from ..limits import (
    MAX_EVIDENCE_BYTES,
    MAX_EVIDENCE_LAYERS,
    MAX_EVIDENCE_PIECES,
    MAX_TOTAL_EVIDENCE_BYTES,
)
from ..mediatypes import (
    DSSE_ENVELOPE,
    INDEX_TYPES,
    MANIFEST_TYPES,
    SIGSTORE_BUNDLE_PREFIX,
    SIMPLE_SIGNING,
)
from ..records import dataclass, replace
from ..reference import Repository, Tag
from .answers import NotFound
from .lookups import Found, Lookup, Order, missed, run_lookups
from .manifest import Manifest, parse_image
from .source import Source
from .unpack import ByteBudget, PieceBudget, unpacked

_LOOKUPS = 8
_LEGACY_TAGS = {
    EvidenceKind.SIGNATURE_LAYER: (".sig", Route.SIGNATURE_TAG),
    EvidenceKind.ATTESTATION_LAYER: (".att", Route.ATTESTATION_TAG),
}
_TAG_ROUTES = frozenset(route for _suffix, route in _LEGACY_TAGS.values())
_MANIFESTS = frozenset((*INDEX_TYPES, *MANIFEST_TYPES))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Origin:
    """Where a manifest with evidence was found."""

    order: Order
    repository: Repository
    route: Route
    location: str


def discover(
    source: Source,
    *,
    image: Repository,
    subject: Digest,
    repositories: tuple[Repository, ...] = (),
    tag_prefix: str = "",
    want: frozenset[EvidenceKind] = frozenset(EvidenceKind),
    executor: Executor | None = None,
) -> EvidenceSet:
    """Gather the evidence for *subject*.

    *repositories* are all places to look in, the image's own only if it is among them; empty means
    *image* alone. *tag_prefix* stands before ``sha256-<hex>.sig`` and ``.att``. *want* leaves out
    lookups whose kinds nobody asked for. *executor* runs single requests and must not be the one
    that runs this function. What a source does wrong is a gap; raised is only `InvalidInput`
    ``reference.tag`` for a prefix that makes no tag.
    """
    search = _Search(source, subject=subject, tag_prefix=tag_prefix, want=want)
    places = dict.fromkeys(repositories or (image,))
    lookups = [lookup for i, place in enumerate(places) for lookup in search.lookups(i, place)]
    if executor is not None:
        return run_lookups(subject, lookups, executor)
    with ThreadPoolExecutor(_LOOKUPS, thread_name_prefix="sealpin-discover") as own:
        return run_lookups(subject, lookups, own)


class _Search:
    """The lookups for one subject; holds what they share."""

    def __init__(
        self,
        source: Source,
        *,
        subject: Digest,
        tag_prefix: str,
        want: frozenset[EvidenceKind],
    ) -> None:
        self._source = source
        self._subject = subject
        self._tag_prefix = tag_prefix
        self._want = want
        self._budget = ByteBudget(MAX_TOTAL_EVIDENCE_BYTES)
        self._pieces = PieceBudget(MAX_EVIDENCE_PIECES)

    def lookups(self, place: int, repository: Repository) -> tuple[Lookup, ...]:
        """Return the first lookups in *repository*, the *place*-th one looked in."""
        return (
            Lookup(  # 1.
                order=(place, 0),
                location=f"referrers of {repository}@{self._subject}",
                ask=lambda: self._ask_referrers((place, 0), repository),
            ),
            *(  # 2. and 3.
                self._tag_lookup((place, 1 + i), repository, suffix, route)
                for i, (kind, (suffix, route)) in enumerate(_LEGACY_TAGS.items())
                if kind in self._want
            ),
        )

    def _tag_lookup(
        self, order: Order, repository: Repository, suffix: str, route: Route
    ) -> Lookup:
        tag = Tag.parse(f"{self._tag_prefix}{self._subject.tag_prefix}{suffix}")
        origin = _Origin(
            order=order, repository=repository, route=route, location=f"{repository}:{tag}"
        )

        def ask() -> Found:
            try:
                manifest = self._source.manifest(repository, tag)
            except NotFound:
                return Found()
            return self._layers(manifest, origin)

        return Lookup(order=order, location=origin.location, ask=ask)

    def _ask_referrers(self, order: Order, repository: Repository) -> Found:
        try:
            listed = self._source.referrers(repository, self._subject)
        except NotFound:
            return Found()
        return Found(
            gaps=tuple((order, gap) for gap in listed.gaps),
            next=tuple(
                self._referrer_lookup((*order, i), repository, descriptor, listed.route)
                for i, descriptor in enumerate(listed.descriptors)
            ),
        )

    def _referrer_lookup(
        self, order: Order, repository: Repository, descriptor: Descriptor, route: Route
    ) -> Lookup:
        location = f"{repository}@{descriptor.digest}"
        origin = _Origin(order=order, repository=repository, route=route, location=location)

        def ask() -> Found:
            manifest = self._source.manifest(repository, descriptor.digest)
            return self._layers(manifest, origin)

        return Lookup(order=order, location=origin.location, ask=ask)

    def _layers(self, manifest: Manifest, origin: _Origin) -> Found:
        try:
            layers = parse_image(manifest).layers
        except InvalidInput as error:
            # A tag's answer that is not even called a manifest may be anybody's: a portal's page.
            is_answer = origin.route not in _TAG_ROUTES or manifest.media_type in _MANIFESTS
            return missed(origin.order, origin.location, error, conclusive=is_answer)
        lookups = tuple(  # 4.
            self._layer_lookup(i, layer, kind, origin)
            for i, layer in enumerate(layers[:MAX_EVIDENCE_LAYERS])
            if (kind := _kind_of(layer, origin.route)) is not None and kind in self._want
        )
        allowed = lookups[: self._pieces.take(len(lookups))]
        if len(layers) > MAX_EVIDENCE_LAYERS:
            too_many = _too_many_layers(len(layers), origin)
        elif len(allowed) < len(lookups):
            too_many = _too_many_pieces(len(lookups), len(allowed), origin)
        else:
            return Found(next=allowed)
        return replace(missed(origin.order, origin.location, too_many), next=allowed)

    def _layer_lookup(
        self, index: int, layer: Descriptor, kind: EvidenceKind, origin: _Origin
    ) -> Lookup:
        order = (*origin.order, index)

        def ask() -> Found:
            content = self._content(layer, origin)
            if kind is EvidenceKind.BUNDLE:
                try:
                    content = unpacked(content, budget=self._budget, where=origin.location)
                except InvalidInput as error:
                    return missed(order, origin.location, error, conclusive=True)
            evidence = Evidence(
                kind=kind,
                subject=self._subject,
                content=content,
                annotations=layer.annotations,
                route=origin.route,
                location=origin.location,
            )
            return Found(items=((order, evidence),))

        return Lookup(order=order, location=origin.location, ask=ask)

    def _content(self, layer: Descriptor, origin: _Origin) -> bytes:
        """Fetch a layer of at most the size its descriptor declares, if that is bearable."""
        if layer.size_bytes > MAX_EVIDENCE_BYTES:
            raise Unavailable(
                "evidence.too-large",
                f"evidence of {layer.size_bytes} bytes was not fetched: expected at most"
                f" {MAX_EVIDENCE_BYTES}: {origin.location}",
            )
        self._budget.take(layer.size_bytes, where=origin.location)
        return self._source.blob(origin.repository, layer.digest, max_bytes=layer.size_bytes)


def _too_many_layers(count: int, origin: _Origin) -> Unavailable:
    return Unavailable(
        "evidence.too-many-layers",
        f"{count} layers, of which {MAX_EVIDENCE_LAYERS} were looked at: {origin.location}",
    )


def _too_many_pieces(count: int, allowed: int, origin: _Origin) -> Unavailable:
    return Unavailable(
        "evidence.too-many-pieces",
        f"more than {MAX_EVIDENCE_PIECES} pieces of evidence; of the {count} here {allowed} were"
        f" looked at: {origin.location}",
    )


def _kind_of(layer: Descriptor, route: Route) -> EvidenceKind | None:
    """Return how a layer is to be read, or None when it is no evidence.

    Below a legacy tag the tag says it, since cosign never looks at the media type there; among
    referrers, where everything else lives too, the media type does.
    """
    if layer.media_type.startswith(SIGSTORE_BUNDLE_PREFIX):
        return EvidenceKind.BUNDLE
    if route is Route.SIGNATURE_TAG or layer.media_type == SIMPLE_SIGNING:
        return EvidenceKind.SIGNATURE_LAYER
    if route is Route.ATTESTATION_TAG or layer.media_type == DSSE_ENVELOPE:
        return EvidenceKind.ATTESTATION_LAYER
    return None

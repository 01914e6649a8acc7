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
The order of the result does not depend on who answered first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from queue import SimpleQueue

from ..descriptor import Descriptor
from ..digest import Digest
from ..errors import InvalidInput, SealpinError, Unavailable
from ..evidence import Evidence, EvidenceKind, EvidenceSet, Gap, Route
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
from ..records import dataclass, field, replace
from ..reference import Repository, Tag
from .answers import NotFound
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
_Order = tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Origin:
    """Where a manifest with evidence was found."""

    order: _Order
    repository: Repository
    route: Route
    location: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What one lookup brought: evidence, gaps, and the lookups it leads to."""

    items: tuple[tuple[_Order, Evidence], ...] = ()
    gaps: tuple[tuple[_Order, Gap], ...] = ()
    next: tuple[_Lookup, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lookup:
    """One question to the source; its place in the result is fixed before it is asked."""

    order: _Order
    location: str
    ask: Callable[[], _Found] = field(repr=False)


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
        return _gather(subject, lookups, executor)
    with ThreadPoolExecutor(_LOOKUPS, thread_name_prefix="sealpin-discover") as own:
        return _gather(subject, lookups, own)


def _gather(subject: Digest, lookups: Sequence[_Lookup], executor: Executor) -> EvidenceSet:
    """Run lookups and what they lead to.

    Threads are few and changing them is dear: this one does the first lookup and each goes on with
    the first it is led to.
    """
    answers: SimpleQueue[_Found | BaseException] = SimpleQueue()

    def begin(next_lookups: Sequence[_Lookup]) -> _Lookup | None:
        for lookup in next_lookups[1:]:
            executor.submit(follow, lookup)
        return next_lookups[0] if next_lookups else None

    def follow(lookup: _Lookup | None) -> None:
        try:
            while lookup is not None:
                found = _answer(lookup)
                answers.put(found)
                lookup = begin(found.next)
        except BaseException as error:  # noqa: BLE001 - handed over to who waits for an answer
            answers.put(error)

    follow(begin(lookups))
    items: list[tuple[_Order, Evidence]] = []
    gaps: list[tuple[_Order, Gap]] = []
    pending = len(lookups)
    while pending:
        found = answers.get()
        if isinstance(found, BaseException):
            raise found
        items += found.items
        gaps += found.gaps
        pending += len(found.next) - 1
    return EvidenceSet(
        subject=subject,
        items=_unique(item for _key, item in sorted(items, key=lambda entry: entry[0])),
        gaps=tuple(gap for _key, gap in sorted(gaps, key=lambda entry: entry[0])),
    )


def _answer(lookup: _Lookup) -> _Found:
    try:
        return lookup.ask()
    except SealpinError as error:
        return _missed(lookup.order, lookup.location, error)


def _missed(
    order: _Order, location: str, error: SealpinError, *, conclusive: bool = False
) -> _Found:
    return _Found(gaps=((order, Gap(location=location, error=error, conclusive=conclusive)),))


def _unique(items: Iterable[Evidence]) -> tuple[Evidence, ...]:
    """Drop a piece that was found twice, by whatever routes; content and annotations make it."""
    seen: dict[tuple[EvidenceKind, Digest, frozenset[tuple[str, str]]], Evidence] = {}
    for item in items:
        key = (item.kind, item.digest, frozenset(item.annotations.items()))
        seen.setdefault(key, item)
    return tuple(seen.values())


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

    def lookups(self, place: int, repository: Repository) -> tuple[_Lookup, ...]:
        """Return the first lookups in *repository*, the *place*-th one looked in."""
        return (
            _Lookup(
                order=(place, 0),
                location=f"referrers of {repository}@{self._subject}",
                ask=lambda: self._ask_referrers((place, 0), repository),
            ),
            *(
                self._tag_lookup((place, 1 + i), repository, suffix, route)
                for i, (kind, (suffix, route)) in enumerate(_LEGACY_TAGS.items())
                if kind in self._want
            ),
        )

    def _tag_lookup(
        self, order: _Order, repository: Repository, suffix: str, route: Route
    ) -> _Lookup:
        tag = Tag.parse(f"{self._tag_prefix}{self._subject.tag_prefix}{suffix}")
        origin = _Origin(
            order=order, repository=repository, route=route, location=f"{repository}:{tag}"
        )

        def ask() -> _Found:
            try:
                manifest = self._source.manifest(repository, tag)
            except NotFound:
                return _Found()
            return self._layers(manifest, origin)

        return _Lookup(order=order, location=origin.location, ask=ask)

    def _ask_referrers(self, order: _Order, repository: Repository) -> _Found:
        try:
            listed = self._source.referrers(repository, self._subject)
        except NotFound:
            return _Found()
        return _Found(
            gaps=tuple((order, gap) for gap in listed.gaps),
            next=tuple(
                self._referrer_lookup((*order, i), repository, descriptor, listed.route)
                for i, descriptor in enumerate(listed.descriptors)
            ),
        )

    def _referrer_lookup(
        self, order: _Order, repository: Repository, descriptor: Descriptor, route: Route
    ) -> _Lookup:
        location = f"{repository}@{descriptor.digest}"
        origin = _Origin(order=order, repository=repository, route=route, location=location)

        def ask() -> _Found:
            manifest = self._source.manifest(repository, descriptor.digest)
            return self._layers(manifest, origin)

        return _Lookup(order=order, location=origin.location, ask=ask)

    def _layers(self, manifest: Manifest, origin: _Origin) -> _Found:
        try:
            layers = parse_image(manifest).layers
        except InvalidInput as error:
            # A tag's answer that is not even called a manifest may be anybody's: a portal's page.
            is_answer = origin.route not in _TAG_ROUTES or manifest.media_type in _MANIFESTS
            return _missed(origin.order, origin.location, error, conclusive=is_answer)
        lookups = tuple(
            self._layer_lookup(i, layer, kind, origin)
            for i, layer in enumerate(layers[:MAX_EVIDENCE_LAYERS])
            if (kind := _kind_of(layer, origin.route)) is not None and kind in self._want
        )
        allowed = lookups[: self._pieces.take(len(lookups))]
        if len(layers) > MAX_EVIDENCE_LAYERS:
            too_many = Unavailable(
                "evidence.too-many-layers",
                f"{len(layers)} layers, of which {MAX_EVIDENCE_LAYERS} were looked at:"
                f" {origin.location}",
            )
        elif len(allowed) < len(lookups):
            too_many = Unavailable(
                "evidence.too-many-pieces",
                f"more than {MAX_EVIDENCE_PIECES} pieces of evidence; of the {len(lookups)} here"
                f" {len(allowed)} were looked at: {origin.location}",
            )
        else:
            return _Found(next=allowed)
        return replace(_missed(origin.order, origin.location, too_many), next=allowed)

    def _layer_lookup(
        self, index: int, layer: Descriptor, kind: EvidenceKind, origin: _Origin
    ) -> _Lookup:
        order = (*origin.order, index)

        def ask() -> _Found:
            content = self._content(layer, origin)
            if kind is EvidenceKind.BUNDLE:
                try:
                    content = unpacked(content, budget=self._budget, where=origin.location)
                except InvalidInput as error:
                    return _missed(order, origin.location, error, conclusive=True)
            evidence = Evidence(
                kind=kind,
                subject=self._subject,
                content=content,
                annotations=layer.annotations,
                route=origin.route,
                location=origin.location,
            )
            return _Found(items=((order, evidence),))

        return _Lookup(order=order, location=origin.location, ask=ask)

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

# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""RegistryClient: the OCI distribution protocol, pull side (distribution-spec v1.1).

A tag costs one ``GET``: its digest is the hash of the bytes received, and a registry that announces
another one in ``Docker-Content-Digest`` is caught. Everything else is asked for by digest and
hashed while it streams. Referrers are the API's pages as long as they stay on the registry's own
address; a registry without the API is asked for the referrers tag (distribution-spec "Referrers Tag
Schema").
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urljoin, urlsplit

from .. import jsonbytes
from ..descriptor import ResolvedArtifact
from ..digest import Digest
from ..errors import InvalidInput, SealpinError, Unavailable, quote
from ..evidence import Route
from ..limits import (
    MAX_MANIFEST_BYTES,
    MAX_REFERRERS_PAGE_BYTES,
    MAX_REFERRERS_PAGES,
)
from ..mediatypes import INDEX_TYPES, MANIFEST_TYPES, OCI_INDEX
from ..reference import ImageReference, Repository, Tag
from .answers import NotFound, error_codes, refusal
from .auth import Authorizer, Scope
from .hosts import HostOptions, base_urls
from .manifest import Manifest, entries_of, index_entries
from .pacing import Deadline
from .referrers import Listing
from .source import Referrers, resolve_by_manifest
from .transport import Request, Response

_ACCEPTED_MANIFESTS = ", ".join((*INDEX_TYPES, *MANIFEST_TYPES))
_REQUEST_TIMEOUT_S = 60.0
_WITHOUT_REFERRERS_API = frozenset({400, 404, 406})
_RETRIED_BY_PLAIN_HTTP = frozenset({"registry.tls", "registry.unreachable", "registry.connection"})
_MAX_LINK_CHARS = 4096
_NEXT_LINK = re.compile(r'<([^>]*)>\s*;[^,]*\brel="?next"?')


class RegistryClient:
    """A `Source` over HTTP."""

    def __init__(self, authorizer: Authorizer, *, hosts: HostOptions, deadline: Deadline) -> None:
        self._authorizer = authorizer
        self._hosts = hosts
        self._deadline = deadline
        self._base_urls: dict[str, str] = {}
        self._without_referrers_api: set[str] = set()

    def resolve(self, reference: ImageReference) -> ResolvedArtifact:
        """See `Source.resolve`."""
        return resolve_by_manifest(self, reference)

    def manifest(self, repository: Repository, identifier: Tag | Digest) -> Manifest:
        """See `Source.manifest`."""
        expected = identifier if isinstance(identifier, Digest) else None
        what = _named(repository, identifier)
        response = self._get(
            repository,
            f"manifests/{identifier}",
            accept=_ACCEPTED_MANIFESTS,
            max_bytes=MAX_MANIFEST_BYTES,
            expected=expected,
        )
        if response.status != 200:
            raise refusal(response, what)
        return Manifest(
            digest=expected or _digest_of_tagged(response, what),
            media_type=_media_type(response),
            content=response.body,
        )

    def blob(self, repository: Repository, digest: Digest, *, max_bytes: int) -> bytes:
        """See `Source.blob`."""
        response = self._get(
            repository, f"blobs/{digest}", accept="*/*", max_bytes=max_bytes, expected=digest
        )
        if response.status != 200:
            raise refusal(response, f"{repository}@{digest}")
        return response.body

    def referrers(self, repository: Repository, subject: Digest) -> Referrers:
        """See `Source.referrers`."""
        if not self._without_referrers_api & {repository.registry, str(repository)}:
            listed = self._referrers_by_api(repository, subject)
            if listed is not None:
                return listed
        return self._referrers_by_tag(repository, subject)

    def _referrers_by_api(self, repository: Repository, subject: Digest) -> Referrers | None:
        """Return what the API lists, or None when the registry has no such API.

        Pages after a failed one, and after one that says they lie elsewhere, are unknown: that is a
        gap beside what was listed until then.
        """
        where = f"referrers of {repository}@{subject}"
        listing = Listing(where=where, route=Route.REFERRERS_API)
        path = f"referrers/{subject}"
        for _turn in range(MAX_REFERRERS_PAGES):
            try:
                response = self._get(
                    repository, path, accept=OCI_INDEX, max_bytes=MAX_REFERRERS_PAGE_BYTES
                )
                if not listing.is_begun and _lacks_referrers_api(response):
                    self._remember_without_api(repository, response)
                    return None
                if response.status != 200:
                    raise refusal(response, where)
                listing.read(_listed_entries(response, where))
                path = _next_page(response, repository)
            except SealpinError as error:
                if not listing.is_begun:
                    raise
                return listing.referrers(failure=error)
            if not path or listing.is_full:
                return listing.referrers()
        too_many = Unavailable(
            "registry.too-many-pages", f"more than {MAX_REFERRERS_PAGES} pages: {where}"
        )
        return listing.referrers(failure=too_many)

    def _referrers_by_tag(self, repository: Repository, subject: Digest) -> Referrers:
        try:
            manifest = self.manifest(repository, Tag(subject.tag_prefix))
        except NotFound:
            return Referrers(route=Route.REFERRERS_TAG)
        where = _named(repository, Tag(subject.tag_prefix))
        listing = Listing(where=where, route=Route.REFERRERS_TAG)
        listing.read(index_entries(manifest))
        return listing.referrers()

    def _remember_without_api(self, repository: Repository, response: Response) -> None:
        """Ask no more for what is not there.

        A 404 with the registry's own error is about one repository, any other about the route.
        """
        is_everywhere = response.status == 404 and not error_codes(response)
        self._without_referrers_api.add(repository.registry if is_everywhere else str(repository))

    def _get(
        self,
        repository: Repository,
        path: str,
        *,
        accept: str,
        max_bytes: int,
        expected: Digest | None = None,
    ) -> Response:
        def ask(base_url: str) -> Response:
            request = Request(
                url=f"{base_url}/v2/{repository.path}/{path}",
                headers={"Accept": accept},
                max_bytes=max_bytes,
                expected_digest=expected,
                deadline=self._deadline.within(_REQUEST_TIMEOUT_S),
            )
            scope = Scope(registry=repository.registry, path=repository.path)
            return self._authorizer.send(request, scope)

        return self._at_working_address(repository.registry, ask)

    def _at_working_address(self, registry: str, ask: Callable[[str], Response]) -> Response:
        """Ask at the first of the registry's addresses that answers."""
        known = self._base_urls.get(registry)
        candidates = (known,) if known else base_urls(registry, self._hosts)
        for base_url in candidates[:-1]:
            try:
                response = ask(base_url)
            except Unavailable as error:
                if error.code not in _RETRIED_BY_PLAIN_HTTP:
                    raise
            else:
                self._base_urls[registry] = base_url
                return response
        response = ask(candidates[-1])
        self._base_urls[registry] = candidates[-1]
        return response


def _named(repository: Repository, identifier: Tag | Digest) -> str:
    return f"{repository}{'@' if isinstance(identifier, Digest) else ':'}{identifier}"


def _media_type(response: Response) -> str:
    return response.headers.get("content-type", "").partition(";")[0].strip().lower()


def _digest_of_tagged(response: Response, what: str) -> Digest:
    """Hash the body, and hold the registry to what it announced."""
    announced = response.headers.get("docker-content-digest")
    if announced is None:
        return Digest.of(response.body)
    try:
        expected = Digest.parse(announced)
    except InvalidInput as error:
        raise Unavailable(
            "registry.malformed-answer",
            f"malformed Docker-Content-Digest for {what}: {error.message}",
        ) from error
    expected.check(response.body, where=what)
    return Digest.of(response.body)


def _lacks_referrers_api(response: Response) -> bool:
    """Distribution-spec "Listing Referrers": 404, or an answer that is no index."""
    if response.status == 200:
        return _media_type(response) != OCI_INDEX
    return response.status in _WITHOUT_REFERRERS_API


def _listed_entries(response: Response, where: str) -> list[Any]:
    document = jsonbytes.parse_object(response.body, what=where)
    if "manifests" not in document:
        raise Unavailable("registry.malformed-answer", f"an index without manifests: {where}")
    return entries_of(document["manifests"], where=where)


def _next_page(response: Response, repository: Repository) -> str:
    """Return the path, under the repository, of the page that follows; empty when there is none.

    The registry chooses the query only: the next page is asked at the same address and in the same
    repository.
    """
    link = response.headers.get("link", "")
    if len(link) > _MAX_LINK_CHARS:
        raise Unavailable(
            "registry.malformed-answer",
            f"Link header of {len(link)} characters: expected at most {_MAX_LINK_CHARS}"
            f" ({repository})",
        )
    match = _NEXT_LINK.search(link)
    if match is None:
        return ""
    start = f"/v2/{repository.path}/"
    try:
        target = urlsplit(urljoin(response.url, match[1]))
        is_ours = target.hostname == urlsplit(response.url).hostname
    except ValueError:
        target, is_ours = urlsplit(""), False
    if not is_ours or not target.path.startswith(start):
        raise Unavailable(
            "registry.foreign-page",
            f"the next page lies outside {repository}: {quote(match[1])}",
            hint="tell a registry behind a proxy its public name, which it writes into its Link"
            " headers",
        )
    query = f"?{target.query}" if target.query else ""
    return f"{target.path.removeprefix(start)}{query}"

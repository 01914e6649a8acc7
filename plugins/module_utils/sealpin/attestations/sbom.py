# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The images a release's SBOM lists, with the digests it claims for them.

Kubernetes publishes an SPDX document (tag-value or JSON) with each release; every image in it is a
package named by its reference. The document is a list of what to verify and proves nothing: each
image is verified by its own signature, and the digest listed here must be the one resolved.
``spdx_tools`` parses it (the ``sbom`` extra) and is imported only then, for it is slow to load.
https://kubernetes.io/docs/tasks/administer-cluster/verify-signed-artifacts,
https://github.com/package-url/purl-spec/blob/main/types-doc/oci-definition.md
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ..digest import Digest
from ..errors import InvalidInput, SealpinError, VerificationFailed, missing_library, quote
from ..jsonbytes import parse_object
from ..limits import MAX_PREDICATE_BYTES
from ..records import dataclass
from ..reference import ImageReference

if TYPE_CHECKING:
    from spdx_tools.spdx.model.document import Document
    from spdx_tools.spdx.model.package import Package

MOVED_REGISTRIES: Mapping[str, str] = {"k8s.gcr.io": "registry.k8s.io"}
"""Registries that moved: releases of before 2023 name the old one, which is frozen.
https://kubernetes.io/blog/2023/02/06/k8s-gcr-io-freeze-announcement"""

_STUMBLES = (AttributeError, IndexError, KeyError, RecursionError, TypeError, ValueError)
"""What the parser raises over what is no text, and over fields of a kind it does not expect."""
_PERCENT = re.compile(r"%([0-9A-Fa-f]{2})")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedImage:
    """One image an SBOM lists."""

    reference: ImageReference
    """Where to read it now."""
    listed_as: str
    """The name in the SBOM; differs from the reference when its registry moved."""
    digest: Digest | None
    """The digest the SBOM claims, if it claims one."""

    @property
    def is_moved(self) -> bool:
        """Whether the registry in the SBOM was replaced by the one it moved to."""
        return self.reference.text != self.listed_as


def read_release_images(
    document: bytes, *, moved: Mapping[str, str], where: str
) -> tuple[ListedImage, ...]:
    """List the images of an SPDX document, in its order, each once.

    *moved* maps a registry to the one to read instead (`MOVED_REGISTRIES`, or nothing); *where*
    names the document in errors. A package is an image if its name is a reference that names its
    registry and a tag, or if a ``pkg:oci`` locator says so.
    Raises `InvalidInput` ``sbom.*``, `MissingDependency` without ``spdx_tools``.
    """
    if len(document) > MAX_PREDICATE_BYTES:
        raise InvalidInput(
            "sbom.too-large",
            f"SBOM is too large: at most {MAX_PREDICATE_BYTES} bytes,"
            f" got {len(document)} ({where})",
        )
    images: dict[str, ListedImage] = {}
    for package in _parse(document, where).packages:
        image = _image_of(package, moved)
        if image is None:
            continue
        known = images.setdefault(image.reference.normalised, image)
        if known.digest != image.digest:
            raise InvalidInput(
                "sbom.contradiction",
                f"SBOM lists {quote(image.listed_as)} twice with different digests:"
                f" {known.digest} and {image.digest} ({where})",
            )
    if not images:
        raise InvalidInput("sbom.no-images", f"SBOM lists no container images ({where})")
    return tuple(images.values())


def check_listed_digest(image: ListedImage, resolved: Digest) -> None:
    """Raise `VerificationFailed` ``sbom.digest-mismatch`` if the image is not the listed one."""
    if image.digest is not None and image.digest != resolved:
        raise VerificationFailed(
            "sbom.digest-mismatch",
            f"image is not the one the SBOM lists: expected {image.digest}, got {resolved}"
            f" ({image.listed_as})",
        )


def _parse(document: bytes, where: str) -> Document:
    is_json = document.lstrip()[:1] == b"{"
    try:
        from spdx_tools.spdx.parser.error import SPDXParsingError
    except ImportError as error:
        raise missing_library("spdx-tools", purpose="reading an SBOM") from error
    try:
        return _parse_json(document) if is_json else _parse_tag_value(document)
    except (SPDXParsingError, *_STUMBLES) as error:
        raise InvalidInput(
            "sbom.malformed", f"not an SPDX document: {quote(_reason(error))} ({where})"
        ) from error


def _parse_json(document: bytes) -> Document:
    from spdx_tools.spdx.parser.jsonlikedict import json_like_dict_parser

    parser: Any = json_like_dict_parser.JsonLikeDictParser
    parsed: Document = parser().parse(parse_object(document, what="SBOM"))
    return parsed


def _parse_tag_value(document: bytes) -> Document:
    from spdx_tools.spdx.parser.tagvalue.parser import Parser

    parser: Any = Parser
    # Its tables stay in memory: the generator would write them into the library's own folder.
    tables_in_memory = parser(debug=False, write_tables=False, errorlog=_Silent())
    parsed: Document = tables_in_memory.parse(document.decode("utf-8"))
    return parsed


class _Silent:
    """A log for the parser generator, which otherwise writes to standard error."""

    def debug(self, *message: object) -> None:
        pass

    info = warning = error = critical = debug


def _reason(error: Exception) -> str:
    messages: Iterable[str] = getattr(error, "messages", [str(error)])
    return next(iter(messages), "no reason given")


def _image_of(package: Package, moved: Mapping[str, str]) -> ListedImage | None:
    locator = next(
        (r.locator for r in package.external_references if r.locator.startswith("pkg:oci/")), ""
    )
    name = package.name if _is_image_name(package.name) else _name_in(locator)
    if not name:
        return None
    try:
        return ListedImage(
            reference=_relocated(name, moved),
            listed_as=name,
            digest=_digest_in(locator) or _checksum_of(package),
        )
    except InvalidInput as error:
        raise InvalidInput(
            "sbom.image", f"SBOM lists an image that cannot be read: {error.message}"
        ) from error


def _is_image_name(name: str) -> bool:
    """Whether a package's name is a reference with registry and tag, and no mere package name."""
    registry, slash, _rest = name.partition("/")
    if not slash or "." not in registry:
        return False
    try:
        return ImageReference.parse(name).tag is not None
    except SealpinError:
        return False


def _relocated(name: str, moved: Mapping[str, str]) -> ImageReference:
    registry, _separator, path = name.partition("/")
    return ImageReference.parse(f"{moved.get(registry, registry)}/{path}")


def _name_in(locator: str) -> str:
    """Return ``repository:tag`` of a ``pkg:oci`` locator; empty if it lacks either."""
    body, _separator, query = locator.partition("?")
    qualifiers = dict(item.partition("=")[::2] for item in query.split("&"))
    repository, tag = _decoded(qualifiers.get("repository_url", "")), qualifiers.get("tag", "")
    name = body.removeprefix("pkg:oci/").partition("@")[0]
    if not (repository and tag):
        return ""
    # The specification's repository_url ends in the name; Kubernetes' holds the registry alone.
    if repository.rpartition("/")[2] != name:
        repository = f"{repository}/{name}"
    return f"{repository}:{_decoded(tag)}"


def _digest_in(locator: str) -> Digest | None:
    """Return the digest a ``pkg:oci`` locator has for version: the manifest's, by specification."""
    version = _decoded(locator.partition("?")[0].partition("@")[2])
    return Digest.parse(version) if version else None


def _checksum_of(package: Package) -> Digest | None:
    for checksum in package.checksums:
        if checksum.algorithm.name == "SHA256":
            return Digest.parse(f"sha256:{checksum.value.lower()}")
    return None


def _decoded(text: str) -> str:
    return _PERCENT.sub(lambda match: chr(int(match[1], 16)), text)

# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""ImageReference: the name a person wrote, taken apart by the OCI distribution grammar.

Grammar: OCI distribution-spec v1.1, "Pulling manifests" (``<name>``, ``<reference>``), with the
defaults every client shares for Docker Hub (``nginx`` is ``docker.io/library/nginx:latest``). A tag
and a digest are different types, a reference remembers the text it was made from, and the same name
however spelled has one `name`.
"""

from __future__ import annotations

import re
from functools import lru_cache

from .digest import Digest
from .errors import InvalidInput, quote
from .records import dataclass, field

DOCKER_HUB = "docker.io"
DEFAULT_TAG = "latest"
_DOCKER_HUB_ALIASES = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io"})
_MAX_NAME_CHARS = 255

_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REPOSITORY = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")
_HOST_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_REGISTRY = re.compile(
    rf"(?:{_HOST_LABEL}(?:\.{_HOST_LABEL})*|\[[0-9A-Fa-f:.]+\])(?::[0-9]{{1,5}})?"
)


@dataclass(frozen=True, slots=True)
class Tag:
    """A mutable label; never evidence of anything."""

    text: str

    @classmethod
    def parse(cls, text: str) -> Tag:
        """Parse a tag. Raises `InvalidInput` ``reference.tag``."""
        if _TAG.fullmatch(text) is None:
            raise InvalidInput("reference.tag", f"not a tag: {quote(text)}")
        return cls(text)

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """A registry and a repository in it, Docker Hub's spellings folded together."""

    registry: str
    """Host, with its port if one was written; ``docker.io`` for Docker Hub; a host is
    lower-case."""
    path: str
    """Path components joined by ``/``; ``library/nginx`` for Docker Hub's own images."""

    @classmethod
    def parse(cls, text: str) -> Repository:
        """Parse ``[registry/]path`` without tag or digest.

        Raises `InvalidInput` ``reference.*``.
        """
        return _parse_repository(text)

    @property
    def cosign_name(self) -> str:
        """The name as cosign and policy-controller print it: Docker Hub is ``index.docker.io``."""
        return f"index.{self}" if self.registry == DOCKER_HUB else str(self)

    def __str__(self) -> str:
        return f"{self.registry}/{self.path}"


@lru_cache(maxsize=1024)
def _parse_repository(text: str) -> Repository:
    """A pure function of the text: a run meets few repositories, each many times."""
    registry, path = _split_registry(text)
    if _REPOSITORY.fullmatch(path) is None:
        raise InvalidInput(
            "reference.repository",
            f"not a repository name: {quote(text)}",
            hint="a name has lower-case letters, digits and . _ - between slashes",
        )
    if registry == DOCKER_HUB and "/" not in path:
        path = f"library/{path}"
    if len(registry) + 1 + len(path) > _MAX_NAME_CHARS:
        raise InvalidInput(
            "reference.too-long",
            f"repository name is longer than {_MAX_NAME_CHARS} characters: {quote(text)}",
        )
    return Repository(registry=registry, path=path)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageReference:
    """A parsed image reference; two spellings of one image are equal, `text` apart."""

    repository: Repository
    tag: Tag | None
    """The tag that was written, if any."""
    digest: Digest | None
    """The digest that was written, if any; it wins over the tag."""
    text: str = field(compare=False)
    """Exactly what was parsed."""

    @classmethod
    def parse(cls, text: str) -> ImageReference:
        """Parse ``[registry/]path[:tag][@digest]``.

        Raises `InvalidInput` ``reference.*`` or ``digest.*``.
        """
        name, at, digest_text = text.partition("@")
        head, colon, tail = name.rpartition(":")
        tag = None
        try:
            digest = Digest.parse(digest_text) if at else None
            if colon and "/" not in tail:
                name, tag = head, Tag.parse(tail)
        except InvalidInput as error:
            # Of many images that are named, this one.
            where = f"{error.message} ({quote(text)})"
            raise InvalidInput(error.code, where, hint=error.hint) from error
        if not name:
            raise InvalidInput("reference.malformed", f"not an image reference: {quote(text)}")
        return cls(repository=Repository.parse(name), tag=tag, digest=digest, text=text)

    @property
    def identifier(self) -> Digest | Tag:
        """What the registry is asked for: the digest, else the tag, else ``latest``."""
        return self.digest or self.tag or Tag(DEFAULT_TAG)

    @property
    def normalised(self) -> str:
        """``registry/path:tag`` or ``…@digest``, defaults written out; the lock's key."""
        tag = f":{self.tag or DEFAULT_TAG}" if self.tag or not self.digest else ""
        return f"{self.repository}{tag}" + (f"@{self.digest}" if self.digest else "")

    @property
    def cosign_name(self) -> str:
        """The name cosign prints: ``…:tag``, or ``…@digest`` without the tag."""
        separator = "@" if self.digest else ":"
        return f"{self.repository.cosign_name}{separator}{self.identifier}"

    def pinned(self, digest: Digest) -> str:
        """``name@digest``: for programs."""
        return f"{self.repository}@{digest}"

    def pinned_tagged(self, digest: Digest) -> str:
        """The text as written, with *digest* for its digest: ``name:tag@digest``, for files."""
        return f"{self.text.partition('@')[0]}@{digest}"

    def __str__(self) -> str:
        return self.text


def _split_registry(text: str) -> tuple[str, str]:
    """Split off the registry: a first component with a dot or colon, or ``localhost``."""
    first, slash, rest = text.partition("/")
    if not slash or not (first == "localhost" or "." in first or ":" in first):
        return DOCKER_HUB, text
    if _REGISTRY.fullmatch(first) is None:
        raise InvalidInput(
            "reference.registry",
            f"not a registry host: {quote(first)} in {quote(text)}",
            hint="write HOST/REPOSITORY:TAG, without https:// before it",
        )
    return fold_registry(first.lower()), rest


def fold_registry(registry: str) -> str:
    """Return the one spelling of a lower-case registry: Docker Hub's, a port without zeros."""
    host, colon, port = registry.rpartition(":")
    if colon and port.startswith("0"):
        return f"{host}:{int(port)}"
    return DOCKER_HUB if registry in _DOCKER_HUB_ALIASES else registry

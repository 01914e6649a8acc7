# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Image globs in their two dialects.

A ClusterImagePolicy's glob is matched as policy-controller matches it: against the name its
registry library makes of the reference (``index.docker.io/library/nginx:latest``, or ``…@sha256:…``
without the tag), case-sensitively. The short spelling's glob is matched against the repository
alone, Docker Hub folded to ``docker.io`` and the port of HTTPS left out on both sides, so that a
tag, a digest or another spelling of one registry never decides which policy applies. In both, ``*``
stays within one path component and ``**`` does not. Which policies cover an image is `select`.
"""

from __future__ import annotations

import re
from enum import Enum
from functools import lru_cache

from ..errors import InvalidInput, quote
from ..records import dataclass, field
from ..reference import ImageReference, Repository, fold_registry

MAX_GLOB_CHARS = 512
MAX_GLOB_WILDCARDS = 8
_MAX_BACKTRACKING_WILDCARDS = 2
"""A regular expression backtracks: its worst case is the name's length (under 400) to the power of
the wildcards. Few globs have more than two; those are matched part by part.
"""

_HTTPS_PORT = ":443"
_CLUSTER_HUB = "index.docker.io"
_CLUSTER_WHOLE = {"*/*": f"{_CLUSTER_HUB}/*/*", "*": f"{_CLUSTER_HUB}/library/*"}
_CLUSTER_CHARACTERS = re.compile(r"[A-Za-z0-9_:/*.@-]+")
_SHORT_CHARACTERS = re.compile(r"[a-z0-9_:/*.\[\]-]+")


class Dialect(Enum):
    """Whose rules a glob follows."""

    CLUSTER = "cluster"
    """ClusterImagePolicy's: the whole normalised name, tag or digest included."""
    REPOSITORY = "repository"
    """The short spelling's: the repository alone."""


@dataclass(frozen=True, slots=True)
class ImageGlob:
    """A checked image glob; make one with `cluster_glob` or `repository_glob`."""

    text: str
    """As written."""
    dialect: Dialect
    _compiled: re.Pattern[str] = field(compare=False, repr=False)
    _parts: tuple[str, ...] = field(compare=False, repr=False)
    """Literals and wildcards in their order."""

    def matches(self, reference: ImageReference) -> bool:
        """Whether the glob covers *reference*.

        Raises `InvalidInput` ``reference.not-for-cluster`` where policy-controller refuses the name
        altogether.
        """
        if self.dialect is Dialect.CLUSTER:
            return self.matches_name(cluster_name(reference.text))
        return self.matches_name(repository_name(reference.repository))

    def matches_name(self, name: str) -> bool:
        """Whether the glob covers *name*, which is in the dialect's form already."""
        if len(self._parts) <= 2 * _MAX_BACKTRACKING_WILDCARDS + 1:
            return self._compiled.fullmatch(name) is not None
        return _covers_all(self._parts, name)

    @property
    def pattern(self) -> str:
        """The glob as a regular expression for a whole name in the dialect's form."""
        return self._compiled.pattern

    @property
    def specificity(self) -> tuple[int, int]:
        """For "most specific wins": more literal characters, then fewer wildcards."""
        return len(self.text) - self.text.count("*"), -len(re.findall(r"\*+", self.text))


def cluster_glob(text: str) -> ImageGlob:
    """Make a glob of a ClusterImagePolicy's text. Raises `InvalidInput` ``glob.malformed``."""
    _check_shape(text, _CLUSTER_CHARACTERS)
    return ImageGlob(text, Dialect.CLUSTER, *_compile(_CLUSTER_WHOLE.get(text, text)))


def repository_glob(text: str) -> ImageGlob:
    """Make a glob of the short spelling's text: ``registry/path`` with wildcards.

    Raises `InvalidInput` ``glob.malformed``, ``glob.tag``, ``glob.no-registry``, ``glob.no-image``
    or ``reference.registry``.
    """
    name, at, _rest = text.partition("@")
    registry, slash, path = name.partition("/")
    if at or ":" in path:
        raise InvalidInput(
            "glob.tag",
            f"a glob names repositories, not tags or digests: got {quote(text)}",
            hint=f"write {registry}/{path.partition(':')[0]}",
        )
    _check_shape(text, _SHORT_CHARACTERS)
    if "*" in registry:
        return ImageGlob(text, Dialect.REPOSITORY, *_compile(text))
    if not slash or not (registry == "localhost" or "." in registry or ":" in registry):
        raise InvalidInput(
            "glob.no-registry",
            f"a glob begins with the registry: got {quote(text)}",
            hint=f"for Docker Hub write docker.io/{text if slash else 'library/' + text}",
        )
    folded = _without_port(Repository.parse(f"{registry}/any/name").registry)
    glob = ImageGlob(text, Dialect.REPOSITORY, *_compile(f"{folded}/{path}"))
    if not _covers_something(glob, f"{folded}/{path}"):
        raise InvalidInput(
            "glob.no-image",
            f"no image has a name that this glob covers: got {quote(text)}",
            hint="Docker Hub's own images are below docker.io/library/; a path ends in no slash",
        )
    return glob


def repository_name(repository: Repository) -> str:
    """Return the name that globs of the short spelling are matched against."""
    return f"{_without_port(repository.registry)}/{repository.path}"


def _without_port(registry: str) -> str:
    """Leave out the port that HTTPS has anyway; the rest may be another name of Docker Hub."""
    return fold_registry(registry.removesuffix(_HTTPS_PORT))


def _covers_something(glob: ImageGlob, name: str) -> bool:
    """Whether the name a glob stands for with its wildcards filled in is one that an image has."""
    try:
        repository = Repository.parse(_filled_in(name))
    except InvalidInput:
        return False
    return glob.matches_name(str(repository))


def covers(own: ImageGlob, other: ImageGlob) -> bool:
    """Whether every name of *other* is one of *own* (both in the short dialect).

    A wildcard of *other* is tried as one component and, if it may be several, as two; a glob that
    covers both covers whatever it stands for.
    """
    return own.matches_name(_filled_in(other.text))


def _filled_in(text: str) -> str:
    """Return a name that the glob *text* stands for: a component for ``*``, two for ``**``."""
    return text.replace("**", "x/x").replace("*", "x")


@lru_cache(maxsize=4096)
def cluster_name(image: str) -> str:
    """Return the name policy-controller matches: ggcr's ``ParseReference(image).Name()``.

    Its grammar is its own: a host is only what has a dot or a colon (``localhost/a`` is on Docker
    Hub), a repository has two characters or more, the host keeps its case, and a digest drops the
    tag. Raises `InvalidInput` ``reference.not-for-cluster``.
    """
    name, at, digest = image.partition("@")
    if at and re.fullmatch(r"sha256:[0-9a-f]{64}", digest) is None:
        raise _refused(image, "its digest is not sha256 and 64 hexadecimal digits")
    head, colon, tag = name.rpartition(":")
    if colon and "/" not in tag:
        name = head
        if re.fullmatch(r"[A-Za-z0-9_.-]{1,128}", tag) is None:
            raise _refused(image, "its tag is malformed")
    else:
        tag = "latest"
    repository = _cluster_repository(name, image)
    return f"{repository}@{digest}" if at else f"{repository}:{tag}"


def _cluster_repository(name: str, image: str) -> str:
    registry, slash, path = name.partition("/")
    if not slash or not ("." in registry or ":" in registry):
        registry, path = _CLUSTER_HUB, name
    elif registry == "docker.io":
        registry = _CLUSTER_HUB
    if re.fullmatch(r"[a-z0-9_./-]{2,255}", path) is None:
        raise _refused(image, "a repository is 2 to 255 characters of a-z 0-9 _ - . /")
    if re.fullmatch(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]+)?", registry) is None:
        raise _refused(image, "its registry is malformed")
    if registry == _CLUSTER_HUB and "/" not in path:
        path = f"library/{path}"
    return f"{registry}/{path}"


def _refused(image: str, reason: str) -> InvalidInput:
    return InvalidInput(
        "reference.not-for-cluster",
        f"a cluster's policy controller refuses the name {quote(image)}: {reason}",
    )


def _check_shape(text: str, characters: re.Pattern[str]) -> None:
    """Bound a glob and its characters: there is no ``?``, ``[]`` or ``{}`` in either dialect."""
    if characters.fullmatch(text) is None:
        raise InvalidInput(
            "glob.malformed",
            f"not an image glob: {quote(text)}",
            hint=(
                "a glob is made of letters, digits, _ - . : / and the wildcards * (one component)"
                " and ** (any)"
            ),
        )
    wildcards = len(re.findall(r"\*+", text))
    if len(text) > MAX_GLOB_CHARS or wildcards > MAX_GLOB_WILDCARDS:
        raise InvalidInput(
            "glob.malformed",
            f"an image glob has at most {MAX_GLOB_CHARS} characters and {MAX_GLOB_WILDCARDS}"
            " wildcards:"
            f" got {len(text)} and {wildcards}",
        )


_WILDCARDS = {"**": ".*", "*": "[^/]*"}


def _compile(text: str) -> tuple[re.Pattern[str], tuple[str, ...]]:
    parts = tuple(re.findall(r"\*\*|\*|[^*]+", text))
    pattern = "".join(_WILDCARDS.get(part) or re.escape(part) for part in parts)
    return re.compile(pattern), parts


def _covers_all(parts: tuple[str, ...], name: str) -> bool:
    """Match as the regular expression does, by the set of places each part can end at."""
    ends = {0}
    for part in parts:
        if part == "**":
            ends = set(range(min(ends), len(name) + 1))
        elif part == "*":
            ends = _within_components(ends, name)
        else:
            ends = {at + len(part) for at in ends if name.startswith(part, at)}
        if not ends:
            return False
    return len(name) in ends


def _within_components(starts: set[int], name: str) -> set[int]:
    """Every place that is reached from one of *starts* without passing a slash."""
    ends, is_reached = set(), False
    for at in range(len(name) + 1):
        is_reached = at in starts or (is_reached and name[at - 1] != "/")
        if is_reached:
            ends.add(at)
    return ends

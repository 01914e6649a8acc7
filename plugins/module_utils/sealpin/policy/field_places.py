# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Where a field belongs that stands at the wrong level of its document.

The readers themselves are asked: they read specimens, which together have every level, and what a
reader wants to know of a level is what may stand there. Only documents that do not load need this.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from ..trust.root import TrustedRoot
from ..yamlnodes import Document
from ..yamlread import read_documents
from ..yamlschema import node_at
from .authority_trust import TrustTable
from .cluster_image_policy import read_cluster_image_policy
from .cluster_objects import ClusterObjects
from .extensions import EXTENSION_NUMBERS
from .fields import Fields, Path, Reader, render
from .sealpin_document import read_sealpin_document, read_settings
from .sources import Sources
from .trust_root import read_trust_root

_ANY = "PREFIX"
"""A field that has a name of the user's."""
_EXTENSIONS = {name + end: "" for name in EXTENSION_NUMBERS for end in ("", "_regexp")}
_AUTHORITIES: tuple[dict[str, Any], ...] = (
    {"keyless": {"extensions": _EXTENSIONS}, "provenance": {}},
    {
        "keyless": {"identities": [{"extensions": _EXTENSIONS}]},
        "attestations": [{"provenance": {}, "conditions": [{}]}],
    },
    {"key": {}},
    {"publisher": {}},
    {"static": "pass"},
)
_SHORT = {
    "trust": {},
    "registries": {_ANY: {}},
    "files": {},
    "policies": [
        {
            "authorities": list(_AUTHORITIES),
            "exclude": [{}],
            "condition": {"conditions": [{}]},
        },
        *_AUTHORITIES,
    ],
}
_SIGNED_BY: dict[str, Any] = {"subject": {}}
_SPECS: Mapping[str, tuple[dict[str, Any], ...]] = {
    "ClusterImagePolicy": (
        {
            "images": [{}],
            "match": [{"selector": {"matchExpressions": [{}]}}],
            "policy": {"configMapRef": {}},
            "authorities": [
                {
                    "key": {"secretRef": {}},
                    "source": [{"signaturePullSecrets": [{}]}],
                    "attestations": [
                        {"policy": {"configMapRef": {}}},
                        {"policy": {"remote": {}}},
                    ],
                    "ctlog": {},
                    "rfc3161timestamp": {},
                },
                {"keyless": {"identities": [{}], "ca-cert": {"secretRef": {}}}},
                {"static": {}},
            ],
        },
        {"policy": {"remote": {}}},
    ),
    "TrustRoot": (
        {"remote": {}},
        {"repository": {}},
        {
            "sigstoreKeys": {
                "certificateAuthorities": [_SIGNED_BY],
                "timestampAuthorities": [_SIGNED_BY],
                "tLogs": [{}],
                "ctLogs": [{}],
            }
        },
    ),
}


def place_of(kind: str, path: Path, document: Document) -> str:
    """Say where the field at *path*, unknown there, may stand; empty where nowhere.

    *kind* is that of a Kubernetes document, or empty for the short spelling. The nearest levels are
    named, and those of them alone that *document* has, if it has any. What may stand beside other
    fields where it stands (an ``issuer``, unless ``identities`` say it) belongs nowhere else.
    """
    *level, name = path
    steps: dict[Path, int] = {}
    for other, names in levels(kind).items():
        if name in names:
            shared = _shared(level, other)
            place = (*level[:shared], *other[shared:])
            steps[place] = len(level) + len(other) - 2 * shared
    may_stand_here = steps.pop(tuple(level), None) is not None
    nearest = [place for place in steps if steps[place] == min(steps.values())]
    present = [place for place in nearest if _has(document, place)]
    places = present if present or may_stand_here else nearest
    return " or ".join(_spelled(place, level) for place in places)


@cache
def levels(kind: str) -> Mapping[Path, frozenset[str]]:
    """Return the names that may stand at each level; an item of a list is number 0."""
    found: dict[Path, frozenset[str]] = {}
    for fields in _read(kind):
        path = tuple(0 if isinstance(step, int) else step for step in fields.path)
        found[path] = found.get(path, frozenset()) | fields.known
    return found


def _read(kind: str) -> Iterator[Fields]:
    """Read the specimens; yield what was read of each mapping."""
    objects = ClusterObjects(sources=Sources(default_root=TrustedRoot))
    table = TrustTable()
    (document,) = read_documents("{}", where="")
    reader = Reader(document, file="")
    if not kind:
        top = Fields(_SHORT, (), reader)
        settings = read_settings(top)
        read_sealpin_document(top, settings=settings, objects=objects, table=table)
    for value in _SPECS.get(kind, ()):
        spec = Fields(value, ("spec",), reader)
        if kind == "TrustRoot":
            read_trust_root(spec, "", objects.sources)
        else:
            read_cluster_image_policy(spec, name="", annotations={}, objects=objects, table=table)
    yield from reader.finished


def _has(document: Document, place: Path) -> bool:
    """Whether there is anything at *place*."""
    return not place or node_at(document, place) is not node_at(document, place[:-1])


def _shared(level: list[str | int], other: Path) -> int:
    """How many steps from the top two levels share."""
    for count, (step, expected) in enumerate(zip(level, other, strict=False)):
        is_item = isinstance(step, int) and isinstance(expected, int)
        if not is_item and expected not in (step, _ANY):
            return count
    return min(len(level), len(other))


def _spelled(place: Path, level: list[str | int]) -> str:
    """``under policies[2].keyless.identities[]``: numbers only of what *level* is in, too."""
    if not place:
        return "at the top of the file"
    shared = _shared(level, place)
    text = render(place[:shared])
    for step in place[shared:]:
        text += "[]" if isinstance(step, int) else f".{step}"
    return f"under {text.removeprefix('.')}"

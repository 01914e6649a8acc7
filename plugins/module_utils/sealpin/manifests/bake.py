# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Images in the files of ``docker buildx bake``: contexts, caches and inline Dockerfiles.

Format: https://docs.docker.com/build/bake/reference/. The JSON form is read and pinned. Of the HCL
form, which nothing here parses, lines are looked at and told: a line is pinned if it is marked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..yamlnodes import Mapping, Node, SourceText, numbered
from ..yamlread import read_documents
from ..yamlschema import Path
from .compose_build import BAKE_KEYS, Builds
from .directives import marker_offset
from .image_text import literal_obstacle, parse_reference, unless_pinned
from .site import Kind
from .survey import Survey

_HCL_CACHE_CODES = {"cache-from": "build-cache", "cache-to": "built-locally"}
_HCL_FIELD = re.compile(r"[ \t]*(?P<name>[A-Za-z][\w-]*)[ \t]*=")
_HCL_CONTEXT = re.compile(r"docker-image://(?P<image>[^\s\"]+)")
_HCL_CACHE = re.compile(
    r'"(?:type=registry,(?:[^"]*,)?ref=|(?=[^"=]*[:/][^"=]*"))(?P<image>[^\s",]+)'
)
_CACHE_FIELDS = frozenset({"type", "ref", "mode"})


def find_bake(survey: Survey) -> None:
    """Note the images of the file that *survey* holds. Raises as `yamlread.read_documents`."""
    name = survey.file.lower()
    if name.endswith(".json"):
        _read_json(survey)
    elif name.endswith(".hcl"):
        _look_at_hcl(survey)


def _read_json(survey: Survey) -> None:
    for document in read_documents(survey.source.text, where=survey.file):
        survey.enter(document, Kind.BAKE)
        builds = Builds(survey, built_here=lambda _name: False)
        for targets, path in _bodies(survey.get(document.root, "target"), ("target",)):
            for name, blocks in survey.entries(targets):
                for target, below in _bodies(blocks, (*path, name.value)):
                    builds.read_build(target, below, BAKE_KEYS)
        builds.read_inlines()
        survey.settle()


def _bodies(node: Node | None, path: Path) -> Iterator[tuple[Node, Path]]:
    """Yield the bodies of a block: an object, or an array of them (HCL's JSON syntax)."""
    if isinstance(node, Mapping):
        yield node, path
    for index, item in numbered(node):
        yield item, (*path, index)


def _look_at_hcl(survey: Survey) -> None:
    """Remark what names an image, but for the lines whose mark says so already."""
    source = survey.source
    field = ""
    for number, start in enumerate(source.line_starts, 1):
        line = source.line(number)
        if line.lstrip().startswith(("#", "//")) or _is_marked(source, number):
            continue
        match = _HCL_FIELD.match(line)
        if match and match["name"] not in _CACHE_FIELDS:
            field = match["name"]
            if field == BAKE_KEYS.inline:
                survey.remark_line("object-text", number, start)
        code = _HCL_CACHE_CODES.get(field, "candidate")
        for found in (_HCL_CONTEXT if code == "candidate" else _HCL_CACHE).finditer(line):
            image = found["image"]
            where = start + found.start("image")
            survey.remark_line(_code(image, code), number, where, detail=image)


def _code(image: str, code: str) -> str:
    return literal_obstacle(image) or unless_pinned(code, parse_reference(image))


def _is_marked(source: SourceText, number: int) -> bool:
    above = source.line(number - 1) if number > 1 else ""
    offset = marker_offset(above)
    return marker_offset(source.line(number)) is not None or (
        offset is not None and not above[:offset].strip()
    )

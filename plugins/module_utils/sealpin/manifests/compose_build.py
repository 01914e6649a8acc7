# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Images that the ``build`` of a compose service names: contexts, caches and an inline Dockerfile.

Format: the Compose Build Specification (https://docs.docker.com/reference/compose-file/build/).
Compose fills in ``$NAME`` in an inline Dockerfile before BuildKit sees it, whatever the default of
an ``ARG`` there says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ..records import dataclass, field
from ..yamlnodes import Mapping, Node, Scalar, Sequence, numbered
from ..yamlschema import Path
from .image_text import parse_reference, unless_pinned
from .inline_dockerfile import read_inline
from .survey import Survey

_IMAGE_CONTEXT = "docker-image://"


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildKeys:
    """What the fields of a build are called."""

    contexts: str
    cache_from: str
    cache_to: str
    inline: str


_COMPOSE_KEYS = BuildKeys(
    contexts="additional_contexts",
    cache_from="cache_from",
    cache_to="cache_to",
    inline="dockerfile_inline",
)
BAKE_KEYS = BuildKeys(
    contexts="contexts", cache_from="cache-from", cache_to="cache-to", inline="dockerfile-inline"
)
"""Of a target of ``docker buildx bake``, which reads a compose file's ``x-bake``, too."""


@dataclass(slots=True)
class _Inline:
    """One inline Dockerfile, which several services may share by an alias."""

    node: Scalar
    start: int
    """Of its key."""
    paths: list[Path] = field(default_factory=list)
    contexts: set[str] = field(default_factory=set)
    """Names that an additional context takes the place of."""


class Builds:
    """The builds of one project; *built_here* tells whether a name is an image it builds."""

    def __init__(self, survey: Survey, built_here: Callable[[str], bool]) -> None:
        self.survey = survey
        self.built_here = built_here
        self._inlines: dict[int, _Inline] = {}

    def read(self, service: Node, path: Path) -> None:
        """Note the images of one service's build."""
        build = self.survey.get(service, "build")
        below = (*path, "build")
        self.read_build(build, below, _COMPOSE_KEYS)
        self.read_build(self.survey.get(build, "x-bake"), (*below, "x-bake"), BAKE_KEYS)

    def read_build(self, build: Node | None, path: Path, keys: BuildKeys) -> None:
        """Note the images of one build, whose fields are called *keys*."""
        contexts = self.survey.get(build, keys.contexts)
        self._read_contexts(contexts, (*path, keys.contexts))
        for key, code in ((keys.cache_from, "build-cache"), (keys.cache_to, "built-locally")):
            read_caches(self.survey.get(build, key), (*path, key), self.survey, code)
        for name, value in self.survey.entries(build):
            if name.value == keys.inline and isinstance(value, Scalar):
                inline = self._inlines.setdefault(id(value), _Inline(value, name.start))
                inline.paths.append((*path, keys.inline))
                inline.contexts.update(self._context_names(contexts))

    def read_inlines(self) -> None:
        """Note the images of the inline Dockerfiles, each once."""
        for inline in self._inlines.values():
            veto = self._veto(inline.contexts)
            read_inline(self.survey, inline.node, inline.start, tuple(inline.paths), veto=veto)

    def _read_contexts(self, contexts: Node | None, below: Path) -> None:
        """A context may be an image; its other forms are no images."""
        if isinstance(contexts, Mapping):
            for key, value in self.survey.entries(contexts):
                if _text(value).startswith(_IMAGE_CONTEXT):
                    self._note_context(contexts, key.value, value, below, _IMAGE_CONTEXT)
        if isinstance(contexts, Sequence):
            for index, item in enumerate(contexts.items):
                name, _separator, target = _text(item).partition("=")
                if target.startswith(_IMAGE_CONTEXT):
                    prefix = f"{name}={_IMAGE_CONTEXT}"
                    self._note_context(contexts, index, item, below, prefix)

    def _note_context(
        self, contexts: Node, key: str | int, value: Node, path: Path, prefix: str
    ) -> None:
        is_built = self.built_here(_text(value).removeprefix(prefix))
        veto = "built-locally" if is_built else ""
        self.survey.image(contexts, key, path, veto=veto, prefix=prefix)

    def _context_names(self, contexts: Node | None) -> Iterator[str]:
        """BuildKit compares them with what a Dockerfile names as whole references."""
        names = [key.value for key, _value in self.survey.entries(contexts)]
        if isinstance(contexts, Sequence):
            names = [_text(item).partition("=")[0] for item in contexts.items]
        references = (parse_reference(name) for name in names)
        return (reference.normalised for reference in references if reference)

    def _veto(self, contexts: set[str]) -> Callable[[str], str]:
        def veto(name: str) -> str:
            reference = parse_reference(name)
            if reference and reference.normalised in contexts:
                return "build-context"
            return "built-locally" if self.built_here(name) else ""

        return veto


def read_caches(caches: Node | None, path: Path, survey: Survey, code: str) -> None:
    """Remark the images of caches: ``NAME:TAG``, ``type=registry,ref=NAME:TAG`` or its fields."""
    if isinstance(caches, Scalar):
        _read_cache(caches, path, survey, code)
    for index, item in numbered(caches):
        _read_cache(item, (*path, index), survey, code)


def _read_cache(cache: Node, path: Path, survey: Survey, code: str) -> None:
    fields = dict(part.partition("=")[::2] for part in _text(cache).split(","))
    fields |= {key.value: _text(value) for key, value in survey.entries(cache)}
    name = fields.get("ref", "") if "type" in fields else _text(cache)
    reference = parse_reference(name)
    if fields.get("type", "registry") != "registry" or reference is None:
        return
    survey.remark_text(unless_pinned(code, reference), path, cache.start, cache.end, detail=name)


def _text(node: Node) -> str:
    return node.value if isinstance(node, Scalar) else ""

# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Find every image a file names: pick the finder by name and content; bytes in, `Found` out.

A YAML stream is cut at its document markers first (YAML 1.2.2, section 9.2: a line that begins
with ``---`` always begins a document) and only documents that can name an image are parsed, which
is what makes large trees of CustomResourceDefinitions cheap. If any document that is parsed is not
YAML, the whole file is left alone: in a template one document may hang on the one before.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from ..collection import without_collection
from ..errors import InvalidInput, MissingDependency
from ..yamlnodes import Document, SourceText
from ..yamlread import read_region
from .ansible_tasks import find_ansible, is_ansible
from .compose import find_compose, is_compose
from .directives import has_marker
from .ecs import find_task_definitions, is_task_definition
from .file_kinds import Shape, kind_of_name
from .json_patch import find_json_patch, is_json_patch
from .kubernetes import find_kubernetes, is_kubernetes
from .kustomize import find_kustomize, is_kustomization, is_replacement
from .marked_lines import find_marked_lines
from .options import FindOptions
from .prefilter import SPELLINGS
from .site import Found, Kind, Remark
from .survey import Survey


def _find_kubernetes(document: Document, survey: Survey) -> None:
    find = find_json_patch if is_json_patch(document) else find_kubernetes
    find(document, survey)


_CONTENT_FINDERS: dict[Kind, Callable[[Document, Survey], None]] = {
    Kind.KUBERNETES: _find_kubernetes,
    Kind.COMPOSE: find_compose,
    Kind.KUSTOMIZE: find_kustomize,
    Kind.ANSIBLE: find_ansible,
    Kind.ECS: find_task_definitions,
}
# Names that leave room for another kind of document.
_WEAK_KINDS = frozenset({Kind.HELM_VALUES})
_KINDS_NOT_PARSED = ("CustomResourceDefinition", "ConfigMap", "Secret")
_KIND_NOT_PARSED = re.compile(
    rf"""^kind:[ \t]*["']?(?:{"|".join(_KINDS_NOT_PARSED)})["']?[ \t]*\r?$""", re.MULTILINE
)
# Such a document is known without a parser only if it is written as everybody writes it: a block
# mapping from the first line on, whose top level has no other line than these and one kind.
_PLAIN_HEAD = re.compile(
    r"(?:---[ \t]*\r?\n)?(?:[ \t]*(?:#.*)?\r?\n)*(?=(?:apiVersion|kind):[ \t])"
)
_OTHER_TOP_LINE = re.compile(
    r"\n(?=[^ \t\r\n#])(?!(?:apiVersion|kind|metadata|spec|status|data|binaryData|stringData|type"
    r"|immutable):(?:[ \t\r\n]|\Z))"
)
_ODD_LINE_ENDS = ("\x85", "\u2028", "\u2029")
_TEMPLATE_LINE = re.compile(r"^[ \t]*\{[{%]", re.MULTILINE)
_BYTE_ORDER_MARK = re.compile(r"(?:---[ \t]*\r?\n)?\ufeff")
_MARKER = re.compile(r"\n---(?=[ \t\r\n]|$)")


def find_sites(path: str, data: bytes, *, options: FindOptions | None = None) -> Found:
    """Find the images of the file at *path* (its name tells the kind) with content *data*.

    Nothing is raised for what a file may hold: whatever cannot be read is a remark.
    """
    code = _unreadable(data)
    if code:
        return Found(file=path, remarks=(Remark(code=code, file=path),))
    source = SourceText(data.decode(), where=path)
    kind = kind_of_name(path)
    survey = Survey(path, source, _first_kind(kind), options or FindOptions())
    try:
        find_in_text = _text_finder(kind)
        if find_in_text is not None:
            if _is_wanted(survey.kind, survey.options):
                find_in_text(survey)
        elif kind is not Shape.TEXT:
            with without_collection():
                _find_in_yaml(survey, kind)
    except InvalidInput as error:
        survey = Survey(path, source, _first_kind(kind), survey.options)
        survey.remark_file(_unparsable_code(source.text), detail=error.message)
    except MissingDependency as error:
        survey.remark_file("missing-library", detail=error.message)
    if has_marker(source.text) and _is_wanted(Kind.MARKED_LINE, survey.options):
        survey.kind = Kind.MARKED_LINE
        find_marked_lines(survey)
    return survey.found()


def _text_finder(kind: Kind | Shape) -> Callable[[Survey], None] | None:
    if not isinstance(kind, Kind):
        return None
    from .named_kinds import TEXT_FINDERS

    return TEXT_FINDERS.get(kind)


def _document_finder(kind: Kind) -> Callable[[Document, Survey], None]:
    if kind in _CONTENT_FINDERS:
        return _CONTENT_FINDERS[kind]
    from .named_kinds import DOCUMENT_FINDERS

    return DOCUMENT_FINDERS[kind]


def _unreadable(data: bytes) -> str:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "not-utf8"
    if b"\0" in data:
        return "binary"
    try:
        data.decode()
    except UnicodeDecodeError:
        return "not-utf8"
    return ""


def _first_kind(kind: Kind | Shape) -> Kind:
    return kind if isinstance(kind, Kind) else Kind.MARKED_LINE


def _is_wanted(kind: Kind, options: FindOptions) -> bool:
    return not options.kinds or kind.value in options.kinds


def _unparsable_code(text: str) -> str:
    return "unparseable-template" if "{{" in text or "{%" in text else "unparseable"


def _find_in_yaml(survey: Survey, name_kind: Kind | Shape) -> None:
    source = survey.source
    wanted = regions_to_parse(source.text, name_kind, words=survey.options.words)
    documents = [document for region in wanted for document in read_region(source, *region)]
    for document in documents:
        kind = _kind_of_document(document, name_kind, survey)
        if kind is None or not _is_wanted(kind, survey.options):
            continue
        survey.enter(document, kind)
        _document_finder(kind)(document, survey)
        survey.settle()


def _kind_of_document(document: Document, name: Kind | Shape, survey: Survey) -> Kind | None:
    """The kind by name where the name says it, else by content."""
    if isinstance(name, Kind) and name not in _WEAK_KINDS:
        return name
    if is_json_patch(document):
        return Kind.KUBERNETES
    if is_kubernetes(document):
        return Kind.KUSTOMIZE if is_kustomization(document, survey) else Kind.KUBERNETES
    if isinstance(name, Kind):
        return name
    if is_compose(document):
        return Kind.COMPOSE
    if is_task_definition(document):
        return Kind.ECS
    if is_replacement(document):
        return Kind.KUSTOMIZE
    return Kind.ANSIBLE if is_ansible(document, survey.file) else None


def regions(text: str) -> Iterator[tuple[int, int]]:
    """Cut a YAML stream at its document markers; with directives or ``...`` it stays whole."""
    percent = text.find("%")  # a single character is looked for ten times as fast as two
    if percent == 0 or (percent > 0 and text.find("\n%", percent - 1) >= 0) or "\n..." in text:
        yield 0, len(text)
        return
    start = 0
    for match in _MARKER.finditer(text):
        yield start, match.start() + 1
        start = match.start() + 1
    yield start, len(text)


def regions_to_parse(
    text: str, name: Kind | Shape, *, words: tuple[str, ...]
) -> Iterator[tuple[int, int]]:
    """The regions whose documents may name an image: they have one of *words*.

    A file whose name says its kind is parsed whole, and so is a template: what looks like a
    document of no interest there may hold the condition of the next one.
    """
    brace = text.find("{")
    has_braces = brace >= 0 and (text.find("{{", brace) >= 0 or text.find("{%", brace) >= 0)
    is_whole = isinstance(name, Kind) or (has_braces and _TEMPLATE_LINE.search(text) is not None)
    for start, end in regions(text):
        if is_whole or (
            any(text.find(word, start, end) >= 0 for word in (*words, *SPELLINGS))
            and not _is_without_images(text, start, end)
        ):
            yield _after_mark(text, start), end


def _after_mark(text: str, start: int) -> int:
    """Skip a byte order mark before the document at *start*, with its marker.

    YAML 1.2.2, section 5.2: every document may begin with one, and clients that cut a stream
    at its markers, as kubectl does, read it so.
    """
    mark = _BYTE_ORDER_MARK.match(text, start)
    return mark.end() if mark else start


def _is_without_images(text: str, start: int, end: int) -> bool:
    """Whether the region is, beyond doubt, one plain document of a kind that names no image."""
    if all(text.find(kind, start, end) < 0 for kind in _KINDS_NOT_PARSED):
        return False  # a word is looked for ten times as fast as a pattern
    head = _PLAIN_HEAD.match(text, start, end)
    if head is None or _KIND_NOT_PARSED.search(text, head.end(), end) is None:
        return False
    first = head.end()
    kinds = text.startswith("kind:", first) + text.count("\nkind:", first, end)
    return (
        kinds == 1
        and _OTHER_TOP_LINE.search(text, first, end) is None
        and _has_no_lone_return(text, first, end)
        and all(text.find(mark, first, end) < 0 for mark in _ODD_LINE_ENDS)
    )


def _has_no_lone_return(text: str, start: int, end: int) -> bool:
    returns = text.count("\r", start, end)
    return not returns or returns == text.count("\r\n", start, end)

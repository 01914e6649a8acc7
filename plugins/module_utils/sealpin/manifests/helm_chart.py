# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Images in Chart.yaml: the list that charts publish in an annotation.

``artifacthub.io/images`` (https://artifacthub.io/docs/topics/annotations/helm/) holds YAML inside
a block scalar. The inner text is parsed as a document of its own; in a literal scalar its lines
are the outer lines without their indentation, so every inner offset has an outer one.
"""

from __future__ import annotations

from ..errors import InvalidInput
from ..yamlnodes import Document, Mapping, Node, Scalar, Sequence, SourceText
from .site import Span
from .survey import Survey

_ANNOTATION = "artifacthub.io/images"


def find_helm_chart(document: Document, survey: Survey) -> None:
    """Note every image of the annotation."""
    annotations = survey.get(document.root, "annotations")
    value = survey.get(annotations, _ANNOTATION)
    if not isinstance(value, Scalar):
        return
    path = f"$.annotations['{_ANNOTATION}']"
    if value.style != "|":
        survey.remark("not-splicable", path, value.start, detail="not a literal block")
        return
    from ..yamldoc import parse_documents  # the only kind of file with YAML inside YAML

    try:
        inner = parse_documents(value.value, where=survey.file)
    except InvalidInput as error:
        survey.remark("unparseable", path, value.start, detail=error.message)
        return
    for document_inside in inner:
        _read_list(document_inside, value, path, survey)


def _read_list(inside: Document, outer: Scalar, path: str, survey: Survey) -> None:
    items = inside.root.items if isinstance(inside.root, Sequence) else []
    for index, item in enumerate(items):
        image = item.get("image") if isinstance(item, Mapping) else None
        span = _outer_span(image, inside.source, outer, survey.source)
        if span is not None:
            survey.literal(span, f"{path}[{index}].image")


def _outer_span(
    image: Node | None, inner: SourceText, outer: Scalar, source: SourceText
) -> Span | None:
    """The characters of an inner scalar in the file; None for what is no plain or quoted text."""
    if not isinstance(image, Scalar) or image.style in ("|", ">") or image.anchor or image.tag:
        return None
    quotes = 1 if image.style else 0
    position = inner.position(image.start + quotes)
    first_line = source.line_number(outer.start) + 1
    number = first_line + position.line - 1
    outer_line = source.line(number)
    indent = len(outer_line) - len(inner.line(position.line))
    start = source.line_starts[number - 1] + indent + position.column - 1
    span = Span(start, start + len(image.value))
    return span if source.text[span.start : span.end] == image.value else None

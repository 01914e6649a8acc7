# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Images in a Dockerfile that is a text inside YAML.

It is pinned in its block of text, line by line, where the lines of the file are the lines of the
text; one that is folded or has escapes is left alone.
"""

from __future__ import annotations

from collections.abc import Callable

from ..yamlnodes import Scalar, SourceText
from ..yamlschema import Path, render_path
from .dockerfile import Line, read_dockerfile
from .image_text import content_span, obstacle
from .survey import Survey


def read_inline(
    survey: Survey,
    node: Scalar,
    start: int,
    paths: tuple[Path, ...],
    *,
    veto: Callable[[str], str] | None = None,
) -> None:
    """Note the images of the Dockerfile that is *node*'s text, read at *paths* and nowhere else.

    *start* is where its key begins; *veto* as in `read_dockerfile`.
    """
    path = render_path(paths[0])
    lines = lines_of(survey.source, node)
    code = _obstacle(survey, node, start, set(paths))
    if not code and not lines and node.value.strip():
        code = "not-splicable"
    if code:
        survey.remark(code, path, start)
    else:
        read_dockerfile(survey, lines, where=f"{path}: ", veto=veto)


def _obstacle(survey: Survey, node: Scalar, start: int, paths: set[Path]) -> str:
    """The code that says why the text as a whole is left alone, or nothing."""
    header = survey.source.text.find("|", node.start) if node.style == "|" else node.end
    if survey.is_ignored(start, header):
        return "ignored"
    code = obstacle(node)
    if code in ("tagged", "not-a-string"):
        return code
    return "shared-value" if survey.is_shared(node, paths) else ""


def lines_of(source: SourceText, node: Scalar) -> tuple[Line, ...]:
    """The lines of a text and where they stand in the file, the block's indentation left out.

    None where the lines of the file are not those of the text: folded, quoted with escapes.
    """
    if node.style != "|":
        span = content_span(source, node)
        is_line = span is not None and "\n" not in node.value and node.style != ">"
        return ((span.start, node.value),) if span is not None and is_line else ()
    header = source.text.find("\n", source.text.find("|", node.start))
    if header < 0:
        return ()
    number = source.line_number(header) + 1
    lines: list[Line] = []
    for offset, text in enumerate(node.value.rstrip("\n").split("\n")):
        written = source.line(number + offset)
        indent = len(written) - len(text)
        if written != " " * indent + text:
            return ()
        lines.append((source.line_starts[number + offset - 1] + indent, text))
    return tuple(lines)

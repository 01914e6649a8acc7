# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""YAML read by whoever does it soonest: plain text line by line, all other by the parser.

Both give the same nodes (`yamlplain` says for what); the parser is loaded when it is needed.
"""

from __future__ import annotations

from .yamlnodes import BYTE_ORDER_MARK, Document, SourceText
from .yamlplain import read_plain


def read_documents(text: str, *, where: str) -> tuple[Document, ...]:
    """Read every document of *text*; see `yamldoc.parse_documents`."""
    start = 1 if text.startswith(BYTE_ORDER_MARK) else 0
    return read_region(SourceText(text, where=where), start, len(text))


def read_region(source: SourceText, start: int, end: int) -> tuple[Document, ...]:
    """Read ``source.text[start:end]`` as a stream; raises as `yamldoc.parse_region`."""
    plain = read_plain(source, start, end)
    if plain is not None:
        return plain
    from .yamldoc import parse_region  # many a run needs no parser

    return parse_region(source, start, end)

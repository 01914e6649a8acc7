# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Images whose name, tag and digest are fields of their own: Kustomize entries and Helm values.

The digest is written into one field; the reference is put together from all of them. The field is
judged by the same rules as a whole reference in `survey`.
"""

from __future__ import annotations

from ..yamlnodes import Node, Scalar
from ..yamlschema import Path, render_path, scalar_value
from .directives import is_managed
from .image_text import content_span, literal_obstacle, obstacle, parse_reference
from .site import Span, Splice
from .survey import Survey


def note_tag(survey: Survey, holder: Node, key: str, path: Path, *, name: str) -> None:
    """Note the tag field *key* of *holder* as the place for ``tag@digest``."""
    node = survey.get(holder, key)
    if node is not None:
        below = (*path, key)
        code = _read_field(survey, node, below, Splice.TAG, name=name, tag=_text(node), veto="")
        _report(survey, code, below, node)


def note_digest(
    survey: Survey, holder: Node, key: str, path: Path, *, name: str, tag: str, veto: str = ""
) -> None:
    """Note the digest field *key* of *holder*, empty or filled, as the place for the digest.

    The image is known by the path of *holder*, since no one field names it.
    """
    node = survey.get(holder, key)
    if node is not None:
        code = _read_field(survey, node, path, Splice.DIGEST, name=name, tag=tag, veto=veto)
        _report(survey, code, path, holder)


def _text(node: Node) -> str:
    return node.value if isinstance(node, Scalar) else ""


def _report(survey: Survey, code: str, path: Path, node: Node) -> None:
    if code:
        survey.remark(code, render_path(path), node.start, detail=_text(node))


def _read_field(
    survey: Survey, node: Node, path: Path, splice: Splice, *, name: str, tag: str, veto: str
) -> str:
    """Add the site of one field, or return the code that says why there is none."""
    if not isinstance(node, Scalar):
        return "not-a-string"
    if splice is Splice.TAG and scalar_value(node) is None:
        return ""
    if survey.is_ignored(node.start, node.end):
        return "ignored"
    digest = node.value if splice is Splice.DIGEST else ""
    reference = parse_reference(_joined(name, tag, digest))
    span = content_span(survey.source, node)
    if not veto and is_managed(survey.source, node.end):
        veto = "managed"
    if veto and not (reference and reference.digest):
        return veto
    code = _field_obstacle(survey, node, path, splice) or literal_obstacle(f"{name}{tag}")
    if code or span is None:
        return code or "not-splicable"
    if reference is None:
        return "not-a-reference"
    return survey.site(Span(span.start, span.end), reference, render_path(path), splice=splice)


def _field_obstacle(survey: Survey, node: Scalar, path: Path, splice: Splice) -> str:
    """An empty digest must be quoted: only then is there a span to write into."""
    if splice is Splice.DIGEST and not node.value:
        if node.is_plain:
            return "helm-no-digest-key"
        return "shared-value" if node.anchor else ""
    return obstacle(node) or ("shared-value" if survey.is_shared(node, {path}) else "")


def _joined(name: str, tag: str, digest: str) -> str:
    return name + (f":{tag}" if tag else "") + (f"@{digest}" if digest else "")

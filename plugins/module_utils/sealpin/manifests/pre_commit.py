# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Images of pre-commit hooks: the ``entry`` of a hook whose language is ``docker_image``.

Source: https://pre-commit.com/#docker_image. An entry is the image and, behind it, what it is to
run.
"""

from __future__ import annotations

from ..yamlnodes import Document, Node, Scalar, numbered
from ..yamlschema import Path, render_path
from .image_text import content_span
from .site import Span
from .survey import Survey

_LANGUAGE = "docker_image"


def find_pre_commit(document: Document, survey: Survey) -> None:
    """Read the hooks that a project defines (a list), or those it configures by repository."""
    _read_hooks(document.root, (), survey)
    repositories = survey.get(document.root, "repos")
    for index, item in numbered(repositories):
        _read_hooks(survey.get(item, "hooks"), ("repos", index, "hooks"), survey)


def _read_hooks(hooks: Node | None, path: Path, survey: Survey) -> None:
    for index, hook in numbered(hooks):
        entry = survey.get(hook, "entry")
        if isinstance(entry, Scalar) and survey.text(hook, "language") == _LANGUAGE:
            _read_entry(entry, (*path, index, "entry"), survey)


def _read_entry(entry: Scalar, path: Path, survey: Survey) -> None:
    """Note the first word; an option before the image may take a word of its own."""
    where = render_path(path)
    image = entry.value.split(maxsplit=1)[0] if entry.value.strip() else ""
    span = content_span(survey.source, entry)
    if survey.is_ignored(entry.start, entry.end):
        survey.remark("ignored", where, entry.start, detail=entry.value)
    elif not image or image.startswith("-"):
        survey.remark("candidate", where, entry.start, detail=entry.value)
    elif span is None or entry.value.startswith(" "):
        survey.remark("not-splicable", where, entry.start, detail=entry.value)
    else:
        survey.literal(Span(span.start, span.start + len(image)), where)

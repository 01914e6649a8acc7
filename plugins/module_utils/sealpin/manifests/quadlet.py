# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Images in Quadlet units: ``Image=`` of ``.container``, ``.image`` and ``.volume`` files, mounts.

Format: podman-systemd.unit(5) and systemd.syntax(7): the last assignment of a key wins, a
backslash at the end of a line continues it, ``#`` and ``;`` begin comment lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..records import dataclass
from ..yamlnodes import SourceText
from .site import Span
from .survey import Survey

_SECTIONS = frozenset({"Container", "Image", "Volume"})
_ASSIGNMENT = re.compile(r"[ \t]*(?P<key>[A-Za-z][\w-]*)[ \t]*=[ \t]*(?P<value>.*?)[ \t]*")
_SECTION = re.compile(r"[ \t]*\[(?P<name>[^\]]+)\][ \t]*")
_UNIT_SUFFIXES = (".build", ".image")
_TRANSPORT = "docker://"
_AUTO_UPDATE_LABEL = "io.containers.autoupdate=registry"


@dataclass(frozen=True, slots=True)
class _Assignment:
    section: str
    key: str
    value: str
    span: Span
    is_continued: bool


def find_quadlet(survey: Survey) -> None:
    """Note the image of the Quadlet unit that *survey* holds."""
    assignments = list(_assignments(survey.source))
    veto = _veto(assignments)
    last = {item.section: item for item in assignments if item.key == "Image"}
    for section in sorted(_SECTIONS & last.keys()):
        _read_image(survey, last[section], veto)
    for item in assignments:
        if item.section == "Container" and item.key == "Mount":
            _read_mount(survey, item)


def _read_mount(survey: Survey, item: _Assignment) -> None:
    """Read ``type=image,source=NAME,…`` of podman-run(1); with CSV's quotes it is left alone."""
    parts = item.value.split(",")
    if "type=image" not in (part.strip('"') for part in parts):
        return
    offset = item.span.start
    for part in parts:
        key, _equals, name = part.strip('"').partition("=")
        if key in ("source", "src"):
            start = offset + len(part) - len(name)
            span = Span(start, start + len(name))
            is_odd = item.is_continued or '"' in item.value
            _read_image(survey, _Assignment(item.section, item.key, name, span, is_odd), "")
        offset += len(part) + 1


def _read_image(survey: Survey, item: _Assignment, veto: str) -> None:
    path = f"[{item.section}].{item.key}"
    if not item.value:
        return
    if item.value.endswith(_UNIT_SUFFIXES):
        survey.remark("quadlet-unit", path, item.span.start, detail=item.value)
    elif "%" in item.value:
        survey.remark("variable", path, item.span.start, detail=item.value)
    elif item.is_continued:
        survey.remark("not-splicable", path, item.span.start, detail=item.value)
    else:
        prefix = _TRANSPORT if item.value.startswith(_TRANSPORT) else ""
        survey.literal(item.span, path, veto=veto, prefix=prefix)


def _veto(assignments: list[_Assignment]) -> str:
    """What the unit says about updates and pulls."""
    values = {item.key: item.value for item in assignments if item.section in _SECTIONS}
    labels = [item.value for item in assignments if item.key == "Label"]
    if values.get("AutoUpdate") == "registry" or _AUTO_UPDATE_LABEL in labels:
        return "auto-update"
    return "pull-policy" if values.get("Pull", values.get("Policy", "")) == "never" else ""


def _assignments(source: SourceText) -> Iterator[_Assignment]:
    section = ""
    continues = False
    for number, start in enumerate(source.line_starts, 1):
        line = source.line(number)
        is_comment = line.lstrip()[:1] in ("#", ";")
        was_continued = continues
        continues = (line.endswith("\\") and not is_comment) or (was_continued and is_comment)
        if was_continued or is_comment:
            continue
        if heading := _SECTION.fullmatch(line):
            section = heading["name"]
        elif match := _ASSIGNMENT.fullmatch(line):
            span = Span(start + match.start("value"), start + match.end("value"))
            yield _Assignment(section, match["key"], match["value"], span, continues)

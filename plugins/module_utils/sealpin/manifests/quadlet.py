# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Images in Quadlet units: ``Image=``, artifacts, mounts, and options for podman's own commands.

Format: podman-systemd.unit(5) and systemd.syntax(7): the last assignment of a key wins, a
backslash at the end of a line continues it, ``#`` and ``;`` begin comment lines. Options that name
an image: podman-pod-create(1), podman-build(1) and ``--mount`` of podman-run(1).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..records import dataclass
from ..yamlnodes import SourceText
from .site import Span
from .survey import Survey

_NAMING_KEYS = {
    "Artifact": "Artifact",
    "Container": "Image",
    "Image": "Image",
    "Volume": "Image",
}
"""Section to the key that names its image."""
_KEY = re.compile(r"[ \t]*(?P<key>[A-Za-z][\w-]*)[ \t]*=")
_SECTION = re.compile(r"[ \t]*\[(?P<name>[^\]]+)\][ \t]*")
_WORD = re.compile(r"\S+")
_LOCAL_PREFIX = "localhost/"  # what podman puts before the name of an image it builds
_UNIT_SUFFIXES = (".artifact", ".build", ".image")
_TRANSPORT = re.compile(r"docker://")
_CONTEXT = re.compile(r"(?P<name>[^=]*=)(?:docker|docker-image|container-image)://")
_AUTO_UPDATE_LABEL = "io.containers.autoupdate=registry"
_VETOES = {
    "--infra-image": "",
    "--from": "",
    "--cache-from": "build-cache",
    "--cache-to": "built-locally",
}
"""Option whose value is an image to the code that leaves it alone."""
_OPTIONS = frozenset({*_VETOES, "--build-context", "--mount"})


@dataclass(frozen=True, slots=True)
class _Value:
    """A text that names an image, or a key's whole value, and where it stands."""

    path: str
    text: str
    span: Span
    is_odd: bool = False
    """Quoted or on several lines, so that no digest can be put behind it."""


@dataclass(frozen=True, slots=True)
class _Assignment:
    section: str
    key: str
    lines: tuple[_Value, ...]
    """More than one if it is continued; without the backslashes."""

    @property
    def value(self) -> _Value:
        first = self.lines[0]
        text = " ".join(line.text for line in self.lines).strip()
        return _Value(first.path, text, first.span, len(self.lines) > 1)


def find_quadlet(survey: Survey) -> None:
    """Note the images of the Quadlet unit that *survey* holds."""
    assignments = list(_assignments(survey.source))
    last = {item.section: item for item in assignments if _names_the_image(item)}
    for section in sorted(last):
        veto = "artifact" if section == "Artifact" else _veto(assignments)
        _read_image(survey, last[section].value, veto=veto)
    for item in assignments:
        if item.section == "Container" and item.key == "Mount":
            _read_mount(survey, item.value)
        elif item.key == "PodmanArgs":
            for option, value in _options(item):
                _read_option(survey, option, value)


def _names_the_image(item: _Assignment) -> bool:
    return item.key == _NAMING_KEYS.get(item.section)


def _read_mount(survey: Survey, mount: _Value) -> None:
    """Read ``type=image,source=NAME,…`` of podman-run(1); with CSV's quotes it is left alone."""
    parts = mount.text.split(",")
    types = {part.strip('"') for part in parts} & {"type=image", "type=artifact"}
    if not types:
        return
    veto = "artifact" if "type=artifact" in types else ""
    offset = mount.span.start
    for part in parts:
        key, _equals, name = part.strip('"').partition("=")
        if key in ("source", "src"):
            start = offset + len(part) - len(name)
            span = Span(start, start + len(name))
            is_odd = mount.is_odd or '"' in mount.text
            _read_image(survey, _Value(mount.path, name, span, is_odd), veto=veto)
        offset += len(part) + 1


def _read_option(survey: Survey, option: str, value: _Value) -> None:
    """Read the value of one option in ``PodmanArgs=``."""
    if option == "--mount":
        _read_mount(survey, value)
    elif option in _VETOES:
        _read_image(survey, value, veto=_VETOES[option])
    elif _CONTEXT.match(value.text):
        _read_image(survey, value, prefix=_CONTEXT)


def _read_image(
    survey: Survey, value: _Value, *, veto: str = "", prefix: re.Pattern[str] = _TRANSPORT
) -> None:
    start = value.span.start
    if not value.text:
        return
    if value.text.endswith(_UNIT_SUFFIXES):
        survey.remark("quadlet-unit", value.path, start, detail=value.text)
    elif "%" in value.text:
        survey.remark("variable", value.path, start, detail=value.text)
    elif value.is_odd:
        survey.remark("not-splicable", value.path, start, detail=value.text)
    else:
        before = prefix.match(value.text)
        if value.text.startswith(_LOCAL_PREFIX) and not veto:
            veto = "built-locally"
        survey.literal(value.span, value.path, veto=veto, prefix=before[0] if before else "")


def _veto(assignments: list[_Assignment]) -> str:
    """What the unit says about updates and pulls."""
    values = {item.key: item.value.text for item in assignments if item.section in _NAMING_KEYS}
    labels = [item.value.text for item in assignments if item.key == "Label"]
    if values.get("AutoUpdate") == "registry" or _AUTO_UPDATE_LABEL in labels:
        return "auto-update"
    return "pull-policy" if values.get("Pull", values.get("Policy", "")) == "never" else ""


def _options(item: _Assignment) -> Iterator[tuple[str, _Value]]:
    """Yield each option that may name an image: ``--option=value`` or ``--option value``."""
    option = ""
    for word, span in _words(item):
        name, equals, value = (option, "=", word) if option else word.partition("=")
        if name in _OPTIONS and equals:
            text = value.strip("\"'")
            value_span = Span(span.end - len(value), span.end)
            path = f"[{item.section}].{item.key} {name}"
            yield name, _Value(path, text, value_span, is_odd=any(q in word for q in "\"'"))
        option = name if name in _OPTIONS and not equals else ""


def _words(item: _Assignment) -> Iterator[tuple[str, Span]]:
    """Yield what blanks part; of a quoted word the opening quotation mark is left out."""
    for line in item.lines:
        for match in _WORD.finditer(line.text):
            word = match[0].lstrip("\"'")
            end = line.span.start + match.end()
            yield word, Span(end - len(word), end)


def _assignments(source: SourceText) -> Iterator[_Assignment]:
    section = key = ""
    lines: list[_Value] = []
    for number, start in enumerate(source.line_starts, 1):
        line = source.line(number)
        if line.lstrip()[:1] in ("#", ";"):
            continue  # one among continued lines ends nothing
        begin = 0
        if not lines:
            if heading := _SECTION.fullmatch(line):
                section = heading["name"]
                continue
            match = _KEY.match(line)
            key, begin = (match["key"], match.end()) if match else ("", 0)
        is_continued = line.endswith("\\")
        text = line[begin:].removesuffix("\\")
        begin += start + len(text) - len(text.lstrip(" \t"))
        text = text.strip(" \t")
        lines.append(_Value(f"[{section}].{key}", text, Span(begin, begin + len(text))))
        if not is_continued:
            yield _Assignment(section, key, tuple(lines))
            lines = []
    if lines:
        yield _Assignment(section, key, tuple(lines))

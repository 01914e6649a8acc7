# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Images in Dockerfiles and Containerfiles: FROM, COPY --from, RUN --mount=from and # syntax.

Format: the Dockerfile reference (https://docs.docker.com/reference/dockerfile/). Read as BuildKit
reads it: parser directives first, continuation lines with comments between them, heredocs, and
stage names that hide images of the same name from the stages after them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ..yamldoc import BYTE_ORDER_MARK, SourceText
from .site import Span
from .survey import Survey

_DIRECTIVE = re.compile(r"[ \t]*#[ \t]*(?P<name>[A-Za-z]+)[ \t]*=[ \t]*(?P<value>[^\s]+)[ \t]*")
_HEREDOC = re.compile(r"<<-?([\"']?)([A-Za-z_][A-Za-z0-9_]*)\1")
_WHOLE_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
_WORD = re.compile(r"\S+")


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    start: int
    end: int
    """Equal to `start` plus the text's length unless a continuation runs through it."""

    @property
    def is_whole(self) -> bool:
        return self.end - self.start == len(self.text)


def find_dockerfile(survey: Survey) -> None:
    """Note every image of the Dockerfile that *survey* holds."""
    _Build(survey).read()


class _Build:
    """What is known so far while a Dockerfile is read from top to bottom."""

    def __init__(self, survey: Survey) -> None:
        self.survey = survey
        self.stages: set[str] = set()
        self.defaults: dict[str, Span] = {}
        """Values of ARGs before the first FROM."""
        self.pinned_defaults: set[str] = set()
        self.is_before_first_from = True

    def read(self) -> None:
        escape = "\\"
        for match, line_start in _directives(self.survey.source):
            if match["name"].lower() == "escape" and match["value"] == "`":
                escape = "`"
            if match["name"].lower() == "syntax":
                span = Span(line_start + match.start("value"), line_start + match.end("value"))
                self.survey.literal(span, f"# syntax={match['value']}")
        for tokens in _instructions(self.survey.source, escape):
            self._read_instruction(tokens)

    def _read_instruction(self, tokens: list[_Token]) -> None:
        name = tokens[0].text.upper()
        if name == "ONBUILD" and len(tokens) > 1:
            self._read_instruction(tokens[1:])
        elif name == "ARG" and self.is_before_first_from:
            self._read_defaults(tokens[1:])
        elif name == "FROM":
            self._read_from(tokens[1:])
        elif name in ("COPY", "ADD"):
            self._read_flags(name, "--from=", tokens[1:])
        elif name == "RUN":
            self._read_flags(name, "--mount=", tokens[1:])

    def _read_defaults(self, tokens: list[_Token]) -> None:
        for token in tokens:
            name, equals, value = token.text.partition("=")
            if equals and token.is_whole:
                start, end = token.start + len(name) + 1, token.end
                if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
                    start, end = start + 1, end - 1
                self.defaults[name] = Span(start, end)

    def _read_from(self, tokens: list[_Token]) -> None:
        self.is_before_first_from = False
        words = [token for token in tokens if not token.text.startswith("--")]
        if not words:
            return
        self._read_base(words[0])
        if len(words) == 3 and words[1].text.upper() == "AS":
            self.stages.add(words[2].text.lower())

    def _read_base(self, token: _Token) -> None:
        variable = _WHOLE_VARIABLE.fullmatch(token.text)
        name = (variable[1] or variable[2]) if variable else ""
        if self.survey.options.arg_defaults and name in self.defaults:
            if name not in self.pinned_defaults:
                self.pinned_defaults.add(name)
                self.survey.literal(self.defaults[name], f"ARG {name}")
            return
        self._read_name(token, 0, f"FROM {token.text}", is_scratch=token.text == "scratch")

    def _read_flags(self, instruction: str, flag: str, tokens: list[_Token]) -> None:
        for token in tokens:
            if not token.text.startswith("--"):
                return
            if not token.text.startswith(flag):
                continue
            if flag == "--from=":
                self._read_name(token, len(flag), f"{instruction} {token.text}")
            else:
                self._read_mount(token)

    def _read_mount(self, token: _Token) -> None:
        offset = len("--mount=")
        for option in token.text[offset:].split(","):
            if option.startswith("from="):
                part = _Token(option, token.start + offset, token.start + offset + len(option))
                whole = part if token.is_whole else _Token(option, token.start, token.end)
                self._read_name(whole, len("from="), f"RUN --mount={option}")
            offset += len(option) + 1

    def _read_name(
        self, token: _Token, skipped: int, path: str, *, is_scratch: bool = False
    ) -> None:
        """Read a name that is a stage's, or else an image's."""
        name = token.text[skipped:]
        if is_scratch:
            self.survey.remark("scratch", path, token.start)
        elif name.lower() in self.stages or (name.isdigit() and not path.startswith("FROM")):
            self.survey.remark("stage", path, token.start, detail=name)
        elif not token.is_whole:
            self.survey.remark("not-splicable", path, token.start, detail=name)
        else:
            self.survey.literal(Span(token.start + skipped, token.end), path)


def _lines(source: SourceText) -> Iterator[tuple[int, str]]:
    """Yield offset and text of each line, without a byte order mark or its line end."""
    for number, start in enumerate(source.line_starts, 1):
        line = source.line(number)
        mark = start == 0 and line.startswith(BYTE_ORDER_MARK)
        yield start + mark, line[mark:]


def _directives(source: SourceText) -> Iterator[tuple[re.Match[str], int]]:
    """Parser directives: comments of the form name=value before anything else."""
    for start, line in _lines(source):
        match = _DIRECTIVE.fullmatch(line)
        if match is None:
            return
        yield match, start


def _instructions(source: SourceText, escape: str) -> Iterator[list[_Token]]:
    """Yield the words of each instruction, comments left out and heredocs passed over."""
    words: list[_Token] = []
    is_glued = False
    heredocs: list[str] = []
    for start, line in _lines(source):
        if heredocs:
            if line.strip("\t") == heredocs[0]:
                heredocs.pop(0)
            continue
        body = line.rstrip()
        if not body or body.lstrip().startswith("#"):
            continue
        continues = body.endswith(escape)
        text = body.removesuffix(escape)
        words = _joined(words, _words(text, start), is_glued=is_glued and text[:1].strip() != "")
        is_glued = continues and text[-1:].strip() != ""
        if not continues and words:
            heredocs = _heredocs(words)
            yield words
            words = []
    if words:
        yield words


def _words(text: str, start: int) -> list[_Token]:
    return [_Token(m[0], start + m.start(), start + m.end()) for m in _WORD.finditer(text)]


def _joined(before: list[_Token], after: list[_Token], *, is_glued: bool) -> list[_Token]:
    """Join the words of two lines; with *is_glued* one word runs over the line end."""
    if not (is_glued and before and after):
        return before + after
    head, tail = before[-1], after[0]
    return [*before[:-1], _Token(head.text + tail.text, head.start, tail.end), *after[1:]]


def _heredocs(words: list[_Token]) -> list[str]:
    if words[0].text.upper() not in ("RUN", "COPY", "ADD"):
        return []
    return [found[1] for found in _HEREDOC.findall(" ".join(word.text for word in words))]

# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Images in Dockerfiles and Containerfiles: FROM, COPY --from, RUN --mount=from and # syntax.

Format: the Dockerfile reference (https://docs.docker.com/reference/dockerfile/). Read as BuildKit
reads it: parser directives first, continuation lines with comments between them, heredocs, and
stage names that hide images of the same name from the stages after them. Where lines end, go on and
belong together is BuildKit's rule to the character (its ``parser.go``): a line this file took for
the text of another one would be an image that nobody checks.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import takewhile

from ..records import dataclass
from ..yamlnodes import BYTE_ORDER_MARK, SourceText
from .site import Span
from .survey import Survey

_DIRECTIVE = re.compile(
    r"\s*(?P<comment>#|//)\s*(?P<name>[A-Za-z][A-Za-z0-9]*)\s*=\s*(?P<value>\S+)(?:\s.*)?"
)
_HEREDOC = re.compile(r"[0-9]*<<(?P<chomp>-?)(?P<name>[^<]+)")
_SHELL_WORD = re.compile(r"""(?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+""", re.DOTALL)
_MAX_WORDS_IN_FLAG = 32
"""No flag has a value with spaces that BuildKit would accept."""
_QUOTING = re.compile(r"""["']|\\(.)""", re.DOTALL)
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


Line = tuple[int, str]
"""Where a line begins in the file, and its text without the line end."""


def find_dockerfile(survey: Survey) -> None:
    """Note every image of the Dockerfile that *survey* holds."""
    lines = tuple(_lines(survey.source))
    read_dockerfile(survey, lines, arg_defaults=survey.options.arg_defaults)


def read_dockerfile(
    survey: Survey,
    lines: tuple[Line, ...],
    *,
    where: str = "",
    veto: Callable[[str], str] | None = None,
    arg_defaults: bool = False,
) -> None:
    """Note every image of the Dockerfile that *lines* are.

    *where* precedes the path of each; *veto* tells by an image's name which remark leaves it alone.
    """
    _Build(survey, lines, where, veto, arg_defaults=arg_defaults).read()


class _Build:
    """What is known so far while a Dockerfile is read from top to bottom."""

    def __init__(
        self,
        survey: Survey,
        lines: tuple[Line, ...],
        where: str,
        veto: Callable[[str], str] | None,
        *,
        arg_defaults: bool,
    ) -> None:
        self.survey = survey
        self.lines = lines
        self.where = where
        self.veto = veto
        self.arg_defaults = arg_defaults
        self.stages: set[str] = set()
        self.defaults: dict[str, Span] = {}
        """Values of ARGs before the first FROM."""
        self.pinned_defaults: set[str] = set()
        self.is_before_first_from = True

    def read(self) -> None:
        escape = "\\"
        for match, line_start in _directives(self.lines):
            if match["comment"] == "//" and match["name"].lower() != "syntax":
                continue
            if match["name"].lower() == "escape" and match["value"] == "`":
                escape = "`"
            if match["name"].lower() == "syntax":
                span = Span(line_start + match.start("value"), line_start + match.end("value"))
                self._note(span, f"# syntax={match['value']}")
        start, first = next((line for line in self.lines if line[1].strip()), (0, ""))
        if first.lstrip().startswith("{"):
            self._remark("not-splicable", "# syntax", start)  # JSON with a key "syntax"
        for tokens in _instructions(self.lines, escape):
            self._read_instruction(tokens)

    def _note(self, span: Span, path: str) -> None:
        name = self.survey.source.text[span.start : span.end]
        veto = self.veto(name) if self.veto else ""
        self.survey.literal(span, f"{self.where}{path}", veto=veto)

    def _remark(self, code: str, path: str, offset: int, *, detail: str = "") -> None:
        self.survey.remark(code, f"{self.where}{path}", offset, detail=detail)

    def _read_instruction(self, tokens: list[_Token]) -> None:
        names = (token.text.upper() for token in tokens)
        triggers = sum(1 for _name in takewhile("ONBUILD".__eq__, names))
        tokens = tokens[min(triggers, len(tokens) - 1) :]
        name = tokens[0].text.upper()
        if name == "ARG" and self.is_before_first_from:
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
        if self.arg_defaults and name in self.defaults:
            if name not in self.pinned_defaults:
                self.pinned_defaults.add(name)
                self._note(self.defaults[name], f"ARG {name}")
            return
        self._read_name(token, 0, f"FROM {token.text}", is_scratch=token.text == "scratch")

    def _read_flags(self, instruction: str, flag: str, tokens: list[_Token]) -> None:
        for token in _flags(tokens):
            if not token.text.startswith(flag):
                continue
            if flag == "--from=":
                self._read_name(token, len(flag), f"{instruction} {token.text}")
            else:
                self._read_mount(token)

    def _read_mount(self, token: _Token) -> None:
        """Read ``from``, whose case counts for nothing and which may stand in CSV's quotes."""
        offset = len("--mount=")
        for option in token.text[offset:].split(","):
            if option.strip('"').lower().startswith("from="):
                part = _Token(option, token.start + offset, token.start + offset + len(option))
                is_plain = token.is_whole and not option.startswith('"')
                whole = part if is_plain else _Token(option.strip('"'), token.start, token.end)
                self._read_name(whole, len("from="), f"RUN --mount={option}")
            offset += len(option) + 1

    def _read_name(
        self, token: _Token, skipped: int, path: str, *, is_scratch: bool = False
    ) -> None:
        """Read a name that is a stage's, or else an image's."""
        name = token.text[skipped:]
        if is_scratch:
            self._remark("scratch", path, token.start)
        elif name.lower() in self.stages or (name.isdigit() and not path.startswith("FROM")):
            self._remark("stage", path, token.start, detail=name)
        elif not token.is_whole:
            self._remark("not-splicable", path, token.start, detail=name)
        else:
            self._note(Span(token.start + skipped, token.end), path)


def _lines(source: SourceText) -> Iterator[Line]:
    """Yield offset and text of each line, without a byte order mark or its line end.

    Only a line feed ends a line here; a lone carriage return is a character like any other.
    """
    start = 0
    for line in source.text.split("\n"):
        mark = start == 0 and line.startswith(BYTE_ORDER_MARK)
        yield start + mark, line[mark:].rstrip("\r")
        start += len(line) + 1


def _directives(lines: Iterable[Line]) -> Iterator[tuple[re.Match[str], int]]:
    """Parser directives: comments of the form name=value before anything else but a shebang.

    BuildKit finds ``syntax`` behind ``//`` too.
    """
    for number, (start, line) in enumerate(lines):
        match = _DIRECTIVE.fullmatch(line)
        if match is not None:
            yield match, start
        elif number or not line.startswith("#!"):
            return


def _instructions(lines: Iterable[Line], escape: str) -> Iterator[list[_Token]]:
    """Yield the words of each instruction, comments left out and heredocs passed over."""
    words: list[_Token] = []
    is_glued = False
    heredocs: list[tuple[str, bool]] = []
    for start, line in lines:
        if heredocs:
            name, chomps = heredocs[0]
            if (line.lstrip("\t") if chomps else line) == name:
                heredocs.pop(0)
            continue
        body = line.rstrip(" \t")
        if not body.strip() or body.lstrip().startswith("#"):
            continue
        # Two of them are a character, no continuation.
        continues = body.endswith(escape) and not body.endswith(escape * 2)
        text = body.removesuffix(escape) if continues else body
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
    """Add the words of a line to *before*; with *is_glued* one word runs over the line end."""
    if is_glued and before and after:
        head, tail = before[-1], after[0]
        before[-1] = _Token(head.text + tail.text, head.start, tail.end)
        after = after[1:]
    before += after
    return before


def _flags(tokens: list[_Token]) -> Iterator[_Token]:
    """Yield the flags an instruction begins with, their quotes and escapes taken away.

    One that had any no longer is as long as its text, so nothing is spliced into it.
    """
    pending = deque(tokens)
    while pending and pending[0].text.startswith("--"):
        token = pending.popleft()
        for _turn in range(_MAX_WORDS_IN_FLAG):
            if not pending or _SHELL_WORD.fullmatch(token.text):
                break
            token = _joined([token], [pending.popleft()], is_glued=True)[0]
        text = _QUOTING.sub(lambda found: found[1] or "", token.text)
        yield _Token(text, token.start, token.end)


def _heredocs(words: list[_Token]) -> list[tuple[str, bool]]:
    """The ends of the heredocs an instruction opens, and whether they may have tabs before them.

    A heredoc is a whole word of the shell: ``"<<EOF"`` and ``<<<EOF`` are none. With a quote that
    nothing closes there are no words.
    """
    names = [word.text.upper() for word in words[:2]]
    if names[0] not in ("RUN", "COPY", "ADD") and (
        names[0] != "ONBUILD" or names[-1] not in ("RUN", "COPY", "ADD")
    ):
        return []
    line = " ".join(word.text for word in words)
    if _SHELL_WORD.sub("", line).strip():
        return []
    found = (_HEREDOC.fullmatch(word) for word in _SHELL_WORD.findall(line))
    return [
        (_QUOTING.sub(lambda part: part[1] or "", match["name"]), match["chomp"] != "")
        for match in found
        if match is not None
    ]

# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Survey: what a finder has found in one file so far, and the rules every image field obeys.

Finders know where images stand in their kind of file; a survey knows when the value there can be
edited. A YAML value is edited only where its raw text is the value (`image_text`), and an anchored
value only where nothing but images reads it. The order of the questions decides which message a
field gets:

1. nothing there, or a directive or a digest that settles it;
2. what the surroundings say (built locally, never pulled, rewritten by an automation);
3. what the value is (tagged, not a string, template, variable);
4. whether it can be edited and is a reference at all.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from ..limits import MAX_YAML_DEPTH
from ..records import dataclass
from ..reference import ImageReference
from ..yamlnodes import Document, Mapping, Node, Scalar, Sequence, SourceText, numbered
from ..yamlschema import Path, merged_entries, paths_of, render_path, scalar_value
from .directives import is_ignored, is_ignored_beside, is_managed
from .fragments import is_fragment
from .image_text import content_span, literal_obstacle, obstacle, parse_reference
from .options import FindOptions
from .site import Found, ImageSite, Kind, Remark, Span, Splice
from .texts import lines_below_texts

_COMMENT_OR_NOTHING = re.compile(r"[ \t]*(?:#.*)?")
_TAG_COMMENT = re.compile(r"[ \t]+#[ \t]*([\w][\w.-]{0,127})(?![\w.-])")


@dataclass(slots=True)
class _Use:
    """One field that reads an image from a node."""

    node: Node
    path: Path
    start: int
    """Of the field's key, else of the value: where directives are looked for."""
    in_block: bool
    veto: str
    prefix: str


class Survey:
    """Collects the sites and remarks of one file."""

    def __init__(self, file: str, source: SourceText, kind: Kind, options: FindOptions) -> None:
        self.file = file
        self.source = source
        self.kind = kind
        self.options = options
        self._sites: list[ImageSite] = []
        self._remarks: list[tuple[int, Remark]] = []
        self._uses: list[_Use] = []
        self._ambiguous: set[int] = set()
        self._visited: dict[int, Node] = {}
        """By ``id``; a node that a finder made has to live as long as its mark."""
        self._paths: dict[int, list[Path]] = {}
        self._document: Document | None = None
        self._lines_below_texts: frozenset[int] | None = None

    # What finders ask of a document.

    def enter(self, document: Document, kind: Kind) -> None:
        """Begin with a document: mappings with a key twice are remarked and give no entries."""
        self.kind = kind
        self._document, self._lines_below_texts = document, None
        ambiguous = [mapping for mapping, _value in document.duplicates]
        targets: list[Node] = [*document.anchored, *ambiguous]
        self._paths = paths_of(document, targets) if targets else {}
        for mapping, key in document.duplicates:
            self._ambiguous.add(id(mapping))
            (path, *_unused) = self._paths[id(mapping)] or [()]
            self.remark("duplicate-key", render_path(path), key.start)

    def may_enter(self, node: Node, path: Path) -> bool:
        """Whether a walk goes into the collection *node* at *path*.

        Each is entered once, and none deeper than the parser allows twice over: aliases can make a
        document without end.
        """
        if id(node) in self._visited:
            return False
        self._visited[id(node)] = node
        if len(path) > 2 * MAX_YAML_DEPTH:
            self.remark("too-deep", "", node.start)
            return False
        return True

    def entries(self, node: Node | None) -> Collection[tuple[Scalar, Node]]:
        """Entries of a mapping, merge keys followed; an ambiguous one has none."""
        if not isinstance(node, Mapping) or id(node) in self._ambiguous:
            return ()
        return merged_entries(node)

    def get(self, node: Node | None, key: str) -> Node | None:
        """One entry's value."""
        for name, value in self.entries(node):
            if name.value == key:
                return value
        return None

    def field(self, holder: Node | None, key: str | int) -> tuple[Scalar | None, Node | None]:
        """The key and the value of one field; an item has no key, and *key* is its number."""
        if isinstance(holder, Sequence) and isinstance(key, int):
            return None, holder.items[key - holder.first]
        return next(
            ((name, value) for name, value in self.entries(holder) if name.value == key),
            (None, None),
        )

    def text(self, node: Node | None, key: str) -> str:
        """One entry's value as text; empty when it is absent or no scalar."""
        value = self.get(node, key)
        return value.value if isinstance(value, Scalar) else ""

    def fields_below(self, node: Node | None, path: Path) -> Iterator[tuple[str, Node, Path]]:
        """Yield key, value and path of every field at and below *path*, in order."""
        if node is None or isinstance(node, Scalar) or not self.may_enter(node, path):
            return
        for index, item in numbered(node):
            yield from self.fields_below(item, (*path, index))
        for key, value in self.entries(node):
            below = (*path, key.value)
            yield key.value, value, below
            yield from self.fields_below(value, below)

    def is_template(self, node: Node) -> bool:
        """Whether a collection is a template expression without quotes: ``{{ image }}``."""
        return self.source.text.startswith("{{", node.start)

    def is_ignored(self, start: int, end: int) -> bool:
        """Whether a directive covers the value at ``[start, end)``, whose key may begin earlier.

        The end of a text right above it is none.
        """
        if not is_ignored(self.source, start, end):
            return False
        return is_ignored_beside(self.source, end) or not self._is_below_text(start)

    def _is_below_text(self, offset: int) -> bool:
        if self._document is None:
            return False
        if self._lines_below_texts is None:
            self._lines_below_texts = lines_below_texts(self._document)
        return self.source.line_number(offset) in self._lines_below_texts

    # What finders report.

    def remark(self, code: str, path: str, offset: int, *, detail: str = "") -> None:
        """Add a remark about the text at *offset*."""
        position = self.source.position(offset)
        self._remarks.append(
            (
                offset,
                Remark(
                    code=code,
                    file=self.file,
                    path=path,
                    line=position.line,
                    column=position.column,
                    detail=detail,
                ),
            )
        )

    def remark_text(self, code: str, path: Path, start: int, end: int, *, detail: str = "") -> None:
        """Add a remark about text that nothing here pins, unless a directive lets it alone."""
        is_free = self.is_ignored(start, end)
        self.remark("ignored" if is_free else code, render_path(path), start, detail=detail)

    def remark_line(self, code: str, number: int, offset: int, *, detail: str = "") -> None:
        """Add a remark about line *number* of a text, unless a directive lets it alone."""
        is_free = self.is_ignored(offset, offset)
        self.remark("ignored" if is_free else code, f"line {number}", offset, detail=detail)

    def remark_if_image(self, code: str, path: Path, node: Scalar) -> None:
        """Remark a text that names an image and is read by no finder."""
        if "image" in node.value.lower():
            self.remark_text(code, path, node.start, node.end)

    def remark_file(self, code: str, *, detail: str = "") -> None:
        """Add a remark about the whole file."""
        self._remarks.append((-1, Remark(code=code, file=self.file, detail=detail)))

    def image(
        self,
        holder: Node | None,
        key: str | int,
        path: Path,
        *,
        veto: str = "",
        prefix: str = "",
    ) -> None:
        """Note the field *key* of the collection *holder*, which stands at *path*, as an image.

        *veto* is the code of a remark that leaves it alone; *prefix* (``docker://``) precedes the
        reference. An absent or null field is nothing.
        """
        name, value = self.field(holder, key)
        if value is None:
            return
        start = name.start if name else value.start
        is_block = not (isinstance(holder, Mapping | Sequence) and holder.is_flow)
        self._uses.append(_Use(value, (*path, key), start, is_block, veto, prefix))

    def settle(self) -> None:
        """Turn the images noted in the document into sites and remarks."""
        by_node: dict[int, list[_Use]] = {}
        for use in self._uses:
            by_node.setdefault(id(use.node), []).append(use)
        for uses in by_node.values():
            self._settle_node(uses)
        self._uses.clear()

    def _settle_node(self, uses: list[_Use]) -> None:
        first = uses[0]
        veto = next((use.veto for use in uses if use.veto), "")
        if not veto and self.is_shared(first.node, {use.path for use in uses}):
            veto = "shared-value"
        for use in uses if veto else (first,):
            path = render_path(use.path)
            code = self._read(use, path, use.veto or veto)
            if code:
                detail = use.node.value if isinstance(use.node, Scalar) else ""
                self.remark(code, path, use.start, detail=detail)

    def is_shared(self, node: Node, known: set[Path]) -> bool:
        """Whether an anchored *node* is read at another path than the *known* ones."""
        return any(
            path not in known and not is_fragment(self.kind, path)
            for path in self._paths.get(id(node), ())
            if path
        )

    def _read(self, use: _Use, path: str, veto: str) -> str:
        """Add the site of *use*, or return the code that says why there is none."""
        node = use.node
        if not isinstance(node, Scalar):  # 3.
            return "template" if self.is_template(node) else "not-a-string"
        if scalar_value(node) is None:  # 1.
            return ""
        if self.is_ignored(use.start, node.end):
            return "ignored"
        span = content_span(self.source, node)
        reference = parse_reference(node.value, prefix=use.prefix)
        if not veto and is_managed(self.source, node.end):  # 2., unless a digest settles it
            veto = "managed"
        if veto and not (reference and reference.digest):
            return veto
        code = obstacle(node) or _not_editable(node, span, reference)  # 3. and 4.
        if code or span is None or reference is None:
            return code
        span = Span(span.start + len(use.prefix), span.end)
        return self.site(span, reference, path, comment=self._comment_offset(use))

    def _comment_offset(self, use: _Use) -> int | None:
        node = use.node
        if not use.in_block or not isinstance(node, Scalar) or node.style in ("|", ">"):
            return None
        if _COMMENT_OR_NOTHING.fullmatch(self.source.rest_of_line(node.end)) is None:
            return None
        return node.end

    def literal(self, span: Span, path: str, *, veto: str = "", prefix: str = "") -> None:
        """Note the characters of *span*, in a file that is not YAML, as an image."""
        text = self.source.text[span.start : span.end]
        reference = parse_reference(text, prefix=prefix)
        if self.is_ignored(span.start, span.end):
            code = "ignored"
        elif veto and not (reference and reference.digest):
            code = veto
        elif literal_obstacle(text):
            code = literal_obstacle(text)
        elif reference is None:
            code = "not-a-reference"
        else:
            code = self.site(Span(span.start + len(prefix), span.end), reference, path)
        if code:
            self.remark(code, path, span.start, detail=text)

    def site(
        self,
        span: Span,
        reference: ImageReference,
        path: str,
        *,
        splice: Splice = Splice.REFERENCE,
        comment: int | None = None,
    ) -> str:
        """Add a site; returns the code of the remark a pinned one needs, else the empty text."""
        if reference.digest is not None and reference.tag is None and comment is not None:
            reference = self._with_tag_comment(reference, comment)
        position = self.source.position(span.start)
        self._sites.append(
            ImageSite(
                file=self.file,
                kind=self.kind,
                path=path,
                span=span,
                text=self.source.text[span.start : span.end],
                reference=reference,
                line=position.line,
                column=position.column,
                splice=splice,
                comment_offset=comment,
            )
        )
        if reference.digest is None:
            return ""
        return "already-pinned" if reference.tag else "digest-without-tag"

    def _with_tag_comment(self, reference: ImageReference, comment: int) -> ImageReference:
        """Read the tag of ``name@digest # tag`` where the project writes its tags so."""
        match = _TAG_COMMENT.match(self.source.rest_of_line(comment))
        if match is None or not self.options.tag_comments:
            return reference
        name, _separator, digest = reference.text.partition("@")
        return ImageReference.parse(f"{name}:{match.group(1)}@{digest}")

    def found(self) -> Found:
        """Everything, in the order of the text.

        A mark on a line answers for a candidate there, and adds nothing where a site is known.
        """
        marked = {site.line for site in self._sites if site.kind is Kind.MARKED_LINE}
        sites = {site.span.end: site for site in reversed(self._sites)}
        remarks = sorted(self._remarks, key=lambda pair: pair[0])
        return Found(
            file=self.file,
            sites=tuple(sites[end] for end in sorted(sites)),
            remarks=tuple(
                remark
                for _key, remark in remarks
                if not (remark.code == "candidate" and remark.line in marked)
            ),
        )


def _not_editable(node: Scalar, span: Span | None, reference: ImageReference | None) -> str:
    is_block = node.style in ("|", ">")
    if span is None and not (is_block and reference is None):
        return "not-splicable"
    return "not-a-reference" if reference is None else ""

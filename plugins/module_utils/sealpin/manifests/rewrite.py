# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Write pins into a file's bytes: only the characters of their spans change.

1. Every pin's span still holds the text the site was found with, and no two spans touch.
2. The new text is spliced; nothing is re-emitted.
3. The result is read again. In YAML the parser's events are the same but for the edited scalars;
   in other files the finder finds the same sites, the edited ones now pinned.

A result that fails the third step is never returned: that is a defect of ours, and the file stays
as it is.
"""

from __future__ import annotations

from itertools import pairwise

from ..errors import InvalidInput, VerificationFailed
from ..records import dataclass
from ..yamldoc import changed_values
from .file_kinds import Shape, kind_of_name
from .finder import find_sites, regions
from .options import FindOptions
from .pin import Pin
from .site import ImageSite, Kind, TagStyle

# Kinds that are no YAML, or whose edits may share one scalar.
_TEXT_KINDS = frozenset(
    {Kind.DOCKERFILE, Kind.QUADLET, Kind.DEVCONTAINER, Kind.MARKED_LINE, Kind.HELM_CHART}
)


@dataclass(frozen=True, slots=True)
class _Edit:
    start: int
    end: int
    text: str


def apply(
    data: bytes,
    pins: tuple[Pin, ...],
    *,
    style: TagStyle = TagStyle.KEEP,
    options: FindOptions | None = None,
) -> bytes:
    """Return *data* with *pins* written in; pins that change nothing are allowed.

    *options* are those the sites were found with. Raises `InvalidInput` ``rewrite.stale-site`` when
    *data* is not what the sites were found in, and `VerificationFailed` ``rewrite.self-check`` when
    the result would mean anything else besides.
    """
    changes = tuple(pin for pin in pins if pin.is_change)
    if not changes:
        return data
    text = data.decode()
    edits = _edits(text, changes, style)
    edited = _splice(text, edits)
    _check(text, edited, edits, changes, options or FindOptions())
    return edited.encode()


def _edits(text: str, pins: tuple[Pin, ...], style: TagStyle) -> tuple[_Edit, ...]:
    """Step 1. One span may be named by several pins if they write the same."""
    edits: set[_Edit] = set()
    for pin in pins:
        site = pin.site
        if text[site.span.start : site.span.end] != site.text:
            raise _stale(site)
        edits.add(_Edit(site.span.start, site.span.end, site.replacement(pin.digest, style)))
        comment = site.tag_comment(style)
        if comment and site.comment_offset is not None:
            edits.add(_Edit(site.comment_offset, site.comment_offset, comment))
    ordered = tuple(sorted(edits, key=lambda edit: (edit.start, edit.end)))
    for before, after in pairwise(ordered):
        if after.start < before.end or (after.start, after.end) == (before.start, before.end):
            raise _stale(pins[0].site)
    return ordered


def _stale(site: ImageSite) -> InvalidInput:
    return InvalidInput(
        "rewrite.stale-site",
        f"the file is not the one that was read: expected {site.text!r} ({site.file}:{site.line})",
        hint="run it again",
    )


def _splice(text: str, edits: tuple[_Edit, ...]) -> str:
    """Step 2."""
    parts: list[str] = []
    position = 0
    for edit in edits:
        parts += (text[position : edit.start], edit.text)
        position = edit.end
    return "".join((*parts, text[position:]))


def _check(
    text: str,
    edited: str,
    edits: tuple[_Edit, ...],
    pins: tuple[Pin, ...],
    options: FindOptions,
) -> None:
    """Step 3."""
    file = pins[0].site.file
    is_yaml = kind_of_name(file) is not Shape.TEXT and all(
        pin.site.kind not in _TEXT_KINDS for pin in pins
    )
    try:
        is_same = (
            _same_events(text, edited, edits)
            if is_yaml
            else _same_sites(text, edited, pins, options)
        )
    except InvalidInput:
        is_same = False
    if not is_same:
        raise VerificationFailed(
            "rewrite.self-check",
            f"the pinned text would mean something else besides: {file} is left as it is",
            hint="please report it with the file",
        )


def _same_events(text: str, edited: str, edits: tuple[_Edit, ...]) -> bool:
    """Compare the documents that were edited; the others' characters are the same."""
    shift = 0
    for start, end in regions(text):
        here = [edit for edit in edits if _stands_in(edit, start, end, len(text))]
        if not here:
            continue
        grown = sum(len(edit.text) - (edit.end - edit.start) for edit in here)
        changed = changed_values(
            _unmarked(text[start:end]), _unmarked(edited[start + shift : end + shift + grown])
        )
        written = [edit for edit in here if edit.end > edit.start or not edit.text.startswith(" #")]
        shift += grown
        if changed is None or not _are_edits(changed, written, text):
            return False
    return True


def _stands_in(edit: _Edit, start: int, end: int, length: int) -> bool:
    """A comment at the very end of the text belongs to the last document."""
    return start <= edit.start < end or edit.start == end == length


def _unmarked(text: str) -> str:
    return text.removeprefix("\ufeff")


def _are_edits(changed: list[tuple[str, str]], edits: list[_Edit], text: str) -> bool:
    """Whether the edits, in their order, are what changed the values."""
    pending = list(edits)
    for old, new in changed:
        taken = _edits_between(old, new, pending, text)
        if not taken:
            return False
        del pending[:taken]
    return not pending


def _edits_between(old: str, new: str, pending: list[_Edit], text: str) -> int:
    """How many edits, from the first, make *old* the *new* value; 0 when they do not.

    One, but for a text with several images in it. The offsets of its value are not the file's, so
    every place where an edit fits is followed, of which each but the right one ends soon.
    """
    ends, grown = {0}, 0
    for taken, edit in enumerate(pending, 1):
        replaced = text[edit.start : edit.end]
        ends = {
            at + len(replaced)
            for at in range(len(old) + 1)
            if old.startswith(replaced, at)
            and new.startswith(edit.text, at + grown)
            and any(end <= at and old[end:at] == new[end + grown : at + grown] for end in ends)
        }
        grown += len(edit.text) - len(replaced)
        if any(old[end:] == new[end + grown :] for end in ends):
            return taken
        if not ends:
            break
    return 0


def _same_sites(text: str, edited: str, pins: tuple[Pin, ...], options: FindOptions) -> bool:
    """Find again: the same sites in the same order, the edited ones pinned to their digest."""
    file = pins[0].site.file
    before = find_sites(file, text.encode(), options=options).sites
    after = find_sites(file, edited.encode(), options=options).sites
    if len(before) != len(after):
        return False
    digests = {pin.site.span.start: pin.digest for pin in pins}
    return digests.keys() <= {site.span.start for site in before} and all(
        new.reference.repository == old.reference.repository
        and new.reference.digest == digests.get(old.span.start, old.reference.digest)
        for old, new in zip(before, after, strict=True)
    )

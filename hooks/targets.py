# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""What a run over files looks at: paths, what changed since a revision, or standard input."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sealpin.errors import InvalidInput, quote
from sealpin.records import dataclass, field
from sealpin.regular_files import read_file
from sealpin.tree import walk

from .arguments import UsageError

if TYPE_CHECKING:
    import argparse

STDIN = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """What a run looks at."""

    paths: tuple[Path, ...] = ()
    is_whole_project: bool = False
    """Whether every file of the project is among them, so that what none of them names is stale."""
    stdin: bytes | None = field(default=None, repr=False)
    stdin_name: str = ""
    """What the text on standard input is called; its name tells its kind."""

    @classmethod
    def of(cls, arguments: argparse.Namespace, *, root: Path) -> Targets:
        """Take the arguments of `options.add_file_options`; *root* is the project's.

        Raises `UsageError` for a combination that means nothing, `InvalidInput` ``git.*``.
        """
        words: Sequence[str] = arguments.paths
        if STDIN in words:
            if len(words) > 1 or arguments.changed_since:
                raise UsageError("usage", "- is standard input, and stands alone")
            name = arguments.stdin_filename or "stdin.yaml"
            return cls(stdin=_read_stdin(), stdin_name=name)
        if arguments.stdin_filename:
            raise UsageError("usage", "--stdin-filename names standard input: expected - as PATH")
        paths = tuple(Path(word) for word in words)
        if not arguments.changed_since:
            return cls(paths=paths, is_whole_project=any(path.resolve() == root for path in paths))
        from .git import Revision

        revision = Revision.find(arguments.changed_since, start=Path.cwd())
        return cls(paths=tuple(_among(revision.changed_files(), paths)))

    @property
    def is_stdin(self) -> bool:
        """Whether the one thing to look at is a text and no file."""
        return self.stdin is not None

    def read(self, file: str) -> bytes:
        """Return the content of a file, as it is now. Raises `InvalidInput` ``file.*``."""
        if self.stdin is not None:
            return self.stdin
        try:
            return read_file(Path(file)).data
        except InvalidInput as error:
            if error.code != "file.missing":
                raise
            hint = "give files or folders; to verify an image, use sealpin verify"
            raise InvalidInput(error.code, error.message, hint=hint) from error

    def files(self) -> Iterator[str]:
        """Yield the name of each file; one that is gone too, for its reader to say so."""
        if self.stdin is not None:
            yield self.stdin_name
            return
        gone = [path for path in self.paths if not os.path.lexists(path)]
        yield from map(os.path.normpath, gone)
        for path in _walk([path for path in self.paths if path not in gone]):
            yield os.path.normpath(path)


def _walk(paths: Sequence[Path]) -> Iterator[Path]:
    """Walk *paths*, but pass over links below them to what is read anyway, as the same kind."""
    read: dict[str, Path] | None = None
    for path in walk(paths):
        if path.is_symlink() and path not in paths:
            if read is None:
                files = (file for file in walk(paths) if not file.is_symlink())
                read = {os.path.realpath(file): file for file in files}
            if _is_same_kind(path, read.get(os.path.realpath(path))):
                continue
        yield path


def _is_same_kind(link: Path, target: Path | None) -> bool:
    """Whether *target*, which is read under its own name, is what *link* would be read as."""
    if target is None:
        return False
    from sealpin.manifests.file_kinds import kind_of_name

    return kind_of_name(os.path.normpath(link)) == kind_of_name(os.path.normpath(target))


def _among(changed: Sequence[Path], paths: Sequence[Path]) -> Iterator[Path]:
    """Those files of a run over *paths* that are among *changed*, which are absolute."""
    wanted = {os.path.realpath(path.parent) + os.sep + path.name for path in changed}
    for path in _walk(paths):
        if os.path.realpath(path.parent) + os.sep + path.name in wanted:
            yield path


def _read_stdin() -> bytes:
    from sealpin.limits import MAX_MANIFEST_FILE_BYTES

    data = sys.stdin.buffer.read(MAX_MANIFEST_FILE_BYTES + 1)
    if len(data) > MAX_MANIFEST_FILE_BYTES:
        raise InvalidInput(
            "file.too-large",
            f"standard input is too large: expected at most {MAX_MANIFEST_FILE_BYTES} bytes"
            f" ({quote(STDIN)})",
        )
    return data

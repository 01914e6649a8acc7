# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Replacements: many files are replaced while the disk is awaited for many at once.

Each goes through the steps of `staging`, whole or not at all; only the flushes run beside each
other, in threads, since a disk that is asked for one file at a time is waited for a hundred times
longer.
At most `_MAX_STAGED` files are staged at any moment, so that memory and open files do not grow with
the run.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType

from sealpin.errors import InvalidInput, SealpinError, quote
from sealpin.regular_files import ReadFile

from .staging import Staged, settle_folder, stage

_FLUSHING_THREADS = 8
_MAX_STAGED = 32


class Replacements:
    """A context manager: when its block ends well, every file is in its place or in `failed`."""

    def __init__(self) -> None:
        self.failed: dict[str, SealpinError] = {}
        """By file as it was named: it has its old content."""
        self._threads = ThreadPoolExecutor(_FLUSHING_THREADS, thread_name_prefix="sealpin-flush")
        self._staged: deque[tuple[str, Staged, Future[None]]] = deque()
        self._folders: dict[Path, list[str]] = {}

    def __enter__(self) -> Replacements:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._threads:
            if error is None:
                self._finish(allowed=0)
                self._settle()
        for _file, staged, _flushed in self._staged:
            staged.discard()

    def add(self, file: str, old: ReadFile, data: bytes) -> None:
        """Begin to replace *old*, which the run calls *file*, by *data*.

        Raises `InvalidInput` as `staging.stage` does; what goes wrong later is in `failed`.
        """
        staged = stage(old, data)
        self._staged.append((file, staged, self._threads.submit(staged.flush)))
        self._finish(allowed=_MAX_STAGED)

    def _finish(self, *, allowed: int) -> None:
        """Put files in their places, the oldest first, until no more than *allowed* are staged."""
        while len(self._staged) > allowed:
            file, staged, flushed = self._staged.popleft()
            try:
                flushed.result()
                staged.place()
            except OSError as error:
                self.failed[file] = _unwritable(staged.path, error)
            except SealpinError as error:
                self.failed[file] = error
            else:
                self._folders.setdefault(staged.path.parent, []).append(staged.path.name)
            finally:
                staged.discard()

    def _settle(self) -> None:
        """Flush each folder once; its files are in their places, and a failure undoes none."""
        settled = [
            (folder, self._threads.submit(settle_folder, folder, names))
            for folder, names in self._folders.items()
        ]
        for folder, done in settled:
            try:
                done.result()
            except OSError as error:
                self.failed[str(folder)] = _unwritable(folder, error)


def _unwritable(path: Path, error: OSError) -> InvalidInput:
    return InvalidInput(
        "file.unwritable", f"cannot write the file: {error.strerror} ({quote(path)})"
    )

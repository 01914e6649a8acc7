# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Doing a piece of work once for a whole run of ansible-playbook.

Hosts are worked on by forked processes, which share nothing but the file system. Ansible gives each
run a folder of its own, readable by its user only, which it removes at the end. Answers are kept
there, one file for each image and each set of options, under a lock that makes the other forks wait
for an answer in place of asking again ("single flight").

An answer that says "could not check" is not kept: the next host asks again.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

Entry = dict[str, Any]
"""One image's answer, as JSON."""
Ask = Callable[[list[str]], Mapping[str, Entry]]
"""Answers for images, by image; called with those nobody asked for before."""

_FOLDER = "sealpin"


class AnswersOfRun:
    """The answers of one run for one set of options."""

    def __init__(self, run_folder: Path, question: Mapping[str, Any]) -> None:
        """Keep answers below *run_folder*; *question* is all an answer depends on, as JSON."""
        self._folder = run_folder / _FOLDER
        self._folder.mkdir(mode=0o700, exist_ok=True)
        self._question = json.dumps(question, sort_keys=True)

    def get(self, images: Sequence[str], ask: Ask) -> dict[str, Entry]:
        """Return the answer for each of *images*; *ask* is called once, for those without one."""
        unique = list(dict.fromkeys(images))
        with contextlib.ExitStack() as held:
            # Every process takes its locks in the order of their names: none waits in a circle.
            for path in sorted(self._path(image) for image in unique):
                held.enter_context(_locked(path))
            answers = {image: kept for image in unique if (kept := self._read(image)) is not None}
            missing = [image for image in unique if image not in answers]
            if missing:
                for image, entry in ask(missing).items():
                    answers[image] = entry
                    if entry.get("outcome") != "inconclusive":
                        self._keep(image, entry)
        return answers

    def _path(self, image: str) -> Path:
        name = hashlib.sha256(f"{self._question}\n{image}".encode()).hexdigest()
        return self._folder / f"{name}.json"

    def _keep(self, image: str, entry: Entry) -> None:
        path = self._path(image)
        unfinished = path.with_suffix(".new")
        unfinished.write_text(json.dumps(entry), encoding="utf-8")
        unfinished.replace(path)

    def _read(self, image: str) -> Entry | None:
        try:
            entry: Entry = json.loads(self._path(image).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        return entry


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the lock of *path*; the system lets go of it when the process ends, however it ends."""
    with path.with_suffix(".lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield

# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""A revision of the project's git repository: what it changed, and policies as they stood in it.

Objects are asked for by their id, and names as lists. No hook, pager, external diff or text
conversion runs, a link in the repository is never followed, and no reference replaces an object.
The repository is the one the files lie in, whatever the environment says.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from sealpin.errors import InvalidInput, MissingDependency, quote
from sealpin.limits import MAX_POLICY_BYTES
from sealpin.policy.sources import check_path
from sealpin.project_files import project_root
from sealpin.records import dataclass

_TIMEOUT_S = 60
_PLAIN_FILES = ("100644", "100755")
_REF_FOLDERS = ("refs/", "refs/tags/", "refs/heads/", "refs/remotes/")
"""Where git looks for a short name, the first match wins (gitrevisions(7))."""
_SUFFIX = re.compile(r"[~^:]|@\{")
_SHORT_ID = re.compile(r"[0-9a-f]{4,39}", re.IGNORECASE)
_REDIRECTIONS = frozenset(
    {"GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_REPLACE_REF_BASE", "GIT_NAMESPACE"}
)
"""Variables that lead git to another repository than the one it is asked in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """One commit; also a `sealpin.inputs.PolicyStore`."""

    root: Path
    """Of the work tree."""
    commit: str
    """Its full id."""
    name: str
    """As it was given."""

    @classmethod
    def find(cls, name: str, *, start: Path) -> Revision:
        """Look *name* up in the repository *start* is in.

        Raises `InvalidInput` ``git.no-repository``, ``git.unknown-revision`` or
        ``git.ambiguous-revision``, `MissingDependency` ``git.missing``.
        """
        root = project_root(start)
        if not (root / ".git").exists():
            raise InvalidInput("git.no-repository", f"no git repository at {quote(start)}")
        try:
            found = _git(root, "rev-parse", "--verify", "--end-of-options", f"{name}^{{commit}}")
        except subprocess.CalledProcessError as error:
            raise InvalidInput(
                "git.unknown-revision",
                f"no such revision: {quote(name)}",
                hint="a shallow clone has only its last commits: fetch the revision first",
            ) from error
        _refuse_ambiguous(root, name)
        return cls(root=root, commit=found.decode("ascii").strip(), name=name)

    def changed_files(self) -> tuple[Path, ...]:
        """Return the files of the work tree that differ from this commit, new ones included."""
        try:
            listed = _git(
                self.root, "diff", "--name-only", "--no-ext-diff", "--no-textconv", "--no-renames",
                "--diff-filter=d", "-z", self.commit, "--",
            ) + _git(self.root, "ls-files", "--others", "--exclude-standard", "-z")  # fmt: skip
        except subprocess.CalledProcessError as error:
            raise _failed(error) from error
        names = dict.fromkeys(name for name in listed.split(b"\0") if name)
        return tuple(self.root / name.decode("utf-8", "surrogateescape") for name in names)

    def read(self, path: Path) -> bytes:
        """See `PolicyStore.read`. Raises `InvalidInput` ``git.no-such-file``."""
        if not path.is_relative_to(self.root):
            raise InvalidInput("git.outside", f"the policy is not in the repository: {quote(path)}")
        return self._read(path.relative_to(self.root).as_posix())

    def read_below(self, folder: Path, path: str) -> bytes:
        """See `PolicyStore.read_below`."""
        return self.read(folder / check_path(path))

    def has(self, path: Path) -> bool:
        """Whether a file was at *path*, below the root."""
        return bool(self._entry(path.relative_to(self.root).as_posix()))

    def _read(self, name: str) -> bytes:
        mode, _kind, object_id, size = self._entry(name) or ("", "", "", "")
        if mode not in _PLAIN_FILES:
            raise InvalidInput(
                "git.no-such-file", f"no such file in {quote(self.name)}: {quote(name)}"
            )
        if int(size) > MAX_POLICY_BYTES:
            raise InvalidInput(
                "file.too-large", f"{quote(name)} is larger than {MAX_POLICY_BYTES} bytes"
            )
        try:
            return _git(self.root, "cat-file", "blob", object_id)
        except subprocess.CalledProcessError as error:
            raise _failed(error) from error

    def _entry(self, name: str) -> tuple[str, str, str, str] | None:
        try:
            listed = _git(self.root, "ls-tree", "--full-tree", "--long", self.commit, "--", name)
        except subprocess.CalledProcessError as error:
            raise _failed(error) from error
        words = listed.partition(b"\t")[0].decode("ascii").split()
        return (words[0], words[1], words[2], words[3]) if len(words) == 4 else None


def _refuse_ambiguous(root: Path, name: str) -> None:
    """Refuse a name that means several things: a tag ``origin/main`` hides the branch of that name.

    Whoever may push a tag would choose the policy. git itself only prints a warning.
    """
    short = _SUFFIX.split(name, maxsplit=1)[0]
    wanted = [f"{folder}{short}" for folder in _REF_FOLDERS]
    try:
        listed = _git(root, "for-each-ref", "--format=%(refname)", *wanted)
        meanings = [ref for ref in listed.decode("utf-8", "replace").splitlines() if ref in wanted]
        if _SHORT_ID.fullmatch(short):
            listed = _git(root, "rev-parse", f"--disambiguate={short}")
            meanings += listed.decode("ascii").split()
    except subprocess.CalledProcessError as error:
        raise _failed(error) from error
    if len(meanings) > 1:
        raise InvalidInput(
            "git.ambiguous-revision",
            f"{quote(name)} means several things: {quote(', '.join(meanings))}",
            hint="write the one that is meant in full",
        )


def _git(root: Path, *words: str) -> bytes:
    command = [
        "git", "-C", str(root), "--no-replace-objects", "--literal-pathspecs",
        "-c", "core.fsmonitor=false", *words,
    ]  # fmt: skip
    environment = {name: value for name, value in os.environ.items() if name not in _REDIRECTIONS}
    try:
        return subprocess.run(
            command, check=True, capture_output=True, stdin=subprocess.DEVNULL,
            timeout=_TIMEOUT_S, env=environment,
        ).stdout  # fmt: skip
    except FileNotFoundError as error:
        raise MissingDependency(
            "git.missing", "git is not on PATH, and a revision was asked for"
        ) from error
    except subprocess.TimeoutExpired as error:
        raise InvalidInput("git.failed", "git did not answer in time") from error


def _failed(error: subprocess.CalledProcessError) -> InvalidInput:
    lines = error.stderr.decode("utf-8", "replace").splitlines()
    return InvalidInput("git.failed", f"git failed: {quote(lines[-1] if lines else 'no message')}")

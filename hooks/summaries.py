# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Verification summaries as files beside saved evidence, for somebody with a key to sign.

Nothing here signs, and each file's name says so: ``vsa/REGISTRY/PATH/ALGORITHM-HEX.unsigned.json``.
An image that is not verified any more loses its file, so that a loop over the folder never signs
yesterday's answer.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path

from sealpin.digest import Digest
from sealpin.errors import InvalidInput, VerificationFailed, quote
from sealpin.policy.decision import Decision, Outcome
from sealpin.policy.model import PolicySet
from sealpin.records import dataclass
from sealpin.report.vsa import verification_summary

from .staging import create_file

_FOLDER = "vsa"
# Ports and IPv6 addresses; some systems allow no colon in a name. No host has an underscore.
_NOT_IN_FILE_NAMES = re.compile(r"[:\[\]]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Summaries:
    """The summaries of one run."""

    folder: Path
    """Of the evidence."""
    verifier: str
    policies: PolicySet
    now_utc: datetime

    def write(self, decision: Decision) -> str:
        """Write the summary of *decision* if it is allowed; returns a line that tells what became.

        Raises `InvalidInput` ``file.*``.
        """
        path = self._path(decision)
        if path is None or decision.outcome is not Outcome.ALLOWED:
            return self._withdraw(path, f"no summary: {decision.reference} is not verified")
        try:
            summary = verification_summary(
                decision,
                verifier=self.verifier,
                policy=Digest.parse(self.policies.digest),
                now_utc=self.now_utc,
            )
        except VerificationFailed as error:
            return self._withdraw(path, f"{error.message} [{error.code}]")
        _make_folder(path.parent)
        create_file(path, (json.dumps(summary, indent=2) + "\n").encode())
        return f"unsigned summary: {_shown(path)}"

    def _path(self, decision: Decision) -> Path | None:
        if decision.digest is None:
            return None
        image = decision.reference.repository
        host = _NOT_IN_FILE_NAMES.sub("_", image.registry)
        name = f"{decision.digest.algorithm}-{decision.digest.hex}.unsigned.json"
        return self.folder.joinpath(_FOLDER, host, *image.path.split("/"), name)

    def _withdraw(self, path: Path | None, line: str) -> str:
        try:
            if path is not None:
                path.unlink(missing_ok=True)
        except OSError as error:
            raise InvalidInput(
                "file.unwritable", f"cannot remove the file: {error.strerror} ({quote(path)})"
            ) from error
        return line


def _shown(path: Path) -> str:
    """Return *path* as a person here would type it."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidInput(
            "file.unwritable", f"cannot make the folder: {error.strerror} ({quote(folder)})"
        ) from error

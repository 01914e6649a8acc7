# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""What provenance may claim about a build, and how it is read out of signed JSON.

`Provenance` is the one view the rest of the package works on; nothing in it is believed before
`slsa.expectations` has held it against the signing certificate. `Claims` reads JSON by path: what
is absent is empty, what has the wrong type is an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import VerificationFailed
from ..records import dataclass, field
from .source import SourceUri


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """What provenance says about a build; empty text and None mean that it does not say."""

    predicate_type: str
    builder_id: str
    build_type: str
    source: SourceUri | None = None
    commit: str = ""
    """Commit of the source, hexadecimal."""
    branch: str | None = None
    """Bare branch the build ran on, or the tag was cut from where the event tells."""
    tag: str | None = None
    """Bare tag the build ran on."""
    trigger: str = ""
    """GitHub event name: ``push``, ``workflow_dispatch``."""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    """Inputs of a ``workflow_dispatch``."""
    entry_point: str = ""
    """Path of the workflow, build file or Dockerfile in the source."""
    invocation: str = ""
    """URI of the run."""

    @property
    def source_ref(self) -> str:
        """Git ref of the source, or empty."""
        return self.source.ref if self.source else ""


def malformed(message: str) -> VerificationFailed:
    """Make the error for provenance that is signed but unreadable."""
    return VerificationFailed("slsa.provenance-malformed", f"provenance is malformed: {message}")


class Claims:
    """A JSON object read by path; absence is empty, a wrong type is an error."""

    def __init__(self, value: Any, where: str) -> None:
        if not isinstance(value, dict):
            raise malformed(f"{where} is not an object, but {type(value).__name__}")
        self._value: dict[str, Any] = value
        self._where = where

    def __getitem__(self, key: str) -> Claims:
        """The object under *key*, empty if absent or null."""
        value = self._value.get(key)
        return Claims({} if value is None else value, f"{self._where}.{key}")

    def text(self, key: str) -> str:
        """The string under *key*, empty if absent or null."""
        value = self._value.get(key)
        if value is not None and not isinstance(value, str):
            raise malformed(f"{self._where}.{key} is not a string, but {type(value).__name__}")
        return value or ""

    def objects(self, key: str) -> tuple[Claims, ...]:
        """The list of objects under *key*, empty if absent or null."""
        value = self._value.get(key) or []
        if not isinstance(value, list):
            raise malformed(f"{self._where}.{key} is not a list, but {type(value).__name__}")
        return tuple(Claims(item, f"{self._where}.{key}[{i}]") for i, item in enumerate(value))

    def texts(self, key: str) -> tuple[str, ...]:
        """The list of strings under *key*, empty if absent or null."""
        value = self._value.get(key) or []
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise malformed(f"{self._where}.{key} is not a list of strings")
        return tuple(value)

    def raw(self) -> dict[str, Any]:
        """The object itself."""
        return self._value


def branch_of(ref: str) -> str | None:
    """Return the bare branch of ``refs/heads/…``, or None for any other ref."""
    return _below(ref, "refs/heads/")


def tag_of(ref: str) -> str | None:
    """Return the bare tag of ``refs/tags/…``, or None for any other ref."""
    return _below(ref, "refs/tags/")


def _below(ref: str, prefix: str) -> str | None:
    return ref.removeprefix(prefix) if ref.startswith(prefix) and ref != prefix else None

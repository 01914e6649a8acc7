# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Fields of one JSON object of the lock, read strictly: a lock edited by hand gets a message."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ..digest import Digest
from ..errors import InvalidInput

TIME_FORMAT = "%Y-%m-%dT%H:%M:%SZ"


def malformed(problem: str) -> InvalidInput:
    """Make the error for a lock that does not read."""
    return InvalidInput(
        "lock.malformed",
        f"sealpin.lock does not read as a lock: {problem}",
        hint="restore it from git, or delete it and run: sealpin pin",
    )


class Fields:
    """Typed access to an object's fields; what nobody asked for is unknown."""

    def __init__(self, value: Any, where: str) -> None:
        if not isinstance(value, dict):
            raise malformed(f"{where} is not an object")
        self.where = where
        self._value: dict[str, Any] = value
        self._known: set[str] = set()

    def _take(self, name: str, kind: type, default: Any) -> Any:
        self._known.add(name)
        value = self._value.get(name, default)
        if not isinstance(value, kind):
            raise malformed(f"{name} of {self.where} is not of type {kind.__name__}")
        return value

    def text(self, name: str) -> str:
        """A string; empty when absent."""
        return str(self._take(name, str, ""))

    def flag(self, name: str) -> bool:
        """A boolean; false when absent."""
        return bool(self._take(name, bool, False))  # noqa: FBT003  # a default, not an argument

    def items(self, name: str) -> list[Any]:
        """An array of anything."""
        return list(self._take(name, list, []))

    def texts(self, name: str) -> tuple[str, ...]:
        """An array of strings."""
        items = self.items(name)
        if not all(isinstance(item, str) for item in items):
            raise malformed(f"{name} of {self.where} holds more than strings")
        return tuple(items)

    def digest(self, name: str) -> Digest:
        """A digest that must be there."""
        return self._digest(name, self.text(name))

    def optional_digest(self, name: str) -> Digest | None:
        """A digest, or None when absent."""
        text = self.text(name)
        return self._digest(name, text) if text else None

    def digests(self, name: str) -> dict[str, Digest]:
        """An object whose values are digests."""
        values = self._take(name, dict, {})
        return {key: self._digest(name, value) for key, value in values.items()}

    def time(self, name: str) -> str:
        """A moment in UTC to the second, checked but kept as text; empty when absent."""
        text = self.text(name)
        if text:
            try:
                datetime.strptime(text, TIME_FORMAT)  # the format ends in Z
            except ValueError as error:
                raise malformed(f"{name} of {self.where} is not a time") from error
        return text

    def check_known(self) -> None:
        """Refuse fields that nothing asked for."""
        unknown = sorted(self._value.keys() - self._known)
        if unknown:
            raise malformed(f"{self.where} has the unknown field {unknown[0]!r}")

    def _digest(self, name: str, text: object) -> Digest:
        try:
            return Digest.parse(str(text))
        except InvalidInput as error:
            raise malformed(f"{name} of {self.where}: {error.message}") from error

# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Mirrors: read a registry prefix from elsewhere.

``PREFIX=TARGET``: a prefix is a registry or a registry and leading path components, matched on
whole components, the longest one wins; a target is another such prefix, or ``dir:PATH``, a folder
with one image layout for each repository. What a mirror is trusted for is which digest a tag means
and that evidence is absent, and `ResolvedArtifact.source` names it. `routing` obeys the rules.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from ..errors import InvalidInput, quote
from ..records import dataclass
from ..reference import Repository

_DIRECTORY = "dir:"
_ANY_PATH = "x"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prefix:
    """A registry, and perhaps leading path components."""

    registry: str
    parts: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Prefix:
        """Parse ``registry[/component…]``. Raises `InvalidInput` ``mirror.prefix``."""
        host, _separator, path = text.rstrip("/").partition("/")
        # The grammar knows a registry by its dot, port or name; here it always comes first.
        is_host = host == "localhost" or "." in host or ":" in host
        try:
            repository = Repository.parse(f"{host}/{path or _ANY_PATH}") if is_host else None
        except InvalidInput as error:
            raise InvalidInput(
                "mirror.prefix", f"not a registry prefix: {quote(text)}: {error.message}"
            ) from error
        if repository is None:
            raise InvalidInput("mirror.prefix", f"not a registry prefix: {quote(text)}")
        return cls(registry=repository.registry, parts=tuple(path.split("/")) if path else ())

    def rest_of(self, repository: Repository) -> tuple[str, ...] | None:
        """Return the components of *repository* below this prefix, or None if it lies elsewhere."""
        parts = tuple(repository.path.split("/"))
        count = len(self.parts)
        if repository.registry != self.registry or parts[:count] != self.parts:
            return None
        return parts[count:]

    def __str__(self) -> str:
        return "/".join((self.registry, *self.parts))


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirror:
    """One rule."""

    prefix: Prefix
    target: Prefix | Path

    @property
    def shown(self) -> str:
        """The target as reports name it."""
        return f"mirror {self.target if isinstance(self.target, Prefix) else f'dir:{self.target}'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirrors:
    """All rules of a run, longest prefix first."""

    rules: tuple[Mirror, ...] = ()

    @classmethod
    def parse(cls, texts: Iterable[str], *, base: Path) -> Mirrors:
        """Parse ``PREFIX=TARGET`` rules; a relative ``dir:`` is relative to *base*.

        Raises `InvalidInput` ``mirror.malformed``, ``mirror.prefix`` or ``mirror.twice``.
        """
        rules = [_parse_rule(text, base) for text in texts]
        for prefix, count in Counter(rule.prefix for rule in rules).items():
            if count > 1:
                raise InvalidInput("mirror.twice", f"two mirrors for one prefix: {prefix}")
        return cls(rules=tuple(sorted(rules, key=lambda rule: -len(rule.prefix.parts))))

    def over(self, other: Mirrors) -> Mirrors:
        """Return these rules and those of *other* for prefixes that have none here."""
        prefixes = {rule.prefix for rule in self.rules}
        rules = (*self.rules, *(rule for rule in other.rules if rule.prefix not in prefixes))
        return Mirrors(rules=tuple(sorted(rules, key=lambda rule: -len(rule.prefix.parts))))

    def find(self, repository: Repository) -> Mirror | None:
        """Return the rule of the longest prefix that holds *repository*."""
        for rule in self.rules:
            if rule.prefix.rest_of(repository) is not None:
                return rule
        return None

    @property
    def foreign_registries(self) -> frozenset[str]:
        """Target registries that are not their own source; no explicit credentials for them."""
        return frozenset(
            rule.target.registry
            for rule in self.rules
            if isinstance(rule.target, Prefix) and rule.target.registry != rule.prefix.registry
        )


def _parse_rule(text: str, base: Path) -> Mirror:
    prefix, equals, target = text.partition("=")
    if not equals or not prefix or not target:
        raise InvalidInput(
            "mirror.malformed", f"not a mirror: expected PREFIX=TARGET, got {quote(text)}"
        )
    if target.startswith(_DIRECTORY):
        return Mirror(prefix=Prefix.parse(prefix), target=base / target[len(_DIRECTORY) :])
    return Mirror(prefix=Prefix.parse(prefix), target=Prefix.parse(target))

# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""FindOptions: what a project says about where its images stand."""

from __future__ import annotations

from ..errors import InvalidInput, quote
from ..policy.file_settings import FileSettings
from ..records import dataclass, field
from .custom_paths import CustomPath, parse_custom_paths
from .prefilter import OTHER_WORDS
from .site import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class FindOptions:
    """How files are searched; every default is the careful one."""

    kinds: frozenset[str] = frozenset()
    """Values of `Kind`; other files and documents are passed over. Empty means every kind."""
    custom_paths: tuple[CustomPath, ...] = field(default=())
    """Image fields of custom resources."""
    helm_tag_digest: bool = False
    """Write ``tag@digest`` into Helm values without a digest key; breaks charts with tag labels."""
    arg_defaults: bool = False
    """Pin the default of a Dockerfile ``ARG`` that a ``FROM`` consists of."""
    tag_comments: bool = False
    """Read the tag of ``name@digest # tag`` from the comment."""

    @classmethod
    def of(cls, settings: FileSettings) -> FindOptions:
        """Take the options of a project's configuration.

        Raises `InvalidInput` ``files.unknown-kind`` or ``custom-path.*``.
        """
        known = frozenset(kind.value for kind in Kind)
        for kind in settings.kinds:
            if kind not in known:
                raise InvalidInput(
                    "files.unknown-kind",
                    f"no kind of file: expected one of {', '.join(sorted(known))},"
                    f" got {quote(kind)}",
                )
        return cls(
            kinds=frozenset(settings.kinds),
            custom_paths=parse_custom_paths(settings.custom_paths),
            helm_tag_digest=settings.helm_tag_digest,
            arg_defaults=settings.arg_defaults,
            tag_comments=settings.tag_comments,
        )

    @property
    def words(self) -> tuple[str, ...]:
        """Words of which a document has at least one if it names an image."""
        return ("image", *OTHER_WORDS, *(path.word for path in self.custom_paths))

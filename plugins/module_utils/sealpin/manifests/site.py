# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""ImageSite: one place in a file that names an image, and Remark: why one is left alone.

Finders make both from a file's bytes; a site and an allowed decision make a `Pin`. Every reference
that is found ends in one of the two, an already pinned one in both: it is verified again and
compared with the lock, and the report says that nothing is to be written.
"""

from __future__ import annotations

from enum import Enum

from ..digest import Digest
from ..errors import quote
from ..records import dataclass
from ..reference import DEFAULT_TAG, ImageReference
from .messages import Severity, message_of


class Kind(Enum):
    """What a file, or a document in it, is."""

    KUBERNETES = "kubernetes"
    COMPOSE = "compose"
    BAKE = "bake"
    DOCKERFILE = "dockerfile"
    KUSTOMIZE = "kustomize"
    HELM_VALUES = "helm-values"
    HELM_CHART = "helm-chart"
    QUADLET = "quadlet"
    GITHUB_ACTIONS = "github-actions"
    GITLAB_CI = "gitlab-ci"
    AZURE_PIPELINES = "azure-pipelines"
    BITBUCKET_PIPELINES = "bitbucket-pipelines"
    BUILDKITE = "buildkite"
    CIRCLECI = "circleci"
    CLOUD_BUILD = "cloud-build"
    DRONE = "drone"
    ECS = "ecs"
    VELA = "vela"
    WOODPECKER = "woodpecker"
    ANSIBLE = "ansible"
    MOLECULE = "molecule"
    EXECUTION_ENVIRONMENT = "execution-environment"
    NAVIGATOR = "ansible-navigator"
    PRE_COMMIT = "pre-commit"
    DEVCONTAINER = "devcontainer"
    MARKED_LINE = "marked-line"


class TagStyle(Enum):
    """How a pinned reference is written."""

    KEEP = "keep"
    """``name:tag@digest``"""
    DROP = "drop"
    """``name@digest``"""
    COMMENT = "comment"
    """``name@digest # tag``; as `KEEP` where no comment can stand."""


class Splice(Enum):
    """What the characters of a site's span are."""

    REFERENCE = "reference"
    """A whole reference."""
    TAG = "tag"
    """A tag whose reader also takes ``tag@digest`` (Kustomize's ``newTag``)."""
    DIGEST = "digest"
    """A digest field of its own, empty or filled."""


@dataclass(frozen=True, slots=True)
class Span:
    """Half-open range of character offsets in the file's text; a byte order mark counts."""

    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageSite:
    """One place where a digest can be written, or stands already."""

    file: str
    kind: Kind
    path: str
    """``$.spec.containers[0].image``, ``FROM nginx:1.27`` or ``[Container].Image``."""
    span: Span
    text: str
    """The characters of `span`."""
    reference: ImageReference
    """What is asked for: with the digest if one is written there."""
    line: int
    column: int
    splice: Splice = Splice.REFERENCE
    comment_offset: int | None = None
    """Where a comment may begin on the same line; None where none can stand."""

    @property
    def is_pinned(self) -> bool:
        """Whether a digest is written there."""
        return self.reference.digest is not None

    @property
    def moving_reference(self) -> ImageReference:
        """The reference without its digest: what an update asks the registry for.

        A reference pinned without a tag has nothing to follow and stays as it is.
        """
        reference = self.reference
        if reference.digest is None or reference.tag is None:
            return reference
        return ImageReference(
            repository=reference.repository,
            tag=reference.tag,
            digest=None,
            text=reference.text.partition("@")[0],
        )

    def replacement(self, digest: Digest, style: TagStyle) -> str:
        """The text that replaces `text` to pin *digest*."""
        head = self.text.partition("@")[0]
        if self.splice is Splice.DIGEST:
            return str(digest)
        if self.splice is Splice.TAG:
            return f"{head}@{digest}"
        if style is TagStyle.DROP or (
            style is TagStyle.COMMENT and self.comment_offset is not None
        ):
            return f"{self._name}@{digest}"
        if self.reference.tag is None and not self.is_pinned:
            head = f"{head}:{DEFAULT_TAG}"
        return f"{head}@{digest}"

    @property
    def _name(self) -> str:
        head = self.text.partition("@")[0]
        return head.removesuffix(f":{self.reference.tag}") if self.reference.tag else head

    def tag_comment(self, style: TagStyle) -> str:
        """The comment that keeps the tag when the reference drops it; else empty."""
        if style is not TagStyle.COMMENT or self.comment_offset is None or self.is_pinned:
            return ""
        if self.splice is not Splice.REFERENCE:
            return ""
        return f" # {self.reference.tag or DEFAULT_TAG}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """Something a person should know about a file; its code is stable (docs/messages.md)."""

    code: str
    file: str
    path: str = ""
    """As in `ImageSite`; empty when it is about the whole file."""
    line: int = 0
    """From 1; 0 when it is about the whole file."""
    column: int = 0
    detail: str = ""
    """What was found there, for the message."""

    @property
    def severity(self) -> Severity:
        """How much it matters."""
        return message_of(self.code).severity

    @property
    def message(self) -> str:
        """One line: what it is and what is done about it."""
        text = message_of(self.code).text
        about = self.detail if self.detail.strip() else quote(self.detail)
        return f"{about}: {text}" if self.detail else text

    @property
    def hint(self) -> str:
        """What to do next."""
        return message_of(self.code).hint

    @property
    def label(self) -> str:
        """``code:path``, or the code alone for a whole file."""
        return f"{self.code}:{self.path}" if self.path else self.code


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Everything a file says about images, in the order of the text."""

    file: str
    sites: tuple[ImageSite, ...] = ()
    remarks: tuple[Remark, ...] = ()

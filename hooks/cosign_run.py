# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""One run of a verb of cosign's that verifies: from its options to decisions.

1. The options say what is trusted and where evidence is.
2. The images become targets: what is named or listed, an attached SBOM, or with ``--recursive`` an
   index and each platform manifest in it.
3. Each target is decided on.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sealpin.api import Collect, as_gathered
from sealpin.attestations.sbom import ListedImage, check_listed_digest
from sealpin.descriptor import Descriptor, ResolvedArtifact
from sealpin.errors import VerificationFailed
from sealpin.policy.decision import Decision
from sealpin.policy.evaluate import decide_unresolved
from sealpin.policy.model import AttestationRule
from sealpin.records import dataclass, field
from sealpin.reference import ImageReference, Repository
from sealpin.registry.attachments import TagKind
from sealpin.registry.saved_image import SavedImageSource
from sealpin.registry.source import Source
from sealpin.rules import Rules, load_rules
from sealpin.run import open_session
from sealpin.run_options import RunOptions

from .running import parse_references, this_machine
from .seen_evidence import SeenEvidence
from .terminal import Progress

if TYPE_CHECKING:
    from sealpin.ahead import LookAhead
    from sealpin.api import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One thing to decide on."""

    reference: ImageReference
    platform: str = ""
    """Of a manifest that was found in an index."""
    shown_as: str = ""
    """The name in cosign's report, where it is not the reference's own."""
    refused: VerificationFailed | None = None
    """Why it is refused whatever is signed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A target and what was decided."""

    target: Target
    decision: Decision


ListTargets = Callable[["Session"], Sequence[Target]]
"""What a run is to decide on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CosignRun:
    """Everything a run of ``verify`` or ``verify-attestation`` was asked for."""

    arguments: argparse.Namespace
    options: RunOptions
    rules: Rules
    collect: Collect = as_gathered
    seen: SeenEvidence = field(default_factory=SeenEvidence)
    """What was gathered, for ``--compat``, whose texts quote it."""
    ahead: LookAhead | None = None
    """Lookups that were begun already."""

    @classmethod
    def of(
        cls,
        arguments: argparse.Namespace,
        options: RunOptions,
        *,
        attestations: tuple[AttestationRule, ...] = (),
        ahead: LookAhead | None = None,
    ) -> CosignRun:
        """Do step 1.

        Raises `InvalidInput` for options that do not say who may sign, or contradict each other.
        """
        machine = this_machine(allow_environment_keys=True)
        rules = load_rules(options, machine, attestations=attestations)
        if not _gives_evidence(arguments, options):
            return cls(arguments=arguments, options=rules.options, rules=rules, ahead=ahead)

        from .cosign_evidence import collect_given

        collect = collect_given(arguments, options, rules)
        return cls(arguments=arguments, options=rules.options, rules=rules, collect=collect)

    def decide(self, list_targets: ListTargets) -> tuple[Answer, ...]:
        """Do steps 2 and 3 with what *list_targets* makes of the images."""
        if self.arguments.local_image:
            return tuple(self._decide_saved(Path(name)) for name in self.arguments.images)
        with self._session(self.ahead.source if self.ahead else None) as session:
            return self._answers(session, list_targets(session))

    def _decide_saved(self, folder: Path) -> Answer:
        source = SavedImageSource(folder)
        # A saved image has no name; the digest is what is decided on.
        reference = ImageReference(
            repository=Repository(registry="localhost", path="saved-image"),
            tag=None,
            digest=source.image.digest,
            text=str(folder),
        )
        target = Target(reference=reference, shown_as=str(folder))
        with self._session(source) as session:
            return self._answers(session, (target,))[0]

    def _session(self, source: Source | None) -> Session:
        return open_session(
            self.options,
            this_machine(),
            registries=self.rules.registries,
            source=source,
            collect=self.seen.recording(self.collect) if self.arguments.compat else self.collect,
        )

    def _answers(self, session: Session, targets: Sequence[Target]) -> tuple[Answer, ...]:
        asked = [target.reference for target in targets if target.refused is None]
        decided = iter(session.decide(asked, self.rules.policies, on_progress=Progress()))
        return tuple(
            Answer(
                target=target,
                decision=next(decided)
                if target.refused is None
                else decide_unresolved(target.reference, target.refused),
            )
            for target in targets
        )


def named_targets(arguments: argparse.Namespace) -> ListTargets:
    """Return the images as they are named, and what is in them where that is wanted.

    Folders (``--local-image``) name no images; `CosignRun.decide` reads them.
    """
    if arguments.local_image:
        return lambda _session: ()
    references = parse_references(arguments.images)
    if arguments.recursive:
        return lambda session: platform_targets(session, references)
    return lambda _session: [Target(reference=reference) for reference in references]


def platform_targets(
    session: Session, references: Sequence[ImageReference], *, with_index: bool = True
) -> Sequence[Target]:
    """Return each image, and behind an index every manifest that a runtime could take from it.

    Without *with_index* an index stands for its manifests alone. What does not resolve stays as it
    is: deciding on it says why. Raises `Unavailable` where a manifest could not be read.
    """
    targets: list[Target] = []
    for reference, artifact in zip(references, session.resolve(references), strict=True):
        children: tuple[Descriptor, ...] = ()
        if isinstance(artifact, ResolvedArtifact):
            children = session.manifests_below(artifact)
        if with_index or not children:
            targets.append(Target(reference=reference))
        targets += [
            Target(
                reference=ImageReference.parse(f"{reference.repository}@{child.digest}"),
                platform=str(child.platform or "no platform"),
            )
            for child in children
        ]
    return targets


def sbom_targets(
    session: Session, references: Sequence[ImageReference], options: RunOptions
) -> Sequence[Target]:
    """Return the SBOM that hangs on each image: ``--attachment sbom`` is about its signature.

    Raises what kept an image from being resolved.
    """
    targets = []
    for reference, artifact in zip(references, session.resolve(references), strict=True):
        if not isinstance(artifact, ResolvedArtifact):
            raise artifact
        place = Repository.parse(options.repository) if options.repository else reference.repository
        tag = TagKind.SBOM.tag_of(artifact.digest, prefix=options.attachment_tag_prefix)
        targets.append(Target(reference=ImageReference.parse(f"{place}:{tag}")))
    return targets


def listed_targets(
    session: Session, *, images: Sequence[ListedImage], recursive: bool
) -> Sequence[Target]:
    """Return the images an SBOM lists; one that is not what it lists is refused."""
    references = [image.reference for image in images]
    refused, listed = [], []
    for image, artifact in zip(images, session.resolve(references), strict=True):
        try:
            if isinstance(artifact, ResolvedArtifact):
                check_listed_digest(image, artifact.digest)
        except VerificationFailed as error:
            refused.append(Target(reference=image.reference, refused=error))
        else:
            listed.append(image.reference)
    if recursive:
        return [*refused, *platform_targets(session, listed)]
    return [*refused, *(Target(reference=reference) for reference in listed)]


def _gives_evidence(arguments: argparse.Namespace, options: RunOptions) -> bool:
    return bool(getattr(arguments, "signature", "") or options.rekor_url)

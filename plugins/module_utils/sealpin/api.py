# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The whole public surface of the core: a `Session` that resolves, gathers, decides.

A session is one run. It holds the one source images are read from and remembers what it
verified, so that however many files and policies name an image, each tag is resolved once and
each digest is fetched and verified once. Network work runs in threads; verification runs in the
calling thread while the network is awaited (OpenSSL holds the interpreter's lock while it
verifies, so more threads would not be faster).

The steps for one image:

1. from its name alone: refuse an image that no policy covers, say what the others need
2. resolve the reference to one digest; read the platforms of an index if they are wanted
3. gather the evidence for the digest from every place that is needed; nothing where nothing is
4. evaluate evidence and policies to a decision
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from types import TracebackType
from typing import Any

from . import jsonbytes
from .clock import Clock
from .descriptor import Descriptor, Platform, ResolvedArtifact
from .digest import Digest
from .errors import SealpinError, Unavailable, VerificationFailed, quote
from .evidence import EvidenceSet
from .gathering import Gatherer, SignIn
from .limits import DEFAULT_WORKERS, MAX_CONFIG_BYTES
from .policy.decision import Decision
from .policy.evaluate import decide_by_name, decide_unresolved, evaluate
from .policy.model import EvidencePlace, PolicySet
from .policy.needs import Needs, needs_of
from .policy.program_input import Facts
from .policy.select import Resource
from .policy.verifications import Verifications
from .records import dataclass, replace
from .reference import ImageReference, Repository
from .registry.attachments import Attached, Sbom, list_attached, read_sbom
from .registry.manifest import Manifest, is_index, parse_image, parse_index
from .registry.platforms import choose_platform, manifests_below, with_children
from .registry.source import Source
from .signatures.opinion import SecondOpinion
from .weakening import Weakening

Collect = Callable[[ResolvedArtifact, Callable[[], EvidenceSet]], EvidenceSet]
"""From an artifact, and the way to gather what its repositories hold, to the evidence that counts:
that of the repositories, completed or replaced by what somebody gave.
"""

OnProgress = Callable[[int, int], None]
"""Called with how many images are decided, of how many."""


WeakeningsOf = Callable[[Repository], frozenset[Weakening]]
"""What is given up between here and where a repository is read."""


def nothing_given_up(_repository: Repository) -> frozenset[Weakening]:
    """Every registry is authenticated."""
    return frozenset()


def as_gathered(_artifact: ResolvedArtifact, gather: Callable[[], EvidenceSet]) -> EvidenceSet:
    """Take what the repositories hold."""
    return gather()


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """What steps 2 and 3 brought."""

    artifact: ResolvedArtifact
    evidence: EvidenceSet
    configs: dict[str, Any]
    """Image configuration by platform; empty unless a policy's program wants them."""


class Session:
    """One run over one source of images. Use it as a context manager: it owns threads."""

    def __init__(
        self,
        source: Source,
        *,
        clock: Clock,
        second_opinion: SecondOpinion = SecondOpinion.AUTO,
        max_workers: int = DEFAULT_WORKERS,
        collect: Collect = as_gathered,
        weakenings_of: WeakeningsOf = nothing_given_up,
        sign_in: SignIn | None = None,
    ) -> None:
        self._source = source
        self._collect = collect
        self._weakenings_of = weakenings_of
        self._now_utc = clock.now_utc()
        self._second_opinion = second_opinion
        self._verifications = Verifications()
        # An image waits for its lookups, so the two must not share one pool of threads.
        self._images = ThreadPoolExecutor(max_workers, thread_name_prefix="sealpin-image")
        self._lookups = ThreadPoolExecutor(max_workers, thread_name_prefix="sealpin-lookup")
        self._gatherer = Gatherer(source=source, sign_in=sign_in, executor=self._lookups)

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # Images that were not begun are dropped. Lookups are not: the image that waits for one
        # would never be woken (`Executor.shutdown` cancels without notifying its waiters).
        self._images.shutdown(wait=error is None, cancel_futures=True)
        self._lookups.shutdown(wait=error is None)

    def decide(
        self,
        references: Sequence[ImageReference],
        policies: PolicySet,
        *,
        with_platforms: bool = False,
        for_platform: frozenset[ImageReference] = frozenset(),
        resource: Resource | None = None,
        on_progress: OnProgress | None = None,
    ) -> tuple[Decision, ...]:
        """Decide on each of *references*, in their order; what is written alike is decided once.

        *with_platforms* reads the platforms of an index where evidence is wanted; those of the
        images *for_platform* are read whatever is wanted, since one of them will be chosen. No
        error of one image ends the run: it becomes that image's decision.
        """
        # By text, not by the image it means: a cluster's globs tell spellings apart.
        written: dict[str, list[int]] = {}
        for position, reference in enumerate(references):
            written.setdefault(reference.text, []).append(position)
        pending = {
            self._images.submit(
                self._gather,
                references[positions[0]],
                policies,
                resource,
                with_platforms=with_platforms,
                for_platform=references[positions[0]] in for_platform,
            ): positions
            for positions in written.values()
        }
        decided: dict[int, Decision] = {}
        for future in as_completed(pending):
            for position in pending[future]:
                decided[position] = self._conclude(references[position], future, policies, resource)
            if on_progress is not None:
                on_progress(len(decided), len(references))
        return tuple(decided[position] for position in range(len(references)))

    def resolve(
        self, references: Sequence[ImageReference], *, platform: Platform | None = None
    ) -> tuple[ResolvedArtifact | SealpinError, ...]:
        """Resolve each of *references*, unverified: what ``sealpin digest`` prints."""
        pending = [self._images.submit(self._resolve, r, platform) for r in references]
        return tuple(_result(future) for future in pending)

    def platforms(self, artifact: ResolvedArtifact) -> ResolvedArtifact:
        """Return *artifact* with the platform manifests of an index."""
        return with_children(self._source, artifact)

    def manifests_below(self, artifact: ResolvedArtifact) -> tuple[Descriptor, ...]:
        """Return every manifest that a runtime could take by way of an index."""
        return manifests_below(self._source, artifact)

    def manifest(self, artifact: ResolvedArtifact) -> Manifest:
        """Return the bytes that *artifact*'s digest names."""
        return self._source.manifest(artifact.reference.repository, artifact.digest)

    def gather(self, artifact: ResolvedArtifact, *, needs: Needs) -> EvidenceSet:
        """Return the evidence for *artifact*, unverified: ``sealpin download``."""
        return self._gatherer.gather(artifact, needs)

    def attached(self, artifact: ResolvedArtifact, *, place: EvidencePlace) -> tuple[Attached, ...]:
        """Return what is attached to *artifact*, whatever it is: ``sealpin tree``."""
        return list_attached(
            self._source,
            repository=place.repository or artifact.reference.repository,
            subject=artifact.digest,
            tag_prefix=place.tag_prefix,
        )

    def sbom(self, artifact: ResolvedArtifact, *, place: EvidencePlace) -> Sbom | None:
        """Return the SBOM attached to *artifact*, unsigned: ``sealpin download sbom``."""
        return read_sbom(
            self._source,
            repository=place.repository or artifact.reference.repository,
            subject=artifact.digest,
            tag_prefix=place.tag_prefix,
        )

    def _gather(
        self,
        reference: ImageReference,
        policies: PolicySet,
        resource: Resource | None,
        *,
        with_platforms: bool,
        for_platform: bool,
    ) -> Gathered | Decision:
        # 1.
        refused = decide_by_name(policies, reference, now_utc=self._now_utc, resource=resource)
        if refused is not None:
            return refused
        needs = needs_of(policies, reference, now_utc=self._now_utc, resource=resource)
        # 2.
        artifact = self._source.resolve(reference)
        if (with_platforms and needs.kinds) or for_platform:
            artifact = with_children(self._source, artifact)
        # 3.
        return Gathered(
            artifact=artifact,
            evidence=self._collect(artifact, lambda: self.gather(artifact, needs=needs)),
            configs=self._configs(artifact) if needs.configs else {},
        )

    def _conclude(
        self,
        reference: ImageReference,
        future: Future[Gathered | Decision],
        policies: PolicySet,
        resource: Resource | None,
    ) -> Decision:
        try:
            gathered = future.result()
        except SealpinError as error:
            return decide_unresolved(reference, error)
        if isinstance(gathered, Decision):
            return gathered
        # 4.
        decision = evaluate(
            policies,
            replace(gathered.artifact, reference=reference),
            gathered.evidence,
            now_utc=self._now_utc,
            second_opinion=self._second_opinion,
            cache=self._verifications,
            facts=Facts(resource=resource, configs=gathered.configs),
        )
        given_up = self._weakenings_of(reference.repository)
        if not given_up:
            return decision
        return replace(decision, weakenings=decision.weakenings | given_up)

    def _resolve(self, reference: ImageReference, platform: Platform | None) -> ResolvedArtifact:
        artifact = self._source.resolve(reference)
        if platform is None:
            return artifact
        index = with_children(self._source, artifact)
        child = choose_platform(index, platform)
        return replace(index, digest=child.digest, media_type=child.media_type)

    def _configs(self, artifact: ResolvedArtifact) -> dict[str, Any]:
        """Read the image's configuration, or that of every image of an index, by platform.

        A runtime takes an entry without platform for what its configuration says, so it counts;
        one that is for no platform there either is an attestation. Two images for one platform are
        refused: one would hide the other from the program, and may be the one that runs.
        """
        manifest = self._source.manifest(artifact.reference.repository, artifact.digest)
        if not is_index(manifest):
            config = self._config(artifact, artifact.digest)
            return {_platform_of(config): config}
        configs: dict[str, Any] = {}
        entries = {(each.platform, each.digest): None for each in parse_index(manifest)}
        for platform, digest in entries:
            config = self._config(artifact, digest)
            name = str(platform or _platform_of(config))
            if platform is None and name in _NO_PLATFORM:
                continue
            if name in configs:
                raise VerificationFailed(
                    "index.same-platform",
                    f"{artifact.reference} has two images for {quote(name)}",
                )
            configs[name] = config
        return configs

    def _config(self, artifact: ResolvedArtifact, digest: Digest) -> dict[str, Any]:
        repository = artifact.reference.repository
        described = parse_image(self._source.manifest(repository, digest)).config
        if described is None:
            raise Unavailable(
                "registry.no-config", f"{artifact.reference} has no image configuration"
            )
        content = self._source.blob(repository, described.digest, max_bytes=MAX_CONFIG_BYTES)
        return jsonbytes.parse_object(content, what=f"configuration of {artifact.reference}")


_NO_PLATFORM = frozenset({"", "unknown/unknown"})


def _platform_of(config: dict[str, Any]) -> str:
    parts = (config.get("os", ""), config.get("architecture", ""), config.get("variant", ""))
    return "/".join(part for part in parts if isinstance(part, str) and part)


def _result(future: Future[ResolvedArtifact]) -> ResolvedArtifact | SealpinError:
    try:
        return future.result()
    except SealpinError as error:
        return error

# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The main job over files: what is allowed becomes a pin.

1. Finders read each file's bytes to sites and remarks (`manifests.finder`); the caller keeps no
   bytes.
2. The sites' references are decided on together, each image once (`api.Session`).
3. An allowed decision and its site make a `Pin`; every other site says why it is left alone.
4. A file's pins are spliced into its bytes (`manifests.rewrite`); the caller writes them.

Bytes in, bytes out: reading, comparing and replacing files is the faces' business.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from .carried import carried_digests
from .descriptor import Platform
from .digest import Digest
from .errors import SealpinError, VerificationFailed
from .manifests.lock import Lock
from .manifests.lock_entry import LockEntry
from .manifests.pin import Pin
from .manifests.site import Found, ImageSite, Remark
from .policy.decision import Decision, Outcome
from .policy.fingerprint import root_digest
from .policy.model import PolicySet
from .records import dataclass, replace
from .reference import ImageReference
from .weakening import Weakening

if TYPE_CHECKING:
    from .api import OnProgress

_NO_LOCK = Lock()


class Deciding(Protocol):
    """What makes the decisions: a session over a registry, or one over saved evidence."""

    def decide(
        self,
        references: Sequence[ImageReference],
        policies: PolicySet,
        *,
        with_platforms: bool = False,
        for_platform: frozenset[ImageReference] = frozenset(),
        on_progress: OnProgress | None = None,
    ) -> tuple[Decision, ...]:
        """Decide on each of *references*, in their order; see `api.Session.decide`."""


class Action(Enum):
    """What becomes of a site."""

    PIN = "pin"
    """The digest is to be written."""
    KEEP = "keep"
    """The digest that was verified stands there already."""
    REFUSE = "refuse"
    """A signature, a claim or the policy says no."""
    UNCHECKED = "unchecked"
    """It could not be checked; nothing is written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteResult:
    """One site with the decision about its image."""

    site: ImageSite
    decision: Decision
    action: Action
    pin: Pin | None = None
    error: SealpinError | None = None
    """Why an allowed image could not be pinned at this site (no such platform)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileResult:
    """Everything about one file."""

    file: str
    sites: tuple[SiteResult, ...] = ()
    remarks: tuple[Remark, ...] = ()

    @property
    def pins(self) -> tuple[Pin, ...]:
        """The pins to apply to the file's bytes."""
        return tuple(result.pin for result in self.sites if result.pin is not None)

    @property
    def is_change(self) -> bool:
        """Whether the file is to be written."""
        return any(pin.is_change for pin in self.pins)


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """How pins that stand in files are moved."""

    lock: Lock
    """What the pins were proven by."""
    unsafe_allow_rollback: bool = False
    """Move to a digest that was signed before the one that stands there."""

    def admit(self, pin: Pin) -> Pin:
        """Return *pin*, marked where it goes back and that is accepted.

        A tag that was moved to an older image carries older evidence than the lock proves. Raises
        `VerificationFailed` ``update.rollback`` unless that is accepted.
        """
        known = self.lock.newest_proof_utc(pin.site.moving_reference)
        offered = [s.earliest_utc for s in pin.decision.statements if s.earliest_utc is not None]
        if known is None or (offered and max(offered) >= known):
            return pin
        if self.unsafe_allow_rollback:
            return _going_back(pin)
        got = f"{max(offered):%Y-%m-%dT%H:%M:%SZ}" if offered else "no proven time"
        raise VerificationFailed(
            "update.rollback",
            f"{pin.site.moving_reference} moved to an older image: expected evidence of"
            f" {known:%Y-%m-%dT%H:%M:%SZ} or later, got {got}",
            hint="look at who moved the tag; --unsafe-allow-rollback accepts it",
        )


def _going_back(pin: Pin) -> Pin:
    weakenings = pin.decision.weakenings | {Weakening.ALLOW_ROLLBACK}
    decision = replace(pin.decision, weakenings=weakenings)
    return Pin(site=pin.site, decision=decision, platform=pin.platform)


def lock_entries(
    results: Iterable[FileResult], policies: PolicySet, *, known: Lock = _NO_LOCK
) -> tuple[LockEntry, ...]:
    """Record what the pins of *results* were proven by.

    An image whose tag the file dropped goes by the tags the *known* lock has for its digest.
    """
    policy = Digest.parse(policies.digest)
    entries = (
        LockEntry.of(
            pin,
            policy=policy,
            trusted_root=root_digest(
                policies, (f"{r.policy}/{r.authority}" for r in pin.decision.satisfied)
            ),
        )
        for result in results
        for pin in result.pins
    )
    return tuple(named for entry in entries for named in known.named_as_before(entry))


def entries_left(lock: Lock, results: Iterable[FileResult], root: Path) -> tuple[LockEntry, ...]:
    """Return what stays of *lock* whatever *results*, of some files of a project, proved.

    The entry of a digest that a pin was moved from goes, unless a file below *root* carries it.
    """
    left = {
        (pin.site.moving_reference.normalised, before)
        for result in results
        for pin in result.pins
        if pin.is_change and (before := pin.site.reference.digest) is not None
    }
    carried = carried_digests(root, {digest for _reference, digest in left})
    return tuple(
        entry
        for entry in lock.entries
        if (entry.reference, entry.digest) not in left or entry.digest in carried
    )


def pin_files(
    session: Deciding,
    policies: PolicySet,
    files: Sequence[Found],
    *,
    known: Lock = _NO_LOCK,
    platform: Platform | None = None,
    update: Update | None = None,
    with_platforms: bool = True,
    on_progress: OnProgress | None = None,
) -> tuple[FileResult, ...]:
    """Decide on every site of *files* and make the pins.

    With *update* a pinned reference is asked for by its tag, so that a tag that moved gets its new
    digest after verification; without, a digest that is written is verified as it stands. *known*
    tells the index of a platform that is pinned. *with_platforms* as in `api.Session.decide`: the
    lock records them.
    """
    questions = {
        id(site): _question(site, known, platform=platform, moves=update is not None)
        for found in files
        for site in found.sites
    }
    # 2.
    asked = tuple(questions.values())
    decisions = _decide(
        session, policies, asked, with_platforms=with_platforms, on_progress=on_progress
    )

    # 3.
    def conclude(site: ImageSite) -> SiteResult:
        question = questions[id(site)]
        return _conclude(site, decisions[question.reference.text], question.platform, update)

    return tuple(
        FileResult(
            file=found.file,
            sites=tuple(conclude(site) for site in found.sites),
            remarks=found.remarks,
        )
        for found in files
    )


def asked_reference(site: ImageSite, known: Lock) -> ImageReference:
    """Return what proves the digest at *site*: itself, or the index that *known* says it is of."""
    return _question(site, known, platform=None, moves=False).reference


def pinned_only(files: Iterable[Found]) -> tuple[Found, ...]:
    """Leave out what carries no digest."""
    return tuple(
        replace(found, sites=tuple(site for site in found.sites if site.is_pinned))
        for found in files
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """What is asked for one site."""

    reference: ImageReference
    platform: Platform | None


def _question(site: ImageSite, known: Lock, *, platform: Platform | None, moves: bool) -> _Question:
    """Ask for the site's reference; where a platform is pinned, for the index it came from.

    Few publishers sign the manifest of each platform, so a pinned one is proven by its index. Which
    index that is, the lock tells; that it contains the digest is proven again (`Pin`).
    """
    reference = site.moving_reference if moves else site.reference
    entry = next((e for e in known.find_pinned(site.reference) if _is_child(e, site)), None)
    if entry is None:
        return _Question(reference=reference, platform=platform)
    pinned_platform = Platform.parse(entry.platform)
    if moves:
        return _Question(reference=reference, platform=platform or pinned_platform)
    head = site.reference.text.partition("@")[0]
    index = ImageReference.parse(f"{head}@{entry.index}")
    return _Question(reference=index, platform=pinned_platform)


def _decide(
    session: Deciding,
    policies: PolicySet,
    questions: Sequence[_Question],
    *,
    with_platforms: bool,
    on_progress: OnProgress | None,
) -> dict[str, Decision]:
    """Decide once on each text that is asked for: each spelling has policies that cover it."""
    wanted = {question.reference.text: question.reference for question in questions}
    decided = session.decide(
        tuple(wanted.values()),
        policies,
        with_platforms=with_platforms,
        for_platform=frozenset(q.reference for q in questions if q.platform is not None),
        on_progress=on_progress,
    )
    return dict(zip(wanted, decided, strict=True))


def _is_child(entry: LockEntry, site: ImageSite) -> bool:
    is_pinned = site.is_pinned and entry.digest == site.reference.digest
    return is_pinned and entry.index is not None and bool(entry.platform)


def _conclude(
    site: ImageSite, decision: Decision, platform: Platform | None, update: Update | None
) -> SiteResult:
    if decision.outcome is not Outcome.ALLOWED:
        denied = decision.outcome is Outcome.DENIED
        action = Action.REFUSE if denied else Action.UNCHECKED
        return SiteResult(site=site, decision=decision, action=action)
    try:
        pin = Pin(site=site, decision=decision, platform=platform)
        if update is not None and pin.is_change:
            pin = update.admit(pin)
    except VerificationFailed as error:
        return SiteResult(site=site, decision=decision, action=Action.REFUSE, error=error)
    except SealpinError as error:
        return SiteResult(site=site, decision=decision, action=Action.UNCHECKED, error=error)
    action = Action.PIN if pin.is_change else Action.KEEP
    return SiteResult(site=site, decision=pin.decision, action=action, pin=pin)

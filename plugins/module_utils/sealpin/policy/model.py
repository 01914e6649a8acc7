# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The one internal model of a policy: of `.sealpin.yaml`, ClusterImagePolicy and flags.

Documents are turned into these values by `policy.document`, flags by `policy.flags`;
`policy.evaluate` reads nothing else. The terms are policy-controller's
(https://docs.sigstore.dev/policy-controller/overview/): a policy covers images by globs, has
authorities of which some must be satisfied, and an authority may want attestations.

A value that could not be obtained (a key in a missing Secret, a root behind a mirror) stays in its
place as `Unresolved`: the policy loads, and whatever depends on the value is inconclusive.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from functools import lru_cache
from typing import Any, Union

from ..errors import PolicyInvalid, SealpinError
from ..evidence import EvidenceKind
from ..records import dataclass, field
from ..reference import Repository
from ..regexes import Pattern
from ..slsa.builders import GITHUB_PREFIX
from ..slsa.expectations import ExpectedProvenance
from ..trust.material import KeylessTrust, KeyTrust
from ..weakening import Weakening
from .match import ImageGlob


@dataclass(frozen=True, slots=True)
class Unresolved:
    """A value that could not be obtained, and why; `Unavailable` or `MissingDependency`."""

    error: SealpinError


class Mode(Enum):
    """What a policy's refusal does."""

    ENFORCE = "enforce"
    WARN = "warn"


class NoMatch(Enum):
    """What becomes of an image no policy covers."""

    DENY = "deny"
    WARN = "warn"
    ALLOW = "allow"


class MatchReference(Enum):
    """Whether the name the signer wrote must be the name that was asked for."""

    OFF = "off"
    WARN = "warn"
    REQUIRE = "require"


class Selection(Enum):
    """Which of the policies that match an image apply."""

    ALL = "all"
    """Every one must allow (ClusterImagePolicy's rule)."""
    MOST_SPECIFIC = "most-specific"
    """Only those with the most specific matching glob (Connaisseur's rule)."""


class Formats(Enum):
    """Which storage formats of a signature count."""

    ANY = "any"
    LEGACY = "legacy"
    BUNDLE = "bundle"


class Language(Enum):
    """Languages of condition programs."""

    CUE = "cue"
    REGO = "rego"


_OF_FORMAT = {
    Formats.ANY: frozenset(EvidenceKind),
    Formats.LEGACY: frozenset({EvidenceKind.SIGNATURE_LAYER, EvidenceKind.ATTESTATION_LAYER}),
    Formats.BUNDLE: frozenset({EvidenceKind.BUNDLE}),
}

TextRule = Union[str, Pattern]
"""An exact text, or an expression searched in the value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityRule:
    """Who may have signed: every part must hold."""

    issuer: TextRule
    subject: TextRule
    """Compared with each subject alternative name; one must match."""
    extensions: tuple[tuple[str, TextRule], ...] = ()
    """Certificate extensions by dotted OID (Fulcio's ``1.3.6.1.4.1.57264.1.x``), sorted."""


class Operator(Enum):
    """How a pointer condition compares."""

    EQUALS = "equals"
    ONE_OF = "one_of"
    MATCHES = "matches"
    AT_MOST = "at_most"
    AT_LEAST = "at_least"
    CONTAINS = "contains"
    EXISTS = "exists"


@dataclass(frozen=True, slots=True, kw_only=True)
class PointerCondition:
    """A comparison of the value an RFC 6901 pointer leads to; an absent one never satisfies it."""

    pointer: str
    operator: Operator
    expected: Any
    """JSON; a `Pattern` for ``matches``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaCondition:
    """A JSON Schema (draft 2020-12 unless ``$schema`` says otherwise) the value must satisfy."""

    schema: Mapping[str, Any] = field(hash=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramInputs:
    """What a policy-level program wants in its input beside ``authorityMatches``."""

    config: bool = False
    spec: bool = False
    metadata: bool = False
    typemeta: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramCondition:
    """A CUE or Rego text the input must satisfy."""

    language: Language
    text: str | Unresolved
    absent_fields_pass: bool = False
    """CUE as cosign evaluates it (``cueSemantics: cosign``); a weakening."""
    inputs: ProgramInputs = ProgramInputs()


Condition = Union[PointerCondition, SchemaCondition, ProgramCondition]


@dataclass(frozen=True, slots=True, kw_only=True)
class AttestationRule:
    """An attestation an authority must have signed."""

    name: str
    predicate_type: str
    """URI; what the statement's predicate type must equal. Empty accepts every type the
    provenance check reads.
    """
    written_type: str
    """As the policy wrote it (``custom``); programs see this one."""
    conditions: tuple[Condition, ...] = ()
    """On the predicate (pointers, schemas) or the whole statement (programs); all must hold."""
    provenance: ExpectedProvenance | None = None
    every_one: bool = False
    """True where one attestation of the type that does not satisfy refuses the image, as in
    cosign's ``verify-attestation``; otherwise one that does is enough, as in the cluster.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class PullSecret:
    """Logins for one place, as Kubernetes keeps them (``signaturePullSecrets``)."""

    name: str
    logins: bytes | None = field(default=None, repr=False)
    """A Docker configuration, JSON with ``auths``; None where no file holds the Secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidencePlace:
    """A place beside the image's own repository where an authority's evidence may lie."""

    repository: Repository | None
    """None is the image's own."""
    tag_prefix: str = ""
    pull_secrets: tuple[PullSecret, ...] = ()
    """For this place alone; the first that speaks of its registry counts."""


@lru_cache
def _kinds(formats: Formats, signature: bool, attestation: bool) -> frozenset[EvidenceKind]:  # noqa: FBT001
    wanted = {EvidenceKind.BUNDLE}
    if signature:
        wanted.add(EvidenceKind.SIGNATURE_LAYER)
    if attestation:
        wanted.add(EvidenceKind.ATTESTATION_LAYER)
    return _OF_FORMAT[formats] & wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceRules:
    """Where evidence may lie and what it must carry; the same for keyless and key authorities."""

    attestations: tuple[AttestationRule, ...] = ()
    wants_signature: bool = True
    """False where attestations replace the image signature, as in ClusterImagePolicy."""
    places: tuple[EvidencePlace, ...] = ()
    places_replace: bool = False
    """True where the image's own place is not looked at."""
    formats: Formats = Formats.ANY
    annotations: tuple[tuple[str, str], ...] = ()
    """Annotations the signer must have given, sorted by name."""

    @property
    def kinds(self) -> frozenset[EvidenceKind]:
        """The kinds of evidence that can satisfy; the rest need not be fetched or verified."""
        return _kinds(self.formats, self.wants_signature, bool(self.attestations))


@dataclass(frozen=True, slots=True, kw_only=True)
class KeylessAuthority:
    """Signers known by certificates."""

    name: str
    identities: tuple[IdentityRule, ...]
    """Any one suffices. Empty only where a provenance rule names the builder, which then decides
    who signed.
    """
    trust: KeylessTrust | Unresolved
    rules: EvidenceRules = EvidenceRules()
    publisher: str = ""
    """The publisher's row it was made from, if any."""

    def __post_init__(self) -> None:
        builders = [rule.provenance and rule.provenance.builder for rule in self.rules.attestations]
        decides = any(builder and builder.startswith(GITHUB_PREFIX) for builder in builders)
        if not self.identities and not decides:
            raise PolicyInvalid(
                "identity.missing", f"{self.name}: a keyless authority must say who may sign"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyAuthority:
    """A signer known by a key."""

    name: str
    trust: KeyTrust | Unresolved
    rules: EvidenceRules = EvidenceRules()


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticAuthority:
    """An answer without evidence."""

    name: str
    passes: bool
    message: str = ""


Authority = Union[KeylessAuthority, KeyAuthority, StaticAuthority]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclusion:
    """Images a policy does not cover, until a date and for a reason."""

    image: ImageGlob
    until_utc: datetime
    reason: str


class LabelOperator(Enum):
    """How a label selector compares; the values are Kubernetes' own words."""

    IN = "In"
    NOT_IN = "NotIn"
    EXISTS = "Exists"
    DOES_NOT_EXIST = "DoesNotExist"


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelRequirement:
    """One requirement of a Kubernetes label selector; ``matchLabels`` are ``In`` with one value."""

    key: str
    operator: LabelOperator
    values: tuple[str, ...] = ()
    """One or more for ``In`` and ``NotIn``, none for the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceRule:
    """One ``match`` entry: Kubernetes resources a policy is limited to."""

    group: str = ""
    version: str = ""
    resource: str = ""
    labels: tuple[LabelRequirement, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustPolicy:
    """What one policy requires of the images it covers."""

    name: str
    images: tuple[ImageGlob, ...]
    exclude: tuple[Exclusion, ...] = ()
    resources: tuple[ResourceRule, ...] = ()
    authorities: tuple[Authority, ...]
    threshold: int = 1
    """How many authorities must be satisfied."""
    required: tuple[str, ...] = ()
    """Authorities that must be among them."""
    mode: Mode = Mode.ENFORCE
    match_reference: MatchReference = MatchReference.WARN
    unsigned_allowed: bool = False
    """``unsigned: allow``: no authorities, no evidence, and the decision says so."""
    condition: Condition | None = None
    """On the satisfied authorities (ClusterImagePolicy's ``spec.policy``)."""
    weakenings: frozenset[Weakening] = frozenset()
    """Such as counting any attestation as a signature."""
    origin: str = field(default="", compare=False)
    """``file:line`` or ``command line``; for messages."""

    def __post_init__(self) -> None:
        names = [authority.name for authority in self.authorities]
        if len(set(names)) < len(names):
            raise PolicyInvalid(
                "policy.duplicate-authority",
                f"{self.name}: two authorities have one name: {', '.join(names)}",
            )
        if not set(self.required) <= set(names):
            raise PolicyInvalid(
                "policy.required",
                f"{self.name}: required names authorities: expected some of {', '.join(names)},"
                f" got {', '.join(self.required)}",
            )
        if names and not 1 <= self.threshold <= len(names):
            raise PolicyInvalid(
                "policy.threshold",
                f"{self.name}: threshold: expected 1 to {len(names)}, got {self.threshold}",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicySet:
    """Everything a decision is made from, trust included."""

    policies: tuple[TrustPolicy, ...]
    no_match: NoMatch = NoMatch.DENY
    selection: Selection = Selection.ALL
    digest: str
    """``sha256:…`` of the canonical model with its keys and publisher rows
    (`policy.fingerprint`).
    """
    origin: tuple[str, ...] = field(default=(), compare=False)
    """The files it was read from."""

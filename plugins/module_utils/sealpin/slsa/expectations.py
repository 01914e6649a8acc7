# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""What a caller demands of a build, held against provenance whose signature is proven.

`ExpectedProvenance` is what a policy spells as ``provenance: {builder, source, tag}`` and what
``verify-image`` takes as flags. `check_provenance` compares it with a `VerifiedStatement`. Where
the signer is a GitHub workflow its certificate is asked first, and provenance which that workflow
wrote about itself must agree with it; a key or another issuer's certificate knows nothing of the
build, so there the text is compared, on the word of whoever the policy lets sign.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from ..errors import InvalidInput, VerificationFailed, quote
from ..records import dataclass, field
from ..signatures.verified import CertificateIdentity, SignerIdentity
from . import semver
from .builders import (
    GITHUB_PREFIX,
    PLATFORM_BUILDS,
    BuilderId,
    check_build_type,
    check_release_ref,
    match_builder,
)
from .claims import Provenance
from .github import GITHUB_ISSUER, WorkflowRun, adopt_run, check_agreement, read_workflow_run
from .mismatch import Mismatch
from .provenance import read_provenance
from .source import canonical_source


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedProvenance:
    """Demands on a build; one that is None is not made.

    Raises `InvalidInput` ``slsa.expectation``, ``slsa.versioned-tag``, ``slsa.builder-malformed``
    or ``slsa.source``.
    """

    builder: str | None = None
    """Builder id: ``name``, ``name@v1.2.3`` or ``name@refs/tags/v1.2.3``."""
    source: str | None = None
    """Source repository: ``github.com/owner/name``, ``https://…`` or ``git+https://…``."""
    branch: str | None = None
    """Bare branch name."""
    tag: str | None = None
    """Bare tag name, compared exactly."""
    versioned_tag: str | None = None
    """Go semantic version ``v1``, ``v1.2`` or ``v1.2.3``; parts not written match anything."""
    inputs: Mapping[str, str] = field(default_factory=dict)
    """Inputs a ``workflow_dispatch`` must have been given; others are not compared."""

    def __post_init__(self) -> None:
        if self.tag is not None and self.versioned_tag is not None:
            raise InvalidInput(
                "slsa.expectation", "a tag and a versioned tag cannot both be expected"
            )
        if self.versioned_tag is not None and semver.parse(self.versioned_tag) is None:
            raise InvalidInput(
                "slsa.versioned-tag",
                f"versioned tag is not a semantic version: {quote(self.versioned_tag)}",
                hint="write v1, v1.2 or v1.2.3, with the leading v",
            )
        if self.builder is not None:
            BuilderId.parse(self.builder)
        if self.source is not None:
            canonical_source(self.source)


class Attested(Protocol):
    """The part of a `VerifiedStatement` or of a verified blob that is looked at here."""

    @property
    def predicate_type(self) -> str:
        """The statement's predicate type."""

    @property
    def predicate(self) -> Any:
        """The predicate, as JSON."""

    @property
    def signer(self) -> SignerIdentity:
        """Whoever signed the statement."""


def check_provenance(statement: Attested, expected: ExpectedProvenance) -> Provenance:
    """Return what the provenance says, once it is consistent and meets every demand.

    1. A GitHub workflow's certificate is read and does not contradict itself.
    2. The builder is the expected one; a released builder ran at a release.
    3. The certificate's repository is the expected source.
    4. The provenance is of a type that can be read, and of a build type of its builder.
    5. What a workflow wrote about itself agrees with its certificate; what a build tool wrote
       inside it is completed from the certificate.
    6. The provenance's source is the expected one.
    7. Branch, tag, versioned tag and inputs are the expected ones.

    The statement's subject and signature are proven already; who may sign is the policy's.
    Raises `VerificationFailed` ``slsa.*``.
    """
    # 1.
    run = _workflow_run(statement.signer, expected)
    # 2. and 3.
    if run is not None:
        _check_run(run, expected)
    # 4.
    provenance = read_provenance(statement.predicate_type, statement.predicate)
    if run is not None:
        check_build_type(run.builder, provenance.build_type)
    # 5.
    if run is not None:
        provenance = _agreed(run, provenance)
    # 2., where only the text knows the builder.
    if expected.builder is not None and not _names_workflow(expected.builder, run):
        match_builder(BuilderId.parse(expected.builder), _claimed_builder(provenance))
    # 6.
    if expected.source is not None:
        _check_source(provenance, canonical_source(expected.source))
    # 7.
    check_revision(provenance, expected)
    return provenance


def check_revision(provenance: Provenance, expected: ExpectedProvenance) -> None:
    """Compare branch, tag, versioned tag and inputs. Raises `VerificationFailed` ``slsa.*``."""
    if expected.branch is not None:
        _check_branch(provenance, expected.branch)
    if expected.tag is not None:
        got = _known_tag(provenance)
        if got != expected.tag:
            raise Mismatch("tag", expected=expected.tag, got=got)
    if expected.versioned_tag is not None:
        _check_versioned_tag(expected.versioned_tag, _known_tag(provenance))
    if expected.inputs:
        _check_inputs(provenance, expected.inputs)


def _workflow_run(signer: SignerIdentity, expected: ExpectedProvenance) -> WorkflowRun | None:
    if not isinstance(signer, CertificateIdentity):
        return None
    wants_workflow = (expected.builder or "").startswith(GITHUB_PREFIX)
    if signer.issuer == GITHUB_ISSUER or wants_workflow:
        return read_workflow_run(signer)
    return None


def _check_run(run: WorkflowRun, expected: ExpectedProvenance) -> None:
    if expected.builder is not None and _names_workflow(expected.builder, run):
        match_builder(BuilderId.parse(expected.builder), run.builder)
    check_release_ref(run.builder)
    if expected.source is not None and canonical_source(expected.source) != run.repository:
        raise Mismatch("source", expected=canonical_source(expected.source), got=run.repository)


def _names_workflow(builder: str, run: WorkflowRun | None) -> bool:
    """Whether an expected builder is compared with the certificate rather than with the text."""
    return run is not None and builder.startswith(GITHUB_PREFIX)


def _claimed_builder(provenance: Provenance) -> BuilderId:
    name, _separator, version = provenance.builder_id.partition("@")
    return BuilderId(name=name, version=version)


def _agreed(run: WorkflowRun, provenance: Provenance) -> Provenance:
    if provenance.build_type not in PLATFORM_BUILDS:
        return adopt_run(run, provenance)
    check_agreement(run, provenance)
    return provenance


def _check_source(provenance: Provenance, expected: str) -> None:
    if provenance.source is None:
        raise VerificationFailed(
            "slsa.source-unknown", f"provenance names no source: expected {quote(expected)}"
        )
    if provenance.source.repository != expected:
        raise Mismatch("source", expected=expected, got=provenance.source.repository)


def _check_branch(provenance: Provenance, expected: str) -> None:
    if provenance.branch is None:
        raise VerificationFailed(
            "slsa.branch-unknown",
            f"provenance does not tell the branch: expected {quote(expected)},"
            f" got ref {quote(provenance.source_ref)}",
            hint="a tag's build often does not know its branch; expect the tag instead",
        )
    if provenance.branch != expected:
        raise Mismatch("branch", expected=expected, got=provenance.branch)


def _known_tag(provenance: Provenance) -> str:
    if provenance.tag is None:
        raise VerificationFailed(
            "slsa.tag-unknown",
            f"build did not run on a tag: got ref {quote(provenance.source_ref)}",
        )
    return provenance.tag


def _check_versioned_tag(expected: str, got: str) -> None:
    wanted, version = semver.parse(expected), semver.parse(got)
    if wanted is None or version is None:
        raise Mismatch("versioned-tag", expected=expected, got=got)
    if semver.first_difference(wanted, version) is not None:
        raise Mismatch("versioned-tag", expected=expected, got=got)


def _check_inputs(provenance: Provenance, expected: Mapping[str, str]) -> None:
    if provenance.trigger != "workflow_dispatch":
        raise Mismatch(
            "trigger",
            expected="workflow_dispatch",
            got=provenance.trigger,
            code="slsa.inputs-unknown",
        )
    for name, value in expected.items():
        got = provenance.inputs.get(name)
        if got != value:
            raise Mismatch("inputs", expected=f"{name}={value}", got=f"{name}={got}")

# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""What a Fulcio certificate proves about a GitHub Actions run, and whether provenance agrees.

A verified certificate for a workflow says which workflow signed, of which repository, at which
commit and ref, and what triggered it; GitHub and Fulcio vouch for that, while provenance text is
only as good as the workflow that wrote it. Extensions come in an old and a new form, which must
not contradict each other. https://github.com/sigstore/fulcio/blob/main/docs/oid-info.md
"""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import VerificationFailed, quote
from ..mediatypes import FULCIO_OID_PREFIX
from ..records import dataclass, replace
from ..signatures.verified import CertificateIdentity, NameKind, SignerIdentity
from .builders import GITHUB_PREFIX, BuilderId
from .claims import Provenance, branch_of, tag_of
from .source import SourceUri

GITHUB_ISSUER = "https://token.actions.githubusercontent.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowRun:
    """A GitHub Actions run as its certificate has it."""

    builder: BuilderId
    """The workflow that signed (a reusable one, if one did) and the git ref it ran at."""
    repository: str
    """``https://github.com/owner/name`` the run belongs to."""
    commit: str
    ref: str
    """Git ref of the repository; empty if the certificate does not say."""
    trigger: str
    """Event name."""
    run_uri: str
    """Empty in certificates of before 2023."""


def read_workflow_run(identity: SignerIdentity) -> WorkflowRun:
    """Read a signer's claims.

    1. A certificate signed, and its issuer is GitHub Actions, in both forms of the extension.
    2. The first URI name is ``workflow@ref``.
    3. Trigger, commit, repository and ref stand in at least one form; two forms agree.
    4. The build configuration is of the same repository and commit.

    Raises `VerificationFailed` ``slsa.issuer`` or ``slsa.certificate``.
    """
    # 1.
    if not isinstance(identity, CertificateIdentity):
        raise VerificationFailed("slsa.issuer", "signed by a key, and by no GitHub workflow")
    extensions = identity.extensions
    if _paired(extensions, 1, 8, "issuer") != GITHUB_ISSUER:
        raise VerificationFailed(
            "slsa.issuer",
            f"certificate issuer mismatch: expected {GITHUB_ISSUER}, got {quote(identity.issuer)}",
        )
    # 2.
    builder = _workflow_name(identity)
    # 3.
    old, new = _extension(extensions, 5), _extension(extensions, 12)
    repository = GITHUB_PREFIX + old if old else new
    if not repository or new not in ("", repository):
        raise _inconsistent("repository", repository, new)
    commit = _paired(extensions, 3, 13, "source commit")
    # 4.
    config_uri, config_commit = _extension(extensions, 18), _extension(extensions, 19)
    if config_uri and not config_uri.startswith(f"{repository}/"):
        raise _inconsistent("build configuration", repository, config_uri)
    if config_uri and config_uri.count("@") != 1:
        raise _inconsistent("build configuration", "one @", config_uri)
    if config_commit not in ("", commit):
        raise _inconsistent("build configuration's commit", commit, config_commit)
    return WorkflowRun(
        builder=builder,
        repository=repository,
        commit=commit,
        ref=_paired(extensions, 6, 14, "source ref"),
        trigger=_paired(extensions, 2, 20, "trigger"),
        run_uri=_extension(extensions, 21),
    )


def check_agreement(run: WorkflowRun, provenance: Provenance) -> None:
    """Raise `VerificationFailed` ``slsa.certificate-disagrees`` where text and certificate differ.

    Compared are builder, repository, ref, commit, trigger and run. The workflow's path in the text
    is not: the certificate's own is reported.
    """
    source = provenance.source
    told = (
        ("builder", str(run.builder), provenance.builder_id),
        ("source repository", run.repository, source.repository if source else ""),
        ("source ref", run.ref, provenance.source_ref),
        ("source commit", run.commit, provenance.commit),
        ("trigger", run.trigger, provenance.trigger),
    )
    for what, proven, claimed in told:
        if proven != claimed:
            raise _disagrees(what, proven, claimed)
    invocation = provenance.invocation
    if run.run_uri and invocation.startswith(GITHUB_PREFIX) and invocation != run.run_uri:
        raise _disagrees("run", run.run_uri, invocation)


def adopt_run(run: WorkflowRun, provenance: Provenance) -> Provenance:
    """Let a certificate complete provenance that a build tool wrote inside the run it is of.

    BuildKit and its like know little of the run, and their builder id is none of a workflow. Where
    they name the run's repository, ref and commit must be the run's; where they name none, the
    source is the run's. A foreign source stays as it is.
    Raises `VerificationFailed` ``slsa.certificate-disagrees``.
    """
    source = provenance.source or SourceUri(repository=run.repository)
    if source.repository != run.repository:
        return provenance
    if source.ref not in ("", run.ref, run.commit):
        raise _disagrees("source ref", run.ref, source.ref)
    if provenance.commit not in ("", run.commit):
        raise _disagrees("source commit", run.commit, provenance.commit)
    return replace(
        provenance,
        source=SourceUri(repository=run.repository, ref=run.ref),
        commit=run.commit,
        branch=branch_of(run.ref),
        tag=tag_of(run.ref),
        trigger=run.trigger,
    )


def _workflow_name(identity: CertificateIdentity) -> BuilderId:
    uri = next((name.value for name in identity.subjects if name.kind is NameKind.URI), "")
    name, at, ref = uri.rpartition("@")
    if not (name and at and ref):
        raise VerificationFailed(
            "slsa.certificate",
            f"certificate names no workflow: expected workflow@ref, got {quote(uri)}",
        )
    return BuilderId(name=name, version=ref)


def _extension(extensions: Mapping[str, str], number: int) -> str:
    return extensions.get(f"{FULCIO_OID_PREFIX}.{number}", "")


def _paired(extensions: Mapping[str, str], old: int, new: int, what: str) -> str:
    """Return the value of an extension that has two forms; one must be there, two must agree."""
    old_value, new_value = _extension(extensions, old), _extension(extensions, new)
    if not (old_value or new_value) or (old_value and new_value and old_value != new_value):
        raise _inconsistent(what, old_value, new_value)
    return old_value or new_value


def _inconsistent(what: str, one: str, other: str) -> VerificationFailed:
    return VerificationFailed(
        "slsa.certificate",
        f"certificate's {what} is missing or contradicts itself: {quote(one)} and {quote(other)}",
    )


def _disagrees(what: str, proven: str, claimed: str) -> VerificationFailed:
    return VerificationFailed(
        "slsa.certificate-disagrees",
        f"provenance contradicts the certificate that signed it: {what}: certificate has"
        f" {quote(proven)}, provenance {quote(claimed)}",
    )

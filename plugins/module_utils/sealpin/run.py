# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""From what a person gave to a session and a policy set: the one reading of options for every face.

The command's flags and the modules' options have the same names, and both become `RunOptions`.
Files they name are read here, in the process that decides; nothing is read from the environment
but registry credentials and proxies.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .api import DEFAULT_MAX_WORKERS, Session
from .clock import Clock
from .digest import Digest
from .errors import InvalidInput, VerificationFailed, quote
from .limits import MAX_POLICY_BYTES
from .policy.document import Configuration, load_configuration
from .policy.flags import EvidenceFlags, SignerFlags, policy_from_flags
from .policy.identity import mismatch
from .policy.model import (
    AttestationRule,
    EvidencePlace,
    KeylessAuthority,
    PolicySet,
    StaticAuthority,
    Unresolved,
)
from .policy.sources import Sources
from .reference import Repository
from .registry.connect import RegistryOptions, connect
from .registry.credentials import BasicCredentials, Credentials, RegistryToken
from .registry.mirrors import Mirrors
from .registry.tls import TlsOptions
from .signatures.second_opinion import SecondOpinion
from .signatures.verified import CertificateIdentity, VerifiedBlob
from .signatures.verify import verify_blob
from .trust.embedded import embedded_root
from .trust.keys import load_key
from .trust.material import TLOG_WEAKENINGS, KeylessTrust, KeyTrust
from .trust.root import TrustedRoot, parse_trusted_root
from .weakening import Weakening


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """Everything flags and module options say; empty is the default, and that is strict."""

    mirrors: tuple[str, ...] = ()
    """``PREFIX=TARGET``."""
    registry_username: str = ""
    registry_password: str = field(default="", repr=False)
    registry_token: str = field(default="", repr=False)
    registry_cacert: str = ""
    registry_client_cert: str = ""
    registry_client_key: str = ""
    registry_server_name: str = ""
    allow_insecure_registry: bool = False
    allow_http_registry: bool = False
    timeout_s: float = 180.0
    max_workers: int = DEFAULT_MAX_WORKERS

    trusted_root: str = ""
    """Path of a ``trusted_root.json``; empty is the public-good instance."""
    second_opinion: str = "auto"
    offline: bool = False

    policy: tuple[str, ...] = ()
    """Paths of policy documents."""
    publisher: str = ""
    key: str = ""
    signature_digest_algorithm: str = ""
    certificate_identity: str = ""
    certificate_identity_regexp: str = ""
    certificate_oidc_issuer: str = ""
    certificate_oidc_issuer_regexp: str = ""
    certificate_github_workflow_trigger: str = ""
    certificate_github_workflow_sha: str = ""
    certificate_github_workflow_name: str = ""
    certificate_github_workflow_repository: str = ""
    certificate_github_workflow_ref: str = ""
    annotations: tuple[tuple[str, str], ...] = ()
    repository: str = ""
    """A further repository where evidence may lie."""
    repository_replaces: bool = False
    """`repository` is the only place (``COSIGN_REPOSITORY``)."""
    attachment_tag_prefix: str = ""
    weakenings: frozenset[Weakening] = frozenset()
    require_timestamp: bool = False

    @property
    def signer(self) -> SignerFlags:
        """Who may have signed."""
        return SignerFlags(
            identity=self.certificate_identity,
            identity_regexp=self.certificate_identity_regexp,
            issuer=self.certificate_oidc_issuer,
            issuer_regexp=self.certificate_oidc_issuer_regexp,
            workflow_trigger=self.certificate_github_workflow_trigger,
            workflow_sha=self.certificate_github_workflow_sha,
            workflow_name=self.certificate_github_workflow_name,
            workflow_repository=self.certificate_github_workflow_repository,
            workflow_ref=self.certificate_github_workflow_ref,
            publisher=self.publisher,
        )

    @property
    def names_a_signer(self) -> bool:
        """Whether the options say who may have signed, without a policy document."""
        return bool(self.key) or self.signer != SignerFlags()


def open_session(
    options: RunOptions,
    *,
    base: Path,
    clock: Clock,
    environment: Mapping[str, str],
    mirrors: Mirrors | None = None,
) -> Session:
    """Return the session of a run; relative paths are relative to *base*.

    *mirrors* are those of a configuration file; the options' own come first. Raises
    `InvalidInput` for options that contradict each other or files that do not load, before any
    request.
    """
    if options.max_workers < 1:
        raise InvalidInput("usage", f"expected at least one worker, got {options.max_workers}")
    own = Mirrors.parse(options.mirrors, base=base)
    registry = RegistryOptions(
        credentials=_credentials(options),
        tls=_tls(options, base),
        unsafe_http_anywhere=options.allow_http_registry,
        mirrors=own if mirrors is None else own.over(mirrors),
        timeout_s=options.timeout_s,
        environment=environment,
        home=Path(environment["HOME"]) if environment.get("HOME") else None,
    )
    return Session(
        connect(registry),
        clock=clock,
        second_opinion=SecondOpinion(options.second_opinion),
        max_workers=options.max_workers,
    )


def flags_policy(
    options: RunOptions, *, base: Path, attestations: tuple[AttestationRule, ...] = ()
) -> PolicySet:
    """Return the policy of the identity options. Raises `InvalidInput` ``identity.*``."""
    places: tuple[EvidencePlace, ...] = ()
    if options.repository or options.attachment_tag_prefix:
        repository = Repository.parse(options.repository) if options.repository else None
        places = (EvidencePlace(repository=repository, tag_prefix=options.attachment_tag_prefix),)
    evidence = EvidenceFlags(
        annotations=options.annotations,
        attestations=attestations,
        places=places,
        places_replace=options.repository_replaces,
    )
    return policy_from_flags(options.signer, trust=_trust(options, base), evidence=evidence)


def load_policies(options: RunOptions, files: Sequence[Path], *, base: Path) -> Configuration:
    """Read policy files; what they name is relative to the first one and stays below its folder.

    Raises `PolicyInvalid` with every problem found, `InvalidInput` ``file.*`` for a file that
    cannot be read.
    """
    folder = files[0].parent
    sources = Sources(
        default_root=lambda: trusted_root(options, base=base),
        read=lambda path: read_file(_below(folder, path), what="a file the policy names"),
    )
    documents = {str(path): read_file(path, what="the policy") for path in files}
    return load_configuration(documents, sources=sources)


def verify_bundle(
    options: RunOptions, *, bundle: Path, artifact: Path | Digest, base: Path, clock: Clock
) -> VerifiedBlob:
    """Verify the bundle in a file over *artifact*, and that it is signed by whom the options name.

    Raises what `signatures.verify.verify_blob` raises, and `VerificationFailed`
    ``identity.mismatch``.
    """
    (authority,) = flags_policy(options, base=base).policies[0].authorities
    if isinstance(authority, StaticAuthority) or isinstance(authority.trust, Unresolved):
        raise InvalidInput("identity.missing", "the options do not say who may have signed")
    verified = verify_blob(
        read_file(base / bundle, what="the bundle"),
        artifact if isinstance(artifact, Digest) else _read_artifact(base / artifact),
        trust=authority.trust,
        now_utc=clock.now_utc(),
        second_opinion=SecondOpinion(options.second_opinion),
    )
    if isinstance(authority, KeylessAuthority) and isinstance(verified.signer, CertificateIdentity):
        reasons = [mismatch(rule, verified.signer) for rule in authority.identities]
        if all(reasons):
            raise VerificationFailed("identity.mismatch", " / ".join(reasons))
    return verified


def trusted_root(options: RunOptions, *, base: Path) -> TrustedRoot:
    """Return the root the options name, else the embedded one."""
    if not options.trusted_root:
        return embedded_root()
    return parse_trusted_root(
        read_file(base / options.trusted_root, what="the trusted root"), what=options.trusted_root
    )


def read_file(path: Path, *, what: str) -> bytes:
    """Read a small file somebody named. Raises `InvalidInput` ``file.*``."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_POLICY_BYTES + 1)
    except OSError as error:
        raise InvalidInput(
            "file.unreadable", f"cannot read {what}: {quote(path)}: {error.strerror}"
        ) from error
    if len(content) > MAX_POLICY_BYTES:
        raise InvalidInput(
            "file.too-large", f"{what} is larger than {MAX_POLICY_BYTES} bytes: {quote(path)}"
        )
    return content


def _below(folder: Path, path: str) -> Path:
    """Return the file at *path*, which must lie below *folder*, links followed."""
    root = folder.resolve()
    target = (root / path).resolve()
    if root not in target.parents:
        raise InvalidInput("policy.path", f"the path leaves the policy's folder: {quote(path)}")
    return target


def _read_artifact(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InvalidInput(
            "file.unreadable", f"cannot read the artifact: {quote(path)}: {error.strerror}"
        ) from error


def _trust(options: RunOptions, base: Path) -> KeylessTrust | KeyTrust:
    if not options.key:
        return KeylessTrust(
            root=trusted_root(options, base=base),
            weakenings=options.weakenings,
            require_timestamp=options.require_timestamp,
        )
    key = load_key(
        read_file(base / options.key, what="the public key"),
        name=options.key,
        hash_algorithm=options.signature_digest_algorithm,
    )
    needs_root = options.require_timestamp or not options.weakenings & TLOG_WEAKENINGS
    return KeyTrust(
        key=key,
        root=trusted_root(options, base=base) if needs_root else None,
        weakenings=options.weakenings,
        require_timestamp=options.require_timestamp,
    )


def _credentials(options: RunOptions) -> Credentials | None:
    if options.registry_token:
        return RegistryToken(token=options.registry_token)
    if bool(options.registry_username) != bool(options.registry_password):
        raise InvalidInput(
            "usage", "expected a registry user name and its password together, got one of them"
        )
    if options.registry_username:
        return BasicCredentials(
            username=options.registry_username, password=options.registry_password
        )
    return None


def _tls(options: RunOptions, base: Path) -> TlsOptions:
    def path(text: str) -> Path | None:
        return base / text if text else None

    authorities = path(options.registry_cacert)
    return TlsOptions(
        ca_files=(authorities,) if authorities else (),
        client_certificate=path(options.registry_client_cert),
        client_key=path(options.registry_client_key),
        server_name=options.registry_server_name,
        unsafe_unverified=options.allow_insecure_registry,
    )

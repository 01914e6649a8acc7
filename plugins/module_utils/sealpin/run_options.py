# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""What a person asks for and what the machine offers: the two inputs of every run.

The command's flags and the modules' options have the same names, and both become `RunOptions`.
Nothing is read from a `Machine`'s environment but proxies, registry credentials and where caches
are, unless a verb of a peer says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from .clock import Clock
from .limits import DEFAULT_WORKERS
from .policy.signer_flags import SignerFlags
from .records import dataclass, field
from .signatures.opinion import SecondOpinion
from .weakening import Weakening


def say_nothing(_message: str) -> None:
    """Drop a notice, where nobody reads any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What a run may use of the machine it is on."""

    base: Path
    """What relative paths in options are relative to."""
    clock: Clock
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    allow_environment_keys: bool = False
    """Whether ``env://NAME`` may name a key: only where the peer's verb allows it."""
    notify: Callable[[str], None] = say_nothing
    """Takes one line a person should see: a root that could not be refreshed."""

    @property
    def home(self) -> Path | None:
        """The user's folder, if there is one."""
        return Path(self.environment["HOME"]) if self.environment.get("HOME") else None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """Everything flags and module options say; empty is the default, and that is strict."""

    mirrors: tuple[str, ...] = ()
    """``PREFIX=TARGET``."""
    registry_username: str = ""
    registry_password: str = field(default="", repr=False)
    registry_token: str = field(default="", repr=False)
    credentials_for: tuple[str, ...] = ()
    """Registries these credentials are for; required with them: images come from files too."""
    registry_cacert: str = ""
    registry_client_cert: str = ""
    registry_client_key: str = ""
    registry_server_name: str = ""
    allow_insecure_registry: bool = False
    allow_http_registry: bool = False
    timeout_s: float = 180.0
    max_workers: int = DEFAULT_WORKERS

    trusted_root: str = ""
    """Path of a ``trusted_root.json``; empty is the public-good instance."""
    second_opinion: SecondOpinion = SecondOpinion.AUTO
    offline: bool = False
    certificate_chain: str = ""
    """PEM file of one authority, its root last; in place of the root's authorities."""
    ca_roots: str = ""
    ca_intermediates: str = ""
    timestamp_certificate_chain: str = ""
    """PEM file of one timestamp authority; in place of the root's."""
    rekor_key: str = ""
    """PEM file of a transparency log's key; in place of the root's."""
    ct_log_key: str = ""
    certificate: str = ""
    """PEM file or URL of the signer's certificate, in place of the evidence's own."""
    sct: str = ""
    """File of the certificate's detached timestamp."""
    rekor_url: str = ""
    """A log to ask about legacy evidence that has no entry."""
    tuf_cache: str = ""
    """Folder the root is kept in; empty is the user's cache."""
    tuf_mirror: str = ""
    """Base URL of another TUF repository than the public-good instance's."""
    tuf_root_json: str = ""
    """File of that repository's first root."""

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
    legacy_only: bool = False
    """Look at no bundles (``--new-bundle-format=false``)."""
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

# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""RegistryOptions: what a person can say about how registries are reached (`connect` does it)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ..records import dataclass, field
from .credentials import Credentials
from .mirrors import Mirrors
from .tls import TlsOptions

if TYPE_CHECKING:
    from .keychain import RepositoryLogins

_RUN_TIMEOUT_S = 180.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryOptions:
    """Everything a person can say about how registries are reached."""

    credentials: Credentials | None = None
    credentials_for: frozenset[str] = frozenset()
    """Registries that `credentials` are sent to, by name; targets of mirrors never see them."""
    logins: RepositoryLogins | None = None
    """Before `credentials`, for one repository."""
    tls: TlsOptions = field(default_factory=TlsOptions)
    tls_of: Mapping[str, TlsOptions] = field(default_factory=dict)
    """By registry, in place of `tls`."""
    http_registries: frozenset[str] = frozenset()
    """Reached by plain HTTP because somebody named them."""
    unsafe_http_anywhere: bool = False
    """Plain HTTP where HTTPS fails (``--allow-http-registry``)."""
    mirrors: Mirrors = field(default_factory=Mirrors)
    timeout_s: float = _RUN_TIMEOUT_S
    """For the whole run, as cosign's ``--timeout``."""
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Credential files, helpers' ``PATH`` and proxies are read from it; nothing else is."""
    home: Path | None = None

# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The environment variables that cosign's verbs read, and no other verb does.

Each one that is used is told of. What weakens a check is never read from the environment, and a
variable that an option replaces is not read either.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sealpin.records import dataclass, field, fields, replace

if TYPE_CHECKING:
    from sealpin.run_options import RunOptions

REPOSITORY = "COSIGN_REPOSITORY"
_FILES = {
    "SIGSTORE_ROOT_FILE": ("ca_roots", ("certificate_chain", "ca_roots", "key")),
    "SIGSTORE_REKOR_PUBLIC_KEY": ("rekor_key", ()),
    "SIGSTORE_CT_LOG_PUBLIC_KEY_FILE": ("ct_log_key", ("key",)),
    "SIGSTORE_TSA_CERTIFICATE_FILE": (
        "timestamp_certificate_chain",
        ("timestamp_certificate_chain",),
    ),
}
"""Variable to the option it stands for, and the options beside which it is not read."""
_TUF = {"TUF_ROOT": "tuf_cache", "TUF_MIRROR": "tuf_mirror", "TUF_ROOT_JSON": "tuf_root_json"}


@dataclass(frozen=True, slots=True, kw_only=True)
class FromEnvironment:
    """Options with what the environment adds."""

    options: RunOptions
    used: Mapping[str, str] = field(default_factory=dict)
    """Variable to its value, in the order of `_FILES` and `_TUF`."""


def apply_environment(options: RunOptions, environment: Mapping[str, str]) -> FromEnvironment:
    """Return *options* with what cosign's variables say."""
    used: dict[str, str] = {}
    changes: dict[str, object] = {}
    repository = environment.get(REPOSITORY, "")
    if repository:
        used[REPOSITORY] = repository
        changes |= {"repository": repository, "repository_replaces": True}
    changes |= _trust(options, environment, used)
    return FromEnvironment(options=replace(options, **changes), used=used)  # type: ignore[arg-type]


def _trust(
    options: RunOptions, environment: Mapping[str, str], used: dict[str, str]
) -> dict[str, object]:
    """Read the variables about trust; ``--trusted-root`` and ``--policy`` replace them all."""
    if options.trusted_root or options.policy:
        return {}
    known = {item.name for item in fields(options)}
    changes: dict[str, object] = {}
    for variable, (name, instead) in _FILES.items():
        value = environment.get(variable, "")
        if value and not any(getattr(options, other) for other in instead if other in known):
            changes[name] = used[variable] = value
    for variable, name in _TUF.items():
        value = environment.get(variable, "")
        if value:
            changes[name] = used[variable] = value
    return changes

# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The one table of the collection's options.

Modules take their argument specification from it, action plugins and lookups validate against it,
and a test compares it with the documentation fragments, so that no list of options is written
twice. The names are the command's flags with underscores. Readable for Python 3.8, because modules
read it before they choose an interpreter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    Options = Mapping[str, Mapping[str, Any]]
    """Option to its argument specification."""

_GITHUB_CLAIMS = ("trigger", "sha", "name", "repository", "ref")

REGISTRY: Options = {
    "mirrors": {"type": "dict"},
    "registry_host": {"type": "str"},
    "registry_username": {"type": "str"},
    "registry_password": {"type": "str", "no_log": True},
    "registry_token": {"type": "str", "no_log": True},
    "registry_cacert": {"type": "path"},
    "registry_client_cert": {"type": "path"},
    "registry_client_key": {"type": "path", "no_log": False},
    "registry_server_name": {"type": "str"},
    "allow_insecure_registry": {"type": "bool", "default": False},
    "allow_http_registry": {"type": "bool", "default": False},
    "timeout": {"type": "int", "default": 180},
    "max_workers": {"type": "int", "default": 32},
}

TRUST: Options = {
    "trusted_root": {"type": "path"},
    "second_opinion": {"type": "str", "choices": ["auto", "require", "off"], "default": "auto"},
    "offline": {"type": "bool", "default": False},
    "use_signed_timestamps": {"type": "bool", "default": False},
    "insecure_ignore_tlog": {"type": "bool", "default": False},
    "insecure_ignore_sct": {"type": "bool", "default": False},
}

IDENTITY: Options = {
    "policy": {"type": "list", "elements": "path"},
    "publisher": {"type": "str"},
    "key": {"type": "str", "no_log": False},
    "certificate_identity": {"type": "str"},
    "certificate_identity_regexp": {"type": "str"},
    "certificate_oidc_issuer": {"type": "str"},
    "certificate_oidc_issuer_regexp": {"type": "str"},
    **{f"certificate_github_workflow_{claim}": {"type": "str"} for claim in _GITHUB_CLAIMS},
    "annotations": {"type": "dict"},
    "repository": {"type": "str"},
}

EVIDENCE: Options = {"evidence": {"type": "path"}}

INTERPRETER: Options = {"interpreter": {"type": "path"}}

PLACE: Options = {
    "verify_on": {"type": "str", "choices": ["target", "controller"], "default": "target"},
    **INTERPRETER,
}

IMAGES: Options = {"images": {"type": "list", "elements": "str", "required": True}}

PLATFORM: Options = {"platform": {"type": "str"}}

VERIFICATION: Options = {**IDENTITY, **TRUST, **REGISTRY, **EVIDENCE}
"""Everything a decision about an image is made from."""

IMAGE_DIGEST_INFO: tuple[Options, ...] = (
    IMAGES,
    PLATFORM,
    {"platforms": {"type": "bool", "default": False}},
    REGISTRY,
    PLACE,
)
ATTESTATION_VERIFY: tuple[Options, ...] = (
    IMAGES,
    {
        "types": {"type": "list", "elements": "str", "required": True},
        "predicates": {"type": "bool", "default": False},
    },
    VERIFICATION,
    PLACE,
)
ATTESTATION_INFO: tuple[Options, ...] = (
    IMAGES,
    {
        "types": {"type": "list", "elements": "str"},
        "predicates": {"type": "bool", "default": True},
        "unsafe_unverified": {"type": "bool", "default": False},
    },
    VERIFICATION,
    PLACE,
)
PROVENANCE_VERIFY: tuple[Options, ...] = (
    IMAGES,
    {
        "source_uri": {"type": "str", "required": True},
        "source_branch": {"type": "str"},
        "source_tag": {"type": "str"},
        "source_versioned_tag": {"type": "str"},
        "builder_id": {"type": "str"},
        "build_workflow_input": {"type": "dict"},
        "predicates": {"type": "bool", "default": False},
    },
    VERIFICATION,
    PLACE,
)
IMAGE_PIN: tuple[Options, ...] = (
    {
        "paths": {"type": "list", "elements": "path", "required": True},
        "lock": {"type": "path"},
        "update": {"type": "bool", "default": False},
        "unsafe_allow_rollback": {"type": "bool", "default": False},
        "tag": {"type": "str", "choices": ["keep", "drop", "comment"], "default": "keep"},
        "strict": {"type": "bool", "default": False},
    },
    PLATFORM,
    VERIFICATION,
    INTERPRETER,
)
IMAGE_VERIFY: tuple[Options, ...] = (IMAGES, PLATFORM, VERIFICATION, PLACE)


def argument_spec(*groups: Options) -> dict[str, dict[str, Any]]:
    """Return a fresh argument specification made of *groups*."""
    return {name: dict(option) for group in groups for name, option in group.items()}


def secret_options() -> set[str]:
    """Return the names of the options whose values must never be shown."""
    return {name for name, option in VERIFICATION.items() if option.get("no_log")}

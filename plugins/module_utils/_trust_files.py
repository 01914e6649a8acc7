# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The task that puts a trusted root and a policy on a host: read first, then write whole files.

With `podman_policy` the policy is written once more, in the terms of the host's container engine.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._files import put_file
from ._sessions import Params
from .sealpin.digest import Digest
from .sealpin.errors import SealpinError
from .sealpin.inputs import read_file
from .sealpin.policy.document import parse_policy_files
from .sealpin.policy.podman_policy import podman_policy
from .sealpin.policy.sources import Sources
from .sealpin.trust.embedded import PUBLIC_GOOD_JSON
from .sealpin.trust.root import TrustedRoot
from .sealpin.trust.root_json import parse_trusted_root
from .sealpin.trust.tuf_cache import PUBLIC_GOOD, default_cache_folder
from .sealpin.trust.tuf_client import refresh

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule


def run(module: AnsibleModule) -> None:
    """Write what differs and leave the module."""
    params = module.params
    try:
        root = _root_document(params)
        parse_trusted_root(root)
        files = {params["path"]: root}
        policy_digest = ""
        if params["policy"]:
            policy = params["policy"].encode()
            policies = parse_policy_files(
                {params["policy_path"]: policy}, sources=_sources(params, root)
            )
            policy_digest = policies.digest
            files[params["policy_path"]] = policy
            if params["podman_policy"]:
                rendered = podman_policy(policies)
                files[params["podman_policy"]] = _json(rendered.policy)
                files[params["podman_registries"]] = _json(rendered.registries)
    except SealpinError as error:
        module.fail_json(msg=str(error), code=error.code, hint=error.hint)
        return
    changes = [put_file(module, Path(path), data) for path, data in files.items()]
    result: dict[str, Any] = {
        "changed": any(change.changed for change in changes),
        "path": params["path"],
        "digest": str(Digest.of(root)),
        "policy_path": params["policy_path"] if params["policy"] else "",
        "policy_digest": policy_digest,
    }
    if module._diff:
        result["diff"] = [change.diff for change in changes if change.diff]
    module.exit_json(**result)


def _sources(params: Params, root: bytes) -> Sources:
    """Return what the policy may ask for: podman's needs its keys now, others where it is used."""

    def default_root() -> TrustedRoot:
        return parse_trusted_root(root)

    if not params["podman_policy"]:
        return Sources(default_root=default_root)
    folder = Path(params["policy_path"]).parent
    return Sources(
        default_root=default_root,
        read=lambda path: read_file(folder / path, what="a file of the policy"),
    )


def _json(document: Mapping[str, Any]) -> bytes:
    return (json.dumps(document, indent=2) + "\n").encode()


def _root_document(params: Params) -> bytes:
    origin = params["origin"]
    if origin == "content":
        return str(params["content"]).encode()
    if origin == "src":
        return read_file(Path(params["src"]), what="the trusted root")
    if origin == "tuf":
        cache = default_cache_folder(os.environ, Path.home())
        now_utc = datetime.now(timezone.utc)
        return refresh(PUBLIC_GOOD, cache_folder=cache, now_utc=now_utc).document
    return PUBLIC_GOOD_JSON

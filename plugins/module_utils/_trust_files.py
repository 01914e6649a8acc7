# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The task that puts a trusted root and a policy on a host: read first, then write whole files."""

from __future__ import annotations

import os
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._files import put_file
from ._sessions import Params
from .sealpin.digest import Digest
from .sealpin.errors import SealpinError
from .sealpin.inputs import read_file
from .sealpin.policy.document import parse_policy_files
from .sealpin.policy.sources import Sources
from .sealpin.trust.embedded import PUBLIC_GOOD_JSON
from .sealpin.trust.root import parse_trusted_root
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
            # Keys and other files the policy names are read where it is used.
            sources = Sources(default_root=lambda: parse_trusted_root(root))
            policies = parse_policy_files({params["policy_path"]: policy}, sources=sources)
            policy_digest = policies.digest
            files[params["policy_path"]] = policy
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

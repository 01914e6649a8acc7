# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""What to do next about errors whose code alone tells it, wherever they are raised.

An error that knows more than its code, the name of a file say, brings a hint of its own.
"""

from __future__ import annotations

SAVE_EVIDENCE = "save it where the registry can be reached: sealpin evidence save"
_AGAIN = (
    "run it again; if it keeps failing, check whether a proxy or the registry cuts answers short"
)
_ODD_ANSWER = (
    "the registry, or a proxy in front of it, does not follow the registry protocol: ask whoever"
    " runs it, or read from a --mirror"
)
_TOO_MUCH = (
    "what was read counts; for the rest, ask the publisher to keep less evidence beside the image"
)
_LESS_WORK = "the policy's program must do less; sealpin policy eval runs it on its own"
_BY_HAND = "run the policy's program on its own to see what it says: sealpin policy eval"
_BESIDE_POLICY = "give the file that holds it beside the policy"
_WRITABLE = "check the folder's permissions and the space on the disk, then run it again"
_LOG_IN_AGAIN = "correct the file, or write it again with docker login or podman login"

NEXT_STEPS = {
    "credentials.file": _LOG_IN_AGAIN,
    "credentials.helper": "run the helper by hand with `list`, or log in without it",
    "credentials.helper-name": _LOG_IN_AGAIN,
    "credentials.token": "give the token alone, as the registry's token service gave it",
    "download.status": "check the address, or download the document and give the file",
    "engine.failed": _BY_HAND,
    "engine.memory": _LESS_WORK,
    "engine.output": _LESS_WORK,
    "engine.start": _BY_HAND,
    "engine.time-out": _LESS_WORK,
    "evidence.malformed": SAVE_EVIDENCE,
    "evidence.not-saved": SAVE_EVIDENCE,
    "evidence.too-large": _TOO_MUCH,
    "evidence.too-many-layers": _TOO_MUCH,
    "evidence.too-many-pieces": _TOO_MUCH,
    "evidence.too-many-referrers": _TOO_MUCH,
    "evidence.unwritable": _WRITABLE,
    "file.not-regular": "name regular files, or leave it out of the paths",
    "file.read-only": "make it writable, or leave it out of the paths",
    "file.too-large": "check whether it is the file you meant; if so, leave it out or split it",
    "file.unwritable": _WRITABLE,
    "git.failed": "run git status there: it tells more about what is wrong",
    "git.missing": "install git, or name files instead of a revision",
    "git.no-repository": "run it inside a git repository, or name files instead of a revision",
    "git.outside": "name a policy inside the repository",
    "index.too-many": "verify one platform of it, by its own digest",
    "kms.unreachable": "check the network and the credentials, or save the key to a file once",
    "kms.unusable-answer": "save the key to a file with the provider's own tool, and name the file",
    "layout.no-folder": "check the path after dir:, which is relative to the file that names it",
    "path.too-large": "check whether it is the file you meant",
    "policy.config-map-missing": _BESIDE_POLICY,
    "policy.config-missing": "leave images without a configuration out of the policy",
    "policy.offline": "save it to a file and name that, or run without --offline",
    "policy.secret-missing": _BESIDE_POLICY,
    "policy.source-missing": "sealpin policy test fetches what a policy names",
    "registry.address": "check the names of the registry and of the proxy",
    "registry.connection": _AGAIN,
    "registry.content-encoding": _ODD_ANSWER,
    "registry.malformed-answer": _ODD_ANSWER,
    "registry.no-config": "leave images without a configuration out of the policy",
    "registry.proxy": "check that HTTPS_PROXY names a proxy that answers, or set NO_PROXY",
    "registry.realm": _ODD_ANSWER,
    "registry.redirect": _ODD_ANSWER,
    "registry.token": _ODD_ANSWER,
    "registry.too-large": _TOO_MUCH,
    "registry.too-many-pages": _TOO_MUCH,
    "registry.truncated": _AGAIN,
    "registry.unexpected-status": _ODD_ANSWER,
    "rego.refused": "write the policy without that call",
    "trust.no-cache": "set HOME or XDG_CACHE_HOME, or name a root: --trusted-root",
    "tuf.cache": "check the folder's owner and the free space, or set XDG_CACHE_HOME",
    "tuf.locked": "wait for the other sealpin to end, then run it again",
}
"""Code to the step, for errors raised without a hint of their own."""

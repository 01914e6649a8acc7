# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Verbs of other programs that people type with this program's name, and what does that here.

Verbs that work here under their own name (``verify``, ``tree``, ``verify-image``, …) are no part.
"""

from __future__ import annotations

_LOGIN = "log in with docker login or podman login; sealpin uses the logins they keep"
_SIGNING = "sealpin does not sign; cosign does"
_COPYING = "sealpin only reads registries; cosign does that"

HERE = {
    "attach": _SIGNING,
    "attest": _SIGNING,
    "attest-blob": _SIGNING,
    "clean": _COPYING,
    "copy": _COPYING,
    "dockerfile": "sealpin check --verify FILE verifies the images of a Dockerfile",
    "generate-key-pair": _SIGNING,
    "image": "sealpin pin PATH pins the images in files",
    "image digest": "sealpin digest IMAGE",
    "initialize": "sealpin trust update --mirror URL --root root.json",
    "load": _COPYING,
    "login": _LOGIN,
    "logout": _LOGIN,
    "manifest": "sealpin check --verify FILE verifies the images of a manifest",
    "manifest digest": "sealpin digest IMAGE",
    "public-key": _SIGNING,
    "registry": _LOGIN,
    "save": _COPYING,
    "sign": _SIGNING,
    "sign-blob": _SIGNING,
    "verify-artifact": "sealpin verifies images; slsa-verifier verifies artifacts",
    "verify-blob": "sealpin verify-bundle --bundle BUNDLE FILE",
}
"""First word, or first two, to the next step; cosign's, slsa-verifier's, regctl's, frizbee's."""

# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""What each verb's help ends with: lines to begin from, none wider than a help's 80 columns."""

from __future__ import annotations

_IMAGE = "ghcr.io/acme/app:1.0"

EXAMPLES = {
    "verify": (
        "verify --publisher kubernetes registry.k8s.io/kube-proxy:v1.30.0",
        f"verify --key cosign.pub {_IMAGE}",
    ),
    "verify-attestation": (f"verify-attestation --type spdx --key cosign.pub {_IMAGE}",),
    "verify-bundle": ("verify-bundle --bundle app.sigstore.json --key cosign.pub app.tgz",),
    "verify-image": ("verify-image ghcr.io/o/app@sha256:… --source-uri github.com/o/app",),
    "pin": ("pin --dry-run --diff .", "pin ."),
    "check": ("check .", "check --verify --policy-from origin/main ."),
    "update": ("update --dry-run --diff .", "update ."),
    "download": (f"download attestation {_IMAGE} | jq -r .payload",),
    "tree": (f"tree {_IMAGE}",),
    "triangulate": (f"triangulate {_IMAGE}",),
    "digest": (f"digest --platform linux/amd64 {_IMAGE}",),
    "release-images": ("release-images https://sbom.k8s.io/v1.30.0/release",),
    "evidence save": ("evidence save .", f"evidence save --image {_IMAGE}"),
    "evidence verify": ("evidence verify .",),
    "trust show": ("trust show --trusted-root trusted_root.json",),
    "trust update": ("trust update",),
    "policy validate": ("policy validate .sealpin.yaml",),
    "policy lint": ("policy lint .sealpin.yaml",),
    "policy convert": ("policy convert --to cluster .sealpin.yaml",),
    "policy match": (f"policy match .sealpin.yaml {_IMAGE}",),
    "policy explain": (f"policy explain {_IMAGE}",),
    "policy test": (f"policy test --policy policy.yaml --image {_IMAGE}",),
    "policy eval": ("policy eval --type cue policy.cue attestation.json",),
    "completion": ("completion bash",),
    "init": ("init",),
}
"""Verb to the words behind the program's name."""


def example_text(prog: str) -> str:
    """Return the end of the help of *prog*, which is the program's name and the verb."""
    program, _space, verb = prog.partition(" ")
    lines = [f"  {program} {words}\n" for words in EXAMPLES.get(verb, ())]
    if not lines:
        return ""
    return "".join(["\n", "examples:\n" if len(lines) > 1 else "example:\n", *lines])

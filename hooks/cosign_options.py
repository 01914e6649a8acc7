# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The options that cosign's verbs share, and which of them exclude each other.

Names are cosign's. What two options would contradict in each other is refused before any request,
with both names; what the core refuses anyway (a key beside an identity) is left to it.
"""

from __future__ import annotations

import argparse

from .arguments import Parser, UsageError
from .cosign_globals import add_global_options
from .options import add_trust_options

COMPAT = "cosign"

_NOT_BOTH = (
    ("certificate_chain", "ca_roots"),
    ("certificate_chain", "ca_intermediates"),
    ("key", "certificate"),
    ("key", "certificate_chain"),
    ("key", "ca_roots"),
    ("sct", "insecure_ignore_sct"),
    ("rekor_url", "offline"),
    ("rekor_url", "insecure_ignore_tlog"),
    ("rekor_url", "private_infrastructure"),
    ("local_image", "recursive"),
    ("local_image", "mirror"),
    ("local_image", "rekor_url"),
    ("local_image", "attachment"),
    ("local_image", "images_from"),
    ("local_image", "signature"),
    ("recursive", "signature"),
    ("recursive", "attachment"),
    ("images_from", "signature"),
    ("signature", "attachment_tag_prefix"),
    ("annotations", "check_claims"),
    ("compat", "format"),
)
_POLICY_DECIDES = (
    "certificate",
    "certificate_chain",
    "ca_roots",
    "ca_intermediates",
    "sct",
    "timestamp_certificate_chain",
    "insecure_ignore_tlog",
    "insecure_ignore_sct",
    "allow_certificate_chain",
    "private_infrastructure",
    "use_signed_timestamps",
    "check_claims",
    "annotations",
    "attachment_tag_prefix",
    "signature_digest_algorithm",
    "new_bundle_format",
)
"""What a policy file says for itself, so that beside one the option would do nothing."""
_ON_BY_DEFAULT = ("check_claims", "new_bundle_format")
_NEEDS = (
    ("sct", "certificate"),
    ("payload", "signature"),
    ("ca_intermediates", "ca_roots"),
    ("signature_digest_algorithm", "key"),
)


def add_cosign_options(parser: Parser) -> None:
    """Add everything the verifying verbs of cosign share, but who must have signed."""
    add_trust_options(parser)
    _add_trust_files(parser)
    add_weakening_options(parser)
    _add_evidence_options(parser)
    _add_refused_options(parser)
    add_global_options(parser)
    parser.add_argument(
        "--compat", choices=(COMPAT,), default="", help="exit codes and wording of cosign"
    )


def add_weakening_options(parser: Parser) -> None:
    """Add the peer's flags that give a check up; each one used shows in the report."""
    parser.add_switch(
        "--insecure-ignore-tlog", help="demand no transparency-log entry (shows in the report)"
    )
    parser.add_switch(
        "--insecure-ignore-sct", help="demand no certificate timestamp (shows in the report)"
    )
    parser.add_switch(
        "--allow-certificate-chain",
        help="accept 0.3 bundles that hold a chain of certificates (shows in the report)",
    )
    parser.add_switch(
        "--private-infrastructure", help="the peer's older name for --insecure-ignore-tlog"
    )
    parser.add_switch(
        "--use-signed-timestamps", help="demand an RFC 3161 timestamp of a trusted authority"
    )
    parser.add_switch(
        "--check-claims",
        default=True,
        help="false: do not compare the digest a legacy payload names (shows in the report)",
    )


def check_combinations(arguments: argparse.Namespace) -> None:
    """Raise `UsageError` for options that contradict each other or lack what they need."""
    for one, other in _NOT_BOTH:
        if _is_given(arguments, one) and _is_given(arguments, other):
            raise UsageError("usage", f"expected {_flag(one)} or {_flag(other)}, got both")
    for one, other in _NEEDS:
        if _is_given(arguments, one) and not _is_given(arguments, other):
            raise UsageError("usage", f"{_flag(one)} needs {_flag(other)}, got it alone")
    if _is_given(arguments, "policy"):
        for name in _POLICY_DECIDES:
            if _is_given(arguments, name):
                raise UsageError(
                    "usage",
                    f"expected --policy or {_flag(name)}, got both",
                    hint="write it in the policy, which says what is trusted",
                )
    _check_refused(arguments)


def _is_given(arguments: argparse.Namespace, name: str) -> bool:
    value = getattr(arguments, name, None)
    if name in _ON_BY_DEFAULT:
        return value is False
    if name == "format":
        return value not in (None, "cosign")
    return bool(value)


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-") + ("=false" if name in _ON_BY_DEFAULT else "")


def _add_trust_files(parser: Parser) -> None:
    group = parser.add_argument_group("trust from files, in place of the root's own")
    for name, what in (
        ("certificate", "signer's certificate, used for legacy signatures that bring none"),
        ("certificate-chain", "one certificate authority: intermediates first, its root last"),
        ("ca-roots", "certificate authorities (roots)"),
        ("ca-intermediates", "intermediates of --ca-roots"),
        ("timestamp-certificate-chain", "one timestamp authority; timestamps are then demanded"),
    ):
        group.add_argument(f"--{name}", default="", metavar="FILE", help=f"{what} (PEM)")
    group.add_argument(
        "--sct", default="", metavar="FILE", help="detached certificate timestamp of --certificate"
    )
    group.add_argument(
        "--signature-digest-algorithm",
        default="",
        metavar="NAME",
        help="hash of signatures by --key: sha224, sha256, sha384 or sha512",
    )
    group.add_argument(
        "--rekor-url",
        default="",
        metavar="URL",
        help="ask this log about legacy signatures without log entry (default: ask none)",
    )


def _add_evidence_options(parser: Parser) -> None:
    group = parser.add_argument_group("what is verified")
    group.add_argument(
        "--attachment-tag-prefix",
        default="",
        metavar="TEXT",
        help="prefix of the tags signatures and attestations are kept under",
    )
    parser.add_switch("--local-image", help="IMAGE is a folder that cosign save wrote")
    parser.add_switch(
        "--recursive", help="verify an index and every platform manifest in it, and report each"
    )
    parser.add_switch(
        "--new-bundle-format",
        default=True,
        help="=false: look at the legacy format only (default: bundles and legacy alike)",
    )

    parser.add_switch(
        "--experimental-oci11",
        default=True,
        help="signatures among the referrers are always looked at",
    )


def _add_refused_options(parser: Parser) -> None:
    """Declare what cosign has and this does not, so that it is refused by name."""
    parser.add_switch("--sk", help=argparse.SUPPRESS)
    parser.add_argument("--slot", default="", help=argparse.SUPPRESS)


def _check_refused(arguments: argparse.Namespace) -> None:
    refused = [name for name in ("pkcs11", "gitlab") if arguments.key.startswith(f"{name}:")]
    if arguments.sk or arguments.slot or refused:
        from sealpin.trust.key_sources import refuse_source

        raise refuse_source(refused[0] if refused else "sk")
    if not arguments.experimental_oci11:
        raise UsageError(
            "usage",
            "signatures among the referrers are always looked at: --experimental-oci11=false does"
            " not leave them out",
            hint="leave the option out; a signature found there must verify like any other",
        )

# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The option groups that verbs share, declared once, under the peers' names.

A group only declares. What the values mean is decided where they are used: `run_options` in
`sealpin_hooks.running` for registry and trust, `sealpin.policy.flags` for identities and keys.
"""

from __future__ import annotations

import argparse

from sealpin.limits import DEFAULT_WORKERS

from .arguments import Parser

_TAG_FLAGS = {"keep": "--keep-tag", "drop": "--drop-tag", "comment": "--tag-comment"}


def add_registry_options(parser: Parser) -> None:
    """Add where images are read from, with which credentials, and how long that may take."""
    group = parser.add_argument_group("registry")
    group.add_argument(
        "--mirror",
        action="append",
        default=[],
        metavar="PREFIX=TARGET",
        help="read a registry prefix from another one, or from dir:PATH (repeatable)",
    )
    _add_credential_options(group)
    _add_tls_options(parser, group)
    group.add_argument(
        "--timeout",
        "-t",
        default="3m0s",
        metavar="DURATION",
        help="for the whole run (default 3m0s)",
    )
    group.add_argument(
        "--max-workers",
        type=int,
        default=DEFAULT_WORKERS,
        metavar="N",
        help=f"registry requests at once (default {DEFAULT_WORKERS})",
    )


def _add_credential_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--registry-host",
        default="",
        metavar="HOST",
        help="the registry these credentials are for (default: those of the images named here)",
    )
    group.add_argument(
        "--registry-username", default="", metavar="NAME", help="user name for the registry"
    )
    group.add_argument(
        "--registry-password", default="", metavar="TEXT", help="password for the registry"
    )
    group.add_argument(
        "--registry-token", default="", metavar="TEXT", help="bearer token for the registry"
    )


def _add_tls_options(parser: Parser, group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--registry-cacert",
        default="",
        metavar="FILE",
        help="certificate authorities to trust (PEM)",
    )
    group.add_argument(
        "--registry-client-cert", default="", metavar="FILE", help="client certificate (PEM)"
    )
    group.add_argument("--registry-client-key", default="", metavar="FILE", help="client key (PEM)")
    group.add_argument(
        "--registry-server-name",
        default="",
        metavar="NAME",
        help="name to expect in the certificate",
    )
    parser.add_switch(
        "--allow-insecure-registry",
        help="do not verify the registry's certificate (shows in the report)",
        group=group,
    )
    parser.add_switch(
        "--allow-http-registry",
        help="reach registries without TLS (shows in the report)",
        group=group,
    )


def add_trust_options(parser: Parser) -> None:
    """Add what signatures are verified against."""
    group = parser.add_argument_group("trust")
    group.add_argument(
        "--trusted-root",
        default="",
        metavar="FILE",
        help="Sigstore trusted_root.json (default: the public-good instance)",
    )
    group.add_argument(
        "--second-opinion",
        choices=("auto", "require", "off"),
        default="auto",
        help="verify with the sigstore library too (default auto: when it is installed)",
    )
    parser.add_switch(
        "--offline", help="open no socket for trust: use the root that is here", group=group
    )


def add_identity_options(parser: Parser) -> None:
    """Add who must have signed and what about, or the policy files that say so."""
    add_signer_options(parser)
    parser.add_argument(
        "-a",
        "--annotations",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="annotation the signer must have signed (repeatable, or separated by commas)",
    )
    parser.add_argument(
        "--policy",
        action="append",
        default=[],
        metavar="FILE",
        help=".sealpin.yaml or ClusterImagePolicy documents, instead of identities (repeatable)",
    )


def add_registries_option(parser: Parser) -> None:
    """Add the policy of a verb that decides nothing, for the way to its images."""
    parser.add_argument(
        "--policy",
        action="append",
        default=[],
        metavar="FILE",
        help="read images as the registries: of this .sealpin.yaml say",
    )


def add_signer_options(parser: Parser) -> None:
    """Add who must have signed, for runs without a policy file."""
    group = parser.add_argument_group("who must have signed")
    group.add_argument(
        "--key",
        default="",
        metavar="REF",
        help="public key: a PEM file, env://NAME, https://… or a KMS URI",
    )
    group.add_argument(
        "--certificate-identity",
        default="",
        metavar="TEXT",
        help="exact identity in the certificate",
    )
    group.add_argument(
        "--certificate-identity-regexp", default="", metavar="RE2", help="identity, unanchored RE2"
    )
    group.add_argument(
        "--certificate-oidc-issuer", default="", metavar="URL", help="exact OIDC issuer"
    )
    group.add_argument(
        "--certificate-oidc-issuer-regexp",
        default="",
        metavar="RE2",
        help="OIDC issuer, unanchored RE2",
    )
    for claim in ("trigger", "sha", "name", "repository", "ref"):
        group.add_argument(
            f"--certificate-github-workflow-{claim}",
            default="",
            metavar="TEXT",
            help=f"GitHub workflow {claim} in the certificate",
        )
    group.add_argument(
        "--publisher",
        default="",
        metavar="NAME",
        help="a publisher of the built-in table; --publisher list prints it",
    )


def add_file_options(parser: Parser) -> None:
    """Add which files a verb looks at."""
    group = parser.add_argument_group("files")
    group.add_argument(
        "paths",
        nargs="*",
        default=["."],
        metavar="PATH",
        help="files or folders, or - for standard input (default: this folder)",
    )
    group.add_argument(
        "--stdin-filename",
        default="",
        metavar="NAME",
        help="what the text on standard input is called; its name tells its kind",
    )
    group.add_argument(
        "--changed-since",
        default="",
        metavar="REV",
        help="only files that differ from this git revision",
    )


def add_file_report_options(parser: Parser) -> None:
    """Add how a verb tells of files."""
    parser.add_switch("--strict", help="count warnings as errors")
    parser.add_switch("--verbose", help="also list what needs no attention")
    add_format_option(parser, "text", "json", "sarif", "html")


def add_policy_revision_option(parser: Parser) -> None:
    """Add where the policy is read from when the files at hand are not to be trusted."""
    parser.add_argument(
        "--policy-from",
        default="",
        metavar="REV",
        help="read the policy and what it names from this git revision",
    )


def add_pin_options(parser: Parser) -> None:
    """Add the options of ``pin`` and ``update``."""
    add_file_options(parser)
    add_file_report_options(parser)
    parser.add_switch("--diff", help="show the changes")
    parser.add_switch("--dry-run", help="write nothing")
    parser.add_argument(
        "--platform", default="", metavar="OS/ARCH[/VARIANT]", help="pin this platform of an index"
    )
    styles = parser.add_mutually_exclusive_group()
    styles.add_argument(
        "--tag",
        choices=("keep", "drop", "comment"),
        default="keep",
        help="name:tag@digest, name@digest, or name@digest # tag (default keep)",
    )
    for style, flag in _TAG_FLAGS.items():
        styles.add_argument(
            flag, dest="tag", action="store_const", const=style, help=f"the same as --tag {style}"
        )
    add_identity_options(parser)
    add_policy_revision_option(parser)
    add_trust_options(parser)
    add_registry_options(parser)


def add_format_option(parser: Parser, *formats: str) -> None:
    """Add ``--format``; the first of *formats* is the default."""
    parser.add_argument(
        "--format",
        choices=formats,
        default=formats[0],
        help=f"how to report (default {formats[0]})",
    )

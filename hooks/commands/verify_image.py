# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""``sealpin verify-image``: slsa-verifier's verb and flags, for how one image was built.

By default it prints what slsa-verifier prints and exits as the other verbs do;
``--compat slsa-verifier`` takes over its exit code (1 for everything) and its words too.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sealpin.errors import InvalidInput, SealpinError

from .. import exit_codes
from ..arguments import Parser, UsageError, asks_for_compat
from ..options import add_format_option, add_registry_options, add_trust_options

if TYPE_CHECKING:
    from sealpin.slsa.expectations import ExpectedProvenance

    from ..build_report import BuildReport

_COMPAT = "slsa-verifier"


def run(argv: Sequence[str]) -> int:
    """Verify one image's provenance and return the exit code."""
    parser = make_parser()
    try:
        arguments = parser.parse(argv)
        _check_usage(arguments)
    except UsageError as error:
        if not asks_for_compat(argv, _COMPAT):
            raise
        print(f"{parser.format_usage()}\n{error.message}", file=sys.stderr)
        return exit_codes.REFUSED
    return _verify(arguments)


def make_parser() -> Parser:
    """Return the verb's parser."""
    parser = Parser(
        prog="sealpin verify-image",
        description="Verify how an image was built: by whom, from which source.",
        epilog="The image is named by its digest; sealpin digest IMAGE prints it.",
    )
    parser.add_argument("images", nargs="*", metavar="IMAGE", help="name@sha256:…")
    _add_expected_options(parser)
    group = parser.add_argument_group("where the provenance is")
    group.add_argument(
        "--provenance-repository",
        metavar="REPOSITORY",
        help="repository that holds the attestations (default: the image's own)",
    )
    group.add_argument(
        "--provenance-path", metavar="FILE", help="gcloud's JSON, for Google Cloud Build"
    )
    parser.add_switch("--print-provenance", help="print the signed statement on standard output")
    parser.add_argument(
        "--compat", choices=(_COMPAT,), default="", help="exit codes and wording of slsa-verifier"
    )
    add_trust_options(parser)
    add_registry_options(parser)
    add_format_option(parser, _COMPAT, "text", "json")
    return parser


def _add_expected_options(parser: Parser) -> None:
    """Add what is demanded of the build, besides that its builder signed it."""
    group = parser.add_argument_group("what is expected")
    group.add_argument(
        "--source-uri", metavar="URI", help="source repository: github.com/owner/name (required)"
    )
    group.add_argument(
        "--builder-id",
        default="",
        metavar="ID",
        help="builder, name or name@version (default: the SLSA container generator)",
    )
    group.add_argument("--source-branch", metavar="NAME", help="branch it was built from")
    group.add_argument("--source-tag", metavar="NAME", help="tag it was built from")
    group.add_argument(
        "--source-versioned-tag", metavar="VERSION", help="semantic version: v1, v1.2 or v1.2.3"
    )
    group.add_argument(
        "--build-workflow-input",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="input the workflow was dispatched with (repeatable)",
    )


def _check_usage(arguments: argparse.Namespace) -> None:
    if len(arguments.images) != 1:
        raise UsageError("usage", "expects a single path to an image")
    if arguments.source_uri is None:
        raise UsageError("usage", 'required flag(s) "source-uri" not set')
    if arguments.source_tag is not None and arguments.source_versioned_tag is not None:
        raise UsageError(
            "usage",
            "expected --source-tag or --source-versioned-tag, got both",
            hint="give the exact tag, or the version its tag must have",
        )
    if arguments.provenance_repository == "":
        raise UsageError("usage", "expected a repository after --provenance-repository, got none")
    if arguments.print_provenance and arguments.format == "json":
        raise UsageError("usage", "expected --print-provenance or --format json, got both")


def _verify(arguments: argparse.Namespace) -> int:
    report = _report(arguments)
    _print(report, arguments)
    if report.error is None:
        return exit_codes.VERIFIED
    return exit_codes.REFUSED if arguments.compat else exit_codes.of_error(report.error)


def _print(report: BuildReport, arguments: argparse.Namespace) -> None:
    from ..build_report import peer_lines, text_lines

    if arguments.print_provenance and report.payload is not None:
        sys.stdout.buffer.write(report.payload + b"\n")
        sys.stdout.flush()
    if arguments.format == "json":
        print(json.dumps(report.document(), indent=2))
    elif arguments.format == "text":
        print("\n".join(text_lines(report)))
    else:
        asked = _asked(arguments) if arguments.compat else None
        print("\n".join(peer_lines(report, asked=asked)), file=sys.stderr)


def _asked(arguments: argparse.Namespace) -> Mapping[str, str]:
    """Return what slsa-verifier repeats of the command line."""
    image = arguments.images[0]
    return {
        "image": image,
        "digest_hex": image.rpartition(":")[2],
        "builder": arguments.builder_id,
        "versioned_tag": arguments.source_versioned_tag or "",
    }


def _report(arguments: argparse.Namespace) -> BuildReport:
    """Verify, and turn what comes of it into a report; the peer has one for bad input too."""
    from sealpin.slsa.verify_image import BuildPlatform, platform_of

    from ..build_report import BuildReport

    image = arguments.images[0]
    platform = BuildPlatform.GITHUB
    try:
        platform = platform_of(arguments.builder_id or None)
        expected = _expected(arguments)
        if platform is BuildPlatform.GITHUB:
            return _verify_github(arguments, expected)
        return _verify_cloud_build(arguments, expected)
    except SealpinError as error:
        if isinstance(error, InvalidInput) and not arguments.compat:
            raise
        return BuildReport(image=image, platform=platform, error=error)


def _expected(arguments: argparse.Namespace) -> ExpectedProvenance:
    from sealpin.slsa.expectations import ExpectedProvenance

    return ExpectedProvenance(
        builder=arguments.builder_id or None,
        source=arguments.source_uri,
        branch=arguments.source_branch,
        tag=arguments.source_tag,
        versioned_tag=arguments.source_versioned_tag,
        inputs=_inputs(arguments.build_workflow_input),
    )


def _inputs(texts: Sequence[str]) -> Mapping[str, str]:
    inputs = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not (name and equals):
            raise UsageError("usage", f"expected KEY=VALUE after --build-workflow-input: {text!r}")
        inputs[name] = value
    return inputs


def _verify_github(arguments: argparse.Namespace, expected: ExpectedProvenance) -> BuildReport:
    from sealpin.clock import SystemClock
    from sealpin.image_builds import digest_of, verify_build
    from sealpin.reaching import NO_REGISTRIES
    from sealpin.reference import ImageReference, Repository
    from sealpin.trust.material import KeylessTrust
    from sealpin.trusting import RootChoice

    from ..build_report import BuildReport
    from ..running import new_session, run_options, this_machine

    if arguments.provenance_path is not None:
        raise UsageError(
            "usage",
            "expected no --provenance-path: this builder's provenance is read from the registry",
            hint="for another repository, give --provenance-repository",
        )
    image = ImageReference.parse(arguments.images[0])
    digest_of(image)  # a mistake is told before a root is refreshed
    elsewhere = arguments.provenance_repository
    options = run_options(arguments)
    with new_session(options, registries=NO_REGISTRIES) as session:
        build = verify_build(
            session,
            image,
            expected=expected,
            repository=None if elsewhere is None else Repository.parse(elsewhere),
            trust=KeylessTrust(root=RootChoice(options, this_machine()).root()),
            now_utc=SystemClock().now_utc(),
            second_opinion=options.second_opinion,
        )
    return BuildReport.of_build(arguments.images[0], build)


def _verify_cloud_build(arguments: argparse.Namespace, expected: ExpectedProvenance) -> BuildReport:
    from sealpin.image_builds import digest_of
    from sealpin.inputs import read_file
    from sealpin.reference import ImageReference
    from sealpin.slsa.gcb import verify_gcb

    from ..build_report import BuildReport

    if arguments.provenance_path is None:
        raise UsageError(
            "usage",
            "expected --provenance-path: Cloud Build provenance is a document of gcloud's",
            hint="gcloud artifacts docker images describe IMAGE --show-provenance --format json",
        )
    if arguments.provenance_repository is not None:
        raise UsageError(
            "usage", "expected no --provenance-repository: Cloud Build provenance is a document"
        )
    digest = digest_of(ImageReference.parse(arguments.images[0]))
    document = read_file(Path(arguments.provenance_path), what="the provenance")
    verified = verify_gcb(document, digest=digest, expected=expected)
    return BuildReport.of_cloud_build(arguments.images[0], verified)

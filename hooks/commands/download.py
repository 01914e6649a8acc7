# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""``sealpin download attestation|signature|sbom``: what hangs on an image, as it is.

Nothing is verified. Attestations are printed as one DSSE envelope a line whatever format they are
kept in, because that is what the documented pipes read; ``--format bundle`` prints bundles as they
are stored.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from sealpin.errors import InvalidInput, VerificationFailed, quote

from .. import exit_codes
from ..arguments import Parser, UsageError
from ..cosign_globals import add_global_options
from ..cosign_options import COMPAT
from ..options import add_registries_option

if TYPE_CHECKING:
    from sealpin.api import Session
    from sealpin.descriptor import ResolvedArtifact
    from sealpin.evidence import Evidence, EvidenceKind, EvidenceSet
    from sealpin.policy.model import EvidencePlace

_KINDS = ("attestation", "signature", "sbom")


def run(argv: Sequence[str]) -> int:
    """Print what was asked for and return the exit code."""
    from ..cosign_compat import answer_as_asked

    return answer_as_asked(argv, make_parser(), _download)


def make_parser() -> Parser:
    """Return the verb's parser."""
    parser = Parser(
        prog="sealpin download",
        description="Print what is attached to an image, as it is. Nothing is verified.",
    )
    parser.add_argument("kind", choices=_KINDS, help="what to print")
    parser.add_argument("images", nargs=1, metavar="IMAGE", help="image reference")
    parser.add_argument(
        "--predicate-type",
        default="",
        metavar="TYPE",
        help="only attestations of this type: a URI or a short name as verify-attestation --type",
    )
    parser.add_argument(
        "--platform", default="", metavar="OS/ARCH[/VARIANT]", help="of this platform of an index"
    )
    parser.add_argument(
        "--attachment-tag-prefix", default="", metavar="TEXT", help="prefix of the tags"
    )
    parser.add_argument(
        "--format",
        choices=("dsse", "bundle"),
        default="dsse",
        help="attestations as envelopes (default), or bundles as stored",
    )
    parser.add_argument(
        "--compat", choices=(COMPAT,), default="", help="words of cosign; implies --format bundle"
    )
    add_registries_option(parser)
    add_global_options(parser)
    return parser


def _download(arguments: argparse.Namespace) -> int:
    if arguments.predicate_type and arguments.kind != "attestation":
        raise UsageError("usage", f"--predicate-type is for attestations, got {arguments.kind}")

    from ..beside_image import evidence_place, resolve_one
    from ..running import looking_session, run_options

    place = evidence_place(arguments.attachment_tag_prefix, os.environ)
    with looking_session(run_options(arguments)) as session:
        artifact = resolve_one(session, arguments.images[0], arguments.platform)
        return _ACTIONS[arguments.kind](arguments, session, artifact, place)


def _print_attestations(
    arguments: argparse.Namespace,
    session: Session,
    artifact: ResolvedArtifact,
    place: EvidencePlace,
) -> int:
    from sealpin.attestations.predicates import predicate_type
    from sealpin.evidence import EvidenceKind

    from ..envelopes import envelope_line, stored_line
    from ..terminal import print_content

    found = _gather(session, artifact, place, EvidenceKind.ATTESTATION_LAYER)
    wanted = predicate_type(arguments.predicate_type)
    items = [item for item, kind in _statements(found) if kind == wanted or not wanted]
    as_stored = arguments.format == "bundle" or bool(arguments.compat)
    for item in items:
        print_content(stored_line(item) if as_stored else envelope_line(item))
    if not items and found.is_complete and wanted:
        raise VerificationFailed(
            "attestation.missing", f"no attestations with predicate type '{wanted}' found"
        )
    return _code_of(found)


def _print_signatures(
    arguments: argparse.Namespace,
    session: Session,
    artifact: ResolvedArtifact,
    place: EvidencePlace,
) -> int:
    from sealpin.evidence import EvidenceKind
    from sealpin.mediatypes import COSIGN_SIGN_V1

    from ..envelopes import signature_line, stored_line
    from ..terminal import print_content

    found = _gather(session, artifact, place, EvidenceKind.SIGNATURE_LAYER)
    bundles = {id(item) for item, kind in _statements(found) if kind == COSIGN_SIGN_V1}
    items = [
        item
        for item in found.items
        if id(item) in bundles or item.kind is EvidenceKind.SIGNATURE_LAYER
    ]
    for item in items:
        try:
            print_content(stored_line(item) if id(item) in bundles else signature_line(item))
        except InvalidInput as error:
            _tell_left_out(item, error)
    if not items and found.is_complete:
        raise VerificationFailed(
            "signature.missing", f"{arguments.images[0]}: no signatures associated"
        )
    return _code_of(found)


def _print_sbom(
    arguments: argparse.Namespace,
    session: Session,
    artifact: ResolvedArtifact,
    place: EvidencePlace,
) -> int:
    sbom = session.sbom(artifact, place=place)
    if sbom is None:
        raise VerificationFailed(
            "sbom.missing",
            "no sbom attached to reference",
            hint="SBOMs are attestations now: sealpin verify-attestation --type spdxjson"
            f" {arguments.images[0]}",
        )
    from sealpin.report.text import printable

    from ..terminal import write_content

    print(
        "WARNING: what was attached this way is signed by nobody; verify an SBOM attestation"
        f" instead\nFound SBOM of media type: {printable(sbom.media_type)}",
        file=sys.stderr,
    )
    write_content(sbom.content, sys.stdout)
    return exit_codes.VERIFIED


_ACTIONS = {
    "attestation": _print_attestations,
    "signature": _print_signatures,
    "sbom": _print_sbom,
}


def _gather(
    session: Session, artifact: ResolvedArtifact, place: EvidencePlace, legacy: EvidenceKind
) -> EvidenceSet:
    from sealpin.evidence import EvidenceKind
    from sealpin.policy.needs import Needs

    kinds = frozenset({legacy, EvidenceKind.BUNDLE})
    return session.gather(artifact, needs=Needs(places=(place,), kinds=kinds))


def _statements(found: EvidenceSet) -> Iterator[tuple[Evidence, str]]:
    """Yield what holds a statement, with the predicate type it claims; the rest is told of."""
    from sealpin.evidence import EvidenceKind
    from sealpin.signatures.statement import parse_statement

    from ..envelopes import read_envelope

    for item in found.items:
        if item.kind is EvidenceKind.SIGNATURE_LAYER:
            continue
        try:
            yield item, parse_statement(read_envelope(item).payload).predicate_type
        except InvalidInput as error:
            _tell_left_out(item, error)


def _tell_left_out(item: Evidence, error: InvalidInput) -> None:
    print(f"sealpin: warning: left out, at {quote(item.location)}: {error}", file=sys.stderr)


def _code_of(found: EvidenceSet) -> int:
    """Say which places did not answer; what they hold is missing from the output."""
    from ..cli import print_error

    sys.stdout.flush()
    errors = [gap.error for gap in found.gaps if not gap.conclusive]
    for error in errors:
        print_error(error)
    return exit_codes.combine(map(exit_codes.of_error, errors))

# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""``sealpin verify-bundle``: one Sigstore bundle over a file or a digest.

The command line is the client protocol of sigstore-conformance (docs/cli_protocol.md there), so
that its suite runs against this program as it is.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path

from sealpin.digest import Digest

from .. import exit_codes
from ..arguments import Parser
from ..options import add_trust_options

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def run(argv: Sequence[str]) -> int:
    """Verify the bundle; say who signed."""
    arguments = make_parser().parse(argv)

    from sealpin.report.document import signer_to_dict
    from sealpin.report.text import printable
    from sealpin.verify_bundle import verify_bundle

    from ..running import run_options, this_machine

    path = Path(arguments.artifact)
    is_digest = _DIGEST.fullmatch(arguments.artifact) is not None and not path.exists()
    verified = verify_bundle(
        run_options(arguments),
        this_machine(),
        bundle=Path(arguments.bundle),
        artifact=Digest.parse(arguments.artifact) if is_digest else path,
    )
    signer = signer_to_dict(verified.signer)
    name = ", ".join(signer["subjects"]) if signer["kind"] == "certificate" else signer["name"]
    engines = " + ".join(verified.engines)
    print(f"verified: {verified.artifact} signed by {printable(name)} ({engines})", file=sys.stderr)
    return exit_codes.VERIFIED


def make_parser() -> Parser:
    """Return the verb's parser."""
    parser = Parser(
        prog="sealpin verify-bundle", description="Verify a Sigstore bundle over a file or digest."
    )
    parser.add_argument("artifact", metavar="FILE_OR_DIGEST", help="a file, or sha256:<hex>")
    parser.add_argument("--bundle", required=True, metavar="FILE", help="the bundle (JSON)")
    parser.add_argument("--key", default="", metavar="FILE", help="public key (PEM)")
    parser.add_argument("--certificate-identity", default="", metavar="TEXT")
    parser.add_argument("--certificate-identity-regexp", default="", metavar="RE2")
    parser.add_argument("--certificate-oidc-issuer", default="", metavar="URL")
    parser.add_argument("--certificate-oidc-issuer-regexp", default="", metavar="RE2")
    add_trust_options(parser)
    return parser

# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""``sealpin completion``: print the script that completes our command line in a shell."""

from __future__ import annotations

from collections.abc import Sequence

from .. import exit_codes
from ..arguments import Parser
from ..completions import SCRIPTS, next_words

_WORDS = "words"
"""In the place of a shell: what its script asks."""

_EPILOG = """\
bash: source <(sealpin completion bash)
zsh:  eval "$(sealpin completion zsh)", after compinit
fish: sealpin completion fish | source"""


def run(argv: Sequence[str]) -> int:
    """Print the script of a shell, or what may come next on its line."""
    if argv[:1] == [_WORDS]:
        print("".join(f"{word}\n" for word in next_words(argv[1:])), end="")
        return exit_codes.VERIFIED
    print(SCRIPTS[make_parser().parse(argv).shell], end="")
    return exit_codes.VERIFIED


def make_parser() -> Parser:
    """Return the verb's parser."""
    parser = Parser(
        prog="sealpin completion",
        description="Print the completion script of a shell.",
        epilog=_EPILOG,
    )
    parser.add_argument("shell", choices=tuple(SCRIPTS), metavar="SHELL", help="bash, zsh or fish")
    return parser

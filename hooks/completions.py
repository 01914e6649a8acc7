# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""What may come next on a command line, and the scripts by which shells ask for it.

A script knows no verb and no option: it asks ``sealpin completion words`` at each press of TAB, so
it never differs from the program. Where nothing is answered, the shell completes names of files.
"""

from __future__ import annotations

from argparse import Action
from collections.abc import Iterable, Sequence

from .arguments import Parser
from .cli import VERBS
from .verbs import parser_of, verbs_below

SCRIPTS = {
    "bash": """\
_sealpin() {
    local IFS=$'\\n'
    COMPREPLY=($(sealpin completion words "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _sealpin sealpin
""",
    "zsh": """\
#compdef sealpin
_sealpin() {
    local -a found
    found=("${(@f)$(sealpin completion words "${(@)words[2,CURRENT]}" 2>/dev/null)}")
    if [[ -n $found ]]; then compadd -- $found; else _files; fi
}
compdef _sealpin sealpin
if [[ $funcstack[1] == _sealpin ]]; then _sealpin; fi  # a file of $fpath is run as it is loaded
""",
    "fish": """\
function __sealpin
    set --local found (sealpin completion words \\
        (commandline -opc)[2..] (commandline -ct | string collect --allow-empty) 2>/dev/null)
    or return
    if test -n "$found"
        printf '%s\\n' $found
    else
        __fish_complete_path (commandline -ct)
    end
end
complete --command sealpin --no-files --arguments '(__sealpin)'
""",
}
"""Shell to its script."""


def next_words(words: Sequence[str]) -> list[str]:
    """Return what the last of *words*, which is being written, may become; none for a file.

    *words* follow the program's name. bash gives ``--format=js`` as three words.
    """
    *before, word = words or [""]
    if word == "=":
        before, word = [*before, word], ""
    if before[-1:] == ["="]:
        before.pop()
    return [found for found in _candidates(before, word) if found.startswith(word)]


def _candidates(before: Sequence[str], word: str) -> Iterable[str]:
    if not before:
        return VERBS
    verb, *rest = before
    if verb not in VERBS:
        return ()
    below = verbs_below(verb)
    if not rest and below:
        return below
    if below and rest[0] not in below:
        return ()
    parser = parser_of(before)
    return _of_parser(parser, rest[1:] if below else rest, word)


def _of_parser(parser: Parser, before: Sequence[str], word: str) -> Iterable[str]:
    options = parser.options
    if "--" in before:
        return ()
    if before and (asked := options.get(before[-1])) and parser.takes_word(asked):
        return _choices(asked)
    name, equals, _value = word.partition("=")
    if equals:
        return (f"{name}={choice}" for choice in _choices(options.get(name)))
    if word.startswith("-"):
        return sorted(options)
    return () if before else _choices(parser.first_argument)


def _choices(action: Action | None) -> Iterable[str]:
    return () if action is None or action.choices is None else map(str, action.choices)

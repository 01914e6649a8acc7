# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The command ``sealpin``: finds the verb, runs it, turns errors into one line and an exit code.

Start-up is a feature: a verb's module is imported only when it is asked for, and nothing here
imports the core beyond its errors and version.
"""

from __future__ import annotations

import errno
import gc
import io
import os
import sys
import warnings
from collections.abc import Sequence
from importlib import import_module

from sealpin.errors import SealpinError
from sealpin.version import __version__

from . import exit_codes

TYPE_CHECKING = False  # typing's own costs a tenth of a hook's whole time
if TYPE_CHECKING:
    from typing import NoReturn

    from _typeshed import ReadableBuffer

VERBS = {
    "verify": "verify that images are signed by whom you expect",
    "verify-attestation": "verify that images have an attestation signed by whom you expect",
    "verify-bundle": "verify one Sigstore bundle over a file or digest",
    "verify-image": "verify how an image was built: by whom, from which source",
    "pin": "verify images in files, then write their digests",
    "check": "check offline that files are pinned and agree with sealpin.lock",
    "update": "move pins whose tag moved, after verification",
    "download": "print the attestations, signatures or SBOM of an image as they are",
    "tree": "show what is attached to an image",
    "triangulate": "print where the signatures of an image are kept",
    "digest": "print the digest of an image",
    "release-images": "list the images that a release's SBOM names",
    "evidence": "save evidence, and verify it without a network",
    "trust": "show or refresh what signatures are verified against",
    "policy": "validate, explain, test or convert policies",
    "completion": "print the completion script of a shell",
    "init": "write a commented .sealpin.yaml to start from",
}
"""Verb to its one-line description; ``verify-bundle`` lives in ``commands/verify_bundle.py``."""

_FULL = frozenset({errno.EDQUOT, errno.EFBIG, errno.EIO, errno.ENOSPC})

OBJECTS_BETWEEN_COLLECTIONS = 20_000
"""Python looks for cyclic garbage whenever 700 more objects live. A run makes many that stay and
hardly a cycle: looking at them took 2 to 3 % of a large run's processor time."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb and return the process's exit code."""
    try:
        return _answer(list(sys.argv[1:] if argv is None else argv))
    except BrokenPipeError:
        _drop_output()
        return exit_codes.UNHEARD


def run_process() -> NoReturn:
    """Be the whole process: run `main` and leave with its code, after Ctrl-C at once.

    The interpreter would wait for every thread that waits for a registry, for minutes.
    """
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
    if not sys.warnoptions:
        # Libraries warn their programmer, and not the user, of what is in strangers' certificates.
        warnings.simplefilter("ignore")
    _open_closed_streams()
    sys.stderr = _standard_error()
    _print_in_any_locale()
    code = main()
    if code == exit_codes.INTERRUPTED:
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def usage() -> str:
    """Return the list of verbs."""
    width = max(map(len, VERBS))
    lines = [f"  {verb:<{width}}  {description}" for verb, description in VERBS.items()]
    return "\n".join(
        [
            "usage: sealpin VERB [OPTIONS] …",
            "",
            *lines,
            "",
            "sealpin VERB --help shows a verb's options; --version prints the version.",
            "To start in a repository: sealpin init, then sealpin pin --dry-run --diff .",
            "Documentation: https://github.com/sealpin/sealpin",
        ]
    )


def print_error(error: SealpinError, *, about: str = "") -> None:
    """Print what is wrong, *about* which of several things, and what to do next, a line each."""
    from sealpin.report.text import printable

    # A policy has a line for each of its problems; indented, none passes for one of ours.
    text = "\n  ".join(map(printable, error.message.split("\n")))
    subject = f"{printable(about)}: " if about else ""
    print(f"sealpin: {subject}{text} [{error.code}]", file=sys.stderr)
    if error.hint:
        print(f"sealpin: next: {printable(error.hint)}", file=sys.stderr)


def _answer(words: list[str]) -> int:
    """Run one verb, and say what ended it. Raises `BrokenPipeError` if nobody reads that."""
    try:
        code = _run_or_explain(words)
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        print("\nsealpin: interrupted; no file is half written", file=sys.stderr)
        return exit_codes.INTERRUPTED
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001 - the outermost frame: a defect of ours must not look like a refusal
        if isinstance(error, OSError) and _is_of_output(error):
            return _report_full_output(error)
        return _report_defect(words)


def _run_or_explain(words: list[str]) -> int:
    try:
        return _run(words)
    except SealpinError as error:
        print_error(error)
        _tell_programs(words, error)
        return exit_codes.of_error(error)


def _tell_programs(words: Sequence[str], error: SealpinError) -> None:
    """Say what ended the run in the format of reports, if one was asked for."""
    if any(word.startswith("--format") for word in words):
        from .early_end import print_early_report

        print_early_report(words, error)


def _run(words: list[str]) -> int:
    if not words or words[0] in ("-h", "--help", "help"):
        if words[1:] and words[1] in VERBS:
            return _run([*words[1:], "--help"])
        print(usage())
        return exit_codes.VERIFIED if words else exit_codes.BAD_INPUT
    if words[0] in ("--version", "version"):
        print(f"sealpin {__version__}")
        return exit_codes.VERIFIED
    verb = words[0]
    if verb not in VERBS:
        from .arguments import UsageError

        raise UsageError("usage", f"no such verb: {verb}", hint=_next_verb(words))
    module = import_module(f".commands.{verb.replace('-', '_')}", __package__)
    return int(module.run(words[1:]))


def _next_verb(words: Sequence[str]) -> str:
    """Return what may have been meant where *words* do not begin with a verb."""
    from difflib import get_close_matches

    from .peer_verbs import HERE

    if here := HERE.get(" ".join(words[:2])) or HERE.get(words[0]):
        return here
    if near := get_close_matches(words[0], VERBS, n=1):
        return f"did you mean {near[0]}?"
    later = next((word for word in words if word in VERBS), "")
    return f"the verb comes first: sealpin {later} …" if later else "sealpin --help lists the verbs"


def _print_in_any_locale() -> None:
    """Escape what the terminal's encoding lacks: a verdict must not become a defect of ours.

    Escaped, not replaced by ``?``, which is the mark of what could not be checked.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _open_closed_streams() -> None:
    """Put something in the place of each standard stream that the process was started without.

    Otherwise the next file opened takes the stream's number, and what is printed lands in it.
    Standard output becomes a pipe without a reader, since that is what it is: whatever prints
    ends as it would after ``| head``. Input is empty, and complaints go nowhere.
    """
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: PTH123, SIM115 - no pathlib here
    if sys.stdout is None:
        reader, writer = os.pipe()
        os.dup2(writer, 1)
        for end in {reader, writer} - {1}:
            os.close(end)
        sys.stdout = open(1, "w", encoding="utf-8")  # noqa: SIM115
    if sys.stderr is None:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        sys.stderr = open(nowhere, "w", encoding="utf-8", closefd=False)  # noqa: SIM115


class _Complaints(io.FileIO):
    """Standard error, whose reader may leave: the run goes on, and its answer stays the answer."""

    def write(self, data: ReadableBuffer, /) -> int:
        """Write *data*, or lose it."""
        try:
            return super().write(data)
        except OSError:
            return memoryview(data).nbytes


def _standard_error() -> io.TextIOWrapper:
    """Return standard error as Python opens it, over `_Complaints`."""
    old = sys.stderr
    raw = _Complaints(old.fileno(), "w", closefd=False)
    return io.TextIOWrapper(io.BufferedWriter(raw), encoding=old.encoding, line_buffering=True)


def _drop_output() -> None:
    """Nobody reads any more: keep the interpreter from failing on what it still has to flush."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(nowhere, stream.fileno())


def _is_of_output(error: OSError) -> bool:
    """Whether *error* says that what is printed cannot be written, as on a full disk.

    What waits in the buffer fails again. What was too long for it, or never waited
    (``PYTHONUNBUFFERED``), is gone; only the kind of error tells, since every file that we write
    ourselves has its own errors.
    """
    try:
        sys.stdout.flush()
    except OSError:
        return True
    return error.filename is None and error.errno in _FULL


def _report_full_output(error: OSError) -> int:
    print(f"sealpin: cannot write to standard output: {error.strerror}", file=sys.stderr)
    _drop_output()
    return exit_codes.UNHEARD


def _report_defect(words: Sequence[str]) -> int:
    import traceback

    traceback.print_exc()
    said = f"a bug in sealpin {__version__}"
    print(f"sealpin: {said}; please report it with the lines above", file=sys.stderr)
    error = SealpinError("defect", said, hint="report it with what stands on standard error")
    try:
        _tell_programs(words, error)
        sys.stdout.flush()
    except OSError:
        _drop_output()
    return exit_codes.DEFECT


if __name__ == "__main__":
    run_process()

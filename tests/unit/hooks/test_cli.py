# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The outermost frame: verbs, errors to lines and codes, and defects that are no refusal."""

from __future__ import annotations

import base64
import json
import os
import signal
import socket
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from sealpin_hooks import cli
from sealpin_hooks.arguments import Parser
from sealpin_hooks.commands import init
from sealpin_hooks.examples import EXAMPLES
from sealpin_hooks.peer_verbs import HERE

from sealpin.errors import VerificationFailed
from sealpin.version import __version__
from support.command import sealpin
from support.project import FREE, Project, make_project
from support.virtual_sigstore import VirtualSigstore


def raising(error: BaseException):
    def run(_argv: object) -> int:
        raise error

    return run


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (RuntimeError("oops"), 4, "a bug in sealpin"),
        (AssertionError(), 4, "Traceback"),
        (VerificationFailed("a.b", "no \x1b[31m", hint="do c"), 1, "sealpin: no \\x1b[31m [a.b]"),
        (KeyboardInterrupt(), 130, ""),
    ],
    ids=["defect", "assertion", "refusal", "interrupt"],
)
def test_what_a_verb_raises_becomes_a_line_and_a_code(
    error: BaseException, code: int, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(init, "run", raising(error))
    ran = sealpin("init")
    assert (ran.code, ran.out) == (code, "")
    assert said in ran.err


def test_a_hint_stands_on_a_line_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(init, "run", raising(VerificationFailed("a.b", "no", hint="do c")))
    assert sealpin("init").err == "sealpin: no [a.b]\nsealpin: next: do c\n"


def test_each_problem_of_a_policy_stands_on_a_line_of_its_own(tmp_path: Path) -> None:
    (tmp_path / ".sealpin.yaml").write_text("version: 1\npolicies:\n  - image: [a]\n    kee: b\n")
    (tmp_path / "compose.yaml").write_text("services: {a: {image: 'a:1'}}\n")
    ran = sealpin("pin", "--offline", cwd=tmp_path)
    problems = ran.err.splitlines()[:-1]
    assert len(problems) > 1
    assert all(".sealpin.yaml:" in line for line in problems)
    assert problems[-1].endswith("[policy.invalid]")
    assert "\\n" not in ran.err


@pytest.mark.parametrize("words", [["--version"], ["version"]])
def test_the_version(words: list[str]) -> None:
    assert sealpin(*words).out == f"sealpin {__version__}\n"


def test_a_process_looks_for_cyclic_garbage_less_often_than_python_does() -> None:
    script = (
        "import atexit, gc, sys; from sealpin_hooks import cli; sys.argv[1:] = ['version'];"
        " atexit.register(lambda: print(gc.isenabled(), *gc.get_threshold())); cli.run_process()"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    enabled, threshold, *_older = ran.stdout.splitlines()[-1].split()
    assert enabled == "True", "what an attacker sends must not stay for ever"
    assert int(threshold) == cli.OBJECTS_BETWEEN_COLLECTIONS


def test_help_lists_the_verbs_and_nothing_at_all_is_bad_input() -> None:
    helped, bare = sealpin("--help"), sealpin()
    assert (helped.code, bare.code) == (0, 3)
    assert helped.out == bare.out
    assert all(f"  {verb} " in helped.out for verb in cli.VERBS)


@pytest.mark.parametrize("verb", cli.VERBS)
def test_a_verb_alone_is_never_a_defect(verb: str, tmp_path: Path) -> None:
    ran = sealpin(verb, cwd=tmp_path)
    assert (ran.code in {0, 3}, "defect" in ran.err) == (True, False), ran.err


def test_a_verb_that_is_none_is_bad_input_and_a_near_one_is_named() -> None:
    ran = sealpin("pim")
    assert (ran.code, "did you mean pin?" in ran.err) == (3, True)


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("--format", "json", "check"), "the verb comes first: sealpin check …"),
        ((".", "pin"), "the verb comes first: sealpin pin …"),
        (("sign", "a:1"), "sealpin does not sign; cosign does"),
        (("manifest", "digest", "a:1"), "next: sealpin digest IMAGE"),
        (("manifest", "verify", "a.yaml"), "next: sealpin check --verify FILE"),
        (("verify-blob", "--key", "a", "b"), "next: sealpin verify-bundle"),
        (("login", "ghcr.io"), "podman login"),
        (("frobnicate",), "sealpin --help lists the verbs"),
        (("pin", "--image", "a:1"), "next: sealpin pin --help lists the options"),
        (("pin", "--drap-tag"), "did you mean --drop-tag?"),
    ],
)
def test_a_line_that_no_verb_takes_says_how_it_may_have_been_meant(
    words: tuple[str, ...], hint: str
) -> None:
    ran = sealpin(*words)
    assert (ran.code, hint in ran.err) == (3, True), ran.err


def test_no_verb_of_another_program_hides_one_of_ours() -> None:
    assert {words.partition(" ")[0] for words in HERE}.isdisjoint(cli.VERBS)
    named = {text.split()[1] for text in HERE.values() if text.startswith("sealpin ")}
    assert named - {"does", "only", "verifies"} <= set(cli.VERBS)


@pytest.mark.parametrize("verb", ["pin", "check", "update"])
def test_an_image_in_the_place_of_a_file_is_told_which_verb_takes_it(verb: str) -> None:
    ran = sealpin(verb, "nginx:1.27", "--offline")
    assert (ran.code, "use sealpin verify" in ran.out) == (3, True)


@pytest.mark.parametrize(
    "words", [("help", "pin"), ("help", "policy", "match"), ("policy", "help", "match")]
)
def test_help_of_a_verb_is_its_own(words: tuple[str, ...]) -> None:
    verb = " ".join(word for word in words if word != "help")
    ran = sealpin(*words)
    assert (ran.code, ran.out) == (0, sealpin(*verb.split(), "--help").out)
    assert ran.out.startswith(f"usage: sealpin {verb} ")


@pytest.mark.parametrize("verb", cli.VERBS)
def test_each_verb_has_a_module_and_helps(verb: str) -> None:
    import_module(f"sealpin_hooks.commands.{verb.replace('-', '_')}")
    ran = sealpin(verb, "--help")
    assert ran.code == 0
    assert ran.out.startswith(f"usage: sealpin {verb}")


def every_verb() -> list[str]:
    """Each verb, those below another with its name before theirs."""
    verbs = []
    for verb in cli.VERBS:
        module = import_module(f"sealpin_hooks.commands.{verb.replace('-', '_')}")
        below = getattr(module, "SUBVERBS", {"": None})
        verbs += [f"{verb} {name}".strip() for name in below]
    return verbs


@pytest.mark.parametrize("verb", every_verb())
def test_each_help_fits_a_terminal_and_ends_with_what_to_begin_from(verb: str) -> None:
    ran = sealpin(*verb.split(), "--help", env={"COLUMNS": "80"})
    assert [line for line in ran.out.splitlines() if len(line) > 80] == []
    said = [f"  sealpin {words}" for words in EXAMPLES[verb]]
    assert ran.out.splitlines()[-len(said) :] == said


@pytest.mark.parametrize("words", [words for lines in EXAMPLES.values() for words in lines])
def test_each_example_is_a_line_that_the_command_takes(words: str, tmp_path: Path) -> None:
    """It fails for want of a file, an image or a network, never for how it is written."""
    command, _pipe, _rest = words.partition(" | ")
    nowhere = {"HTTPS_PROXY": "http://127.0.0.1:9", "XDG_CACHE_HOME": str(tmp_path / "cache")}
    ran = sealpin(*command.split(), cwd=tmp_path, env=nowhere)
    assert "[usage]" not in ran.err
    assert "defect" not in ran.err


def in_shell(line: str, *, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run *line* in bash, where ``sealpin`` is the command as a process of its own.

    ``$gone`` is a pipe whose reader has left.
    """
    reader, gone = os.pipe()
    os.close(reader)
    function = f'sealpin() {{ "{sys.executable}" -m sealpin_hooks.cli "$@"; }}'
    try:
        return subprocess.run(
            ["bash", "-c", f"{function}; gone={gone}; {line}"],
            check=False,
            capture_output=True,
            text=True,
            cwd=cwd,
            env={"PATH": "/usr/bin:/bin", "HOME": "/nowhere"},
            pass_fds=[gone],
        )
    finally:
        os.close(gone)


def test_a_hostile_certificate_makes_no_library_speak_on_standard_error(tmp_path: Path) -> None:
    sigstore = VirtualSigstore()
    document = sigstore.bundle(f"sha256:{0:064}").document
    certificate = document["verificationMaterial"]["certificate"]
    content = bytearray(base64.b64decode(certificate["rawBytes"]))
    serial = content.index(bytes.fromhex("a003020102")) + 5
    content[serial + 2] |= 0x80  # a negative one, which the library warns of
    certificate["rawBytes"] = base64.b64encode(content).decode()
    (tmp_path / "bundle.json").write_text(json.dumps(document))
    (tmp_path / "root.json").write_bytes(sigstore.trusted_root_json())
    ran = in_shell(
        "sealpin verify-bundle --bundle bundle.json --trusted-root root.json --offline"
        f" --certificate-identity a --certificate-oidc-issuer b sha256:{0:064}",
        cwd=tmp_path,
    )
    assert ran.returncode == 1
    assert len(ran.stderr.splitlines()) == 1, ran.stderr


SPEAKING = ["--help", "init --help", "trust show", f"digest a@sha256:{0:064}"]


@pytest.mark.parametrize("words", SPEAKING)
def test_a_reader_that_leaves_is_no_defect_and_no_success(words: str) -> None:
    """A verdict nobody read must not look like a good one."""
    ran = in_shell(f"sealpin {words} >&$gone")
    assert (ran.returncode, ran.stderr) == (141, "")


@pytest.mark.parametrize("words", SPEAKING)
def test_a_closed_standard_output_is_a_reader_that_left(words: str) -> None:
    ran = in_shell(f"sealpin {words} >&-")
    assert (ran.returncode, ran.stderr) == (141, "")


@pytest.mark.parametrize("words", SPEAKING)
def test_a_full_standard_output_is_no_defect_and_no_success(words: str) -> None:
    ran = in_shell(f"sealpin {words} >/dev/full")
    assert ran.returncode == 141
    assert ran.stderr == "sealpin: cannot write to standard output: No space left on device\n"


@pytest.mark.parametrize("words", ["init --help", "trust show", f"digest a@sha256:{0:064}"])
def test_output_that_waits_in_no_buffer_is_no_defect_either(words: str) -> None:
    ran = in_shell(f"PYTHONUNBUFFERED=1; export PYTHONUNBUFFERED; sealpin {words} >/dev/full")
    assert ran.returncode == 141
    assert ran.stderr == "sealpin: cannot write to standard output: No space left on device\n"


@pytest.mark.parametrize(("words", "code"), [("pim", 3), ("verify a:1", 3), ("--version", 0)])
@pytest.mark.parametrize("end", ["2>&$gone", "2>/dev/full"])
def test_what_nobody_is_told_on_standard_error_leaves_the_exit_code(
    words: str, code: int, end: str
) -> None:
    ran = in_shell(f"sealpin {words} >/dev/null {end}; echo $?")
    assert (ran.stdout, ran.stderr) == (f"{code}\n", "")


def test_output_on_standard_error_that_nobody_reads_is_no_success() -> None:
    ran = in_shell("sealpin --help >&$gone 2>&$gone; echo $?")
    assert (ran.stdout, ran.stderr) == ("141\n", "")


def unpinned_project(folder: Path) -> Project:
    return make_project(folder, {"compose.yaml": f"services: {{a: {{image: '{FREE}'}}}}\n"})


def pin_in_shell(project: Project, end: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Pin, the streams of the process being as *end* says."""
    line = " ".join(["sealpin", "pin", *project.options, *words, "."])
    return in_shell(f"{line} {end}", cwd=project.folder)


@pytest.mark.parametrize("end", [">&-", ">/dev/full", ">&$gone"])
def test_files_and_lock_are_whole_though_nobody_reads_the_report(end: str, tmp_path: Path) -> None:
    heard, unheard = unpinned_project(tmp_path / "heard"), unpinned_project(tmp_path / "unheard")
    codes = [pin_in_shell(heard, "").returncode, pin_in_shell(unheard, end).returncode]
    assert codes == [1, 141]
    assert f"{FREE}@sha256:" in unheard.read("compose.yaml")
    for name in ("compose.yaml", "sealpin.lock"):
        assert unheard.read(name) == heard.read(name)


def test_without_standard_error_the_run_answers_as_ever(tmp_path: Path) -> None:
    ran = pin_in_shell(unpinned_project(tmp_path), "2>&-")
    assert ran.returncode == 1
    assert "1 pinned" in ran.stdout


@pytest.mark.parametrize("end", ["2>&-", "2>/dev/full", "2>&$gone"])
def test_a_filter_answers_though_nobody_reads_what_it_says_of_it(end: str, tmp_path: Path) -> None:
    project = unpinned_project(tmp_path)
    line = " ".join(["sealpin", "pin", *project.options, "-", "--stdin-filename", "compose.yaml"])
    ran = in_shell(f"{line} <compose.yaml {end}", cwd=project.folder)
    assert ran.returncode == 1
    assert f"{FREE}@sha256:" in ran.stdout


def test_a_closed_standard_input_is_an_empty_one() -> None:
    closed, empty = in_shell("sealpin pin - <&-"), in_shell("sealpin pin - </dev/null")
    assert (closed.returncode, closed.stderr) == (empty.returncode, empty.stderr)


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_no_file_takes_the_number_of_a_closed_stream(closed: str, tmp_path: Path) -> None:
    """What is printed would land in it: here the diff, in the file that is being pinned."""
    project = unpinned_project(tmp_path)
    pin_in_shell(project, closed, "--diff")
    (line,) = project.read("compose.yaml").splitlines()
    assert line.startswith(f"services: {{a: {{image: '{FREE}@sha256:")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_a_terminal_without_our_marks_gets_them_escaped(encoding: str, tmp_path: Path) -> None:
    (tmp_path / ".sealpin.yaml").write_text(
        "version: 1\npolicies: [{images: [quay.io/b], unsigned: allow}]\n"
    )
    (tmp_path / "compose.yaml").write_text("services: {a: {image: 'a:1'}}\n")
    ran = subprocess.run(
        [sys.executable, "-m", "sealpin_hooks.cli", "pin", "--offline"],
        check=False,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "PYTHONIOENCODING": encoding, "HOME": "/nowhere"},
    )
    assert (ran.returncode, ran.stderr) == (1, "")
    assert ran.stdout.startswith("\\u2717 a:1  refused\n")


# A shell starts what it runs in the background with interrupts ignored, and so would we.
INTERRUPTIBLE = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from sealpin_hooks.cli import run_process
run_process()
"""


@pytest.mark.parametrize("verb", ["digest", "triangulate"])
def test_an_interrupt_ends_the_process_while_a_registry_keeps_silent(verb: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as registry:
        registry.settimeout(30)
        image = f"127.0.0.1:{registry.getsockname()[1]}/a/b:1"
        process = subprocess.Popen(
            [sys.executable, "-c", INTERRUPTIBLE, verb, image],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        with process, registry.accept()[0]:
            process.send_signal(signal.SIGINT)
            try:
                out, err = process.communicate(timeout=20)
            finally:
                process.kill()
    assert (process.returncode, out) == (130, "")
    assert err == "\nsealpin: interrupted; no file is half written\n"


def test_parsers_raise_and_never_leave() -> None:
    with pytest.raises(Exception, match="unrecognized arguments"):
        Parser(prog="x").parse(["--no-such"])

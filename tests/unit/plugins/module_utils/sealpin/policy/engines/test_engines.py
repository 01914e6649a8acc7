# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import stat
import sys

import pytest

from sealpin.errors import Unavailable
from sealpin.policy.decision import Outcome
from sealpin.policy.engines import process
from sealpin.policy.engines.cue import check_cue
from sealpin.policy.engines.rego import check_rego, judge
from sealpin.policy.engines.run import run_program
from sealpin.policy.model import Language, ProgramCondition, Unresolved
from support.engines import needs_regopy


def _program(text):
    return [sys.executable, "-I", "-c", text]


def test_a_process_leaves_its_answer():
    finished = process.run_engine(
        _program("print(open('input').read(), end=''); raise SystemExit(3)"), files={"input": b"x"}
    )
    assert (finished.exit_code, finished.stdout) == (3, b"x")


def test_a_process_that_takes_too_long_is_killed():
    with pytest.raises(Unavailable) as caught:
        process.run_engine(_program("while True: pass"), files={}, timeout_s=0.3)
    assert caught.value.code == "engine.time-out"


_BUSY_THREADS = """
import hashlib, signal, threading
signal.signal(signal.SIGXCPU, signal.SIG_IGN)
def work():
    while True:
        hashlib.sha256(bytes(1 << 20)).digest()
for _number in range(3):
    threading.Thread(target=work).start()
"""


@pytest.mark.parametrize(
    "text", ["while True: pass", _BUSY_THREADS], ids=["one thread", "several, deaf to SIGXCPU"]
)
def test_a_process_the_system_ends_for_its_processor_time_took_too_long(text):
    """Several threads use up the limit before the clock does; the kernel kills, not we."""
    with pytest.raises(Unavailable) as caught:
        process.run_engine(_program(text), files={}, timeout_s=60, cpu_s=1)
    assert caught.value.code == "engine.time-out"
    assert "more than 1 s of processor time" in caught.value.message


@pytest.mark.parametrize("name", ["SIGKILL", "SIGSEGV"])
def test_a_process_ended_by_somebody_else_did_not_time_out(name):
    with pytest.raises(Unavailable) as caught:
        process.run_engine(
            _program(f"import os, signal; os.kill(os.getpid(), signal.{name})"), files={}
        )
    assert caught.value.code == "engine.killed"
    assert name in caught.value.message


def test_a_process_that_takes_too_much_memory_is_killed(monkeypatch):
    monkeypatch.setattr(process, "MAX_MEMORY_BYTES", 64 * 1024 * 1024)
    with pytest.raises(Unavailable) as caught:
        process.run_engine(
            _program("x = bytearray(256 << 20)\nwhile True: pass"), files={}, timeout_s=5
        )
    assert caught.value.code == "engine.memory"


def test_a_process_that_writes_too_much_is_not_read(monkeypatch):
    monkeypatch.setattr(process, "MAX_OUTPUT_BYTES", 1000)
    with pytest.raises(Unavailable) as caught:
        process.run_engine(_program("print('x' * 5000)"), files={})
    assert caught.value.code == "engine.output"


def test_a_process_sees_nothing_of_the_callers_environment(monkeypatch):
    monkeypatch.setenv("REGISTRY_PASSWORD", "secret")
    finished = process.run_engine(_program("import os; print(sorted(os.environ))"), files={})
    assert b"REGISTRY_PASSWORD" not in finished.stdout


def test_a_program_that_cannot_be_had_is_inconclusive():
    program = ProgramCondition(
        language=Language.CUE, text=Unresolved(Unavailable("policy.config-map-missing", "x"))
    )
    answer = run_program(program, b"{}")
    assert (answer.outcome, answer.code) == (Outcome.INCONCLUSIVE, "policy.config-map-missing")


# CUE.


@pytest.fixture
def no_commands(monkeypatch):
    monkeypatch.setenv("PATH", "/nonexistent")


@pytest.mark.parametrize(
    "text",
    [
        'a: "\\(b)"\nb: "x"',
        "for x in [1] {a: x}",
        "a: 1 + 1",
        "a: b: 'bytes'",
        "a: 1 @tag(x)",
        'import "regexp"\na: regexp.Match("a", "b")',
        'a: """\n  x\n  """',
        "a: [{b: 1}, {b: 2}][0]",
        "a: " + "{a: " * 300 + "1" + "}" * 300,
        "#L: {next: #L}\na: #L",
    ],
)
def test_cue_that_is_not_built_in_is_inconclusive_without_the_command(text, no_commands):
    answer = check_cue(text, b'{"a": 1}', absent_fields_pass=False)
    assert answer.outcome is not Outcome.ALLOWED
    assert answer.outcome is Outcome.INCONCLUSIVE or answer.code == "cue.not-met"


@pytest.mark.parametrize(
    "text",
    ["a: ", "a: }", "a: b", 'import "time"\na: 1', "let x = 1, let x = 2, a: x", "a: *1", "§"],
)
def test_what_is_no_cue_passes_nothing(text, no_commands):
    answer = check_cue(text, b'{"a": 1}', absent_fields_pass=True)
    assert (answer.outcome, answer.code) == (Outcome.DENIED, "cue.malformed")


@pytest.mark.parametrize(
    ("text", "document", "strict", "lenient"),
    [
        ("a: true", b'{"a": 1}', False, False),
        ("a: [1]", b'{"a": [true]}', False, False),
        ("a: 1 | 2", b'{"a": 2}', True, True),
        ("a: [...int]", b'{"a": [1, 2]}', True, True),
        ("a: [...int]", b'{"a": [1, "2"]}', False, False),
        ("a: [int]", b'{"a": [1, 2]}', False, False),
        ("a?: int", b"{}", True, True),
        ("a?: int", b'{"a": "x"}', False, False),
        ("a!: int", b"{}", False, True),
        ("_a: 1\nb: _a", b'{"b": 1}', True, True),
        ("#a: 1\nb: #a", b'{"b": 2}', False, False),
        ("let a = 1\nb: a", b'{"b": 1}', True, True),
        ("limit: 1\nb: <=limit", b'{"b": 1}', True, True),
        ("predicate: 1\nb: predicate", b'{"b": 1}', False, True),
        ("misspelled: 1", b"{}", False, True),
        ("a: int\nif a > 1 {b: 2}", b'{"a": 2, "b": 3}', False, False),
        ("a: int\nif a > 1 {b: 2}", b'{"a": 1, "b": 3}', True, True),
        ('[=~"^x"]: int', b'{"xa": "s"}', False, False),
        ("a: close({b: int})", b'{"a": {"b": 1, "c": 2}}', False, False),
        ("#D: {b: {c: int}}\na: #D", b'{"a": {"b": {"c": 1, "d": 2}}}', False, False),
        ("#D: {b: int, ...}\na: #D", b'{"a": {"b": 1, "c": 2}}', True, True),
        ("a: b\nb: a", b'{"a": 1, "b": 1}', None, None),
    ],
)
def test_cue_strictly_and_as_cosign_reads_it(text, document, strict, lenient, no_commands):
    outcomes = {True: Outcome.ALLOWED, False: Outcome.DENIED, None: Outcome.INCONCLUSIVE}
    assert check_cue(text, document, absent_fields_pass=False).outcome is outcomes[strict]
    assert check_cue(text, document, absent_fields_pass=True).outcome is outcomes[lenient]


def _fake(folder, name, text):
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="ascii")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@pytest.mark.parametrize(
    ("code", "outcome"), [(0, Outcome.ALLOWED), (1, Outcome.DENIED), (7, Outcome.INCONCLUSIVE)]
)
def test_the_cue_command_answers_for_the_rest(code, outcome, tmp_path, monkeypatch):
    _fake(tmp_path, "cue", f"echo told >&2; exit {code}")
    monkeypatch.setenv("PATH", str(tmp_path))
    answer = check_cue("a: 1 + 1", b'{"a": 2}', absent_fields_pass=True)
    assert answer.outcome is outcome


def test_the_cue_command_does_not_make_an_absent_field_pass(tmp_path, monkeypatch):
    _fake(tmp_path, "cue", "exit 0")
    monkeypatch.setenv("PATH", str(tmp_path))
    text = "a: b: x | y\nx: {c: 1}\ny: {d: 1}"
    assert check_cue(text, b'{"a": {}}', absent_fields_pass=False).outcome is Outcome.DENIED


# Rego.


@pytest.mark.parametrize(
    ("value", "outcome"),
    [
        (True, Outcome.ALLOWED),
        (False, Outcome.DENIED),
        (1, Outcome.DENIED),
        ("true", Outcome.DENIED),
        (None, Outcome.DENIED),
        ([], Outcome.DENIED),
        ([True], Outcome.DENIED),
        ([{"result": True}], Outcome.ALLOWED),
        ([{"result": True, "warning": ""}], Outcome.ALLOWED),
        ([{"result": True, "warning": "careful"}], Outcome.DENIED),
        ([{"result": "true"}], Outcome.DENIED),
        ([{"result": True}, {"result": False, "error": "no"}], Outcome.DENIED),
        ({"result": True}, Outcome.DENIED),
    ],
)
def test_what_rego_answers_is_judged_strictly(value, outcome):
    assert judge(value, engine="x").outcome is outcome


HEAD = "package sigstore\ndefault isCompliant = false\n"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ('isCompliant { http.send({"url": "http://x"}).status_code == 200 }', "rego.refused"),
        ("isCompliant { opa.runtime().env.HOME }", "rego.refused"),
        ('isCompliant { not net.cidr_contains("10.0.0.0/8", "10.1.1.1") }', "rego.unsupported"),
        ("isCompliant { time.now_ns() > 0 }", "rego.unsupported"),
        ("bad[x] { x := 1 }\nisCompliant { not bad[1] }", "rego.unsupported"),
        ("isCompliant { true with input as {} }", "rego.unsupported"),
        ("import data.other\nisCompliant { true }", "rego.unsupported"),
    ],
)
def test_rego_that_may_not_mean_the_same_is_inconclusive(body, code, no_commands):
    needs_regopy()
    answer = check_rego(HEAD + body, b"{}")
    assert (answer.outcome, answer.code) == (Outcome.INCONCLUSIVE, code)


@pytest.mark.parametrize(
    "body",
    [
        "isCompliant if { true }",
        "isCompliant { 1 in [1] }",
        "isCompliant { every x in [1] { x } }",
        "€",
    ],
)
def test_what_opa_does_not_read_passes_nothing(body, no_commands):
    needs_regopy()
    assert check_rego(HEAD + body, b"{}").outcome is Outcome.DENIED


def test_a_module_that_does_not_read_is_told_with_reason_and_line(no_commands):
    needs_regopy()
    answer = check_rego(f"{HEAD}# é\nisCompliant {{ true\n", b"{}")
    line = HEAD.count("\n") + 2
    assert answer.code == "rego.malformed"
    assert answer.message == f'the policy is not Rego: "this is unclosed" in line {line}'


AGREED_CASES = {
    "abs": "abs(-2) == 2",
    "array.concat": "array.concat([1], [2]) == [1, 2]",
    "array.slice": "array.slice([1, 2, 3], 1, 2) == [2]",
    "base64.decode": 'base64.decode("YQ==") == "a"',
    "ceil": "ceil(1.2) == 2",
    "concat": 'concat("-", ["a", "b"]) == "a-b"',
    "contains": 'contains("abc", "b")',
    "count": "count([1, 2]) == 2",
    "crypto.sha256": 'startswith(crypto.sha256("a"), "ca978112")',
    "endswith": 'endswith("abc", "c")',
    "floor": "floor(1.8) == 1",
    "glob.match": 'glob.match("a*", [], "abc")',
    "is_array": "is_array([])",
    "is_boolean": "is_boolean(false)",
    "is_null": "is_null(null)",
    "is_number": "is_number(1)",
    "is_object": "is_object({})",
    "is_string": 'is_string("a")',
    "lower": 'lower("A") == "a"',
    "max": "max([1, 3, 2]) == 3",
    "min": "min([2, 1, 3]) == 1",
    "object.get": 'object.get({"a": 1}, "b", 2) == 2',
    "object.keys": 'object.keys({"a": 1}) == {"a"}',
    "regex.match": 'regex.match("^a.c$", "abc")',
    "replace": 'replace("abc", "b", "x") == "axc"',
    "round": "round(1.5) == 2",
    "sort": "sort([2, 1]) == [1, 2]",
    "split": 'split("a-b", "-") == ["a", "b"]',
    "startswith": 'startswith("abc", "a")',
    "sum": "sum([1, 2]) == 3",
    "to_number": 'to_number("1.5") == 1.5',
    "trim_prefix": 'trim_prefix("abc", "a") == "bc"',
    "trim_space": 'trim_space(" a ") == "a"',
    "trim_suffix": 'trim_suffix("abc", "c") == "ab"',
    "upper": 'upper("a") == "A"',
    "walk": 'walk({"a": 1}, [["a"], 1])',
}


def test_every_allowed_builtin_has_a_case():
    from sealpin.policy.engines.rego_guard import AGREED

    assert set(AGREED_CASES) == AGREED


def test_allowed_builtins_give_opas_answers(no_commands):
    needs_regopy()
    body = "isCompliant {\n" + "\n".join(AGREED_CASES.values()) + "\n}\n"
    assert check_rego(HEAD + body, b"{}").outcome is Outcome.ALLOWED


@pytest.mark.parametrize("name", AGREED_CASES)
def test_allowed_builtins_are_not_undefined_under_not(name, no_commands):
    needs_regopy()
    body = f"isCompliant {{ not wrong }}\nwrong {{ {AGREED_CASES[name]} }}\n"
    assert check_rego(HEAD + body, b"{}").outcome is Outcome.DENIED


def test_opa_is_asked_first_and_without_what_reaches_outside(tmp_path, monkeypatch):
    answer = '{"result": [{"expressions": [{"value": true}]}]}'
    capabilities = '{"builtins": [{"name": "http.send"}, {"name": "count"}]}'
    _fake(
        tmp_path,
        "opa",
        f"""[ "$1" = capabilities ] && echo '{capabilities}' && exit
case "$(cat capabilities.json)" in *http.send*) exit 9;; *count*) echo '{answer}';; esac""",
    )
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    assert check_rego(HEAD, b"{}").engine == "opa"


def test_an_opa_that_fails_is_inconclusive(tmp_path, monkeypatch):
    _fake(tmp_path, "opa", "exit 2")
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    assert check_rego(HEAD, b"{}").outcome is Outcome.INCONCLUSIVE

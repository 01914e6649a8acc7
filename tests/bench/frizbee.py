# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Pinning against the real frizbee, on both corpora and a large tree: ``python -m bench.frizbee``.

Both programs look up the same stand-in for every registry, on loopback and behind a round trip,
process start included; sealpin's policy allows everything unsigned, since frizbee verifies nothing.
A changed file is a *pure insertion* when taking the digests out gives back its bytes; anything else
is drift. Lines are counted as images where the file named one: those only one of the two pinned are
listed.

The two take turns, and the best of `RUNS` counts; CPU is user plus system time of the program
alone. The first turn counts for nobody: the stand-in makes a certificate for each registry when it
is first asked.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from support import delay_proxy, stub_registry_proxy
from support.peers import peer
from support.stub_registry_proxy import StubRegistries
from support.vectors import vectors

from . import installed
from .measured import measure
from .synthetic_tree import write_tree

POLICY = 'version: 1\npolicies:\n  - images: ["**"]\n    unsigned: allow\n'
RUNS = 5
ROUND_TRIPS_MS = (0, 5, 10, 30)
_DIGEST = re.compile(rb"(?::[A-Za-z0-9_][\w.-]*)?@sha256:[0-9a-f]{64}")
_INSERTED = re.compile(rb"@sha256:[0-9a-f]{64}")
_INSERTED_DEFAULT_TAG = re.compile(rb":latest@sha256:[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one program did to one tree, and what it took."""

    seconds: float = 0
    cpu_seconds: float = 0
    peak_mib: float = 0
    changed: int
    drifted: int
    drifted_bytes: int
    pinned: frozenset[tuple[str, int]]
    """File and line (from 1, of the original) that got a digest."""


def main() -> None:
    """Print one line for each program and tree."""
    print(f"{'tree':<20} {'trip':>5} {'program':<8} {'ms':>6} {'CPU ms':>6} {'MiB':>4} {'lines':>6}"
          f" {'only':>5} {'files':>6} {'drifted':>8} {'bytes':>7}")  # fmt: skip
    with tempfile.TemporaryDirectory() as name, stub_registry_proxy.serving(Path(name)) as stub:
        trees = {path.name: path for path in (vectors("pinning") / "corpora").iterdir()}
        write_tree(Path(name) / "synthetic")
        trees["synthetic, 15 MB"] = Path(name) / "synthetic"
        for title, tree in sorted(trees.items()):
            if tree.is_dir():
                for round_trip_ms in ROUND_TRIPS_MS:
                    with _behind(stub, round_trip_ms) as slow:
                        _compare(title, round_trip_ms, tree, slow, Path(name))


@contextmanager
def _behind(stub: StubRegistries, round_trip_ms: int) -> Iterator[StubRegistries]:
    """Give the stand-in as it is seen from further away."""
    if not round_trip_ms:
        yield stub
        return
    port = int(stub.proxy_url.rpartition(":")[2])
    with delay_proxy.serving(port, one_way_ms=round_trip_ms / 2) as slow:
        yield replace(stub, proxy_url=f"http://127.0.0.1:{slow}")


def _compare(title: str, round_trip_ms: int, tree: Path, stub: StubRegistries, work: Path) -> None:
    commands = {"frizbee": [str(peer("frizbee")), "image", "."], "sealpin": _sealpin(stub)}
    runs: dict[str, list[Outcome]] = {program: [] for program in commands}
    for turn in range(RUNS + 1):
        for program, command in commands.items():
            outcome = _run(tree, stub, work, command)
            runs[program] += [outcome] if turn else []
    outcomes = {
        program: replace(
            found[0],
            seconds=min(each.seconds for each in found),
            cpu_seconds=min(each.cpu_seconds for each in found),
        )
        for program, found in runs.items()
    }
    for program, got in outcomes.items():
        other = outcomes["sealpin" if program == "frizbee" else "frizbee"]
        only = len(got.pinned - other.pinned)
        print(f"{title:<20} {round_trip_ms:>5} {program:<8}"
              f" {got.seconds * 1000:>6.0f} {got.cpu_seconds * 1000:>6.0f}"
              f" {got.peak_mib:>4.0f}"
              f" {len(got.pinned):>6} {only:>5} {got.changed:>6} {got.drifted:>8}"
              f" {got.drifted_bytes:>7}")  # fmt: skip


def _sealpin(stub: StubRegistries) -> list[str]:
    return [installed.program(), "pin", "--registry-cacert", str(stub.ca_file), "."]


def _run(tree: Path, stub: StubRegistries, work: Path, command: list[str]) -> Outcome:
    copy = work / "copy"
    shutil.copytree(tree, copy)
    (copy / ".git").mkdir()
    (copy / ".sealpin.yaml").write_text(POLICY)
    (copy / ".frizbee.yml").write_text("images:\n  exclude_tags: []\n  exclude_images: []\n")
    environment = {
        "HTTPS_PROXY": stub.proxy_url,
        "SSL_CERT_FILE": str(stub.ca_file),
        "HOME": str(work),
    }
    command = [str(copy) if word == "." and "frizbee" in command[0] else word for word in command]
    took = measure(command, cwd=copy, environment=environment)
    outcome = replace(
        _judge(tree, copy),
        seconds=took.seconds,
        cpu_seconds=took.cpu_seconds,
        peak_mib=took.peak_mib,
    )
    shutil.rmtree(copy)
    return outcome


def _judge(tree: Path, copy: Path) -> Outcome:
    changed = drifted = drifted_bytes = 0
    pinned: set[tuple[str, int]] = set()
    for before_path in sorted(path for path in tree.rglob("*") if path.is_file()):
        name = before_path.relative_to(tree).as_posix()
        before, after = before_path.read_bytes(), (copy / name).read_bytes()
        if before == after:
            continue
        changed += 1
        if before not in (_INSERTED.sub(b"", after), _INSERTED_DEFAULT_TAG.sub(b"", after)) and (
            _without_digests(before) != _without_digests(after)
        ):
            drifted += 1
            drifted_bytes += _bytes_that_differ(before, after)
        pinned |= _pinned_lines(name, before, after)
    return Outcome(
        changed=changed,
        drifted=drifted,
        drifted_bytes=drifted_bytes,
        pinned=frozenset(pinned),
    )


def _without_digests(data: bytes) -> bytes:
    """Take digests out, and with them the ``:latest`` that an untagged image gets."""
    return _INSERTED.sub(b"", _INSERTED_DEFAULT_TAG.sub(b"", data)).replace(b":latest", b"")


def _bytes_that_differ(before: bytes, after: bytes) -> int:
    """Count bytes of the original's lines that are not in the result with its digests taken out."""
    kept = set(_without_digests(after).splitlines(keepends=True))
    lines = _without_digests(before).splitlines(keepends=True)
    return sum(len(line) for line in lines if line not in kept)


def _pinned_lines(name: str, before: bytes, after: bytes) -> set[tuple[str, int]]:
    """Lines that have a digest now and had none; both programs keep the number of lines."""
    pairs = zip(before.splitlines(), after.splitlines(), strict=False)
    return {
        (name, number)
        for number, (old, new) in enumerate(pairs, start=1)
        if _DIGEST.search(new) and not _DIGEST.search(old)
    }


if __name__ == "__main__":
    main()

# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Evidence without measure, through the command in a process of its own: what it takes and says.

The registry is another process's; what is measured is the whole command, libraries included.
"""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sealpin import mediatypes
from support import memory_registry
from support.memory_registry import on
from support.signed_site import BUNDLE_TYPE, KEYLESS, SignedSite
from support.virtual_sigstore import Edits, SignedBundle

MIB = 1024 * 1024
PEAK_BYTES = 200 * MIB
BOUND_S = 60.0
"""Far beyond what any takes; a loop without end would not end by then."""
SEALPIN = """
import re, sys
from pathlib import Path
from sealpin_hooks.cli import main
try:
    code = main(sys.argv[2:])
finally:
    # Of this program alone: what wait4 tells begins with the memory of who started it.
    peak = re.search(r"VmHWM:\\s*(\\d+) kB", Path("/proc/self/status").read_text())
    Path(sys.argv[1]).write_text(peak[1])
sys.exit(code)
"""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[SignedSite]:
    with memory_registry.serving() as registry:
        yield SignedSite(registry=registry, folder=tmp_path)


def verify(site: SignedSite) -> tuple[int, str, int]:
    """Return the command's exit code, report and peak memory in bytes."""
    words = (*KEYLESS, "--trusted-root", site.root(), "--format", "json", f"{site.name}:1.0")
    paths = os.pathsep.join(path for path in sys.path if path)
    peak = site.folder / "peak"
    ran = subprocess.run(
        [sys.executable, "-c", SEALPIN, peak, "verify", *words],
        env={"HOME": str(site.folder), "PATH": os.defpath, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        timeout=BOUND_S,
        check=False,
    )
    return ran.returncode, ran.stdout, int(peak.read_text()) * 1024


def referrers(site: SignedSite, digest: str) -> None:
    for number in range(10_000):
        site.repository.attach(digest, b"%d" % number, layer_type="text/plain")


def layers(site: SignedSite, digest: str) -> None:
    signed = site.sigstore.sign_image(f"sha256:{'0' * 64}")
    name = mediatypes.ANNOTATION_SIGNATURE
    own = {name: signed.annotations[name]}
    numbered = ({**own, "number": str(number)} for number in range(1001))
    site.attach_raw(
        digest, [(signed.content, signed.media_type, each) for each in numbered], suffix="sig"
    )


def gibibyte(*, declared: bool) -> Callable[[SignedSite, str], None]:
    def make(site: SignedSite, digest: str) -> None:
        site.attach(digest, site.sigstore.sign_image(digest))
        fault = memory_registry.endless(1024 * MIB, declared=declared)
        site.registry.faults.append(on("blobs", fault))

    return make


def bombs(site: SignedSite, digest: str) -> None:
    bomb = gzip.compress(bytes(256 * MIB))
    for number in range(20):
        # A second member of the stream, so that no two are the same.
        content = bomb + gzip.compress(b"%d" % number)
        site.repository.attach(digest, content, layer_type=BUNDLE_TYPE)


def entries(site: SignedSite, digest: str) -> None:
    document = site.sigstore.bundle(digest).document
    document["verificationMaterial"]["tlogEntries"] *= 33
    site.refer(digest, SignedBundle(content=json.dumps(document).encode()))


def subjects(site: SignedSite, digest: str) -> None:
    many = Edits(statement=lambda text: {**text, "subject": text["subject"] * 1025})
    site.refer(digest, site.sigstore.bundle(digest, edits=many))


def depth(site: SignedSite, digest: str, *, levels: int = 10_000) -> None:
    content = b'{"a":' * levels + b"1" + b"}" * levels
    site.refer(digest, replace(site.sigstore.bundle(digest), content=content))


def depth_of_too_many_values(site: SignedSite, digest: str) -> None:
    depth(site, digest, levels=100_000)


@pytest.mark.parametrize(
    ("make", "exit_code", "code"),
    [
        pytest.param(referrers, 2, "evidence.too-many-referrers", id="10000 referrers"),
        pytest.param(layers, 2, "evidence.too-many-layers", id="1001 layers"),
        pytest.param(gibibyte(declared=True), 2, "registry.too-large", id="1 GiB declared"),
        pytest.param(gibibyte(declared=False), 2, "registry.too-large", id="1 GiB undeclared"),
        pytest.param(bombs, 2, "evidence.too-large", id="20 gzip bombs"),
        pytest.param(entries, 1, "json.too-many", id="33 log entries"),
        pytest.param(subjects, 1, "json.too-many", id="1025 subjects"),
        pytest.param(depth, 1, "json.depth", id="deep JSON"),
        pytest.param(depth_of_too_many_values, 1, "json.too-many", id="deeper JSON"),
    ],
)
def test_takes_bounded_time_and_memory_and_says_why(
    site: SignedSite, make: Callable[[SignedSite, str], None], exit_code: int, code: str
) -> None:
    make(site, site.image())
    left, report, peak_bytes = verify(site)
    assert (left, code in report) == (exit_code, True), report
    assert peak_bytes < PEAK_BYTES
    print(f"peak {peak_bytes // MIB} MiB")

# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""What finding and pinning cost, each in a process of its own: ``python -m bench.pinning``.

CPU is user plus system time of the whole process, interpreter start included; the best of five runs
is printed, since other work on the machine only adds to it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path

from sealpin.digest import Digest
from sealpin.manifests.finder import find_sites, read_document, regions
from sealpin.manifests.lock import Lock, LockEntry
from sealpin.yamlnodes import SourceText, without_collection
from support.vectors import vectors

from .synthetic_tree import write_files_without_images, write_pinned_files, write_tree

ROOT = Path(__file__).resolve().parents[2]
RUNS = 5

_PREAMBLE = """
import sys
from pathlib import Path
folder = Path(sys.argv[1])
files = [path for path in folder.rglob("*") if path.is_file()]
from sealpin.manifests.prefilter import may_name_images
"""
PREFILTER = (
    _PREAMBLE
    + """
assert not any(may_name_images(str(path), path.read_bytes()) for path in files)
"""
)
FIND = (
    _PREAMBLE
    + """
from sealpin.manifests.finder import find_sites
sites = 0
for path in files:
    data = path.read_bytes()
    if may_name_images(str(path), data):
        sites += len(find_sites(str(path), data).sites)
print(sites)
"""
)
CHECK = (
    _PREAMBLE
    + """
from sealpin.manifests.finder import find_sites
from sealpin.manifests.lock import Lock
from sealpin.manifests.lock_check import check_sites
from sealpin.digest import Digest
policy = Digest.of(b"")
found = [find_sites(str(path), path.read_bytes()) for path in files]
sites = [site for one in found for site in one.sites]
lock = Lock.parse((folder.parent / "sealpin.lock").read_bytes())
print(len(check_sites(lock, sites, policy=policy, trusted_root=None)))
"""
)
PIN = (
    _PREAMBLE
    + """
from sealpin.manifests.finder import find_sites
from sealpin.manifests.pin import Pin
from sealpin.manifests.rewrite import apply
from support.builders import decision
edits = 0
for path in files:
    data = path.read_bytes()
    if may_name_images(str(path), data):
        found = find_sites(str(path), data)
        pins = tuple(Pin(site=s, decision=decision(s.reference)) for s in found.sites)
        edits += len(pins)
        apply(data, pins)
print(edits)
"""
)


def measure(program: str, folder: Path) -> tuple[float, float, float]:
    """Run *program* over *folder*; CPU seconds and elapsed seconds (best), and peak MiB."""
    paths = os.pathsep.join(str(ROOT / part) for part in ("plugins/module_utils", "tests"))
    wrapper = textwrap.dedent("""
        import resource, subprocess, sys, time
        start = time.perf_counter()
        subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        print(usage.ru_utime + usage.ru_stime, time.perf_counter() - start, usage.ru_maxrss / 1024)
    """)
    command = [sys.executable, "-c", wrapper, sys.executable, "-c", program, str(folder)]
    runs = []
    for _turn in range(RUNS):
        done = subprocess.run(
            command,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": paths},
        )
        runs.append(tuple(float(number) for number in done.stdout.split()))
    cpu_s, elapsed_s, peak_mib = (min(column) for column in zip(*runs, strict=True))
    return cpu_s, elapsed_s, peak_mib


def parse_speed(texts: list[str]) -> tuple[float, float]:
    """Parse every document of *texts*; CPU seconds (best) and MB/s, each as a run reads it."""
    cpu_s = []
    for _turn in range(RUNS):
        started_s = time.process_time()
        with without_collection():
            for text in texts:
                source = SourceText(text, where="")
                for region in regions(text):
                    read_document(source, *region)
        cpu_s.append(time.process_time() - started_s)
    return min(cpu_s), sum(map(len, texts)) / min(cpu_s) / 1e6


def yaml_texts(folder: Path) -> list[str]:
    """Return the YAML files below *folder* that a run reads; templates are none of them."""
    texts = (path.read_text("utf-8") for path in sorted(folder.rglob("*.y*ml")))
    return [text for text in texts if "{{" not in text]


def write_lock(folder: Path) -> None:
    """Write ``sealpin.lock`` beside *folder*, with an entry for every reference in it."""
    found = (find_sites(str(path), path.read_bytes()) for path in folder.rglob("*.yaml"))
    entries = [
        LockEntry(
            reference=site.moving_reference.normalised,
            digest=site.reference.digest or Digest.of(b""),
            policy=Digest.of(b""),
        )
        for one in found
        for site in one.sites
    ]
    (folder.parent / "sealpin.lock").write_bytes(Lock.of(entries).dump())


def main() -> None:
    """Print one line per measurement."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "empty").mkdir()
        write_files_without_images(folder / "plain", files=100)
        pinned_bytes = write_pinned_files(folder / "pinned", files=1000)
        write_lock(folder / "pinned")
        many_bytes = write_pinned_files(folder / "many", files=10_000)
        tree_bytes, images = write_tree(folder / "tree")
        rows = (
            ("interpreter alone", "pass", "empty", 0),
            ("prefilter, 100 files without images", PREFILTER, "plain", 0),
            ("check against a lock, 1,000 pinned manifests", CHECK, "pinned", pinned_bytes),
            ("find in 10,000 pinned manifests", FIND, "many", many_bytes),
            (f"find {images} images in the synthetic tree", FIND, "tree", tree_bytes),
            ("find and pin them, self-check included", PIN, "tree", tree_bytes),
        )
        for title, program, where, size in rows:
            cpu_s, elapsed_s, peak_mib = measure(program, folder / where)
            speed = f"{size / cpu_s / 1e6:7.1f} MB/s" if size else ""
            print(
                f"{title:48} {cpu_s * 1000:7.0f} ms CPU {elapsed_s * 1000:7.0f} ms"
                f" {peak_mib:6.0f} MiB {speed}"
            )
        parsed = {
            "CRDs": [path.read_text() for path in (folder / "tree").glob("*.yaml")],
            "the corpora": yaml_texts(vectors("pinning") / "corpora"),
            "workload documents": [
                path.read_text() for path in (folder / "pinned").rglob("*.yaml")
            ],
        }
        for title, texts in parsed.items():
            cpu_s, megabytes_per_s = parse_speed(texts)
            print(f"{'parse ' + title:48} {cpu_s * 1000:7.0f} ms CPU {megabytes_per_s:7.1f} MB/s")


if __name__ == "__main__":
    main()

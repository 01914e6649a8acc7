# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""What finding and pinning cost, each in a process of its own: ``python -m bench.pinning``.

CPU is user plus system time of the whole process, start included; the best of five runs is printed,
since other work on the machine only adds to it.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from sealpin.collection import without_collection
from sealpin.manifests.finder import regions
from sealpin.yamlnodes import SourceText
from sealpin.yamlread import read_region
from support.vectors import vectors

from . import installed
from .measured import Measured, measure
from .synthetic_tree import write_files_without_images, write_pinned_files, write_tree

ROOT = Path(__file__).resolve().parents[2]
RUNS = 5
POLICY = 'version: 1\npolicies:\n  - images: ["**"]\n    unsigned: allow\n'

_PREAMBLE = """
from pathlib import Path
from sealpin.manifests.finder import find_sites
from sealpin.manifests.prefilter import may_name_images
files = [path for path in Path(".").rglob("*.yaml")]
"""
FIND = (
    _PREAMBLE
    + """
sites = 0
for path in files:
    data = path.read_bytes()
    if may_name_images(str(path), data):
        sites += len(find_sites(str(path), data).sites)
print(sites)
"""
)
SPLICE = (
    _PREAMBLE
    + """
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


def best(command: list[str], folder: Path, code: int = 0) -> Measured:
    """Run *command* in *folder* again and again; the least of everything."""
    environment = {"PYTHONPATH": str(ROOT / "tests")}
    runs = [measure(command, cwd=folder, environment=environment) for _turn in range(RUNS)]
    if any(run.code != code for run in runs):
        raise RuntimeError(f"exit code {runs[0].code}: {' '.join(command)[:200]}")
    return Measured(
        code=code,
        seconds=min(run.seconds for run in runs),
        cpu_seconds=min(run.cpu_seconds for run in runs),
        peak_mib=min(run.peak_mib for run in runs),
    )


def parse_speed(texts: list[str]) -> tuple[float, float]:
    """Parse every document of *texts*; CPU seconds (best) and MB/s, each as a run reads it."""
    cpu_s = []
    for _turn in range(RUNS):
        started_s = time.process_time()
        with without_collection():
            for text in texts:
                source = SourceText(text, where="")
                for region in regions(text):
                    read_region(source, *region)
        cpu_s.append(time.process_time() - started_s)
    return min(cpu_s), sum(map(len, texts)) / min(cpu_s) / 1e6


def yaml_texts(folder: Path) -> list[str]:
    """Return the YAML files below *folder* that a run reads; templates are none of them."""
    texts = (path.read_text("utf-8") for path in sorted(folder.rglob("*.y*ml")))
    return [text for text in texts if "{{" not in text]


def make_project(folder: Path) -> None:
    """Make *folder* a project whose lock says of every image that nothing is asked of it."""
    (folder / ".git").mkdir()
    (folder / ".sealpin.yaml").write_text(POLICY)
    done = measure([installed.program(), "pin", "."], cwd=folder)
    if done.code not in (0, 1):  # 1: something was written
        raise RuntimeError(f"exit code {done.code}: sealpin pin in {folder}")


def main() -> None:
    """Print one line per measurement."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "empty").mkdir()
        write_files_without_images(folder / "plain", files=100)
        pinned_bytes = write_pinned_files(folder / "pinned", files=1000)
        many_bytes = write_pinned_files(folder / "many", files=10_000)
        tree_bytes, images = write_tree(folder / "tree")
        for project in ("plain", "pinned"):
            make_project(folder / project)
        sealpin = installed.program()
        python = str(Path(sealpin).with_name("python"))
        plain = [f"{number}.md" for number in range(100)]
        for title, command, where, size in (
            ("interpreter alone", [python, "-c", "pass"], "empty", 0),
            ("sealpin check, 100 files without images", [sealpin, "check", *plain], "plain", 0),
            ("sealpin pin, 100 files without images", [sealpin, "pin", *plain], "plain", 0),
            (
                "sealpin check, 1,000 pinned manifests",
                [sealpin, "check", "."],
                "pinned",
                pinned_bytes,
            ),
            ("find in 10,000 pinned manifests", [python, "-c", FIND], "many", many_bytes),
            (
                f"find {images} images in the synthetic tree",
                [python, "-c", FIND],
                "tree",
                tree_bytes,
            ),
            ("splice them, self-check included", [python, "-c", SPLICE], "tree", tree_bytes),
        ):
            got = best(command, folder / where)
            speed = f"{size / got.cpu_seconds / 1e6:7.1f} MB/s" if size else ""
            print(
                f"{title:48} {got.cpu_seconds * 1000:7.0f} ms CPU {got.seconds * 1000:7.0f} ms"
                f" {got.peak_mib:6.0f} MiB {speed}"
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

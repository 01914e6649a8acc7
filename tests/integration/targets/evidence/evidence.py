# SPDX-FileCopyrightText: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Evidence that was taken along is verified again without a registry; nothing in it is believed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

COLLECTION = Path(os.environ["ANSIBLE_COLLECTIONS_PATH"].split(":")[0]) / (
    "ansible_collections/sealpin/oci"
)
sys.path[:0] = [str(COLLECTION / "tests"), str(COLLECTION / "plugins" / "module_utils")]

from sealpin.digest import Digest  # noqa: E402 - found by the lines above
from sealpin.reference import Repository  # noqa: E402
from sealpin.registry.discover import discover  # noqa: E402
from sealpin.registry.evidence_store import save  # noqa: E402
from sealpin.registry.layout import DirectorySource  # noqa: E402

LAB = COLLECTION / "tests" / "vectors" / "lab"
REPOSITORY = "localhost:1338/chainguard/go"
SIGNED = "sha256:d43998b49f6f44afc9e48c73cacdc7b3b89c128f9e015c1ca0930cd52597562c"
NEVER_SAVED = f"sha256:{'0' * 64}"
TIMEOUT_S = 120


def main() -> None:
    """Save, verify, alter, verify."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        repository = Repository.parse(REPOSITORY)
        source = DirectorySource(LAB / "repositories")
        evidence = discover(source, image=repository, subject=Digest.parse(SIGNED))
        save(evidence, folder)
        images = [f"{REPOSITORY}@{SIGNED}", f"{REPOSITORY}@{NEVER_SAVED}", f"{REPOSITORY}:latest"]
        verify(folder, images, ["ok", "evidence.not-saved", "evidence.needs-digest"])
        print("ok: saved evidence is enough, and what was not saved is inconclusive")

        for content in folder.glob("content/*/*"):
            content.write_bytes(content.read_bytes().replace(b"a", b"b"))
        verify(folder, images[:1], ["digest.mismatch"])
        print("ok: evidence that was altered is not believed")


def verify(folder: Path, images: list[str], codes: list[str]) -> None:
    """Run the play; it checks the codes of both places."""
    variables = {
        "images": images,
        "codes": codes,
        "folder": str(folder),
        "trusted_root": str(LAB / "trusted_root.json"),
        "ansible_python_interpreter": sys.executable,
    }
    process = subprocess.run(
        ["ansible-playbook", "-i", "host,", "-c", "local", "-e", json.dumps(variables),
         str(Path(__file__).parent / "play.yml")],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        timeout=TIMEOUT_S, check=False,
    )  # fmt: skip
    if process.returncode != 0:
        sys.exit(f"failed: {process.stdout}")


if __name__ == "__main__":
    main()

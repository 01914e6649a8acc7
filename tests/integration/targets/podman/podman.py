# SPDX-FileCopyrightText: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""podman, a real registry and a signed image: podman creates what was verified."""

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

from support.docker_registry import serving  # noqa: E402 - found by the lines above
from support.oci_upload import Layer, Upload  # noqa: E402
from support.virtual_sigstore import Identity, VirtualSigstore  # noqa: E402

HERE = Path(__file__).resolve().parent
WORKFLOW = "https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1.2.3"
ISSUER = "https://token.actions.githubusercontent.com"
TIMEOUT_S = 300


def main() -> None:
    """Run the cases one after the other, in a podman of their own."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        use_podman_below(folder)
        (folder / "registry").mkdir()
        with serving(folder / "registry", folder / "nothing") as host:
            run_cases(folder, host)
        podman("rm", "--all", "--force")
        podman("rmi", "--all", "--force")


def run_cases(folder: Path, host: str) -> None:
    """Push a signed and an unsigned image; deploy, list and audit them."""
    sigstore = VirtualSigstore()
    root = folder / "trusted_root.json"
    root.write_bytes(sigstore.trusted_root_json())
    signed = push(folder, f"{host}/signed:1", content="signed")
    unsigned = push(folder, f"{host}/unsigned:1", content="unsigned")
    layer = sigstore.sign_image(
        signed, identity=Identity.uri(WORKFLOW, issuer=ISSUER), reference=f"{host}/signed"
    )
    Upload(host, "signed").signatures(
        signed,
        [Layer(content=layer.content, media_type=layer.media_type, annotations=layer.annotations)],
    )
    variables = {
        "trusted_root": str(root),
        "identity": WORKFLOW,
        "issuer": ISSUER,
        "folder": str(folder / "audit"),
        "ansible_python_interpreter": sys.executable,
    }

    refused = play("play.yml", {**variables, "images": [f"{host}/signed:1", f"{host}/unsigned:1"]})
    check(refused.returncode == 2 and "signature.missing" in refused.stdout, refused)
    check(containers() == [], "a container was created for a refused deployment")
    print("ok: one unsigned image, and podman creates nothing")

    created = play("play.yml", {**variables, "images": [f"{host}/signed:1"]})
    check(created.returncode == 0, created)
    (container,) = containers()
    check(container["ImageName"] == f"{host}/signed@{signed}", container)
    print("ok: podman created a container of the verified digest, and it is listed as verified")

    first = play("audit.yml", variables)
    check(first.returncode == 0, first)
    second = play("audit.yml", variables)
    check(second.returncode == 0 and "changed=0" in second.stdout, second)
    print("ok: the audit passes, and its second run changes nothing")

    podman("create", "--tls-verify=false", f"{host}/unsigned@{unsigned}", "true")
    foretold = play("audit.yml", variables, "--check")
    report = folder / "audit" / "audit.json"
    check(json.loads(report.read_text())["summary"]["denied"] == 0, "check mode wrote the report")
    check("changed=2" in foretold.stdout, foretold)
    failed = play("audit.yml", variables)
    check(failed.returncode == 2, failed)
    document = json.loads(report.read_text())
    outcomes = {image["image"]: image["outcome"] for image in document["images"]}
    check(outcomes[f"{host}/signed@{signed}"] == "allowed", outcomes)
    check(outcomes[f"{host}/unsigned@{unsigned}"] == "denied", outcomes)
    for name in ("audit.md", "audit.html"):
        text = (folder / "audit" / name).read_text()
        check(unsigned in text and WORKFLOW in text, text)
        check("http://" not in text.replace(WORKFLOW, "") and "<script" not in text, text)
    print("ok: an unsigned container fails the audit, and the report names it")


def use_podman_below(folder: Path) -> None:
    """Keep images and containers below *folder*."""
    configuration = folder / "storage.conf"
    configuration.write_text(
        f'[storage]\ndriver = "vfs"\ngraphroot = "{folder}/graph"\nrunroot = "{folder}/run"\n'
    )
    os.environ["CONTAINERS_STORAGE_CONF"] = str(configuration)


def push(folder: Path, name: str, *, content: str) -> str:
    """Build an image of one file, push it, forget it here; returns its digest."""
    context = folder / content
    context.mkdir()
    (context / "file").write_text(content)
    (context / "Containerfile").write_text("FROM scratch\nCOPY file /file\n")
    podman("build", "--quiet", "--tag", name, str(context))
    podman("push", "--quiet", "--tls-verify=false", "--digestfile", str(context / "digest"), name)
    podman("rmi", name)
    return (context / "digest").read_text().strip()


def containers() -> list[dict[str, object]]:
    """Return what podman says of every container."""
    names = podman("ps", "--all", "--quiet").split()
    return json.loads(podman("container", "inspect", *names)) if names else []


def podman(*arguments: str) -> str:
    """Run podman and return what it prints."""
    process = subprocess.run(
        ["podman", *arguments], capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )
    check(process.returncode == 0, f"podman {arguments}: {process.stderr}")
    return process.stdout


def play(name: str, variables: dict[str, object], *more: str) -> subprocess.CompletedProcess[str]:
    """Run a playbook of this folder."""
    return subprocess.run(
        ["ansible-playbook", "-i", "host,", "-c", "local", "-e", json.dumps(variables),
         *more, str(HERE / name)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        timeout=TIMEOUT_S, check=False,
    )  # fmt: skip


def check(holds: bool, shown: object) -> None:
    """End the run unless *holds*."""
    if not holds:
        text = shown.stdout if isinstance(shown, subprocess.CompletedProcess) else shown
        sys.exit(f"failed: {text}")


if __name__ == "__main__":
    main()

# SPDX-FileCopyrightText: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""podman, a real registry and a signed image: podman creates what was verified."""

from __future__ import annotations

import json
import os
import shutil
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
from support.peers import peer  # noqa: E402
from support.virtual_sigstore import Identity, KeyPair, Signer, VirtualSigstore  # noqa: E402

HERE = Path(__file__).resolve().parent
WORKFLOW = "https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1.2.3"
ISSUER = "https://token.actions.githubusercontent.com"
POLICY = f"""\
version: 1
policies:
  - images: ["**"]
    keyless: {{issuer: "{ISSUER}", identity: "{WORKFLOW}"}}
"""
AUDIT = "sealpin.oci.fleet_audit"
DEPLOY = "sealpin.oci.verified_deploy"
TIMEOUT_S = 300
SIGSTORE_LEFT_OUT = "sigstore disabled"
"""What Debian 12's containers/image says of every image that is to have a Sigstore signature."""


def main() -> None:
    """Run the cases one after the other, in a podman of their own."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "registry").mkdir()
        with serving(folder / "registry", folder / "nothing") as host:
            use_podman_below(folder, host)
            run_cases(folder, host)
            run_policy_cases(folder, host)
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
        "ansible_python_interpreter": sys.executable,
    }

    deploy(folder, host, root)

    refused = play("play.yml", {**variables, "images": [f"{host}/signed:1", f"{host}/unsigned:1"]})
    check(refused.returncode == 2 and "signature.missing" in refused.stdout, refused)
    check(containers() == [], "a container was created for a refused deployment")
    print("ok: one unsigned image, and podman creates nothing")

    created = play("play.yml", {**variables, "images": [f"{host}/signed:1"]})
    check(created.returncode == 0, created)
    (container,) = containers()
    check(container["ImageName"] == f"{host}/signed@{signed}", container)
    print("ok: podman created a container of the verified digest, and it is listed as verified")

    policy = folder / "policy.yaml"
    policy.write_text(POLICY)
    audit = {
        "sealpin_audit_folder": str(folder / "audit"),
        "sealpin_audit_engines": ["podman"],
        "sealpin_audit_all": True,
        "sealpin_audit_policy": [str(policy)],
        "sealpin_audit_trusted_root": str(root),
        "ansible_python_interpreter": sys.executable,
    }
    first = play(AUDIT, audit)
    check(first.returncode == 0, first)
    second = play(AUDIT, audit)
    check(second.returncode == 0 and "changed=0" in second.stdout, second)
    print("ok: the audit passes, and its second run changes nothing")

    podman("create", f"{host}/unsigned@{unsigned}", "true")
    foretold = play(AUDIT, audit, "--check")
    report = folder / "audit" / "audit.json"
    check(json.loads(report.read_text())["summary"]["denied"] == 0, "check mode wrote the report")
    check("changed=2" in foretold.stdout, foretold)
    failed = play(AUDIT, audit)
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


def deploy(folder: Path, host: str, root: Path) -> None:
    """Run the collection's own playbook, which really starts the container."""
    module = "containers.podman.podman_container"
    if module not in attempt("ansible-doc", "--json", module).stdout:
        print("not shown: verified_deploy needs the collection containers.podman")
        return
    policy = folder / "policy.yaml"
    policy.write_text(POLICY)
    signed, unsigned = f"{host}/signed:1", f"{host}/unsigned:1"
    variables = {
        "containers": {"web": signed},
        "sealpin_verify_policy": [str(policy)],
        "sealpin_verify_trusted_root": str(root),
        "ansible_python_interpreter": sys.executable,
    }
    refused = play(DEPLOY, {**variables, "containers": {"web": signed, "other": unsigned}})
    check(refused.returncode == 2 and "signature.missing" in refused.stdout, refused)
    foretold = play(DEPLOY, variables, "--check")
    check(foretold.returncode == 0 and "changed=1" in foretold.stdout, foretold)
    check(containers() == [], "a container was started for a refused deployment, or a foretold one")
    for changes in ("changed=1", "changed=0"):
        result = play(DEPLOY, variables)
        check(result.returncode == 0 and changes in result.stdout, result)
    (container,) = containers()
    check(container["ImageName"].startswith(f"{host}/signed@sha256:"), container)
    check(container["State"]["Status"] == "running", container["State"])
    podman("rm", "--all", "--force", "--time", "0")
    print("ok: verified_deploy runs the verified digest; its second run changes nothing")


def run_policy_cases(folder: Path, host: str) -> None:
    """Write podman's own policy from ours; podman and skopeo then refuse and accept by it."""
    sigstore, key = VirtualSigstore(), KeyPair()
    for name, signer in (("ours", key), ("theirs", KeyPair())):
        digest = push(folder, f"{host}/keyed/{name}:1", content=name)
        layer = sigstore.sign_image(
            digest, signer=Signer(key=signer), reference=f"{host}/keyed/{name}"
        )
        Upload(host, f"keyed/{name}").signatures(
            digest,
            [
                Layer(
                    content=layer.content,
                    media_type=layer.media_type,
                    annotations=layer.annotations,
                )
            ],
        )
    push(folder, f"{host}/keyed/nobody:1", content="nobody")
    push(folder, f"{host}/elsewhere:1", content="elsewhere")
    (folder / "key.pub").write_bytes(key.public_pem)
    variables = {
        "folder": str(folder),
        "trusted_root": sigstore.trusted_root_json().decode(),
        "host": host,
        "configuration": str(folder / "home" / ".config" / "containers"),
        "ansible_python_interpreter": sys.executable,
    }
    written = play("policy.yml", variables)
    check(written.returncode == 0, written)

    os.environ["HOME"] = str(folder / "home")
    refused = {
        "keyed/theirs": "rejected",
        "keyed/nobody": "signature",
        "elsewhere": "rejected by policy",
    }
    ours = pull(f"{host}/keyed/ours:1")
    if SIGSTORE_LEFT_OUT in ours.stderr:
        print("not shown: this podman accepts no image by its key, since it is built without")
    else:
        check(ours.returncode == 0, ours.stderr)
    for name, reason in refused.items():
        process = pull(f"{host}/{name}:1")
        check(process.returncode != 0 and reason in process.stderr, f"{name}: {process.stderr}")
        copied = attempt(
            "skopeo", "copy", "--src-tls-verify=false", f"docker://{host}/{name}:1",
            f"dir:{folder}/copied",
        )  # fmt: skip
        check(copied.returncode != 0, f"skopeo took {name}")
    print("ok: podman and skopeo refuse by the policy that was written for them")

    without = play("policy.yml", {**variables, "unsigned": True})
    check(without.returncode == 0, without)
    check(pull(f"{host}/elsewhere:1").returncode == 0, "an image that needs no signature")
    check(pull(f"{host}/keyed/theirs:1").returncode != 0, "another key, below an open registry")
    print("ok: they accept what the policy says needs no signature, and refuse what does")


def pull(name: str) -> subprocess.CompletedProcess[str]:
    """Pull an image, or fail to."""
    return attempt("podman", "pull", "--quiet", name)


def use_podman_below(folder: Path, host: str) -> None:
    """Keep images and containers below *folder*; the registry speaks HTTP.

    Limits that lie within those of any user, and the host's network: containers start without
    privileges, too.
    """
    files = {
        "CONTAINERS_STORAGE_CONF": f'''[storage]
driver = "vfs"
graphroot = "{folder}/graph"
runroot = "{folder}/run"
''',
        "CONTAINERS_CONF": """[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
netns = "host"
""",
        "CONTAINERS_REGISTRIES_CONF": f'''[[registry]]
location = "{host}"
insecure = true
''',
    }
    for variable, content in files.items():
        path = folder / f"{variable.lower()}.conf"
        path.write_text(content)
        os.environ[variable] = str(path)


def push(folder: Path, name: str, *, content: str) -> str:
    """Build an image of one file, push it, forget it here; returns its digest."""
    context = folder / content
    context.mkdir()
    (context / "file").write_text(content)
    shutil.copy(peer("busybox"), context / "busybox")
    (context / "Containerfile").write_text(
        'FROM scratch\nCOPY busybox file /\nCMD ["/busybox", "sleep", "300"]\n'
    )
    podman("build", "--quiet", "--tag", name, str(context))
    podman("push", "--quiet", "--digestfile", str(context / "digest"), name)
    podman("rmi", name)
    return (context / "digest").read_text().strip()


def containers() -> list[dict[str, object]]:
    """Return what podman says of every container."""
    names = podman("ps", "--all", "--quiet").split()
    return json.loads(podman("container", "inspect", *names)) if names else []


def podman(*arguments: str) -> str:
    """Run podman and return what it prints."""
    process = attempt("podman", *arguments)
    check(process.returncode == 0, f"podman {arguments}: {process.stderr}")
    return process.stdout


def attempt(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a program that may fail."""
    return subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)


def play(name: str, variables: dict[str, object], *more: str) -> subprocess.CompletedProcess[str]:
    """Run a playbook of this folder or of the collection."""
    return subprocess.run(
        ["ansible-playbook", "-i", "host,", "-c", "local", "-e", json.dumps(variables),
         *more, name if name.startswith("sealpin.") else str(HERE / name)],
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

# SPDX-FileCopyrightText: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""podman, a real registry and a signed image: podman creates what was verified."""

from __future__ import annotations

import html
import json
import os
import sys
import tempfile
from pathlib import Path

COLLECTION = Path(os.environ["ANSIBLE_COLLECTIONS_PATH"].split(":")[0]) / (
    "ansible_collections/sealpin/oci"
)
sys.path[:0] = [str(COLLECTION / "tests"), str(COLLECTION / "plugins" / "module_utils")]

from support.docker_registry import serving  # noqa: E402 - found by the lines above
from support.plays import Finished, attempt, check, output, play  # noqa: E402
from support.podman import containers, remove_all, use_podman_below  # noqa: E402
from support.publishing import ISSUER, WORKFLOW, Publisher  # noqa: E402
from support.virtual_sigstore import Identity, KeyPair, Signer  # noqa: E402

HERE = Path(__file__).resolve().parent
AUDIT = "sealpin.oci.fleet_audit"
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
        remove_all()


def run_cases(folder: Path, host: str) -> None:
    """Push a signed and an unsigned image; deploy, list and audit them."""
    publisher = Publisher(host=host)
    signed = publisher.push("signed", signed=True)
    unsigned = publisher.push("unsigned", signed=False)
    policy = publisher.write_policy(folder)
    variables = {
        "trusted_root": str(folder / "trusted_root.json"),
        "identity": WORKFLOW,
        "issuer": ISSUER,
    }

    both = [f"{host}/signed:1", f"{host}/unsigned:1"]
    refused = play(HERE / "play.yml", {**variables, "images": both})
    check(refused.returncode == 2 and "signature.missing" in refused.stdout, refused)
    check(containers() == [], "a container was created for a refused deployment")
    print("ok: one unsigned image, and podman creates nothing")

    created = play(HERE / "play.yml", {**variables, "images": both[:1]})
    check(created.returncode == 0, created)
    (container,) = containers()
    check(container["ImageName"] == f"{host}/signed@{signed}", container)
    print("ok: podman created a container of the verified digest, and it is listed as verified")

    audit = {
        "sealpin_audit_folder": str(folder / "audit"),
        "sealpin_audit_engines": ["podman"],
        "sealpin_audit_all": True,
        "sealpin_audit_policy": [str(policy)],
    }
    first = play(AUDIT, audit)
    check(first.returncode == 0, first)
    second = play(AUDIT, audit)
    check(second.returncode == 0 and "changed=0" in second.stdout, second)
    print("ok: the audit passes, and its second run changes nothing")

    other = publisher.sigstore.keyless(Identity.uri(f"{WORKFLOW}-of-others", issuer=ISSUER))
    theirs = publisher.push("theirs", signed=True, signer=other)
    for name in (f"{host}/unsigned@{unsigned}", f"{host}/theirs@{theirs}"):
        output("podman", "create", name, "true")
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
    (refused_row,) = (row for row in document["images"] if theirs in row["image"])
    for name in ("audit.md", "audit.html"):
        text = html.unescape((folder / "audit" / name).read_text())
        check("1 host, 3 images" in text, text)
        check(unsigned in text and WORKFLOW in text, text)
        check(all(refused_row[told] in text for told in ("message", "code")), text)
        check("http://" not in text.replace(WORKFLOW, "") and "<script" not in text, text)
    print("ok: an unsigned container fails the audit, and the report names it")


def run_policy_cases(folder: Path, host: str) -> None:
    """Write podman's own policy from ours; podman and skopeo then refuse and accept by it."""
    publisher, key = Publisher(host=host), KeyPair()
    for name, signer in (("ours", key), ("theirs", KeyPair())):
        publisher.push(f"keyed/{name}", signed=True, signer=Signer(key=signer))
    for name in ("keyed/nobody", "elsewhere"):
        publisher.push(name, signed=False)
    (folder / "key.pub").write_bytes(key.public_pem)
    variables = {
        "folder": str(folder),
        "trusted_root": publisher.sigstore.trusted_root_json().decode(),
        "host": host,
        "configuration": str(folder / "home" / ".config" / "containers"),
    }
    written = play(HERE / "policy.yml", variables)
    check(written.returncode == 0, written)

    os.environ["HOME"] = str(folder / "home")
    refused = {
        "keyed/theirs": "rejected",
        "keyed/nobody": "signature",
        "elsewhere": "rejected by policy",
    }
    ours = pull(f"{host}/keyed/ours:1")
    if SIGSTORE_LEFT_OUT in ours.stdout:
        print("not shown: this podman accepts no image by its key, since it is built without")
    else:
        check(ours.returncode == 0, ours.stdout)
    for name, reason in refused.items():
        process = pull(f"{host}/{name}:1")
        check(process.returncode != 0 and reason in process.stdout, f"{name}: {process.stdout}")
        copied = attempt(
            "skopeo", "copy", "--src-tls-verify=false", f"docker://{host}/{name}:1",
            f"dir:{folder}/copied",
        )  # fmt: skip
        check(copied.returncode != 0, f"skopeo took {name}")
    print("ok: podman and skopeo refuse by the policy that was written for them")

    without = play(HERE / "policy.yml", {**variables, "unsigned": True})
    check(without.returncode == 0, without)
    check(pull(f"{host}/elsewhere:1").returncode == 0, "an image that needs no signature")
    check(pull(f"{host}/keyed/theirs:1").returncode != 0, "another key, below an open registry")
    print("ok: they accept what the policy says needs no signature, and refuse what does")


def pull(name: str) -> Finished:
    """Pull an image, or fail to."""
    return attempt("podman", "pull", "--quiet", name)


if __name__ == "__main__":
    main()

# SPDX-FileCopyrightText: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The documentation's example for Kubernetes, as it stands, against Kubernetes' API server."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import urllib.error
from pathlib import Path

COLLECTION = Path(os.environ["ANSIBLE_COLLECTIONS_PATH"].split(":")[0]) / (
    "ansible_collections/sealpin/oci"
)
sys.path[:0] = [str(COLLECTION / "tests"), str(COLLECTION / "plugins" / "module_utils")]

from support.docker_registry import serving  # noqa: E402 - found by the lines above
from support.kubernetes import ApiServer, api_server  # noqa: E402
from support.plays import Finished, check, play  # noqa: E402
from support.publishing import Publisher  # noqa: E402

EXAMPLE = COLLECTION / "docs" / "examples" / "kubernetes.yml"
DEPLOYMENTS = "/apis/apps/v1/namespaces/app/deployments"


def main() -> None:
    """Run the example for an unsigned and for a signed image, with a cluster's API of our own."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in ("registry", "cluster", "play"):
            (folder / part).mkdir()
        with (
            serving(folder / "registry", folder / "nothing") as host,
            api_server(folder / "cluster") as server,
        ):
            kubeconfig = server.write_kubeconfig(folder / "kubeconfig")
            os.environ["K8S_AUTH_KUBECONFIG"] = str(kubeconfig)
            server.create("/api/v1/namespaces", {"metadata": {"name": "app"}})
            applies_what_is_signed_and_nothing_else(folder, host, server)


def applies_what_is_signed_and_nothing_else(folder: Path, host: str, server: ApiServer) -> None:
    publisher = Publisher(host=host)
    digest = publisher.push("web", signed=True)
    publisher.push("unsigned", signed=False)
    publisher.write_policy(folder / "play")

    refused = example(folder, f"{host}/unsigned:1")
    check(refused.returncode == 2 and "signature.missing" in refused.stdout, refused)
    foretold = example(folder, f"{host}/web:1", "--check")
    check(foretold.returncode == 0 and "changed=1" in foretold.stdout, foretold)
    check(image_of(server) is None, "something was applied after a refusal, or by check mode")
    print("ok: nothing is applied for an unsigned image, nor by check mode")

    for changes in ("changed=1", "changed=0"):
        applied = example(folder, f"{host}/web:1")
        check(applied.returncode == 0 and changes in applied.stdout, applied)
        check(image_of(server) == f"{host}/web@{digest}", image_of(server))
    print("ok: the deployment names the verified digest; a second run changes nothing")


def example(folder: Path, image: str, *more: str) -> Finished:
    """Run the example beside its policy."""
    return play(Path(shutil.copy(EXAMPLE, folder / "play")), {"web": image}, *more)


def image_of(server: ApiServer) -> str | None:
    """Return the image of the deployment; nothing if there is none."""
    try:
        deployment = server.get(f"{DEPLOYMENTS}/web")
    except urllib.error.HTTPError as error:
        check(error.code == 404, error)
        return None
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    return container["image"]


if __name__ == "__main__":
    main()

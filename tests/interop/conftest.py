# SPDX-FileCopyrightText: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""A real registry in memory, and real cosigns without the machine's configuration."""

from __future__ import annotations

import os
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.listening import announced_port
from support.oci_upload import Upload
from support.peers import peer

STOP_TIMEOUT_S = 30
COSIGN_TIMEOUT_S = 60


@pytest.fixture(scope="module")
def registry(tmp_path_factory) -> Iterator[str]:
    """A real registry in memory; yields ``127.0.0.1:port``."""
    log = tmp_path_factory.mktemp("registry") / "log"
    with log.open("wb") as output:
        server = subprocess.Popen([peer("registry"), "-port", "0"], stdout=output, stderr=output)
        try:
            port = announced_port(server, log, after="serving on port ")
            yield f"127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(STOP_TIMEOUT_S)


@pytest.fixture
def repository(registry) -> Upload:
    return Upload(registry, f"acme/{uuid.uuid4().hex}")


@pytest.fixture(params=["cosign2", "cosign3"])
def cosign(request, tmp_path):
    """Run a cosign without any of the machine's configuration; returns the finished process."""
    program = peer(request.param)

    def run(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [program, *arguments],
            env={"HOME": str(tmp_path), "PATH": os.defpath, **environment},
            capture_output=True,
            text=True,
            timeout=COSIGN_TIMEOUT_S,
            check=False,
        )

    run.version = request.param
    return run

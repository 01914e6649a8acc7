# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Attacks by a managed host, and by whoever chooses what it runs."""

from __future__ import annotations

from typing import Any

import pytest
from module_utils._running_proof import prove
from module_utils._tasks import attempt, verify_images

from support.memory_registry import Behaviour, MemoryRegistry

DIGEST = f"sha256:{'a' * 64}"
OPTIONS: dict[str, Any] = {
    "key": "",
    "certificate_identity_regexp": ".*",
    "certificate_oidc_issuer_regexp": ".*",
    "offline": True,
    "second_opinion": "auto",
    "timeout": 5,
    "max_workers": 4,
    "registry_username": "me",
    "registry_password": "secret",
}


@pytest.mark.parametrize("registry_host", ["", "registry.example"])
def test_no_image_that_a_host_runs_gets_the_password_sent_to_its_registry(
    registry_host: str,
) -> None:
    behaviour = Behaviour(authentication="basic", users={"me": "secret"})
    with MemoryRegistry(behaviour=behaviour) as foreign:
        image = f"{foreign.host}/app@{DIGEST}"
        params = {**OPTIONS, "registry_host": registry_host}
        on_host = prove(params, [{"image": image, "digests": [image]}])
        on_controller = attempt(verify_images, {**params, "images": [image]})
        assert on_host["failed"]
        assert on_controller["failed"]
        assert on_host["code"] == on_controller["code"]
        assert on_host["code"] == (
            "registry.unauthorized" if registry_host else "credentials.for-whom"
        )
        assert not any("authorization" in asked.headers for asked in foreign.asked())

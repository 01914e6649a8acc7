# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""What a task returns is what its module's documentation says, for good images and for bad ones."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from module_utils import _attestations, _tasks
from ruamel.yaml import YAML

import _options
from support.project import HOST, LAB, UNSIGNED

MODULES = Path(__file__).resolve().parents[4] / "plugins" / "modules"
OF_ANSIBLE = {"changed", "failed", "msg"}
ABSENT = f"{HOST}/no/such:1"
NO_REFERENCE = "No Reference"
ATTESTED = f"{HOST}/types/app:1.0"
KONG = f"{HOST}/kong/kuma-cp:2.8.0"
ANYBODY = {"certificate_identity_regexp": ".*", "certificate_oidc_issuer_regexp": ".*"}
SPDX = {"types": ["https://spdx.dev/Document"]}
TASKS = {
    "image_verify": (_options.IMAGE_VERIFY, _tasks.verify_images, ANYBODY),
    "image_digest_info": (_options.IMAGE_DIGEST_INFO, _tasks.resolve_images, {}),
    "attestation_verify": (
        _options.ATTESTATION_VERIFY,
        _attestations.verify_attestations,
        {**ANYBODY, **SPDX},
    ),
    "attestation_info": (
        _options.ATTESTATION_INFO,
        _attestations.read_attestations,
        {**ANYBODY, **SPDX, "predicates": True},
    ),
    "attestation_info, unverified": (
        _options.ATTESTATION_INFO,
        _attestations.read_attestations,
        {"unsafe_unverified": True},
    ),
    "provenance_verify": (
        _options.PROVENANCE_VERIFY,
        _attestations.verify_provenance,
        {"source_uri": "github.com/Kong/kong-mesh", "repository": f"{HOST}/kong/notary"},
    ),
}


def returned(task: str, *images: str) -> dict[str, Any]:
    options, prepare, given = TASKS[task]
    params = {
        name: option.get("default") for name, option in _options.argument_spec(*options).items()
    }
    params |= given
    params |= {"images": list(images), "mirrors": {HOST: f"dir:{LAB / 'repositories'}"}}
    if "trusted_root" in params:
        params["trusted_root"] = str(LAB / "trusted_root.json")
    return _tasks.attempt(prepare, params)


def documented(module: str) -> dict[str, Any]:
    text = (MODULES / f"{module.partition(',')[0]}.py").read_text("utf-8")
    block = re.search(r'^RETURN = r"""\n(.*?)^"""', text, re.MULTILINE | re.DOTALL)
    return YAML(typ="safe", pure=True).load(block[1])


def differences(
    values: dict[str, Any], described: dict[str, Any], where: str = ""
) -> Iterator[str]:
    """Yield fields nobody described, and described ones that are not there."""
    yield from (f"{where}{name}: not described" for name in values if name not in described)
    for name, description in described.items():
        if name not in values:
            if description.get("returned", "always") == "always":
                yield f"{where}{name}: not there"
            continue
        if fields := description.get("contains"):
            for value in values[name]:
                yield from differences(value, fields, f"{where}{name}.")


@pytest.mark.parametrize("task", TASKS)
def test_every_field_of_a_result_is_described_and_the_other_way_round(task: str) -> None:
    images = (ATTESTED, KONG, UNSIGNED, ABSENT, NO_REFERENCE)
    result = {k: v for k, v in returned(task, *images).items() if k not in OF_ANSIBLE}
    assert list(differences(result, documented(task))) == []
    assert set(result) == set(documented(task))  # something failed, so nothing is left out
    good = [entry for entry in result["images"] if entry["outcome"] in ("allowed", "resolved")]
    assert good
    assert all(entry["attestations"] for entry in good[:1] if "attestations" in entry)


@pytest.mark.parametrize("task", TASKS)
def test_a_result_advises_by_its_first_failure_and_names_every_image_in_full(task: str) -> None:
    result = returned(task, ABSENT, NO_REFERENCE)
    assert (result["code"], result["hint"]) == tuple(
        result["images"][0][name] for name in ("code", "hint")
    )
    assert result["code"] == "registry.not-found"
    assert result["hint"]
    assert [entry["name"] for entry in result["images"]] == [ABSENT, ""]

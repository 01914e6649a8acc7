# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""One report of what a fleet runs: who runs which image, and what is proven about it.

The report depends on what runs and on what was decided, and on nothing else: no clock is read, and
everything is sorted, so that the same fleet gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.sealpin.oci.plugins.module_utils._running import verdict_on

AUDIT_VERSION = 1
_ORDER = {"denied": 0, "inconclusive": 1, "allowed": 2}
_TOLD = ("outcome", "code", "message", "hint", "unsigned")

Running = Mapping[str, Any]
"""A host's result of ``running_images_info``."""
Verified = Mapping[str, Any]
"""The controller's result of ``image_verify``."""


def digests_of(hosts: Mapping[str, Running]) -> list[str]:
    """Return every digest that any host recorded for a running image, each once."""
    return sorted(
        {
            name
            for running in hosts.values()
            for entry in running["images"]
            for name in entry["digests"]
        }
    )


def audit_report(
    hosts: Mapping[str, Running], verified: Verified, missing: Iterable[str] = ()
) -> dict[str, Any]:
    """Return the report; *missing* are hosts that did not answer at all."""
    decided = verified.get("by_image", {})
    images: dict[str, dict[str, Any]] = {}
    for host, running in sorted(hosts.items()):
        for entry in running["images"]:
            # An image without a digest is another one on each host, however it is called.
            key = entry["image"] if entry["digest"] else f"{host} {entry['image']}"
            image = images.setdefault(key, _image(entry, decided))
            image["names"] = sorted({*image["names"], *entry["names"]})
            image["hosts"][host] = entry["containers"]
    rows = sorted(images.values(), key=lambda image: (_ORDER[image["outcome"]], image["image"]))
    unanswered = [
        {"host": host, **engine}
        for host, running in sorted(hosts.items())
        for engine in running["unavailable"]
    ]
    return {
        "report": "sealpin-audit",
        "version": AUDIT_VERSION,
        "summary": {
            "hosts": len(hosts),
            "images": len(rows),
            **{outcome: sum(row["outcome"] == outcome for row in rows) for outcome in _ORDER},
            "unanswered": len(unanswered) + len(list(missing)),
        },
        "images": rows,
        "unanswered": unanswered,
        "missing_hosts": sorted(missing),
    }


def _image(entry: Mapping[str, Any], decided: Mapping[str, Any]) -> dict[str, Any]:
    verdict = verdict_on(entry, decided)
    return {
        "image": entry["image"],
        "names": [],
        **{name: verdict[name] for name in _TOLD},
        "signers": sorted({_signer(statement) for statement in verdict["statements"]}),
        "hosts": {},
    }


def _signer(statement: Mapping[str, Any]) -> str:
    signer = statement["signer"]
    if signer["kind"] == "key":
        return f"key {signer['name']}"
    return ", ".join(signer["subjects"])

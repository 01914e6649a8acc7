# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Verifying what a host runs, by the digests its engines recorded."""

from __future__ import annotations

from typing import Any

from ._running import verdict_on
from ._sessions import Params
from ._tasks import Entry, Result, attempt, reason, verify_images

_TOLD = ("outcome", "code", "message", "hint", "unsigned", "statements")


def prove(params: Params, images: list[Entry]) -> Result:
    """Add a verdict to each of *images*, and return what the result of the task gets besides.

    Every digest an engine recorded is decided on, each once.
    """
    digests = list(dict.fromkeys(digest for entry in images for digest in entry["digests"]))
    decided: dict[str, Any] = {}
    if digests:
        result = attempt(verify_images, {**params, "images": digests})
        if not result["images"]:
            return result
        decided = result["by_image"]
    for entry in images:
        verdict = verdict_on(entry, decided)
        entry.update({name: verdict[name] for name in _TOLD})
    failures = [entry for entry in images if entry["outcome"] != "allowed"]
    if not failures:
        return {}
    return {
        "failed": True,
        "msg": f"{len(failures)} of {len(images)} running images are not verified: "
        + "; ".join(map(reason, failures)),
        "code": failures[0]["code"],
        "hint": failures[0]["hint"],
    }

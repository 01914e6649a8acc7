# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""One report of what a fleet runs: who runs which image, and what is proven about it.

The report depends on what runs and on what was decided, and on nothing else: no clock is read, and
everything is sorted, so that the same fleet gives the same bytes.

A host may be anybody's by now. It can lie about itself; what it says is checked for its shape and
its size, escaped, and changes nothing that is said of the other hosts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.sealpin.oci.plugins.module_utils._running import verdict_on
from ansible_collections.sealpin.oci.plugins.module_utils.sealpin.report.text import printable

AUDIT_VERSION = 1
MAX_DIGESTS = 4_096
"""Digests that one host may list: the controller asks a registry about each."""
MAX_TOLD = 65_536
"""Images, names, containers and engines that one host may list."""
_ORDER = {"denied": 0, "inconclusive": 1, "allowed": 2}
_TOLD = ("outcome", "code", "message", "hint", "unsigned")
_CONTAINER = ("engine", "id", "name", "namespace", "state")
_ENGINE = ("engine", "message")
_LISTING: Mapping[str, Any] = {
    "images": [
        {
            "image": str,
            "digest": str,
            "names": [str],
            "digests": [str],
            "containers": [dict.fromkeys(_CONTAINER, str)],
        }
    ],
    "unavailable": [dict.fromkeys(_ENGINE, str)],
}
"""What a report needs of a listing: a list of one shape stands for any number of that shape."""

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
            if is_listing(running)
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
    unanswered = []
    for host, running in sorted(hosts.items()):
        if not is_listing(running):
            unanswered.append(_without_listing(host, running))
            continue
        unanswered += [{"host": host, **_texts(e, _ENGINE)} for e in running["unavailable"]]
        for entry in running["images"]:
            row = _image(entry, decided)
            # Hosts share a row only if the same is to be said of both, whatever they call it; an
            # image without a digest is another one on each host.
            key = repr(row) if entry["digest"] else f"{host} {entry['image']}"
            row = images.setdefault(key, row)
            row["names"].update(map(printable, entry["names"]))
            containers = [_texts(container, _CONTAINER) for container in entry["containers"]]
            row["hosts"].setdefault(host, []).extend(containers)
    rows = [
        {**row, "names": sorted(row["names"])}
        for row in sorted(images.values(), key=lambda row: (_ORDER[row["outcome"]], row["image"]))
    ]
    missing_hosts = sorted(missing)
    return {
        "report": "sealpin-audit",
        "version": AUDIT_VERSION,
        "summary": {
            "hosts": len(hosts),
            "images": len(rows),
            **{outcome: sum(row["outcome"] == outcome for row in rows) for outcome in _ORDER},
            "unanswered": len(unanswered) + len(missing_hosts),
        },
        "images": rows,
        "unanswered": unanswered,
        "missing_hosts": missing_hosts,
    }


def is_listing(running: Any) -> bool:
    """Whether a host's answer has the shape and the order that the module gives it, and a bound."""
    return (
        _has_shape(running, _LISTING)
        and all(
            entry["digests"][0] == entry["image"] if entry["digests"] else not entry["digest"]
            for entry in running["images"]
        )
        and not _excess(running)
    )


def _excess(running: Running) -> str:
    """Say what of a listing is more than any host has; nothing where it is bearable."""
    images = running["images"]
    digests = sum(len(entry["digests"]) for entry in images)
    if digests > MAX_DIGESTS:
        return f"{digests} digests, expected at most {MAX_DIGESTS}"
    told = sum(1 + len(entry["names"]) + len(entry["containers"]) for entry in images)
    told += len(running["unavailable"])
    if told > MAX_TOLD:
        return f"{told} images, names, containers and engines, expected at most {MAX_TOLD}"
    return ""


def _has_shape(value: Any, shape: Any) -> bool:
    if isinstance(shape, Mapping):
        return isinstance(value, Mapping) and all(
            name in value and _has_shape(value[name], inner) for name, inner in shape.items()
        )
    if isinstance(shape, list):
        return isinstance(value, list) and all(_has_shape(item, shape[0]) for item in value)
    return isinstance(value, shape)


def _without_listing(host: str, running: Any) -> dict[str, str]:
    reason = running.get("msg") if isinstance(running, Mapping) else None
    message = reason if isinstance(reason, str) else "the host did not say what it runs"
    if _has_shape(running, _LISTING) and (excess := _excess(running)):
        message = f"the host lists too much: {excess} [listing.too-large]"
    return {"host": host, "engine": "every engine", "message": printable(message)}


def _texts(value: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    return {name: printable(value[name]) for name in names}


def _image(entry: Mapping[str, Any], decided: Mapping[str, Any]) -> dict[str, Any]:
    verdict = verdict_on(entry, decided)
    return {
        "image": printable(entry["image"]),
        "names": set(),
        **{name: verdict[name] for name in _TOLD},
        "signers": sorted({_signer(statement) for statement in verdict["statements"]}),
        "hosts": {},
    }


def _signer(statement: Mapping[str, Any]) -> str:
    signer = statement["signer"]
    if signer["kind"] == "key":
        return f"key {printable(signer['name'])}"
    return ", ".join(map(printable, signer["subjects"]))

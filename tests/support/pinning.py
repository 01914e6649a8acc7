# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Pinning as the command does it, without a registry: find, decide, write."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sealpin.manifests.custom_paths import parse_custom_paths
from sealpin.manifests.finder import find_sites
from sealpin.manifests.options import FindOptions
from sealpin.manifests.pin import Pin
from sealpin.manifests.rewrite import apply
from sealpin.manifests.site import Found, TagStyle

from .builders import decision


@dataclass(frozen=True)
class PinningCase:
    """One row of a ``cases.json``: a file before and after, and the messages on the way."""

    name: str
    kind: str
    file: str
    before: bytes
    after: bytes
    messages: tuple[str, ...]
    style: TagStyle = TagStyle.KEEP
    options: FindOptions = field(default_factory=FindOptions)


def read_cases(path: Path) -> list[PinningCase]:
    """Read the cases of one file, in its order."""
    return [_case(row) for row in json.loads(path.read_text(encoding="utf-8"))["cases"]]


def _case(row: dict[str, Any]) -> PinningCase:
    encode = base64.b64decode if row["encoding"] == "base64" else str.encode
    settings = dict(row.get("options", {}))
    style = TagStyle(settings.pop("tag_style", "keep"))
    settings["custom_paths"] = parse_custom_paths(tuple(settings.get("custom_paths", ())))
    before = encode(row["input"])
    after = before if row["action"] == "leave-alone" else encode(row["expected"])
    messages = tuple(row["messages"])
    return PinningCase(
        row["name"], row["kind"], row["file"], before, after, messages, style,
        FindOptions(**settings),
    )  # fmt: skip


def pin_all(
    file: str,
    data: bytes,
    *,
    options: FindOptions | None = None,
    style: TagStyle = TagStyle.KEEP,
) -> tuple[bytes, Found]:
    """Pin every image of *data* that carries no digest yet."""
    found = find_sites(file, data, options=options)
    pins = tuple(
        Pin(site=site, decision=decision(site.reference))
        for site in found.sites
        if not site.is_pinned
    )
    return apply(data, pins, style=style, options=options), found

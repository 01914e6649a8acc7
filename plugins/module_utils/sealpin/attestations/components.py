# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Software bills of materials: views for people of SPDX and CycloneDX, in all their spellings.

An attested SPDX predicate is a JSON document, or the text of a tag-value document as cosign's
``--type spdx`` stores it. Nothing is decided on what is shown here; the images that a release lists
are read by `attestations.sbom`.
https://spdx.github.io/spdx-spec/v2.3, https://cyclonedx.org/specification/overview
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .jsonpath import find, find_list, find_text, lines, listed


def summarise_spdx(predicate: Any) -> tuple[str, ...]:
    """Show version, name, creators and packages of an SPDX document, JSON or tag-value."""
    if isinstance(predicate, str):
        return _summarise_tag_value(predicate)
    packages = find_list(predicate, "packages")
    creators = find_list(predicate, "creationInfo", "creators")
    return lines(
        ("format", find_text(predicate, "spdxVersion")),
        ("name", find_text(predicate, "name")),
        ("created", find_text(predicate, "creationInfo", "created")),
        ("creators", listed(find_text(creator) for creator in creators)),
        ("packages", _packages((_spdx_name(item) for item in packages), len(packages))),
    )


def summarise_cyclonedx(predicate: Any) -> tuple[str, ...]:
    """Show version, subject, time and components of a CycloneDX document."""
    components = find_list(predicate, "components")
    version = find_text(predicate, "specVersion")
    metadata = find(predicate, "metadata")
    return lines(
        ("format", f"CycloneDX {version}" if version else ""),
        ("name", find_text(metadata, "component", "name")),
        ("created", find_text(metadata, "timestamp")),
        ("components", _packages((_cyclonedx_name(item) for item in components), len(components))),
    )


def _summarise_tag_value(text: str) -> tuple[str, ...]:
    """Show the same of a tag-value document, by its tags at the start of lines."""
    tags = list(_tags(text))
    packages = [value for tag, value in tags if tag == "PackageName"]
    first = dict(reversed(tags))
    return lines(
        ("format", find_text(first, "SPDXVersion")),
        ("name", find_text(first, "DocumentName")),
        ("created", find_text(first, "Created")),
        ("creators", listed(find_text(value) for tag, value in tags if tag == "Creator")),
        ("packages", _packages((find_text(name) for name in packages), len(packages))),
    )


def _tags(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        tag, colon, value = line.partition(":")
        if colon and not tag.startswith("#"):
            yield tag, value.strip()


def _packages(names: Iterator[str], count: int) -> str:
    return f"{count} ({listed(names)})" if count else "none"


def _spdx_name(package: Any) -> str:
    return f"{find_text(package, 'name')} {find_text(package, 'versionInfo')}".strip()


def _cyclonedx_name(component: Any) -> str:
    return f"{find_text(component, 'name')} {find_text(component, 'version')}".strip()

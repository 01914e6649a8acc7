# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The task that lists the images of a release."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from .sealpin.attestations.sbom import MOVED_REGISTRIES, ListedImage, read_release_images
from .sealpin.errors import SealpinError
from .sealpin.inputs import read_file

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule


def run(module: AnsibleModule) -> None:
    """Read the document and leave the module with its images."""
    path = module.params["path"]
    moved = MOVED_REGISTRIES if module.params["moved"] else {}
    try:
        document = read_file(Path(path), what="the SBOM")
        entries = [
            _entry(image) for image in read_release_images(document, moved=moved, where=path)
        ]
    except SealpinError as error:
        module.fail_json(msg=str(error), code=error.code, hint=error.hint)
        return
    module.exit_json(
        changed=False, images=entries, by_image={entry["image"]: entry for entry in entries}
    )


def _entry(image: ListedImage) -> dict[str, Any]:
    reference, digest = image.reference, image.digest
    return {
        "image": reference.text,
        "listed_as": image.listed_as,
        "digest": str(digest or ""),
        "pinned": reference.pinned(digest) if digest else "",
        "pinned_tagged": reference.pinned_tagged(digest) if digest else "",
    }

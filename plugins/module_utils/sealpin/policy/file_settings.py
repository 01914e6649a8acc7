# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The ``files:`` section of `.sealpin.yaml`: where a project's images stand.

It is read with the rest of the file, and alone before any file is searched, since what it says
decides which files need a look. Values that are kinds or paths are checked where they are used
(`manifests.options`): this layer knows their spelling only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from ..errors import InvalidInput, PolicyInvalid, quote
from ..records import dataclass
from ..yamlschema import to_plain
from .fields import DocumentInvalid, Fields, Reader

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSettings:
    """How files are searched; every default is the careful one."""

    kinds: tuple[str, ...] = ()
    """Kinds of files to look at; empty means every kind."""
    custom_paths: tuple[str, ...] = ()
    """``group/Kind:path`` or the name of a preset."""
    helm_tag_digest: bool = False
    arg_defaults: bool = False
    tag_comments: bool = False


def read_file_settings(top: Fields) -> FileSettings:
    """Read the ``files`` field of a document's top level; problems go to its reader."""
    files = top.mapping("files")
    if files is None:
        return FileSettings()
    settings = FileSettings(
        kinds=tuple(text for _path, text in files.texts("kinds")),
        custom_paths=tuple(text for _path, text in files.texts("custom_paths")),
        helm_tag_digest=files.boolean("helm_tag_digest"),
        arg_defaults=files.boolean("arg_defaults"),
        tag_comments=files.boolean("tag_comments"),
    )
    files.finish()
    return settings


def parse_file_settings(data: bytes, *, where: str) -> FileSettings:
    """Read the section alone out of a whole file, which *where* names; raises as `parse_alone`."""
    return parse_alone(data, read_file_settings, where=where) or FileSettings()


def parse_alone(data: bytes, read: Callable[[Fields], _T], *, where: str) -> _T | None:
    """Return what *read* makes of the top level of a whole file; None where it is no such file.

    Raises `PolicyInvalid` for a file that is no YAML or of which *read* finds something off.
    """
    from ..yamlread import read_documents  # most projects have no such section

    try:
        documents = [d for d in read_documents(data.decode("utf-8"), where=where) if d.root]
        if len(documents) != 1:
            return None  # Kubernetes documents have no such section
        value = to_plain(documents[0].root, document=documents[0])
    except UnicodeDecodeError as error:
        raise PolicyInvalid("policy.invalid", f"{quote(where)} is not UTF-8") from error
    except InvalidInput as error:
        raise PolicyInvalid("policy.invalid", error.message, hint=error.hint) from error
    reader = Reader(documents[0], file=where)
    section = read(Fields(value, (), reader)) if isinstance(value, dict) else None
    if reader.problems:
        raise DocumentInvalid(tuple(reader.problems))
    return section

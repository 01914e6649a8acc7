# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Files of conditions on one attestation: what ``verify-attestation --policy FILE`` reads.

The ending says the language. ``.cue`` and ``.rego`` are programs over the whole statement, as in
cosign. ``.json``, ``.yaml`` and ``.yml`` hold what an attestation of `.sealpin.yaml` may say:
``conditions`` with JSON pointers, ``schema``, and the programs.
"""

from __future__ import annotations

from ..errors import InvalidInput, PolicyInvalid, quote
from .document import decode_policy, read_documents, top_level
from .fields import DocumentInvalid, Reader
from .model import Condition, Language, ProgramCondition
from .sealpin_conditions import read_conditions
from .sources import Sources

_PROGRAMS = {language.value: language for language in Language}
_DOCUMENTS = ("json", "yaml", "yml")


def read_condition_file(name: str, data: bytes, *, sources: Sources) -> tuple[Condition, ...]:
    """Read the conditions in *data*, the content of the file *name*.

    Raises `InvalidInput` ``condition.file`` for another ending, `PolicyInvalid` for a file that
    does not load or demands nothing.
    """
    ending = name.rpartition(".")[2]
    if ending in _PROGRAMS:
        return (ProgramCondition(language=_PROGRAMS[ending], text=decode_policy(name, data)),)
    if ending in _DOCUMENTS:
        return _read_document(name, data, sources)
    raise InvalidInput(
        "condition.file",
        "invalid policy format, expected .cue or .rego, or .json or .yaml with conditions:"
        f" got {quote(name)}",
    )


def _read_document(name: str, data: bytes, sources: Sources) -> tuple[Condition, ...]:
    documents = [document for document in read_documents(name, data) if document.root is not None]
    if len(documents) != 1:
        raise PolicyInvalid(
            "policy.invalid", f"{name}: expected one document, got {len(documents)}"
        )
    reader = Reader(documents[0], file=name)
    fields = top_level(documents[0], reader)
    conditions: tuple[Condition, ...] = ()
    if fields is not None:
        conditions = tuple(read_conditions(fields, sources))
        fields.finish()
    if not conditions and not reader.problems:
        reader.add(
            "the file demands nothing",
            hint="write conditions: [{path: /…, equals: …}], schema: …, cue: … or rego: …",
        )
    if reader.problems:
        raise DocumentInvalid(tuple(reader.problems))
    return conditions

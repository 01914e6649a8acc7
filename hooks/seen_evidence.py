# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""What a run gathered, kept for the messages of ``--compat cosign``, which quote it.

Nothing here is verified and nothing is decided on it: cosign tells whose signature it refused and
which types it found, and scripts read that.
"""

from __future__ import annotations

from collections.abc import Callable

from sealpin.api import Collect
from sealpin.descriptor import ResolvedArtifact
from sealpin.digest import Digest
from sealpin.errors import SealpinError
from sealpin.evidence import Evidence, EvidenceKind, EvidenceSet
from sealpin.records import dataclass, field
from sealpin.signatures.certificate import read_identity
from sealpin.signatures.legacy import read_layer
from sealpin.signatures.statement import parse_statement

from .envelopes import read_envelope


@dataclass(slots=True)
class SeenEvidence:
    """The evidence of every image of a run, by its digest."""

    items: dict[Digest | None, tuple[Evidence, ...]] = field(default_factory=dict)

    def recording(self, collect: Collect) -> Collect:
        """Return *collect*, which now also fills this."""

        def record(artifact: ResolvedArtifact, gather: Callable[[], EvidenceSet]) -> EvidenceSet:
            found = collect(artifact, gather)
            self.items[artifact.digest] = found.items
            return found

        return record

    def predicate_types(self, digest: Digest | None) -> list[str]:
        """Return the types cosign would list; a predicate that is no object has none for it."""
        types = []
        for item in self.items.get(digest, ()):
            if item.kind is EvidenceKind.SIGNATURE_LAYER:
                continue
            try:
                statement = parse_statement(read_envelope(item).payload)
            except SealpinError:
                continue
            types.append(statement.predicate_type if isinstance(statement.predicate, dict) else "")
        return list(dict.fromkeys(types))

    def at(self, location: str) -> list[Evidence]:
        """Return what came from *location*."""
        return [
            item for found in self.items.values() for item in found if item.location == location
        ]

    def identity_at(self, location: str) -> str:
        """Return whose certificates came from *location*, as cosign puts it."""
        shown = []
        for item in self.at(location):
            if item.kind is EvidenceKind.BUNDLE:
                continue
            try:
                certificate = read_layer(item).certificate
            except SealpinError:
                continue
            if certificate is not None:
                signer = read_identity(certificate)
                names = " ".join(name.value for name in signer.subjects)
                shown.append(f"got subjects [{names}] with issuer {signer.issuer}")
        return "\n ".join(dict.fromkeys(shown))

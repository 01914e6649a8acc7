# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Google Cloud Build provenance: the JSON that ``gcloud artifacts docker images describe`` prints.

The document wraps DSSE envelopes signed by Google's keys, each beside a readable copy of what is
signed. Keys are known by name (`gcb_keys`); there is no certificate, log or time. Formats v0.2 and
v0.3 are SLSA v0.1 predicates (`gcb_predicate`), v1.0 is SLSA v1.
https://cloud.google.com/build/docs/securing-builds/view-build-provenance
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..crypto import PublicKey
from ..digest import Digest
from ..errors import InvalidInput, VerificationFailed, quote
from ..jsonbytes import decode_base64, parse_object
from ..limits import MAX_EVIDENCE_BYTES
from ..mediatypes import SLSA_PROVENANCE_V1
from ..records import dataclass, field
from ..signatures.dsse import Envelope, check_is_statement, read_envelope
from ..signatures.statement import Statement, match_subject, parse_statement
from .builders import GCB_BUILDER, BuilderId, match_builder
from .claims import Claims, Provenance, malformed
from .expectations import ExpectedProvenance, check_revision
from .gcb_keys import PAE_KEYS, REGIONAL_KEYS
from .gcb_predicate import SLSA_PROVENANCE_V01, check_build_type, read_v01
from .mismatch import Mismatch
from .provenance import read_provenance
from .source import canonical_source

_V1_KEY = "global-pae-google-hosted-worker_1"
_KEY_ID = re.compile(
    r"projects/verified-builder/locations/(?P<region>[a-z0-9-]+)"
    r"/keyRings/attestor/cryptoKeys/(?P<key>[A-Za-z-]+)/cryptoKeyVersions/1"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedGcbProvenance:
    """Provenance that Google signed for the digest asked for, and that meets the demands."""

    provenance: Provenance
    key_name: str
    """As the peer names its file: ``global-pae-provenanceSigner_1``, or a region."""
    payload: bytes = field(repr=False)
    """Exactly the signed bytes."""


def verify_gcb(
    document: bytes, *, digest: Digest, expected: ExpectedProvenance
) -> VerifiedGcbProvenance:
    """Verify gcloud's description of an image; the first provenance that passes counts.

    1. Some signature is Google's, over exactly the payload.
    2. The predicate is of the type its key signs.
    3. A subject has the digest.
    4. Builder and build type are Cloud Build's, and the builder is the expected one.
    5. The source is the expected one.
    6. The tag or versioned tag is the expected one; a branch is not vouched for and is refused.
    7. The unsigned wrapper says the same: kind, resource, summary and readable copy.

    Raises `InvalidInput` ``gcb.*`` or ``json.*`` for another document; otherwise
    `VerificationFailed` ``gcb.*``, ``slsa.*`` or ``subject.mismatch``, with the reason of the first
    entry that Google signed, or of the first.
    """
    _refuse_unsupported(expected)
    description = _parse_description(document)
    failures: list[VerificationFailed] = []
    for entry in description["provenance_summary"].objects("provenance"):
        try:
            return _verify_entry(entry, description, digest=digest, expected=expected)
        except VerificationFailed as error:
            failures.append(error)
    if not failures:
        raise InvalidInput("gcb.empty", "document holds no Cloud Build provenance")
    signed = [failure for failure in failures if failure.code != "gcb.signature"]
    raise (signed or failures)[0]


def _refuse_unsupported(expected: ExpectedProvenance) -> None:
    if expected.branch is not None:
        raise VerificationFailed(
            "slsa.branch-unknown",
            "Cloud Build does not vouch for the branch of a build",
            hint="expect the tag instead",
        )
    if expected.inputs:
        raise InvalidInput(
            "slsa.expectation", "workflow inputs exist on GitHub only, not on Cloud Build"
        )


def _parse_description(document: bytes) -> Claims:
    what = "Cloud Build provenance"
    description = parse_object(document, what=what, max_bytes=MAX_EVIDENCE_BYTES)
    if "provenance_summary" not in description:
        raise InvalidInput(
            "gcb.malformed",
            f"{what} has no provenance_summary",
            hint="gcloud artifacts docker images describe IMAGE --show-provenance --format json",
        )
    return Claims(description, what)


def _verify_entry(
    entry: Claims, description: Claims, *, digest: Digest, expected: ExpectedProvenance
) -> VerifiedGcbProvenance:
    try:
        # 1.
        envelope = read_envelope(entry["envelope"].raw(), what="envelope")
        check_is_statement(envelope)
        key_name = _verify_signatures(envelope)
        # 2.
        statement = parse_statement(envelope.payload)
        provenance = _read_provenance(statement, key_name)
        # 3.
        match_subject(statement, digest)
        # 4.
        check_build_type(provenance)
        wanted = BuilderId.parse(expected.builder or GCB_BUILDER)
        match_builder(wanted, BuilderId.parse(provenance.builder_id))
        # 5.
        _check_source(provenance, expected)
        # 6.
        check_revision(provenance, expected)
        # 7.
        _check_wrapper(entry, description, digest)
        _check_readable_copy(entry["build"], envelope.payload)
    except InvalidInput as error:
        raise VerificationFailed("gcb.entry", error.message) from error
    return VerifiedGcbProvenance(provenance=provenance, key_name=key_name, payload=envelope.payload)


def _verify_signatures(envelope: Envelope) -> str:
    """Return the name of the key that made one of the signatures."""
    reasons = []
    for signature in envelope.signatures:
        try:
            name, key, message = _signed_with(signature.keyid, envelope)
            key.verify(signature.signature, message)
        except VerificationFailed as error:
            reasons.append(error.message)
        else:
            return name
    raise VerificationFailed(
        "gcb.signature", f"no valid signature by Cloud Build: {'; '.join(reasons)}"
    )


def _signed_with(key_id: str, envelope: Envelope) -> tuple[str, PublicKey, bytes]:
    """Return name, key and message of a signature; here the key id chooses the key.

    Regional keys are older than DSSE's encoding and sign the bare payload. Which of the two a key
    signs is fixed by the key, so no signature counts in both ways.
    """
    match = _KEY_ID.fullmatch(key_id)
    region, key = (match["region"], match["key"]) if match else ("", "")
    if region == "global" and key in PAE_KEYS:
        return _pae_name(key), _public_key(key, PAE_KEYS[key]), envelope.signed_bytes
    if key == "builtByGCB" and region in REGIONAL_KEYS:
        return region, _public_key(region, REGIONAL_KEYS[region]), envelope.payload
    raise VerificationFailed("gcb.key", f"not a key of Cloud Build: {quote(key_id)}")


def _pae_name(key: str) -> str:
    return f"global-pae-{key}_1"


def _public_key(name: str, spki_base64: str) -> PublicKey:
    what = f"Cloud Build key {name}"
    return PublicKey.from_der(decode_base64(spki_base64, what=what), what=what)


def _read_provenance(statement: Statement, key_name: str) -> Provenance:
    wanted = SLSA_PROVENANCE_V1 if key_name == _V1_KEY else SLSA_PROVENANCE_V01
    if statement.predicate_type != wanted:
        raise Mismatch("predicate-type", expected=wanted, got=statement.predicate_type)
    if wanted == SLSA_PROVENANCE_V1:
        return read_provenance(statement.predicate_type, statement.predicate)
    return read_v01(statement.predicate)


def _check_source(provenance: Provenance, expected: ExpectedProvenance) -> None:
    if expected.source is None:
        return
    wanted = canonical_source(expected.source)
    got = provenance.source.repository if provenance.source else ""
    if got != wanted:
        raise Mismatch("source", expected=wanted, got=got)


def _check_wrapper(entry: Claims, description: Claims, digest: Digest) -> None:
    if entry.text("kind") != "BUILD":
        raise Mismatch("kind", expected="BUILD", got=entry.text("kind"), code="gcb.kind")
    summary = description["image_summary"]
    told = (
        ("resource", str(digest), entry.text("resourceUri").rpartition("@")[2]),
        ("summary's digest", str(digest), summary.text("digest")),
        ("summary's name", str(digest), summary.text("fully_qualified_digest").rpartition("@")[2]),
    )
    for what, wanted, got in told:
        if got != wanted:
            raise VerificationFailed(
                "gcb.wrapper",
                f"unsigned {what} differs from what is signed: expected {wanted}, got {quote(got)}",
            )


def _check_readable_copy(build: Claims, payload: bytes) -> None:
    """Compare what people read in the document with what is signed.

    A signed v0.1 statement holds its predicate twice, under the standard's name and under Google's
    ``slsaProvenance``; the copy has the latter alone.
    """
    signed: dict[str, Any] = parse_object(payload, what="statement")
    copy: Mapping[str, Any] = build["inTotoSlsaProvenanceV1"].raw()
    if "slsaProvenance" in signed:
        copy = build["intotoStatement"].raw()
        if signed.pop("predicate", None) != signed["slsaProvenance"]:
            raise malformed("its predicate and its slsaProvenance differ")
    if signed != copy:
        raise VerificationFailed(
            "gcb.readable-copy", "readable copy of the provenance differs from what is signed"
        )

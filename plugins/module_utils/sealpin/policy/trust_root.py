# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""TrustRoot documents: roots a ClusterImagePolicy refers to by name.

Format: https://docs.sigstore.dev/policy-controller/overview/#configuring-trustroot, with every
error of a document reported (the peer keeps the last one). ``sigstoreKeys`` have no validity
windows in this format. ``remote`` and ``repository`` are TUF repositories, which `policy.sources`
may or may not be able to read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .. import jsonbytes
from ..chain import ChainProfile
from ..errors import InvalidInput
from ..trust.root import CertificateAuthority, TimestampAuthority, TrustedRoot
from ..trust.root_pems import root_from_pems
from .fields import Fields
from .model import Unresolved
from .sources import Sources, TufRoot, resolve

if TYPE_CHECKING:
    from ..certificates import Certificate

    _Certificates = tuple[Certificate, ...]

_LOG_HASHES = ("sha-256", "sha256")


def read_trust_root(spec: Fields, name: str, sources: Sources) -> TrustedRoot | Unresolved:
    """Read the ``spec`` of the TrustRoot called *name*; problems go to the reader of *spec*."""
    kind = spec.exactly_one("repository", "remote", "sigstoreKeys")
    inner = spec.mapping(kind) if kind else None
    root: TrustedRoot | Unresolved = TrustedRoot()
    if inner is not None:
        if kind == "sigstoreKeys":
            root = _read_keys(inner)
        else:
            root = _read_tuf(inner, name, kind, sources)
        inner.finish()
    spec.finish()
    return root


def _read_tuf(inner: Fields, name: str, kind: str, sources: Sources) -> TrustedRoot | Unresolved:
    problems_before = len(inner.reader.problems)
    root_json = _decode(inner, "root")
    if root_json:
        inner.reader.attempt("root", inner.at("root"), lambda: _check_root(root_json))
    mirror = inner.text("mirror", required=True) if kind == "remote" else ""
    archive = _decode(inner, "mirrorFS") if kind == "repository" else b""
    tuf = TufRoot(
        name=name,
        root_json=root_json,
        mirror=mirror,
        archive=archive,
        targets=inner.text("targets") or "targets",
        target=inner.text("trustedRootTarget") or "trusted_root.json",
    )
    if len(inner.reader.problems) > problems_before:
        return TrustedRoot()
    found = inner.reader.attempt(name, inner.path, lambda: resolve(lambda: sources.tuf_root(tuf)))
    return found if found is not None else TrustedRoot()


def _check_root(root_json: bytes) -> None:
    document = jsonbytes.parse_object(root_json, what="root.json")
    if not document.get("signatures"):
        raise InvalidInput("trust.root-json", "missing signatures in root.json")


def _read_keys(inner: Fields) -> TrustedRoot:
    if not inner.items("certificateAuthorities") and not inner.items("timestampAuthorities"):
        inner.reader.add(
            "expected exactly one, got neither",
            inner.at("certificateAuthorities"),
            inner.at("timestampAuthorities"),
        )
    root = TrustedRoot()
    for authority in inner.mappings("certificateAuthorities"):
        root = root.joined(_read_authority(authority, certificate_authority))
    for authority in inner.mappings("timestampAuthorities"):
        root = root.joined(_read_authority(authority, _timestamp_authority))
    for log in inner.mappings("tLogs"):
        root = root.joined(_read_log(log, "rekor_keys"))
    for log in inner.mappings("ctLogs"):
        root = root.joined(_read_log(log, "ct_keys"))
    return root


def _read_authority(entry: Fields, make: Callable[[bytes, str], TrustedRoot]) -> TrustedRoot:
    subject = entry.mapping("subject")
    if subject is None:
        entry.reader.missing(entry.at("subject"))
    else:
        subject.text("organization", required=True)
        subject.text("commonName", required=True)
        subject.finish()
    uri = entry.text("uri", required=True)
    chain = _decode(entry, "certChain")
    entry.finish()
    if not chain:
        return TrustedRoot()
    found = entry.reader.attempt("certChain", entry.at("certChain"), lambda: make(chain, uri))
    return found if found is not None else TrustedRoot()


def certificate_authority(chain: bytes, name: str) -> TrustedRoot:
    """Make a root of PEM certificates in any order; self-issued ones are the roots.

    Raises `InvalidInput` ``certificate.malformed`` or ``trust.incomplete``.
    """
    _unused, intermediates, roots = _sort(chain, name)
    return TrustedRoot(
        certificate_authorities=tuple(
            CertificateAuthority(
                name=name, root=root, intermediates=intermediates, profile=ChainProfile.PRIVATE
            )
            for root in roots
        )
    )


def _timestamp_authority(chain: bytes, name: str) -> TrustedRoot:
    leaves, intermediates, roots = _sort(chain, name)
    if len(leaves) != 1:
        raise InvalidInput(
            "trust.incomplete", f"{name}: expected one timestamping certificate, got {len(leaves)}"
        )
    return TrustedRoot(
        timestamp_authorities=tuple(
            TimestampAuthority(
                name=name,
                leaf=leaves[0],
                intermediates=intermediates,
                root=root,
                profile=ChainProfile.PRIVATE,
            )
            for root in roots
        )
    )


def _sort(chain: bytes, name: str) -> tuple[_Certificates, _Certificates, _Certificates]:
    """Sort a PEM chain into leaves, intermediates and (at least one) roots."""
    from ..certificates import Certificate  # loads a library that few policies need

    certificates = Certificate.chain_from_pem(chain, what=name)
    leaves = tuple(item for item in certificates if not item.is_authority)
    roots = tuple(item for item in certificates if item.is_authority and item.is_self_issued)
    between = tuple(item for item in certificates if item.is_authority and not item.is_self_issued)
    if not roots:
        raise InvalidInput("trust.incomplete", f"{name}: expected a self-issued root, got none")
    return leaves, between, roots


def _read_log(entry: Fields, argument: str) -> TrustedRoot:
    url = entry.text("baseURL", required=True)
    algorithm = entry.text("hashAlgorithm", required=True)
    if algorithm and algorithm.lower() not in _LOG_HASHES:
        entry.reader.invalid(algorithm, entry.at("hashAlgorithm"), "expected sha-256")
    key = _decode(entry, "publicKey")
    entry.finish()
    if not key:
        return TrustedRoot()
    found = entry.reader.attempt(
        "publicKey", entry.at("publicKey"), lambda: _MAKE_LOG[argument](key, url)
    )
    return found if found is not None else TrustedRoot()


_MAKE_LOG = {
    "rekor_keys": lambda key, url: root_from_pems(rekor_keys=(key,), name=url),
    "ct_keys": lambda key, url: root_from_pems(ct_keys=(key,), name=url),
}


def _decode(entry: Fields, name: str) -> bytes:
    """Decode a required base64 field; empty, with a problem, when absent or malformed."""
    text = entry.text(name, required=True)
    if not text:
        return b""
    path = entry.at(name)
    return (
        entry.reader.attempt(
            text, path, lambda: jsonbytes.decode_base64(text, what=f"the field {name}")
        )
        or b""
    )

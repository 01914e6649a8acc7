# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Whom an authority of a ClusterImagePolicy believes: its key, certificates, logs and timestamps.

A key or certificate in a Secret, a key service or a TrustRoot that nobody gave is `Unresolved`, and
so is the trust that depends on it. Stricter than policy-controller:

- a keyless authority is held against a transparency log whatever its ``trustRootRef``, and with
  ``ctlog: {}`` too;
- ``rfc3161timestamp`` replaces the log only where no ``ctlog`` is given; with one, both are wanted.

``ca-cert`` holds certificates, and signatures under them verify (in the peer they never do).
"""

from __future__ import annotations

import re

from ..records import dataclass, replace
from ..trust.keys import NamedKey, load_key
from ..trust.root import TrustedRoot
from ..weakening import Weakening
from .cluster_objects import CONTROLLER_NAMESPACE, ClusterObjects
from .fields import Fields
from .model import Unresolved
from .sources import resolve
from .trust_root import certificate_authority

_KMS_SCHEMES = ("awskms://", "azurekms://", "gcpkms://", "hashivault://")
_AWS_ARN = re.compile(
    r"awskms://(?:[^/:]+:[0-9]+)?/arn:(?:aws|aws-us-gov|aws-cn):kms:[a-z0-9-]+:[0-9]{12}:"
    r"(?:alias/.+|key/m?r?k?-?[A-Fa-f0-9]{8}(?:-?[A-Fa-f0-9]{4}){3}-?[A-Fa-f0-9]{12})"
)


def read_named_key(inner: Fields, objects: ClusterObjects) -> NamedKey | Unresolved | None:
    """Read ``data``, ``kms`` or ``secretRef``; None, with problems, when it does not load."""
    algorithm = _read_hash_algorithm(inner)
    given = [name for name in ("data", "kms", "secretRef") if inner.any(name) not in (None, "")]
    if len(given) != 1:
        paths = (inner.at(name) for name in ("data", "kms", "secretref"))
        inner.reader.add(f"expected exactly one, got {'both' if given else 'neither'}", *paths)
        return None
    if given == ["kms"]:
        uri = inner.text("kms")
        _check_kms(uri, inner)
        return resolve(lambda: objects.sources.kms_key(uri, algorithm))
    pem = inner.text("data").encode() if given == ["data"] else _read_secret_ref(inner, objects)
    if isinstance(pem, Unresolved):
        return pem
    path = inner.at(given[0])
    return inner.reader.attempt(
        pem.decode("utf-8", "replace") if given == ["data"] else "(a secret's value)",
        path,
        lambda: load_key(pem, name=_key_name(inner, given[0]), hash_algorithm=algorithm),
    )


def _key_name(inner: Fields, given: str) -> str:
    return inner.reader.origin(inner.at(given))


def _read_hash_algorithm(inner: Fields) -> str:
    """Read ``hashAlgorithm`` as the peer normalises it; empty when absent or wrong."""
    text = inner.text("hashAlgorithm")
    algorithm = text.strip().lower()
    if algorithm and algorithm not in ("sha224", "sha256", "sha384", "sha512"):
        inner.reader.invalid(text, inner.at("hashAlgorithm"))
        return ""
    return algorithm


def _check_kms(uri: str, inner: Fields) -> None:
    path = inner.at("kms")
    if not uri.startswith(_KMS_SCHEMES):
        inner.reader.invalid(uri, path, f"expected one of {', '.join(_KMS_SCHEMES)}")
    elif uri.startswith("awskms://") and _AWS_ARN.fullmatch(uri) is None:
        inner.reader.invalid(
            uri, path, "expected awskms://[HOST:PORT]/ARN, the ARN of a key or an alias"
        )


def _read_secret_ref(inner: Fields, objects: ClusterObjects) -> bytes | Unresolved:
    reference = inner.mapping("secretRef")
    if reference is None:
        return b""
    name, namespace = reference.text("name"), reference.text("namespace")
    if not name:
        reference.reader.missing(reference.at("name"))
    if namespace not in ("", CONTROLLER_NAMESPACE):
        reference.reader.invalid(
            namespace,
            reference.at("namespace"),
            f"expected the controller's, {CONTROLLER_NAMESPACE}",
        )
    reference.finish()
    return objects.secret(name)


def read_certificates(
    inner: Fields, objects: ClusterObjects, base: TrustedRoot | Unresolved
) -> TrustedRoot | Unresolved:
    """Return *base*, its certificate authorities replaced by ``ca-cert`` where that is given."""
    given = inner.mapping("ca-cert")
    if given is None:
        return base
    kind = given.exactly_one("data", "secretRef")
    pem = given.text("data").encode() if kind == "data" else _read_secret_ref(given, objects)
    given.finish()
    if isinstance(pem, Unresolved):
        return pem
    if not kind:
        return base
    root = given.reader.attempt(
        "ca-cert", given.path, lambda: certificate_authority(pem, _key_name(given, kind))
    )
    if root is None or isinstance(base, Unresolved):
        return base
    return replace(base, certificate_authorities=root.certificate_authorities)


@dataclass(frozen=True, slots=True, kw_only=True)
class Demands:
    """Which logs and timestamp authorities are believed, and which check is given up."""

    logs: TrustedRoot | Unresolved
    timestamps: TrustedRoot | Unresolved
    weakenings: frozenset[Weakening]
    require_timestamp: bool


def read_demands(
    entry: Fields, objects: ClusterObjects, *, base: TrustedRoot | Unresolved, wants_log: bool
) -> Demands:
    """Read ``ctlog`` and ``rfc3161timestamp``; without either a log is asked where *wants_log*.

    A root named there speaks for it; a ``ctlog`` without one means the public-good logs, as in the
    peer.
    """
    logs, timestamps = base, base
    log = entry.mapping("ctlog")
    if log is not None:
        name = log.text("trustRootRef")
        log.text("url")
        logs = objects.root(name) if name else objects.default_root()
        log.finish()
    stamp = entry.mapping("rfc3161timestamp")
    if stamp is not None:
        name = stamp.text("trustRootRef")
        timestamps = objects.root(name) if name else base
        stamp.finish()
    has_log = log is not None or (wants_log and stamp is None)
    return Demands(
        logs=logs,
        timestamps=timestamps,
        weakenings=frozenset() if has_log else frozenset({Weakening.IGNORE_TLOG}),
        require_timestamp=stamp is not None,
    )

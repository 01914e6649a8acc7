# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The authorities of a ClusterImagePolicy: who may sign, under which roots, with what attestations.

Which checks an authority's evidence must pass, where that differs from policy-controller, is always
the stricter reading:

- a keyless authority is held against a transparency log whatever its ``trustRootRef``, and with
  ``ctlog: {}`` too;
- ``rfc3161timestamp`` replaces the log only where no ``ctlog`` is given; with one, both are wanted;
- ``ca-cert`` holds certificates, and signatures under them verify (in the peer they never do);
- ``signatureFormat`` absent accepts both formats, for keys too; any word but ``legacy`` and
  ``bundle`` is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Union

from ..attestations.predicates import predicate_type
from ..errors import InvalidInput, quote
from ..records import dataclass, replace
from ..reference import Repository
from ..regexes import compile_pattern
from ..trust.keys import NamedKey, load_key
from ..trust.root import TrustedRoot
from ..weakening import Weakening
from .authority_trust import NOTHING, Roots, TrustTable
from .cluster_objects import CONTROLLER_NAMESPACE, ClusterObjects
from .fields import Fields, render
from .model import (
    AttestationRule,
    Authority,
    EvidencePlace,
    EvidenceRules,
    Formats,
    IdentityRule,
    KeyAuthority,
    KeylessAuthority,
    ProgramCondition,
    PullSecret,
    StaticAuthority,
    TextRule,
    Unresolved,
)
from .sources import resolve
from .trust_root import certificate_authority

ReadProgram = Callable[[Fields], Union[ProgramCondition, None]]

_FORMATS = {"legacy": Formats.LEGACY, "bundle": Formats.BUNDLE}
_ACTIONS = {"pass": True, "fail": False}
_KMS_SCHEMES = ("awskms://", "azurekms://", "gcpkms://", "hashivault://")
_AWS_ARN = re.compile(
    r"awskms://(?:[^/:]+:[0-9]+)?/arn:(?:aws|aws-us-gov|aws-cn):kms:[a-z0-9-]+:[0-9]{12}:"
    r"(?:alias/.+|key/m?r?k?-?[A-Fa-f0-9]{8}(?:-?[A-Fa-f0-9]{4}){3}-?[A-Fa-f0-9]{12})"
)


def read_authority(
    entry: Fields, index: int, objects: ClusterObjects, table: TrustTable, read_program: ReadProgram
) -> Authority | None:
    """Read one entry of ``authorities``; what it makes counts only if no problem was noted."""
    name = entry.text("name") or f"authority-{index}"
    kind = entry.exactly_one("key", "keyless", "static")
    inner = entry.mapping(kind) if kind else None
    if inner is None:
        return None
    authority: Authority | None
    if kind == "static":
        authority = _read_static(entry, inner, name)
    else:
        rules = _read_rules(entry, objects, read_program)
        if kind == "keyless":
            authority = _read_keyless(
                entry, inner, name=name, rules=rules, objects=objects, table=table
            )
        else:
            authority = _read_key(
                entry, inner, name=name, rules=rules, objects=objects, table=table
            )
    inner.finish()
    entry.finish()
    return authority


def _read_static(entry: Fields, inner: Fields, name: str) -> StaticAuthority:
    passes = inner.choice("action", _ACTIONS, details="unsupported action")
    if not inner.has("action"):
        inner.reader.missing(inner.at("action"))
    for other in ("attestations", "source", "ctlog", "rfc3161timestamp"):
        if entry.has(other):
            entry.reader.add("expected exactly one, got both", entry.at("static"), entry.at(other))
    return StaticAuthority(name=name, passes=passes is True, message=inner.text("message"))


def _read_keyless(
    entry: Fields,
    inner: Fields,
    *,
    name: str,
    rules: EvidenceRules,
    objects: ClusterObjects,
    table: TrustTable,
) -> KeylessAuthority | None:
    if inner.has("url") and inner.has("ca-cert"):
        inner.reader.add("expected exactly one, got both", inner.at("ca-cert"), inner.at("url"))
    inner.text("url")  # where the signer got the certificate; says nothing of whom to believe
    identities = tuple(_read_identities(inner))
    base = objects.root(inner.text("trustRootRef")) if inner.has("trustRootRef") else None
    demands = _read_demands(entry, objects, base=base or objects.default_root(), wants_log=True)
    certificates = _read_ca_cert(inner, objects, base or objects.default_root())
    weakenings = demands.weakenings
    if inner.boolean("insecureIgnoreSCT"):
        weakenings |= {Weakening.IGNORE_SCT}
    if not identities:
        return None
    trust = table.keyless(
        Roots(certificates=certificates, logs=demands.logs, timestamps=demands.timestamps),
        weakenings,
        require_timestamp=demands.require_timestamp,
    )
    return KeylessAuthority(name=name, identities=identities, trust=trust, rules=rules)


def _read_key(
    entry: Fields,
    inner: Fields,
    *,
    name: str,
    rules: EvidenceRules,
    objects: ClusterObjects,
    table: TrustTable,
) -> KeyAuthority | None:
    named = _read_named_key(inner, objects)
    base = (
        objects.default_root() if entry.has("ctlog") or entry.has("rfc3161timestamp") else NOTHING
    )
    demands = _read_demands(entry, objects, base=base, wants_log=False)
    if named is None:
        return None
    trust = table.key(
        named,
        Roots(certificates=base, logs=demands.logs, timestamps=demands.timestamps),
        demands.weakenings,
        require_timestamp=demands.require_timestamp,
    )
    return KeyAuthority(name=name, trust=trust, rules=rules)


def _read_named_key(inner: Fields, objects: ClusterObjects) -> NamedKey | Unresolved | None:
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
    return f"{inner.reader.origin(inner.at(given))}"


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


def _read_ca_cert(
    inner: Fields, objects: ClusterObjects, base: TrustedRoot | Unresolved
) -> TrustedRoot | Unresolved:
    """Return *base*, its certificate authorities replaced by ``ca-cert`` where that is given."""
    given = inner.mapping("ca-cert")
    if given is None:
        return base
    kind = given.exactly_one("data", "secretRef")
    pem = given.text("data").encode() if kind == "data" else _read_secret_ref(given, objects)
    given.finish()
    if not kind or isinstance(pem, Unresolved):
        return pem if isinstance(pem, Unresolved) else base
    root = given.reader.attempt(
        "ca-cert", given.path, lambda: certificate_authority(pem, _key_name(given, kind))
    )
    if root is None or isinstance(base, Unresolved):
        return base
    return replace(base, certificate_authorities=root.certificate_authorities)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Demands:
    """Which logs and timestamp authorities are believed, and which check is given up."""

    logs: TrustedRoot | Unresolved
    timestamps: TrustedRoot | Unresolved
    weakenings: frozenset[Weakening]
    require_timestamp: bool


def _read_demands(
    entry: Fields, objects: ClusterObjects, *, base: TrustedRoot | Unresolved, wants_log: bool
) -> _Demands:
    """Read ``ctlog`` and ``rfc3161timestamp``.

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
    return _Demands(
        logs=logs,
        timestamps=timestamps,
        weakenings=frozenset() if has_log else frozenset({Weakening.IGNORE_TLOG}),
        require_timestamp=stamp is not None,
    )


def _read_identities(inner: Fields) -> Iterator[IdentityRule]:
    path = inner.at("identities")
    if not inner.items("identities"):
        inner.reader.missing(
            path, details=f"{render(path)}: Invalid value: at least one is expected"
        )
    for entry in inner.mappings("identities"):
        issuer = _read_text_rule(entry, "issuer", "issuerRegExp")
        subject = _read_text_rule(entry, "subject", "subjectRegExp")
        entry.finish()
        if issuer is not None and subject is not None:
            yield IdentityRule(issuer=issuer, subject=subject)


def _read_text_rule(entry: Fields, exact: str, pattern: str) -> TextRule | None:
    text, expression = entry.text(exact), entry.text(pattern)
    if text and expression:
        entry.reader.add("expected exactly one, got both", entry.at(exact), entry.at(pattern))
        return None
    if expression:
        path = entry.at(pattern)
        return entry.reader.attempt(
            expression, path, lambda: compile_pattern(expression, where="the pattern")
        )
    if not text:
        entry.reader.missing(entry.at(exact), entry.at(pattern))
    return text or None


def _read_rules(entry: Fields, objects: ClusterObjects, read_program: ReadProgram) -> EvidenceRules:
    attestations = tuple(_read_attestations(entry, read_program))
    places = tuple(_read_places(entry, objects))
    return EvidenceRules(
        attestations=attestations,
        wants_signature=not attestations,
        places=places,
        places_replace=bool(places),
        formats=entry.choice("signatureFormat", _FORMATS) or Formats.ANY,
    )


def _read_attestations(entry: Fields, read_program: ReadProgram) -> Iterator[AttestationRule]:
    for attestation in entry.mappings("attestations"):
        name = attestation.text("name", required=True)
        written = attestation.text("predicateType", required=True)
        policy = attestation.mapping("policy")
        for field in ("fetchConfigFile", "includeSpec", "includeObjectMeta", "includeTypeMeta"):
            if policy is not None and policy.has(field):
                policy.reader.add("must not set the field(s)", policy.at(field))
        program = read_program(policy) if policy is not None else None
        attestation.finish()
        yield AttestationRule(
            name=name,
            predicate_type=predicate_type(written),
            written_type=written,
            conditions=(program,) if program is not None else (),
        )


def _read_places(entry: Fields, objects: ClusterObjects) -> Iterator[EvidencePlace]:
    """Read ``source``: one place that replaces the image's own."""
    sources = list(entry.mappings("source"))
    if len(sources) > 1:
        entry.reader.invalid("source", entry.at("source"), "only single source is supported")
    for source in sources:
        oci, prefix = source.text("oci"), source.text("tagPrefix")
        secrets = tuple(_read_pull_secrets(source, objects))
        source.finish()
        repository = None
        if oci:
            path = source.at("oci")
            repository = source.reader.attempt(oci, path, partial(_parse_oci, oci))
        yield EvidencePlace(repository=repository, tag_prefix=prefix, pull_secrets=secrets)


def _read_pull_secrets(source: Fields, objects: ClusterObjects) -> Iterator[PullSecret]:
    for entry in source.mappings("signaturePullSecrets"):
        name = entry.text("name", required=True)
        entry.finish()
        secret = entry.reader.attempt(name, entry.at("name"), partial(objects.pull_secret, name))
        if secret is not None:
            yield secret


def _parse_oci(text: str) -> Repository:
    """Parse ``host/path``; a host alone, which the peer accepts and misreads, is refused."""
    host, slash, _rest = text.partition("/")
    if not slash or not ("." in host or ":" in host):
        raise InvalidInput(
            "reference.repository", f"expected a registry and a repository, got {quote(text)}"
        )
    return Repository.parse(text)

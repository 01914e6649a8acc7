# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Whom an authority of the short spelling believes: its key, trusted root and own certificates."""

from __future__ import annotations

from ..records import dataclass, replace
from ..trust.keys import NamedKey, load_key
from ..trust.material import KeylessTrust, KeyTrust
from ..trust.root import TrustedRoot
from ..trust.root_json import parse_trusted_root
from ..weakening import Weakening
from .authority_trust import Roots, TrustTable
from .cluster_objects import ClusterObjects
from .fields import Fields
from .model import Unresolved
from .sources import file_field, path_field, resolve
from .trust_root import certificate_authority

_HASH_ALGORITHMS = {word: word for word in ("sha224", "sha256", "sha384", "sha512")}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Demands:
    """Whom an authority believes, and what it gives up."""

    roots: Roots
    weakenings: frozenset[Weakening]
    require_timestamp: bool


class TrustReader:
    """Reads trust under one file's default root."""

    def __init__(self, *, objects: ClusterObjects, table: TrustTable, root_path: str) -> None:
        self._sources = objects.sources
        self._objects = objects
        self._table = table
        self._root_path = root_path

    def keyless(self, inner: Fields) -> KeylessTrust | Unresolved:
        """Read the fields of trust of ``keyless`` or ``publisher``."""
        demands = self._read_demands(inner, has_certificate=True)
        return self._table.keyless(
            demands.roots, demands.weakenings, require_timestamp=demands.require_timestamp
        )

    def key(self, inner: Fields) -> KeyTrust | Unresolved | None:
        """Read ``key`` as a mapping; None, with problems, when the key does not load."""
        algorithm = inner.choice("hash_algorithm", _HASH_ALGORITHMS) or ""
        named = self._read_named_key(inner, algorithm)
        demands = self._read_demands(inner, has_certificate=False)
        if named is None:
            return None
        return self._table.key(
            named, demands.roots, demands.weakenings, require_timestamp=demands.require_timestamp
        )

    def _read_named_key(self, inner: Fields, algorithm: str) -> NamedKey | Unresolved | None:
        given = inner.exactly_one("file", "data", "kms")
        if not given:
            return None
        text = inner.text(given)
        if given == "kms":
            return resolve(lambda: self._sources.kms_key(text, algorithm))
        if given == "file":
            pem = file_field(inner, "file", self._sources)
            name = text
        else:
            pem, name = text.encode(), inner.reader.origin(inner.at("data"))
        if pem is None or isinstance(pem, Unresolved):
            return pem
        return inner.reader.attempt(
            text, inner.at(given), lambda: load_key(pem, name=name, hash_algorithm=algorithm)
        )

    def _read_demands(self, inner: Fields, *, has_certificate: bool) -> _Demands:
        """Read the fields of trust that ``keyless``, ``key`` and ``publisher`` share."""
        weakenings = set()
        if inner.boolean("insecure_ignore_tlog"):
            weakenings.add(Weakening.IGNORE_TLOG)
        if has_certificate and inner.boolean("insecure_ignore_sct"):
            weakenings.add(Weakening.IGNORE_SCT)
        root = self._read_root(inner)
        if has_certificate:
            root = self._with_own_authorities(inner, root)
        return _Demands(
            roots=Roots(certificates=root, logs=root, timestamps=root),
            weakenings=frozenset(weakenings),
            require_timestamp=inner.boolean("require_timestamp"),
        )

    def _with_own_authorities(
        self, inner: Fields, root: TrustedRoot | Unresolved
    ) -> TrustedRoot | Unresolved:
        ca_file = file_field(inner, "ca_file", self._sources)
        if isinstance(ca_file, Unresolved):
            return ca_file
        if ca_file is None or isinstance(root, Unresolved):
            return root
        path, name = inner.at("ca_file"), inner.text("ca_file")
        own = inner.reader.attempt(name, path, lambda: certificate_authority(ca_file, name))
        if own is None:
            return root
        return replace(root, certificate_authorities=own.certificate_authorities)

    def _read_root(self, inner: Fields) -> TrustedRoot | Unresolved:
        """The root an authority names, else the file's, else the default one."""
        path = path_field(inner, "trusted_root") or self._root_path
        if not path:
            return self._objects.default_root()
        found = inner.reader.attempt(path, inner.at("trusted_root"), lambda: self._load_root(path))
        return found if found is not None else TrustedRoot()

    def _load_root(self, path: str) -> TrustedRoot | Unresolved:
        data = resolve(lambda: self._sources.read(path))
        return data if isinstance(data, Unresolved) else parse_trusted_root(data, what=path)

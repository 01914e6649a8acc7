# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""From policy files to a `PolicySet`: every document of every file, nothing dropped.

A file holds either one configuration in the short spelling (`policy.sealpin_document`) or any
number of Kubernetes documents: ClusterImagePolicy, TrustRoot, and the Secrets and ConfigMaps they
refer to. Two policies of one name, a key that is there twice, a kind nobody reads: each is an error
with its file, line and column, and no policy is loaded then.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeVar

from ..errors import InvalidInput, PolicyInvalid, Unavailable, quote
from ..limits import MAX_POLICY_BYTES
from ..records import dataclass
from ..yamlnodes import Document
from ..yamlread import read_documents as read_yaml
from ..yamlschema import to_plain
from .authority_trust import TrustTable
from .cluster_objects import (
    CONTROLLER_CONFIG,
    ClusterObjects,
    read_config_map,
    read_controller_config,
    read_secret,
)
from .fields import DocumentInvalid, Fields, Path, Reader
from .fingerprint import make_policy_set
from .model import NoMatch, PolicySet, TrustPolicy
from .sealpin_document import SealpinDocument, Settings, read_sealpin_document, read_settings
from .sources import Sources, check_path

_T = TypeVar("_T")

_POLICY_GROUP = "policy.sigstore.dev"
_KINDS = frozenset(
    {
        (f"{_POLICY_GROUP}/v1alpha1", "ClusterImagePolicy"),
        (f"{_POLICY_GROUP}/v1beta1", "ClusterImagePolicy"),
        (f"{_POLICY_GROUP}/v1alpha1", "TrustRoot"),
        ("v1", "Secret"),
        ("v1", "ConfigMap"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """What policy files say."""

    policies: PolicySet
    settings: Settings
    """Of the short spelling; the defaults where no such file was given."""


def parse_policy_files(files: Mapping[str, bytes], *, sources: Sources) -> PolicySet:
    """Read policy files (name to content) into one policy set. Raises as `load_configuration`."""
    return load_configuration(files, sources=sources).policies


def load_configuration(
    files: Mapping[str, bytes],
    *,
    sources: Sources,
    on_settings: Callable[[Settings], None] = lambda _settings: None,
) -> Configuration:
    """Read policy files and what they include.

    *on_settings* is told what a file says beside policy before *sources* is asked for a root.

    Raises `DocumentInvalid` (a `PolicyInvalid`) with every problem found, `MissingDependency` where
    a library that reading needs is absent.
    """
    return _Loader(sources, on_settings).load(files)


class _Loader:
    """One loading: files are taken apart, objects are read, then policies that refer to them."""

    def __init__(self, sources: Sources, on_settings: Callable[[Settings], None]) -> None:
        self.sources = sources
        self.on_settings = on_settings
        self.objects = ClusterObjects(sources=sources)
        self.table = TrustTable()
        self.readers: list[Reader] = []
        self.cluster: list[tuple[str, str, Fields]] = []
        """Kind, name and top level of every Kubernetes document."""
        self.short: Fields | None = None
        self.files: list[str] = []

    def load(self, files: Mapping[str, bytes]) -> Configuration:
        for name, data in files.items():
            self._take_apart(name, data, is_included=False)
        if self.short is not None:
            self._follow_includes(self.short)
        self._raise_problems()
        settings = read_settings(self.short) if self.short is not None else Settings()
        self.on_settings(settings)
        self._read_objects()
        policies = self._read_policies()
        document = SealpinDocument()
        if self.short is not None:
            document = read_sealpin_document(
                self.short, settings=settings, objects=self.objects, table=self.table
            )
        self._check_names((*policies, *document.policies))
        no_match = self._no_match(document)
        self._raise_problems()
        return Configuration(
            policies=make_policy_set(
                (*policies, *document.policies),
                no_match=no_match,
                selection=document.selection,
                origin=tuple(self.files),
            ),
            settings=settings,
        )

    def _take_apart(self, file: str, data: bytes, *, is_included: bool) -> None:
        self.files.append(file)
        documents = [d for d in read_documents(file, data) if d.root is not None]
        if not documents:
            raise _invalid(file, "the file holds no document")
        for document in documents:
            reader = Reader(document, file=file)
            self.readers.append(reader)
            fields = top_level(document, reader)
            if fields is None:
                continue
            if fields.has("version") and not fields.has("apiVersion"):
                self._take_short(fields, is_included=is_included)
            else:
                self._take_cluster(fields)

    def _take_short(self, fields: Fields, *, is_included: bool) -> None:
        if is_included or self.short is not None:
            fields.reader.add(
                "only one configuration in the short spelling can be read at a time",
                fields.at("version"),
                hint="include files hold ClusterImagePolicy and TrustRoot documents",
            )
            return
        self.short = fields
        fields.reader.place_of = partial(_place_of, "", fields.reader)

    def _take_cluster(self, fields: Fields) -> None:
        group = fields.text("apiVersion", required=True)
        kind = fields.text("kind", required=True)
        fields.reader.place_of = partial(_place_of, kind, fields.reader)
        metadata = fields.mapping("metadata")
        name = metadata.text("name", required=True) if metadata is not None else ""
        if metadata is None:
            fields.reader.missing(fields.at("metadata"))
        if group and kind and (group, kind) not in _KINDS:
            fields.reader.invalid(
                f"{group}, {kind}",
                fields.at("kind"),
                "expected ClusterImagePolicy, TrustRoot, Secret or ConfigMap",
                hint="a configuration in the short spelling begins with version: 1",
            )
        elif name:
            self.cluster.append((kind, name, fields))

    def _follow_includes(self, short: Fields) -> None:
        for path, text in short.texts("include"):
            checked = short.reader.attempt(text, path, partial(check_path, text))
            if checked is None:
                continue
            try:
                self._take_apart(checked, self.sources.read(checked), is_included=True)
            except (InvalidInput, Unavailable) as error:
                short.reader.invalid(text, path, error.message, hint=error.hint)

    def _read_objects(self) -> None:
        for kind, name, fields in self.cluster:
            if kind == "Secret":
                self._store(self.objects.secrets, name, read_secret(fields), fields)
            elif kind == "ConfigMap":
                entries = read_config_map(fields)
                self._store(self.objects.config_maps, name, entries, fields)
                if name == CONTROLLER_CONFIG:
                    self.objects.config = read_controller_config(entries, fields)
        for kind, name, fields in self.cluster:
            if kind == "TrustRoot" and (spec := self._spec(fields)) is not None:
                from .trust_root import read_trust_root

                root = read_trust_root(spec, name, self.sources)
                self._store(self.objects.roots, name, root, fields)

    def _store(self, into: dict[str, _T], name: str, value: _T, fields: Fields) -> None:
        if name in into:
            fields.reader.add(f"duplicate name {quote(name)}", ("metadata", "name"))
        into[name] = value
        fields.finish()

    def _read_policies(self) -> tuple[TrustPolicy, ...]:
        policies = []
        for kind, name, fields in self.cluster:
            if kind != "ClusterImagePolicy" or (spec := self._spec(fields)) is None:
                continue
            # The short spelling is what most projects have; the cluster's takes as long to load.
            from .cluster_image_policy import read_cluster_image_policy

            metadata = fields.mapping("metadata")
            policy = read_cluster_image_policy(
                spec,
                name=name,
                annotations=dict(metadata.pairs("annotations")) if metadata else {},
                objects=self.objects,
                table=self.table,
            )
            fields.finish()
            if policy is not None:
                policies.append(policy)
        return tuple(policies)

    def _spec(self, fields: Fields) -> Fields | None:
        fields.any("status")  # written by the cluster, read by nobody
        spec = fields.mapping("spec")
        if spec is None:
            fields.reader.missing(fields.at("spec"))
        return spec

    def _check_names(self, policies: tuple[TrustPolicy, ...]) -> None:
        seen: dict[str, str] = {}
        for policy in policies:
            if policy.name in seen:
                raise _invalid(
                    policy.origin,
                    f"duplicate policy name {quote(policy.name)}, which {seen[policy.name]} has"
                    " too",
                )
            seen[policy.name] = policy.origin

    def _no_match(self, document: SealpinDocument) -> NoMatch:
        of_cluster, of_document = self.objects.config.no_match, document.no_match
        if of_cluster is not None and of_document is not None and of_cluster is not of_document:
            raise _invalid(
                self.files[0],
                f"no_match is {of_document.value}, but {CONTROLLER_CONFIG} says {of_cluster.value}",
            )
        return of_document or of_cluster or NoMatch.DENY

    def _raise_problems(self) -> None:
        problems = tuple(problem for reader in self.readers for problem in reader.problems)
        if problems:
            raise DocumentInvalid(problems)


def _place_of(kind: str, reader: Reader, path: Path) -> str:
    from .field_places import place_of  # the readers of all kinds, for a document that is wrong

    return place_of(kind, path, reader.document)


def decode_policy(file: str, data: bytes) -> str:
    """Return the text of a policy file. Raises `PolicyInvalid` ``policy.invalid``."""
    if len(data) > MAX_POLICY_BYTES:
        raise _invalid(
            file, f"the file is too large: at most {MAX_POLICY_BYTES} bytes, got {len(data)}"
        )
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _invalid(file, f"the file is not UTF-8 (byte {error.start})") from error


def read_documents(file: str, data: bytes) -> tuple[Document, ...]:
    """Parse the documents of a policy file. Raises `PolicyInvalid` ``policy.invalid``."""
    text = decode_policy(file, data)
    try:
        return read_yaml(text, where=file)
    except InvalidInput as error:
        raise PolicyInvalid("policy.invalid", error.message, hint=error.hint) from error


def top_level(document: Document, reader: Reader) -> Fields | None:
    """Return a document's fields; None, with a problem, where it is no mapping.

    Raises `PolicyInvalid` ``policy.invalid`` for a value that no plain one stands for.
    """
    try:
        value = to_plain(document.root, document=document)
    except InvalidInput as error:
        raise PolicyInvalid("policy.invalid", error.message, hint=error.hint) from error
    if not isinstance(value, dict):
        reader.add("a policy document is a mapping")
        return None
    return Fields(value, (), reader)


def _invalid(where: str, message: str) -> PolicyInvalid:
    return PolicyInvalid("policy.invalid", f"{where}: {message}")

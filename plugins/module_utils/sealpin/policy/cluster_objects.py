# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""What ClusterImagePolicy documents refer to: TrustRoots, Secrets and ConfigMaps.

The cluster's own ``config-policy-controller`` is one of the ConfigMaps: it says what becomes of
images no policy covers. A Secret's or ConfigMap's namespace is compared only where both sides
name one.
"""

from __future__ import annotations

from functools import partial

from .. import jsonbytes
from ..errors import InvalidInput, Unavailable, quote
from ..records import dataclass, field
from ..trust.root import TrustedRoot
from .fields import Fields
from .model import NoMatch, PullSecret, Unresolved
from .sources import Sources, resolve

CONTROLLER_CONFIG = "config-policy-controller"
CONTROLLER_NAMESPACE = "cosign-system"
"""Where policy-controller is installed, and where it looks for secrets and ConfigMaps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ControllerConfig:
    """The cluster's switches."""

    no_match: NoMatch | None = None
    """None where the ConfigMap is not given or does not say."""
    empty_authorities_load: bool = False


@dataclass(slots=True)
class ClusterObjects:
    """Everything that was found, by name."""

    sources: Sources
    roots: dict[str, TrustedRoot | Unresolved] = field(default_factory=dict)
    secrets: dict[str, dict[str, bytes]] = field(default_factory=dict)
    config_maps: dict[str, dict[str, str]] = field(default_factory=dict)
    config: ControllerConfig = field(default_factory=ControllerConfig)
    _default_root: TrustedRoot | Unresolved | None = None

    def default_root(self) -> TrustedRoot | Unresolved:
        """The root of authorities that name none, asked for once."""
        if self._default_root is None:
            self._default_root = resolve(self.sources.default_root)
        return self._default_root

    def root(self, name: str) -> TrustedRoot | Unresolved:
        """The TrustRoot called *name*; unresolved when no file has it."""
        missing = Unavailable(
            "policy.trust-root-missing",
            f"no TrustRoot is called {quote(name)}",
            hint="give the file that holds it beside the policy",
        )
        return self.roots.get(name) or Unresolved(missing)

    def secret(self, name: str) -> bytes | Unresolved:
        """The one entry of a Secret, as policy-controller wants it to have one."""
        entries = self.secrets.get(name)
        if entries is None or len(entries) != 1:
            got = (
                "it is in none of the files"
                if entries is None
                else f"it has {len(entries)} entries"
            )
            return Unresolved(
                Unavailable(
                    "policy.secret-missing",
                    f"expected a Secret {quote(name)} with one entry: {got}",
                )
            )
        return next(iter(entries.values()))

    def pull_secret(self, name: str) -> PullSecret:
        """The logins of a Secret; without them when no file holds it.

        Raises `InvalidInput` ``policy.pull-secret`` for one that holds no logins.
        """
        entries = self.secrets.get(name)
        if entries is None:
            return PullSecret(name=name)
        return PullSecret(name=name, logins=_logins(entries, name))

    def config_map(self, name: str, key: str) -> str | Unresolved:
        """One entry of a ConfigMap."""
        text = self.config_maps.get(name, {}).get(key)
        if text is None:
            return Unresolved(
                Unavailable(
                    "policy.config-map-missing",
                    f"no ConfigMap {quote(name)} with the key {quote(key)} is in the files",
                )
            )
        return text


def read_secret(document: Fields) -> dict[str, bytes]:
    """Read a Secret's ``data`` (base64) and ``stringData``. Values never reach a message."""
    entries: dict[str, bytes] = {}
    data = document.mapping("data")
    for name in data.names() if data else ():
        if data is not None:
            text = data.text(name)
            decoded = document.reader.attempt(
                "(a secret's value)",
                data.at(name),
                partial(jsonbytes.decode_base64, text, what=name),
            )
            entries[name] = decoded or b""
    entries |= {name: text.encode() for name, text in document.pairs("stringData")}
    _skip(document, "type", "immutable")
    return entries


def _logins(entries: dict[str, bytes], name: str) -> bytes:
    """Return the Docker configuration a Secret holds in either of Kubernetes' forms."""
    found = entries.get(".dockerconfigjson", b"")
    try:
        if ".dockercfg" in entries and not found:  # the older form is the inner mapping alone
            auths = jsonbytes.parse_object(entries[".dockercfg"], what=name)
            found = jsonbytes.canonical({"auths": auths})
        if isinstance(jsonbytes.parse_object(found, what=name).get("auths"), dict):
            return found
    except InvalidInput:
        pass  # the parser's message may quote what is secret
    raise InvalidInput(
        "policy.pull-secret",
        f"expected the Secret {quote(name)} to hold logins as JSON in .dockerconfigjson"
        " (or .dockercfg)",
        hint="kubectl create secret docker-registry makes one",
    )


def read_config_map(document: Fields) -> dict[str, str]:
    """Read a ConfigMap's texts."""
    entries = dict(document.pairs("data"))
    _skip(document, "binaryData", "immutable")
    return entries


def read_controller_config(entries: dict[str, str], document: Fields) -> ControllerConfig:
    """Read ``config-policy-controller``; keys that do not concern decisions are passed over."""
    path = document.at("data")
    no_match = None
    if "no-match-policy" in entries:
        words = {choice.value: choice for choice in NoMatch}
        no_match = words.get(entries["no-match-policy"])
        if no_match is None:
            document.reader.invalid(
                entries["no-match-policy"],
                (*path, "no-match-policy"),
                "expected deny, warn or allow",
            )
    fail = entries.get("fail-on-empty-authorities", "true")
    if fail.lower() not in ("true", "false"):
        document.reader.invalid(
            fail, (*path, "fail-on-empty-authorities"), "expected true or false"
        )
    return ControllerConfig(no_match=no_match, empty_authorities_load=fail.lower() == "false")


def _skip(document: Fields, *names: str) -> None:
    for name in names:
        document.any(name)

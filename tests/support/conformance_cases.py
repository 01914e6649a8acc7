# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The bundle cases of the Sigstore client conformance suite, its defaults filled in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sealpin.trust.embedded import embedded_root
from sealpin.trust.keys import load_key
from sealpin.trust.material import KeylessTrust, KeyTrust, SigningTrust
from sealpin.trust.root import TrustedRoot
from sealpin.trust.root_json import parse_trusted_root
from support.vectors import vectors

_DEFAULT_ISSUER = "https://token.actions.githubusercontent.com"
_DEFAULT_IDENTITY = (
    "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/"
    ".github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConformanceCase:
    """One folder of the suite."""

    folder: Path

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def must_verify(self) -> bool:
        return not self.name.endswith("_fail")

    @property
    def bundle(self) -> bytes:
        return self.bundle_path.read_bytes()

    @property
    def bundle_path(self) -> Path:
        return self.folder / "bundle.sigstore.json"

    @property
    def artifact_path(self) -> Path:
        own = self.folder / "artifact"
        return own if own.is_file() else vectors("sigstore-conformance") / "a.txt"

    @property
    def identity(self) -> str:
        return self._text("identity", _DEFAULT_IDENTITY)

    @property
    def issuer(self) -> str:
        return self._text("issuer", _DEFAULT_ISSUER)

    @property
    def key_path(self) -> Path | None:
        path = self.folder / "key.pub"
        return path if path.is_file() else None

    @property
    def root_path(self) -> Path | None:
        path = self.folder / "trusted_root.json"
        return path if path.is_file() else None

    def root(self) -> TrustedRoot:
        """May raise, as some cases are about malformed roots."""
        if self.root_path is None:
            return embedded_root()
        return parse_trusted_root(self.root_path.read_bytes())

    def trust(self) -> SigningTrust:
        """May raise, as some cases are about malformed keys."""
        if self.key_path is None:
            return KeylessTrust(root=self.root())
        key = load_key(self.key_path.read_bytes(), name="key.pub")
        return KeyTrust(key=key, root=self.root())

    def _text(self, name: str, default: str) -> str:
        path = self.folder / name
        return path.read_text().strip() if path.is_file() else default


def conformance_cases() -> tuple[ConformanceCase, ...]:
    """All 70, by name."""
    folder = vectors("sigstore-conformance") / "bundle-verify"
    return tuple(
        ConformanceCase(folder=entry) for entry in sorted(folder.iterdir()) if entry.is_dir()
    )

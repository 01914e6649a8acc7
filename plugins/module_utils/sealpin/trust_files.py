# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Trust from single files: authorities, log keys and a certificate, as cosign's options name them.

Each kind of authority that is given takes the place of the root's; what is not given stays the
root's. The root itself is only looked for if something of it is needed.
"""

from __future__ import annotations

from collections.abc import Callable

from .inputs import read_file
from .reaching import fetch_url
from .records import dataclass, replace
from .run_options import Machine, RunOptions
from .trust.keys import MAX_KEY_BYTES
from .trust.material import TLOG_WEAKENINGS
from .trust.root import TrustedRoot
from .trust.root_pems import root_from_pems
from .weakening import Weakening


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustFiles:
    """The files a run's options name."""

    options: RunOptions
    machine: Machine
    default: Callable[[], TrustedRoot]
    """The root that says what no file says."""

    def keyless_root(self) -> TrustedRoot:
        """Return what certificates are verified against.

        Raises `InvalidInput` ``file.*``, ``certificate.malformed``, ``key.*``,
        ``trust.incomplete``, and what `default` raises.
        """
        options = self.options
        has_authorities = bool(options.certificate_chain or options.ca_roots)
        has_ct_log = bool(options.ct_log_key) or Weakening.IGNORE_SCT in options.weakenings
        return self._root(needs_default=not (has_authorities and has_ct_log))

    def key_root(self) -> TrustedRoot:
        """Return what a key's logs and timestamps are verified against. Raises as above."""
        return self._root(needs_default=False)

    def certificate(self) -> bytes | None:
        """Return the certificate given for the evidence's own."""
        return self._read(self.options.certificate, "the certificate") or None

    def sct(self) -> bytes | None:
        """Return its detached certificate timestamp."""
        return self._read(self.options.sct, "the certificate timestamp") or None

    def _root(self, *, needs_default: bool) -> TrustedRoot:
        options = self.options
        needs_log = not options.rekor_key and not options.weakenings & TLOG_WEAKENINGS
        needs_time = options.require_timestamp and not options.timestamp_certificate_chain
        root = self.default() if needs_default or needs_log or needs_time else TrustedRoot()
        if options.certificate_chain or options.ca_roots:
            given = root_from_pems(
                ca_roots=self._read(options.ca_roots, "the authorities"),
                ca_intermediates=self._read(options.ca_intermediates, "the intermediates"),
                certificate_chain=self._read(options.certificate_chain, "the certificate chain"),
                name=options.certificate_chain or options.ca_roots,
            )
            root = replace(root, certificate_authorities=given.certificate_authorities)
        if options.timestamp_certificate_chain:
            path = options.timestamp_certificate_chain
            chain = self._read(path, "the timestamp authority")
            given = root_from_pems(timestamp_chain=chain, name=path)
            root = replace(root, timestamp_authorities=given.timestamp_authorities)
        if options.rekor_key:
            key = self._read(options.rekor_key, "the log's key")
            given = root_from_pems(rekor_keys=(key,), name=options.rekor_key)
            root = replace(root, transparency_logs=given.transparency_logs)
        if options.ct_log_key:
            key = self._read(options.ct_log_key, "the certificate log's key")
            given = root_from_pems(ct_keys=(key,), name=options.ct_log_key)
            root = replace(root, ct_logs=given.ct_logs)
        return root

    def _read(self, name: str, what: str) -> bytes:
        """Return what is in a file, or at an address; nothing where none is named."""
        if not name:
            return b""
        if name.startswith(("https://", "http://")):
            return fetch_url(self.options, self.machine, name, MAX_KEY_BYTES)
        return read_file(self.machine.base / name, what=what)

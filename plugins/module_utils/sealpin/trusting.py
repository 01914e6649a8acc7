# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Which root and which key a run trusts: those that are named, else the public-good instance's.

Without ``--trusted-root`` the root is the newest that is here, refreshed by TUF when it is older
than a day and the run is not offline (`trust.current`). A refresh that fails is a notice, never a
weaker check.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

from .errors import Unavailable
from .inputs import read_file
from .reaching import fetch_url
from .run_options import Machine, RunOptions
from .trust.current import CurrentRoot, current_root
from .trust.embedded import embedded_root
from .trust.key_sources import load_key_reference
from .trust.material import TLOG_WEAKENINGS, KeylessTrust, KeyTrust
from .trust.root import TrustedRoot, parse_trusted_root
from .trust.tuf_cache import default_cache_folder


@dataclass(slots=True)
class RootChoice:
    """The root of a run, looked for once and only if something needs it."""

    options: RunOptions
    machine: Machine
    _root: TrustedRoot | None = field(default=None, init=False)
    _current: CurrentRoot | None = field(default=None, init=False)

    def root(self) -> TrustedRoot:
        """Return the root. Raises `InvalidInput` ``file.*``, ``root.*``; `Unavailable`."""
        if self._root is None:
            self._root = self._choose()
        return self._root

    def check_age(self, max_age: timedelta | None) -> None:
        """Raise `Unavailable` ``trust.too-old`` if the root in use is older than *max_age*."""
        if max_age is None or self._current is None:
            return
        age = self.machine.clock.now_utc() - self._current.dated_utc
        if age > max_age:
            raise Unavailable(
                "trust.too-old",
                f"the trusted root ({self._current.origin}) is {age.days} days old: expected at"
                f" most {max_age}",
                hint="refresh it: sealpin trust update",
            )

    def _choose(self) -> TrustedRoot:
        path = self.options.trusted_root
        if path:
            data = read_file(self.machine.base / path, what="the trusted root")
            return parse_trusted_root(data, what=path)
        home = self.machine.home
        if home is None:
            return embedded_root()
        self._current = current_root(
            cache_folder=default_cache_folder(self.machine.environment, home),
            now_utc=self.machine.clock.now_utc(),
            is_offline=self.options.offline,
        )
        if self._current.warning is not None:
            self.machine.notify(
                f"the trusted root was not refreshed ({self._current.warning}); going on with the"
                f" {self._current.origin} one of {self._current.dated_utc:%Y-%m-%d}"
            )
        return self._current.root


def signing_trust(options: RunOptions, machine: Machine) -> KeylessTrust | KeyTrust:
    """Return what the identity options trust: a key, or the root's certificates.

    Raises as `trust.key_sources.load_key_reference` and `RootChoice.root`.
    """
    choice = RootChoice(options, machine)
    if not options.key:
        return KeylessTrust(
            root=choice.root(),
            weakenings=options.weakenings,
            require_timestamp=options.require_timestamp,
        )
    key = load_key_reference(
        options.key,
        fetch_url=None if options.offline else partial(fetch_url, options, machine),
        environment=machine.environment,
        allow_environment=machine.allow_environment_keys,
        hash_algorithm=options.signature_digest_algorithm,
    )
    needs_root = options.require_timestamp or not options.weakenings & TLOG_WEAKENINGS
    return KeyTrust(
        key=key,
        root=choice.root() if needs_root else None,
        weakenings=options.weakenings,
        require_timestamp=options.require_timestamp,
    )

# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Credentials: the forms a login takes, and the helper programs that keep them.

Secrets stay out of `repr` and out of every message. Helper protocol: ``docker-credential-NAME get``
reads the server's name on standard input and prints a JSON object with ``Username`` and ``Secret``
(docker/docker-credential-helpers). This is the only file of the core, besides the policy engines,
that starts a process: its name is ``[a-z0-9-]+``, it is looked up in ``PATH``, there is no shell,
and the whole process group ends at the time limit.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Union

from .. import jsonbytes
from ..errors import InvalidInput, MissingDependency, Unavailable, quote
from ..records import dataclass, field

_NAME = re.compile(r"[a-z0-9-]+")
_TIMEOUT_S = 20.0
_MAX_OUTPUT_BYTES = 1024 * 1024
_NOT_FOUND = b"credentials not found"


@dataclass(frozen=True, slots=True, kw_only=True)
class BasicCredentials:
    """A user name and a password, sent to the registry or to its token service when challenged."""

    username: str
    password: str = field(repr=False)
    kept_in: str = field(default="", compare=False)
    """The file or helper it was found in, in words; empty for what was given for this run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityToken:
    """An OAuth2 refresh token for the registry's token service."""

    token: str = field(repr=False)
    kept_in: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryToken:
    """A bearer token sent to the registry as it is."""

    token: str = field(repr=False)
    kept_in: str = field(default="", compare=False)


Credentials = Union[BasicCredentials, IdentityToken, RegistryToken]


def login_in_words(credentials: Credentials | None) -> str:
    """Say which login that is without a word of what is secret; nothing for none."""
    if credentials is None:
        return ""
    return f"the login in {credentials.kept_in}" if credentials.kept_in else "the given login"


class HelperRunner:
    """Runs helpers with the environment it was given."""

    def __init__(self, environment: Mapping[str, str], *, timeout_s: float = _TIMEOUT_S) -> None:
        self._environment = dict(environment)
        self._timeout_s = timeout_s

    def get(self, name: str, server: str) -> tuple[str, str] | None:
        """Return user name and secret for *server*, or None if the helper has none.

        Raises `Unavailable` ``credentials.helper-name`` or ``credentials.helper``, or
        `MissingDependency` ``credentials.helper-missing``.
        """
        program = self._program(name)
        status, output = self._run(program, server)
        if status != 0:
            if _NOT_FOUND in output:
                return None
            raise Unavailable(
                "credentials.helper",
                f"docker-credential-{name} failed for {quote(server)} with status {status}",
                hint=f"run: echo {server} | docker-credential-{name} get",
            )
        return _parse(output, name)

    def _program(self, name: str) -> str:
        if _NAME.fullmatch(name) is None:
            raise Unavailable(
                "credentials.helper-name",
                f"not a credential helper's name: expected [a-z0-9-]+, got {quote(name)}",
            )
        import shutil

        program = shutil.which(f"docker-credential-{name}", path=self._environment.get("PATH", ""))
        if program is None:
            raise MissingDependency(
                "credentials.helper-missing",
                f"docker-credential-{name} is configured but not on PATH",
                hint="install the helper, or remove it from the credentials file",
            )
        return program

    def _run(self, program: str, server: str) -> tuple[int, bytes]:
        import signal
        import subprocess  # loaded where a helper is configured at all

        try:
            # pylint: disable-next=ansible-bad-function # the core knows no AnsibleModule
            process = subprocess.Popen(
                [program, "get"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=self._environment,
                start_new_session=True,
            )
        except OSError as error:
            raise Unavailable(
                "credentials.helper", f"{quote(program)} does not start: {error.strerror}"
            ) from error
        try:
            output, _unused = process.communicate(server.encode(), timeout=self._timeout_s)
        except subprocess.TimeoutExpired:
            # The group, since a child that keeps the pipe open would outlive its parent.
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            raise Unavailable(
                "credentials.helper",
                f"{quote(program)} gave no answer within {self._timeout_s:g} s",
            ) from None
        return process.returncode, output


def _parse(output: bytes, name: str) -> tuple[str, str] | None:
    malformed = Unavailable(
        "credentials.helper",
        f"docker-credential-{name} did not print what the protocol demands: expected a JSON object"
        " with the texts Username and Secret",
    )
    try:
        answer = jsonbytes.parse_object(output, what="answer", max_bytes=_MAX_OUTPUT_BYTES)
    except InvalidInput:
        raise malformed from None
    username, secret = answer.get("Username"), answer.get("Secret")
    if not isinstance(username, str) or not isinstance(secret, str):
        raise malformed
    return (username, secret) if secret else None

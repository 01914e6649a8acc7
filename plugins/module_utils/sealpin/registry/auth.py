# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Authorisation: answer a registry's challenge, once for each repository.

Procedure (distribution ``docs/spec/auth/token.md``; RFC 9110 section 11):

1. Ask with what is known: an explicit bearer token, or what an earlier challenge of this registry
   led to; otherwise anonymously. There is no ``/v2/`` ping.
2. On 401, read the challenge. ``Basic`` is answered with credentials. ``Bearer`` is answered with a
   token for pulling from the repository, fetched once however many threads wait for it, from the
   realm the registry names; the realm must be HTTPS, unless the registry itself was asked by plain
   HTTP and the realm is on its host or on this machine.
3. Ask again, once, if there is something new to say. A 401 to that is the answer.

A 401 from where a redirect led is no challenge of the registry: whoever is there would name the
realm that gets the password (CVE-2020-15157).

Grants are kept by repository until shortly before they expire. A registry's credentials go to that
registry and to the realm it names, nowhere else.
"""

from __future__ import annotations

import base64
import re
from urllib.parse import urlencode

from .. import jsonbytes
from ..errors import InvalidInput, Unavailable, quote
from ..limits import MAX_TOKEN_BYTES
from ..records import dataclass, field, replace
from .answers import refusal
from .challenge import Challenge, parse_challenges
from .credentials import (
    BasicCredentials,
    Credentials,
    IdentityToken,
    RegistryToken,
    login_in_words,
)
from .flight import SingleFlight
from .hosts import is_loopback
from .keychain import Keychain, log_in
from .pacing import Ticker
from .redirects import origin
from .transport import Request, Response, Transport

_DEFAULT_LIFETIME_S = 60.0
_MAX_LIFETIME_S = 86_400.0
_EXPIRY_MARGIN_S = 10.0
_TOKEN = re.compile(r"[\x21-\x7e]+")
_CLIENT_ID = "sealpin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The repository a request is about."""

    registry: str
    path: str

    def __str__(self) -> str:
        return f"repository:{self.path}:pull"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Grant:
    """What to send, and until when."""

    authorization: str = field(repr=False)
    login: str
    """What it was had with, in words; empty for an anonymous token."""
    expires_at_s: float = float("inf")


class Authorizer:
    """Sends requests with the authorisation their registry wants."""

    def __init__(self, transport: Transport, *, keychain: Keychain, ticker: Ticker) -> None:
        self._transport = transport
        self._keychain = keychain
        self._ticker = ticker
        self._challenges: dict[str, Challenge] = {}
        self._grants: SingleFlight[Scope, _Grant] = SingleFlight()

    def send(self, request: Request, scope: Scope) -> Response:
        """Answer *request*; a final 401 is returned like any other status.

        Raises what `Transport.send` raises, and `Unavailable`: ``registry.unauthorized`` when the
        registry wants credentials and there are none, or its token service refuses those there
        are; ``registry.realm`` or ``registry.token`` for a token service that may not be asked or
        answers unusably; ``registry.redirect`` when credentials are wanted behind a redirect.
        """
        refused = self._known_grant(request, scope)  # step 1
        response = self._send(request, refused)
        challenge = _understood(response)
        if challenge is None:
            return _answer_to(refused, response)
        self._challenges[scope.registry] = challenge  # step 2
        if refused is not None:
            self._grants.forget(scope, refused)
        grant = self._grant(request, scope, challenge)
        if refused is not None and grant.authorization == refused.authorization:
            return _answer_to(grant, response)
        return _answer_to(grant, self._send(request, grant))  # step 3

    def _send(self, request: Request, grant: _Grant | None) -> Response:
        response = self._transport.send(_authorized(request, grant))
        if response.status == 401 and origin(response.url) != origin(request.url):
            raise Unavailable(
                "registry.redirect",
                "redirected to where credentials are wanted, and none are sent there:"
                f" {quote(response.url.partition('?')[0])}",
            )
        return response

    def _known_grant(self, request: Request, scope: Scope) -> _Grant | None:
        challenge = self._challenges.get(scope.registry)
        if challenge is not None:
            own_scope = {k: v for k, v in challenge.parameters.items() if k != "scope"}
            return self._grant(request, scope, replace(challenge, parameters=own_scope))
        explicit = self._keychain.explicit_for(scope.registry)
        if isinstance(explicit, RegistryToken):
            return _as_it_is(explicit)
        return None

    def _grant(self, request: Request, scope: Scope, challenge: Challenge) -> _Grant:
        def make() -> _Grant:
            return self._answer(request, scope, challenge)

        grant = self._grants.get(scope, make)
        if grant.expires_at_s > self._ticker.monotonic_s():
            return grant
        self._grants.forget(scope, grant)
        return self._grants.get(scope, make)

    def _answer(self, request: Request, scope: Scope, challenge: Challenge) -> _Grant:
        credentials = self._keychain.find(scope.registry, scope.path)
        if isinstance(credentials, RegistryToken):
            return _as_it_is(credentials)
        if challenge.scheme == "bearer":
            return self._fetch_token(request, scope, challenge, credentials)
        if isinstance(credentials, BasicCredentials):
            return _Grant(authorization=_basic(credentials), login=login_in_words(credentials))
        wanted = f"registry {scope.registry} wants a user name and a password"
        if credentials is not None:
            raise Unavailable(
                "registry.unauthorized",
                f"{wanted}, got a token: {login_in_words(credentials)}",
                hint=log_in(scope.registry),
            )
        raise Unavailable(
            "registry.unauthorized",
            f"{wanted}, and none were found",
            hint=self._keychain.hint(scope.registry),
        )

    def _fetch_token(
        self, request: Request, scope: Scope, challenge: Challenge, credentials: Credentials | None
    ) -> _Grant:
        realm = _realm(request, challenge, scope)
        fields = {"scope": challenge.parameters.get("scope") or str(scope)}
        if service := challenge.parameters.get("service"):
            fields["service"] = service
        asked_at_s = self._ticker.monotonic_s()
        response = self._transport.send(_token_request(realm, fields, credentials, request))
        if response.status != 200:
            status = 401 if response.status == 404 else response.status
            raise refusal(
                replace(response, status=status, login=login_in_words(credentials)),
                f"a token for {scope.registry}/{scope.path}",
            )
        token, lifetime_s = _read_token(response, scope)
        return _Grant(
            authorization=f"Bearer {token}",
            login=login_in_words(credentials),
            expires_at_s=asked_at_s + max(lifetime_s - _EXPIRY_MARGIN_S, _EXPIRY_MARGIN_S),
        )


def _authorized(request: Request, grant: _Grant | None) -> Request:
    if grant is None:
        return request
    return replace(request, headers={**request.headers, "Authorization": grant.authorization})


def _as_it_is(credentials: RegistryToken) -> _Grant:
    login = login_in_words(credentials)
    if _TOKEN.fullmatch(credentials.token) is None:
        raise Unavailable(
            "credentials.token",
            f"{login} has a token that cannot be sent: expected printable ASCII without spaces",
        )
    return _Grant(authorization=f"Bearer {credentials.token}", login=login)


def _answer_to(grant: _Grant | None, response: Response) -> Response:
    """Add to a refusal the login that was not enough."""
    if grant is None or response.status not in (401, 403):
        return response
    return replace(response, login=grant.login)


def _understood(response: Response) -> Challenge | None:
    """Return the challenge of a 401 that can be answered: a bearer one before a basic one."""
    if response.status != 401:
        return None
    by_scheme = {
        c.scheme: c for c in parse_challenges(response.headers.get("www-authenticate", ""))
    }
    return by_scheme.get("bearer") or by_scheme.get("basic")


def _realm(request: Request, challenge: Challenge, scope: Scope) -> str:
    realm = challenge.parameters.get("realm", "")
    try:
        scheme, host, _unused = origin(realm)
        asked_scheme, asked_host, _unused = origin(request.url)
    except ValueError:
        scheme, host, asked_scheme, asked_host = "", "", "", ""
    is_plain = (
        scheme == "http" and asked_scheme == "http" and (host == asked_host or is_loopback(host))
    )
    if not host or "@" in realm or "#" in realm or not (scheme == "https" or is_plain):
        raise Unavailable(
            "registry.realm",
            f"registry {scope.registry} names a token service that is not used:"
            f" expected an https address, got {quote(realm)}",
        )
    return realm


def _token_request(
    realm: str, fields: dict[str, str], credentials: Credentials | None, cause: Request
) -> Request:
    if isinstance(credentials, IdentityToken):
        form = {
            "grant_type": "refresh_token",
            "client_id": _CLIENT_ID,
            "refresh_token": credentials.token,
        }
        return Request(
            method="POST",
            url=realm,
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            body=urlencode({**fields, **form}).encode(),
            max_bytes=MAX_TOKEN_BYTES,
            deadline=cause.deadline,
        )
    separator = "&" if "?" in realm else "?"
    headers = {}
    if isinstance(credentials, BasicCredentials):
        headers["Authorization"] = _basic(credentials)
    return Request(
        url=f"{realm}{separator}{urlencode(fields)}",
        headers=headers,
        max_bytes=MAX_TOKEN_BYTES,
        deadline=cause.deadline,
    )


def _read_token(response: Response, scope: Scope) -> tuple[str, float]:
    """Return the token and its lifetime in seconds."""
    try:
        answer = jsonbytes.parse_object(response.body, what="token answer")
    except InvalidInput as error:
        raise _malformed_token(scope, error.code) from None
    token = answer.get("token") or answer.get("access_token")
    if not isinstance(token, str) or _TOKEN.fullmatch(token) is None:
        raise _malformed_token(scope, "no usable token")
    return token, _lifetime_s(answer.get("expires_in"))


def _lifetime_s(value: object) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0:
        return float(min(value, _MAX_LIFETIME_S))  # JSON has integers beyond all floats
    return _DEFAULT_LIFETIME_S


def _malformed_token(scope: Scope, why: str) -> Unavailable:
    return Unavailable(
        "registry.token", f"the token service of {scope.registry} answered unusably: {why}"
    )


def _basic(credentials: BasicCredentials) -> str:
    text = f"{credentials.username}:{credentials.password}"
    return "Basic " + base64.b64encode(text.encode()).decode()

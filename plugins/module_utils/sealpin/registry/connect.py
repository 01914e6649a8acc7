# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Connect: put the layers of a run's registry access together.

From the inside out: one exchange (`urllib3_transport`), repeated when that helps (`retry`),
redirected (`redirects`), authorised (`auth`), spoken as the distribution protocol (`client`),
remembered (`memo`), read from elsewhere (`mirrors`). A run has one of these.
"""

from __future__ import annotations

from functools import cache, partial

from ..errors import Unavailable, quote
from .auth import Authorizer
from .client import RegistryClient
from .hosts import HostOptions, host_of
from .keychain import Keychain, KeychainOptions
from .memo import MemoSource
from .options import RegistryOptions
from .pacing import Deadline, SystemTicker, Ticker
from .proxies import ProxySettings
from .redirects import RedirectingTransport
from .retry import RetryingTransport
from .routing import routing_source
from .source import Source
from .tls import TlsOptions, make_context
from .transport import DeferredTransport, Request, Transport


def connect(
    options: RegistryOptions,
    *,
    ticker: Ticker | None = None,
    transport: Transport | None = None,
) -> Source:
    """Return the source of a run; no socket opens until something is asked.

    Raises `InvalidInput` ``tls.*`` for named files that do not load.
    """
    ticker = ticker or SystemTicker()
    keychain = Keychain(
        KeychainOptions(
            explicit=options.credentials,
            explicit_for=options.credentials_for,
            logins=options.logins,
            withheld_from=options.mirrors.foreign_registries,
            environment=options.environment,
            home=options.home,
        )
    )
    exchange = transport or _exchange(options)
    patient = RedirectingTransport(RetryingTransport(exchange, ticker=ticker))
    client = RegistryClient(
        Authorizer(patient, keychain=keychain, ticker=ticker),
        hosts=HostOptions(
            http_registries=options.http_registries,
            unsafe_http_anywhere=options.unsafe_http_anywhere,
            https_registries=frozenset(options.tls_of),
            https_on_loopback=options.tls != TlsOptions(),
        ),
        deadline=Deadline.after(options.timeout_s, ticker=ticker),
    )
    return routing_source(options.mirrors, MemoSource(client))


def fetch(url: str, *, max_bytes: int, options: RegistryOptions, query: bytes = b"") -> bytes:
    """Return what is at *url*: a key or a policy text somebody named; sends no credentials.

    *query* is JSON to be sent, for a service that is asked rather than read.

    Raises `Unavailable` ``registry.*`` where there was no answer, ``download.status`` for one that
    is none to read.
    """
    transport = RedirectingTransport(RetryingTransport(_exchange(options), ticker=SystemTicker()))
    deadline = Deadline.after(options.timeout_s, ticker=SystemTicker())
    response = transport.send(
        Request(
            url=url,
            method="POST" if query else "GET",
            headers={"Content-Type": "application/json"} if query else {},
            body=query,
            max_bytes=max_bytes,
            deadline=deadline,
        )
    )
    if response.status != 200:
        raise Unavailable(
            "download.status", f"expected {quote(url)} to answer 200, got {response.status}"
        )
    return response.body


def _exchange(options: RegistryOptions) -> Transport:
    # What does not load is reported before anything runs; the system's authorities take long to
    # load, so each context is made once, and that of the defaults when a socket is needed.
    contexts = cache(make_context)
    for tls in (options.tls, *options.tls_of.values()):
        if tls != TlsOptions():
            contexts(tls)

    def make() -> Transport:
        # Imported here, since a run that reads layouts only never needs it.
        from .urllib3_transport import Urllib3Transport

        return Urllib3Transport(
            make_context=partial(contexts, options.tls),
            make_context_of={
                host_of(registry): partial(contexts, tls)
                for registry, tls in options.tls_of.items()
            },
            proxies=ProxySettings.from_environment(options.environment),
            server_name=options.tls.server_name,
        )

    return DeferredTransport(make)
